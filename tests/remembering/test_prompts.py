import pytest
from sqlalchemy import event

from storage.archive import Archive
from storage.database import Database
from storage.errors import InvalidRecordError, NotStoredError
from storage.keys import new_key
from storage.models import PromptParameter
from storage.prompts import Prompts

FUNCTIONS = {"clock": lambda: "noon", "place": lambda: "the museum"}


def parameter(database: Database, name: str, function: str) -> None:
    Archive(database).add(PromptParameter(unique_name=name, function_reference=function))


def test_holes_are_filled_by_functions_and_by_other_templates(database: Database) -> None:
    parameter(database, "time", "clock")
    parameter(database, "where", "place")
    parameter(database, "scene", "clock")
    prompts = Prompts(database)
    scene = prompts.add_template("scene", "It is {time} at {where}.")
    prompts.point("scene", scene.id)
    whole = prompts.add_template("system", '{scene} Be kind. {scene} JSON stays: {"a": 1}')
    resolved = prompts.resolve(whole.id, FUNCTIONS)
    sentence = "It is noon at the museum."
    assert resolved.text == f'{sentence} Be kind. {sentence} JSON stays: {{"a": 1}}'
    assert resolved.values == {"time": "noon", "where": "the museum", "scene": sentence}


def test_a_template_cannot_contain_itself(database: Database) -> None:
    parameter(database, "inner", "clock")
    parameter(database, "outer", "clock")
    prompts = Prompts(database)
    inner = prompts.add_template("inner", "in {outer}")
    prompts.point("inner", inner.id)
    outer = prompts.add_template("outer", "out {inner}")
    with pytest.raises(InvalidRecordError, match="contain itself"):
        prompts.point("outer", outer.id)
    # What was refused has not happened.
    assert prompts.resolve(outer.id, FUNCTIONS).text == "out in noon"


def test_templates_that_share_others_many_times_over_are_checked_once_each(
    database: Database,
) -> None:
    prompts = Prompts(database)
    depth = 9  # as many ways through it as 2 to this power
    for level in range(depth):
        for side in "ab":
            parameter(database, f"{side}{level}", "clock")
    for level in range(depth):
        inner = f"{{a{level - 1}}} {{b{level - 1}}}" if level else "end"
        for side in "ab":
            prompts.point(f"{side}{level}", prompts.add_template(f"{side}{level}", inner).id)
    whole = prompts.add_template("whole", "{a2}")
    assert prompts.resolve(whole.id, FUNCTIONS).text == " ".join(["end"] * 4)
    statements = []

    def note(*call: object) -> None:
        statements.append(call[2])

    event.listen(database.engine, "before_cursor_execute", note)
    prompts.add_template("last", f"{{a{depth - 1}}}")
    assert len(statements) < 10 * depth


def test_versions_of_a_template_count_up(database: Database) -> None:
    prompts = Prompts(database)
    assert [prompts.add_template("a", str(number)).version for number in range(3)] == [1, 2, 3]
    assert prompts.add_template("b", "").version == 1


def test_what_is_missing_is_named(database: Database) -> None:
    prompts = Prompts(database)
    with pytest.raises(NotStoredError, match="'time'"):
        prompts.add_template("a", "{time}")
    parameter(database, "time", "sundial")
    template = prompts.add_template("a", "{time}")
    with pytest.raises(NotStoredError, match="'sundial', expected one of clock, place"):
        prompts.resolve(template.id, FUNCTIONS)
    with pytest.raises(NotStoredError):
        prompts.resolve(new_key(), FUNCTIONS)
