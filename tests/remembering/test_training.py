from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from itertools import product
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, Enum, insert, text
from sqlalchemy.exc import IntegrityError

from storage.archive import Archive
from storage.database import Database
from storage.errors import ConflictError, InvalidRecordError, NotStoredError, TransitionError
from storage.models import (
    Base,
    Corpus,
    Finetune,
    Precalculation,
    Project,
    Prompt,
    TrainingDataItem,
    TrainingDataset,
)
from storage.states import (
    DATASET,
    FINETUNE,
    PRECALCULATION,
    PROJECT,
    DatasetStatus,
    Machine,
    ProjectStatus,
)
from storage.training import Training
from tests.remembering.rows import stored, values

WRITERS = 50
GUARDED: list[tuple[Machine, type[Base]]] = [
    (PROJECT, Project),
    (DATASET, TrainingDataset),
    (FINETUNE, Finetune),
    (PRECALCULATION, Precalculation),
]


def statuses(kind: type[Base]) -> list[str]:
    column = kind.__table__.columns["status"].type
    assert isinstance(column, Enum)
    return list(column.enums)


def dataset_columns(database: Database, project: Project) -> dict[str, Any]:
    prompt = Training(database).new_prompt(project.id, "Ask about {topic}.")
    return {
        "generate_prompt_id": prompt.id,
        "corpus_id": stored(database, Corpus).id,
        "language_iso": "eng",
        "field_names": ["input", "output"],
    }


@pytest.mark.parametrize(("machine", "kind"), GUARDED, ids=lambda item: getattr(item, "name", ""))
def test_the_database_takes_just_the_transitions_that_are_drawn(
    database: Database, machine: Machine, kind: type[Base]
) -> None:
    table = kind.__tablename__
    stored(database, kind)
    change = text(f"UPDATE {table} SET status = :after")
    for before, after in product(statuses(kind), repeat=2):
        _force(database, table, before)
        refused = not machine.allows(before, after)
        with (
            pytest.raises(IntegrityError) if refused else nullcontext(),
            database.engine.begin() as connection,
        ):
            connection.execute(change, {"after": after})


@pytest.mark.parametrize(("machine", "kind"), GUARDED, ids=lambda item: getattr(item, "name", ""))
def test_the_database_takes_just_the_first_statuses(
    database: Database, machine: Machine, kind: type[Base]
) -> None:
    for status in statuses(kind):
        if machine.allows(None, status):
            stored(database, kind, status=status)
            continue
        row = values(database, kind, status=status)
        with (
            pytest.raises(IntegrityError, match="illegal status"),
            database.engine.begin() as connection,
        ):
            connection.execute(insert(kind), row)


def test_models_refuse_what_may_not_follow_and_say_what_may(database: Database) -> None:
    training = Training(database)
    project = stored(database, Project)
    dataset = training.new_dataset(project.id, **dataset_columns(database, project))
    with pytest.raises(TransitionError, match="PLANNING to DONE, expected DELETED, RUNNING"):
        training.set_dataset_status(dataset.id, DatasetStatus.DONE)
    for status in (DatasetStatus.RUNNING, DatasetStatus.FAILED, DatasetStatus.PLANNING):
        assert training.set_dataset_status(dataset.id, status).status is status
    with pytest.raises(TransitionError):
        TrainingDataset(status=DatasetStatus.DONE)
    with pytest.raises(NotStoredError):
        training.set_project_status(uuid4(), ProjectStatus.ARCHIVED)


def test_fifty_writers_number_versions_without_gaps(database: Database) -> None:
    training = Training(database)
    project = stored(database, Project)
    columns = dataset_columns(database, project)

    def write(number: int) -> int:
        if number % 5 == 0:  # one in five fails after it has been given its number
            with pytest.raises(InvalidRecordError):
                training.new_dataset(project.id, **columns | {"language_iso": "en"})
            return 0
        return training.new_dataset(project.id, **columns).version

    with ThreadPoolExecutor(WRITERS) as pool:
        versions = [version for version in pool.map(write, range(2 * WRITERS)) if version]
    assert sorted(versions) == list(range(1, len(versions) + 1))
    datasets, _ = training.latest([project.id])
    assert datasets[project.id].version == len(versions) == 80


def test_fifty_writers_move_a_status_once(database: Database) -> None:
    training = Training(database)
    project = stored(database, Project)
    dataset = training.new_dataset(project.id, **dataset_columns(database, project))
    training.set_dataset_status(dataset.id, DatasetStatus.RUNNING)

    def finish(number: int) -> bool:
        status = (DatasetStatus.DONE, DatasetStatus.FAILED, DatasetStatus.ABORTED)[number % 3]
        try:
            return training.set_dataset_status(dataset.id, status).status is status
        except TransitionError:
            return False

    with ThreadPoolExecutor(WRITERS) as pool:
        won = [number % 3 for number, moved in enumerate(pool.map(finish, range(WRITERS))) if moved]
    # Whoever asks for what it has become is right too.
    assert len(set(won)) == 1


