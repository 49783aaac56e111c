"""Personalities as files: the packaged ones, one's own, and what is said of mistakes."""

import json
from pathlib import Path
from typing import Any

import pytest

from control_plane.emotion.explain import Cause
from control_plane.emotion.mood import Felt, MoodModel
from control_plane.emotion.personality_file import (
    SCHEMA_FILE,
    load_personalities,
    packaged_personalities,
    personality_named,
    personality_schema,
)
from control_plane.emotion.traits import REFERENCE
from control_plane.errors import InvalidArgumentError
from engine.packet import Mood

PLACE = {"valence": 0.1, "arousal": 0.0, "dominance": -0.1}
GRUMPY: dict[str, Any] = {
    "name": "grumpy",
    "description": "Never pleased",
    "baseline": {"valence": -0.3, "arousal": 0.1, "dominance": 0.2},
    "bias": PLACE,
}


def written(folder: Path, file: str = "mine.json", **changes: Any) -> Path:  # noqa: ANN401 - JSON
    (folder / file).write_text(json.dumps(GRUMPY | changes), encoding="utf-8")
    return folder


def test_three_personalities_ship() -> None:
    names = [item.name for item in packaged_personalities()]
    assert names == ["friendly", "professional", "skeptical"]
    assert personality_named("friendly").traits == REFERENCE


def test_the_three_are_different_in_everything_that_shows() -> None:
    people = list(packaged_personalities())
    for field in ("bias", "gain", "momentum", "face_offset_ms", "gesture_rest_s", "traits"):
        assert len({getattr(person, field) for person in people}) == 3, field
    assert len({tuple(sorted(person.capsule_weights.items())) for person in people}) == 3


def test_the_three_answer_the_same_event_differently() -> None:
    glad: list[float] = []
    hurt: list[float] = []
    for person in packaged_personalities():
        for target, shown in ((Mood(0.7, 0.5, 0.3), glad), (Mood(-0.7, 0.4, 0.1), hurt)):
            model = MoodModel(person, 0)
            model.feel(Felt(target, intensity=0.8), 0, Cause("chat"))
            shown.append(model.expressed(0).valence)
    friendly, professional, skeptical = glad
    assert friendly > professional + 0.1 > skeptical + 0.1
    friendly, professional, skeptical = hurt
    assert professional > skeptical + 0.1


def test_ones_own_is_read_beside_the_packaged_ones(tmp_path: Path) -> None:
    found = load_personalities(written(tmp_path, gain=0.5, traits={"warmth": 0.2}))
    assert len(found) == 4
    grumpy = found.named("grumpy")
    assert grumpy.baseline == Mood(-0.3, 0.1, 0.2)
    assert grumpy.gain == 0.5
    assert (grumpy.traits.warmth, grumpy.traits.energy) == (0.2, 0.7)
    assert grumpy.momentum == 0.7


def test_ones_own_may_take_the_place_of_a_packaged_one(tmp_path: Path) -> None:
    found = load_personalities(written(tmp_path, name="friendly"))
    assert len(found) == 3
    assert found.named("friendly").description == "Never pleased"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"gain": 3.0}, "mine.json: gain: got 3.0, expected: less than or equal to 2"),
        ({"momentum": 1.0}, "momentum: got 1.0, expected: less than or equal to 0.99"),
        ({"decay_s": 0}, "decay_s: got 0, expected: greater than or equal to 0.5"),
        ({"empathy": "much"}, "empathy: got 'much', expected: a valid number"),
        ({"bias": PLACE | {"valence": -1.5}}, "bias.valence: got -1.5, expected: greater than"),
        ({"traits": {"humour": 1.0}}, "traits.humour: got 1.0, expected no field of this name"),
        ({"temper": 1}, "temper: got 1, expected no field of this name"),
        ({"capsule_weights": {"hands": 1.0}}, "capsule_weights.hands: got 'hands', expected:"),
        ({"capsule_weights": {"VF_SHY": 9}}, "capsule_weights.VF_SHY: got 9, expected: less than"),
        ({"name": "Grumpy!"}, "name: got 'Grumpy!', expected: string should match"),
        ({"face_offset_ms": -5}, "face_offset_ms: got -5, expected: greater than or equal to 0"),
    ],
)
def test_a_mistake_is_named_with_file_field_and_range(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidArgumentError) as raised:
        load_personalities(written(tmp_path, **changes))
    assert said in str(raised.value)
    assert str(raised.value).startswith("mine.json: ")


def test_every_mistake_of_every_file_has_a_line(tmp_path: Path) -> None:
    written(tmp_path, "a.json", gain=-1, reaction_share=2)
    (tmp_path / "b.json").write_text("{", encoding="utf-8")
    (tmp_path / "c.json").write_text('{"name": "x"}', encoding="utf-8")
    with pytest.raises(InvalidArgumentError) as raised:
        load_personalities(tmp_path)
    lines = str(raised.value).splitlines()
    assert [line.split(":")[0] for line in lines] == ["a.json"] * 2 + ["b.json"] + ["c.json"] * 3
    assert "missing, expected a value" in lines[-1]
    assert "json" in lines[2].lower()


def test_two_files_with_one_name_are_refused(tmp_path: Path) -> None:
    written(tmp_path, "a.json")
    written(tmp_path, "b.json")
    with pytest.raises(InvalidArgumentError, match=r"b.json: name: 'grumpy' is taken.*a.json"):
        load_personalities(tmp_path)


def test_too_large_a_file_is_refused(tmp_path: Path) -> None:
    written(tmp_path, description="x" * 200_000)
    with pytest.raises(InvalidArgumentError, match=r"mine.json: has .* bytes, expected at most"):
        load_personalities(tmp_path)


def test_the_documented_example_is_one(tmp_path: Path) -> None:
    document = (Path(__file__).parents[2] / "docs" / "emotion.md").read_text(encoding="utf-8")
    example = document.split("## Personalities")[1].split("```json")[1].split("```")[0]
    (tmp_path / "example.json").write_text(example, encoding="utf-8")
    grumpy = load_personalities(tmp_path).named("grumpy")
    assert (grumpy.gain, grumpy.traits.patience, grumpy.stance) == (
        0.7,
        0.3,
        {"VF_DISAPPOINTED": 0.3},
    )


def test_unknown_personality_is_named_with_the_known_ones() -> None:
    with pytest.raises(InvalidArgumentError, match=r"'grumpy'.*friendly") as raised:
        personality_named("grumpy")
    assert raised.value.field == "options.personality"


def test_the_committed_schema_is_that_of_the_model() -> None:
    committed = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    assert committed == personality_schema(), (
        "run: python -m control_plane.emotion.personality_file"
    )
