"""Profiles as files: read, checked, and what is said of mistakes."""

import json
from pathlib import Path
from typing import Any

import pytest

from capsules.check import Severity, check_library
from capsules.errors import LibraryError, UnknownCapsuleError
from capsules.library import Library, load_library
from capsules.model import Layer
from capsules.profile import Profile
from control_plane.emotion.labels import EMOTIONS
from control_plane.studio.own_capsules import open_own

FACE = {
    "cid": "VF_A",
    "layer": "face",
    "description": "A test",
    "duration_ms": 300,
    "hold": True,
    "tracks": [{"target": "mouthSmileLeft", "curve": [[0, 0.0], [200, 0.5]]}],
}
NOD = FACE | {
    "cid": "VF_B",
    "hold": False,
    "tracks": [{"target": "headPitch", "curve": [[0, 0.0], [200, 0.5], [300, 0.0]]}],
}
MIXED: dict[str, Any] = {
    "name": "mixed",
    "description": "A test",
    "emotion": {"valence": 0.2, "arousal": -0.2, "dominance": 0.1},
    "items": [{"cid": "VF_A", "weight": 0.8}, {"cid": "VF_B", "every_s": 3.0}],
}


@pytest.fixture(scope="module")
def library() -> Library:
    return load_library()


def read(folder: Path, *profiles: dict[str, Any], **more: object) -> Library:
    content = {"capsules": [FACE, NOD], "profiles": list(profiles)} | more
    (folder / "mine.json").write_text(json.dumps(content), encoding="utf-8")
    return load_library(folder)


def test_the_packaged_profiles_are_many_and_far_apart(library: Library) -> None:
    assert len(library.profiles) >= 12
    assert {"quiet_reflective", "anxious_denial"} <= set(library.profiles)
    for profile in library.profiles.values():
        layers = {library.capsule(item.cid).layer for item in profile.items}
        assert {Layer.FACE, Layer.HAND, Layer.VOICE} <= layers, profile.name
        assert sum(item.every_s is not None for item in profile.items) >= 2, profile.name
        faces = [library.capsule(item.cid) for item in profile.items]
        held = [item for item in faces if item.layer is Layer.FACE and item.hold]
        assert len(held) >= 2, f"{profile.name} is no compound of faces"
    wirings = {frozenset(item.cid for item in one.items) for one in library.profiles.values()}
    assert len(wirings) == len(library.profiles)
    assert not set(EMOTIONS) & set(library.profiles)


def test_a_profile_is_found_by_name(tmp_path: Path) -> None:
    found = read(tmp_path, MIXED)
    assert found.profile("mixed").items[1].every_s == 3.0
    assert found.revoke("VF_B").profile("mixed") == found.profile("mixed")
    with pytest.raises(UnknownCapsuleError, match="'other'"):
        found.profile("other")
    with pytest.raises(UnknownCapsuleError, match="'mixed'"):
        found.bar(["mixed"]).profile("mixed")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"tempo": 3}, "mine.json: mixed: tempo: got 3, expected: less than or equal to 1.4"),
        ({"noise": -1}, "mixed: noise: got -1, expected: greater than or equal to 0"),
        ({"items": [{"cid": "VF_A"}]}, "mixed: items: got"),
        ({"items": [{"cid": "VF_A"}, {"cid": "VF_A"}]}, "items name VF_A twice"),
        (
            {"items": [{"cid": "VF_A"}, {"cid": "VF_B", "every_s": 0.1}]},
            "mixed: items[1].every_s: got 0.1, expected: greater than or equal to 1.5",
        ),
        ({"mood": 1}, "mixed: mood: got 1, expected no field of this name"),
        ({"name": "Mixed"}, "Mixed: name: got 'Mixed'"),
    ],
)
def test_a_mistake_in_a_profile_is_named(
    tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    with pytest.raises(LibraryError) as raised:
        read(tmp_path, MIXED | changes)
    assert said in str(raised.value)


def test_a_profile_and_an_expression_do_not_share_a_name(tmp_path: Path) -> None:
    expression = {"id": "E_1", "name": "mixed", "description": "A test", "items": [{"cid": "VF_A"}]}
    with pytest.raises(LibraryError, match="mixed"):
        read(tmp_path, MIXED, expressions=[expression])


@pytest.mark.parametrize(
    ("items", "code"),
    [
        ([{"cid": "VF_A"}, {"cid": "VF_GONE"}], "dangling-reference"),
        ([{"cid": "VF_B"}, {"cid": "TR_A"}], "no-face"),
        ([{"cid": "VF_A", "every_s": 2.0}, {"cid": "VF_B"}], "held-again"),
        ([{"cid": "VF_A"}, {"cid": "TR_A"}], "wrong-layer"),
        ([{"cid": "VF_A"}, {"cid": "HF_A"}], "held-hand"),
    ],
)
def test_the_check_finds_what_cannot_be_held(
    tmp_path: Path, items: list[dict[str, object]], code: str
) -> None:
    tempo = FACE | {
        "cid": "TR_A",
        "layer": "tempo",
        "tracks": [{"target": "tempo.rate", "curve": [[0, 0.0], [200, 0.1]]}],
    }
    hand = FACE | {
        "cid": "HF_A",
        "layer": "hand",
        "tracks": [{"target": "handLeft.y", "curve": [[0, 0.0], [200, -20.0]]}],
    }
    library = read(tmp_path, MIXED | {"items": items}, capsules=[FACE, NOD, tempo, hand])
    errors = {
        (item.where, item.code)
        for item in check_library(library)
        if item.severity is Severity.ERROR
    }
    assert ("mixed", code) in errors


def test_the_documented_example_is_a_profile() -> None:
    document = (Path(__file__).parents[2] / "docs" / "emotion.md").read_text(encoding="utf-8")
    example = document.split("## Profiles")[1].split("```json")[1].split("```")[0]
    assert Profile.model_validate_json(example).name == "bittersweet"


def test_profile_model_is_exported(library: Library) -> None:
    for profile in library.profiles.values():
        assert Profile.model_validate_json(profile.model_dump_json()) == profile


def test_profiles_survive_every_change_of_a_library(library: Library) -> None:
    for other in (
        library.revoke("VF_NOD"),
        library.having([]),
        library.with_micro(10),
        library.bar(["VF_NOD"]),
    ):
        assert other.profiles == library.profiles


def test_ones_own_profiles_come_beside_the_packaged_ones(tmp_path: Path) -> None:
    own = MIXED | {"items": [{"cid": "VF_CALM"}, {"cid": "VF_NOD", "every_s": 3.0}]}
    (tmp_path / "mine.json").write_text(json.dumps({"profiles": [own]}), encoding="utf-8")
    found = open_own(None, tmp_path).library
    assert {"mixed", "bittersweet"} <= set(found.profiles)
