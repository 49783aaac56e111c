"""What one capsule or expression may be, and the schemas that say so."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from capsules.model import Capsule, Expression, Layer
from capsules.schema import SCHEMA_FOLDER, export_schemas


def capsule(**changes: object) -> dict[str, Any]:
    track = {"target": "jawOpen", "curve": [[0, 0.0], [200, 0.5]]}
    return {
        "cid": "VF_TEST",
        "layer": "face",
        "description": "A test",
        "duration_ms": 300,
        "tracks": [track],
    } | changes


def test_a_minimal_capsule_gets_the_defaults_of_the_format() -> None:
    made = Capsule.model_validate(capsule())
    assert made.layer is Layer.FACE
    assert made.trigger.probability == 1.0
    assert made.blend_mode.value == "additive"
    assert made.tracks[0].curve == [(0, 0.0), (200, 0.5)]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cid": "XX_1"}, "pattern"),
        ({"cid": "HF_TEST"}, "HF_TEST is of another layer than face: VF_ expected"),
        ({"tracks": []}, "VF_TEST moves nothing"),
        ({"components": [{"cid": "VF_A", "weight": 1}]}, "both tracks and components"),
        ({"duration_ms": 5}, "greater than or equal to 20"),
        ({"priority": 11}, "less than or equal to 10"),
        ({"trigger": {"offset_ms": 501}}, "less than or equal to 500"),
        ({"trigger": {"probability": 1.5}}, "less than or equal to 1"),
        ({"colour": "red"}, "Extra inputs are not permitted"),
        ({"emotion": {"valence": math.nan, "arousal": 0, "dominance": 0}}, "valence"),
        ({"emotion": {"valence": 1.1, "arousal": 0, "dominance": 0}}, "less than or equal to 1"),
        ({"phases": dict.fromkeys(["ready", "stroke_start", "stroke"], 9)}, "stroke_end"),
    ],
)
def test_a_bad_capsule_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Capsule.model_validate(capsule(**changes))


@pytest.mark.parametrize(
    ("track", "message"),
    [
        ({"target": "jawOpenn", "curve": [[0, 0]]}, "'jawOpenn', did you mean 'jawOpen'"),
        ({"target": "zzz", "curve": [[0, 0]]}, "unknown target 'zzz', see capsules.targets"),
        ({"target": "jawOpen", "curve": []}, "at least 1 item"),
        ({"target": "jawOpen", "curve": [[0, 0], [0, 1]]}, "must ascend from 0"),
        ({"target": "jawOpen", "curve": [[-1, 0]]}, "must ascend from 0"),
        ({"target": "jawOpen", "curve": [[0, math.inf]]}, "finite number"),
    ],
)
def test_a_bad_track_is_refused(track: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Capsule.model_validate(capsule(tracks=[track]))


def test_two_tracks_on_one_target_are_refused() -> None:
    track = {"target": "jawOpen", "curve": [[0, 0.1]]}
    with pytest.raises(ValidationError, match="two tracks on one target"):
        Capsule.model_validate(capsule(tracks=[track, track]))


def test_phases_out_of_order_are_refused() -> None:
    names = ("ready", "stroke_start", "stroke", "stroke_end", "relax", "end")
    phases = dict(zip(names, (10, 20, 15, 30, 40, 50), strict=True))
    with pytest.raises(ValidationError, match="phases must ascend"):
        Capsule.model_validate(capsule(phases=phases))


def test_a_capsule_cannot_be_changed() -> None:
    made = Capsule.model_validate(capsule())
    with pytest.raises(ValidationError, match="frozen"):
        made.duration_ms = 1  # type: ignore[misc] # the point of the test


@pytest.mark.parametrize("name", ["Delight", "a", "with space", "x" * 60])
def test_an_expression_name_is_a_plain_word(name: str) -> None:
    data = {"id": "E_0001", "name": name, "description": "A test", "items": [{"cid": "VF_A"}]}
    with pytest.raises(ValidationError, match="name"):
        Expression.model_validate(data)


def test_an_expression_without_items_is_refused() -> None:
    data = {"id": "E_0001", "name": "nothing", "description": "A test", "items": []}
    with pytest.raises(ValidationError, match="at least 1 item"):
        Expression.model_validate(data)


def test_the_committed_schemas_are_those_of_the_models(tmp_path: Path) -> None:
    export_schemas(tmp_path)
    fresh = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    committed = {path.name: path.read_text(encoding="utf-8") for path in SCHEMA_FOLDER.iterdir()}
    assert committed == fresh, "run: python -m capsules.schema"


def test_the_capsule_schema_lists_the_known_targets() -> None:
    schema = json.loads((SCHEMA_FOLDER / "capsule.schema.json").read_text(encoding="utf-8"))
    known = schema["$defs"]["Track"]["properties"]["target"]["enum"]
    assert {"jawOpen", "handLeft.rotate", "voice.pitch_st"} <= set(known)