def test_a_correction_takes_the_place_of_what_it_corrects(database: Database) -> None:
    training = Training(database)
    project = stored(database, Project)
    dataset = training.new_dataset(project.id, **dataset_columns(database, project))
    items = [
        TrainingDataItem(values=[str(number), "?"], generation_time_seconds=0.126)
        for number in range(3)
    ]
    assert training.add_items(dataset.id, items) == 3
    found = training.items(dataset.id)
    assert [item.values[0] for item in found] == ["0", "1", "2"]
    assert found[0].generation_time_seconds == 0.13
    new = training.correct(found[1].id, ["one", "!"])
    assert new.corrects_id == found[1].id
    assert [item.values for item in training.items(dataset.id)] == [
        ["0", "?"],
        ["one", "!"],
        ["2", "?"],
    ]
    with pytest.raises(ConflictError, match="corrected already"):
        training.correct(found[1].id, ["two", "!"])
    with pytest.raises(InvalidRecordError, match="3 values, expected 2: input, output"):
        training.correct(new.id, ["a", "b", "c"])
    with pytest.raises(ConflictError, match="corrected already"):
        training.delete_item(found[1].id)
    training.delete_item(found[2].id)
    assert [item.position for item in training.items(dataset.id)] == [0, 1]
    with pytest.raises(ConflictError, match="deleted"):
        training.correct(found[2].id, ["a", "b"])


def test_only_one_of_many_corrections_of_an_item_counts(database: Database) -> None:
    training = Training(database)
    project = stored(database, Project)
    dataset = training.new_dataset(project.id, **dataset_columns(database, project))
    training.add_items(
        dataset.id, [TrainingDataItem(values=["a", "b"], generation_time_seconds=0.0)]
    )
    (item,) = training.items(dataset.id)

    def correct(number: int) -> bool:
        try:
            training.correct(item.id, [str(number), ""])
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(WRITERS) as pool:
        assert sum(pool.map(correct, range(WRITERS))) == 1
    assert len(training.items(dataset.id)) == 1


def test_a_datasets_prompt_history_is_what_was_saved_before(database: Database) -> None:
    training = Training(database)
    project = stored(database, Project)
    first = training.new_prompt(project.id, "one")
    columns = dataset_columns(database, project)
    dataset = training.new_dataset(project.id, **columns)
    histories = training.prompt_histories([dataset.id])
    assert [prompt.id for prompt in histories[dataset.id]] == [first.id]
    assert Archive(database).get(Prompt, columns["generate_prompt_id"]).version == 2


def test_what_is_another_projects_is_refused_and_takes_no_version(database: Database) -> None:
    training = Training(database)
    mine = stored(database, Project)
    theirs = stored(database, Project)
    columns = dataset_columns(database, theirs)
    with pytest.raises(InvalidRecordError, match="project's"):
        training.new_dataset(mine.id, **columns)
    dataset = training.new_dataset(theirs.id, **columns)
    model = {"model_name": "a", "base_model_name": "b", "training_dataset_id": dataset.id}
    with pytest.raises(InvalidRecordError, match="project's"):
        training.new_finetune(mine.id, **model)
    assert training.new_finetune(theirs.id, **model).version == 1
    assert [*training.latest([mine.id, theirs.id])[1]] == [theirs.id]


def test_an_archived_project_gets_nothing_new(database: Database) -> None:
    training = Training(database)
    project = stored(database, Project)
    training.set_project_status(project.id, ProjectStatus.ARCHIVED)
    with pytest.raises(ConflictError, match="is ARCHIVED, expected ACTIVE"):
        training.new_prompt(project.id, "text")


def _force(database: Database, table: str, status: str) -> None:
    with database.engine.begin() as connection:
        _without_guard(connection, table, f"UPDATE {table} SET status = '{status}'")


def _without_guard(connection: Connection, table: str, statement: str) -> None:
    """Runs a statement with the table's trigger off, to set a test up."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER {table}_status"))
        connection.execute(text(statement))
        connection.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER {table}_status"))
        return
    name = f"{table}_status_update"
    query = text("SELECT sql FROM sqlite_master WHERE name = :name")
    trigger = connection.execute(query, {"name": name}).scalar_one()
    connection.execute(text(f"DROP TRIGGER {name}"))
    connection.execute(text(statement))
    connection.exec_driver_sql(trigger)
