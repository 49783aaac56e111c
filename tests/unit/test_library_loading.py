"""Loading library files, and what is said of broken ones."""

import json
from pathlib import Path
from typing import Any

import pytest

from capsules.arkit import VISEMES
from capsules.check import check_library
from capsules.errors import LibraryError
from capsules.library import Library, load_library
from capsules.model import Capsule
from tests.unit.capsule_records import record


def expression(**changes: object) -> dict[str, Any]:
    return {
        "id": "E_0001",
        "name": "delight",
        "description": "A test",
        "items": [{"cid": "VF_A"}],
    } | changes


def write(folder: Path, **files: object) -> Path:
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / f"{name}.json").write_text(text, encoding="utf-8")
    return folder


def test_a_folder_of_the_users_own_is_a_whole_library(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        mine={"capsules": [record("VF_A")], "expressions": [expression()], "note": "mine"},
    )
    lib = load_library(folder)
    assert list(lib.capsules) == ["VF_A"]
    assert list(lib.expressions) == ["E_0001"]


def test_tracks_of_all_capsules_share_the_name_of_a_target(tmp_path: Path) -> None:
    lib = load_library(write(tmp_path, mine={"capsules": [record("VF_A"), record("VF_B")]}))
    one, other = (capsule.tracks[0].target for capsule in lib.capsules.values())
    assert one is other


def track(**changes: object) -> list[dict[str, Any]]:
    return [{"target": "jawOpen", "curve": [[0, 0.0]]} | changes]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"capsules": [}', "broken.json: line 1, column 15: not JSON: Expecting value"),
        ("[]", "broken.json: got 'list', expected an object with 'capsules'"),
        ({"capsule": []}, "broken.json: got ['capsule'], expected an object with 'capsules'"),
        ({"capsules": {}}, "broken.json: capsules: got {}, expected a list"),
        ({"capsules": [7]}, "broken.json: a record without cid: got 7, expected: "),
        (
            {"capsules": [record("VF_A", duration_ms="long")]},
            "broken.json: VF_A: duration_ms: got 'long', expected: a valid integer",
        ),
        (
            {"capsules": [record("VF_A", tracks=track(target="jawOpenn"))]},
            "broken.json: VF_A: tracks[0].target: unknown target 'jawOpenn', did you mean",
        ),
        (
            {"capsules": [record("VF_A", tracks=track(curve=[[0, float("nan")]]))]},
            "broken.json: VF_A: tracks[0].curve[0][1]: got nan, expected: a finite number",
        ),
        (
            {"capsules": [record("VF_A", blend_mode="mix")]},
            "broken.json: VF_A: blend_mode: got 'mix', expected: 'additive', 'override' or",
        ),
        (
            {"capsules": [record("VF_A", colour="red")]},
            "broken.json: VF_A: colour: got 'red', expected no field of this name",
        ),
        (
            {"capsules": [{"cid": "VF_A", "layer": "face", "duration_ms": 300}]},
            "broken.json: VF_A: description: missing, expected a value",
        ),
        (
            {"capsules": [record("VF_A"), record("VF_A")]},
            "broken.json: VF_A: cid: 'VF_A' is taken already (in broken.json)",
        ),
        (
            {"expressions": [expression(), expression(id="E_0002")]},
            "broken.json: E_0002: name: 'delight' is taken already (in broken.json)",
        ),
        (
            {"expressions": [expression(items=[{"cid": "VF_A", "weight": 2}])]},
            "broken.json: E_0001: items[0].weight: got 2, expected: less than or equal to 1",
        ),
    ],
)
def test_a_broken_file_is_named_with_field_and_value(
    tmp_path: Path, content: object, message: str
) -> None:
    with pytest.raises(LibraryError) as caught:
        load_library(write(tmp_path, broken=content))
    assert message in str(caught.value)


def test_every_problem_of_a_folder_is_told_at_once(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        one={"capsules": [record("VF_A", priority=99), record("VF_B", version=0)]},
        two={"capsules": [record("VF_C", easing="bouncy")]},
    )
    with pytest.raises(LibraryError) as caught:
        load_library(folder)
    lines = str(caught.value).splitlines()
    assert [line.split(": ")[:3] for line in lines] == [
        ["one.json", "VF_A", "priority"],
        ["one.json", "VF_B", "version"],
        ["two.json", "VF_C", "easing"],
    ]


def test_a_flood_of_problems_is_cut_short(tmp_path: Path) -> None:
    records = [record(f"VF_{number}", priority=99) for number in range(50)]
    with pytest.raises(LibraryError) as caught:
        load_library(write(tmp_path, broken={"capsules": records}))
    lines = str(caught.value).splitlines()
    assert len(lines) == 21
    assert lines[-1] == "and 30 more"


def test_an_id_taken_in_another_file_is_refused(tmp_path: Path) -> None:
    same = {"capsules": [record("VF_A")]}
    with pytest.raises(LibraryError, match=r"two\.json: VF_A: cid: .* \(in one\.json\)"):
        load_library(write(tmp_path, one=same, two=same))


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_bytes(b'{"note": "\xff"}')
    with pytest.raises(LibraryError, match=r"broken\.json: byte 10 is not UTF-8"):
        load_library(tmp_path)


def test_a_file_nested_without_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match=r"broken\.json: nested too deeply"):
        load_library(write(tmp_path, broken="[" * 100_000))


def test_a_missing_or_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="no such folder"):
        load_library(tmp_path / "nowhere")
    with pytest.raises(LibraryError, match="no library file"):
        load_library(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"PP": {"mouthClose": 1.5}}, "visemes.json: PP.mouthClose: got 1.5, expected: less than"),
        ({"PP": {"mouthShut": 0.5}}, "visemes.json: PP: unknown basis 'mouthShut'"),
        ({"XX": {}}, "visemes.json: unknown viseme 'XX', expected sil, PP"),
        ({"PP": 3}, "visemes.json: PP: got 3, expected: a valid dictionary"),
    ],
)
def test_a_broken_table_of_visemes_is_named(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    table = {name: {"jawOpen": 0.2} for name in VISEMES} | change
    with pytest.raises(LibraryError) as caught:
        load_library(write(tmp_path, mine={"capsules": [record("VF_A")]}, visemes=table))
    assert message in str(caught.value)


def test_a_table_without_a_viseme_is_refused(tmp_path: Path) -> None:
    table: dict[str, object] = {name: {} for name in VISEMES if name != "ou"}
    folder = write(tmp_path, mine={"capsules": [record("VF_A")]}, visemes=table)
    with pytest.raises(LibraryError, match="viseme 'ou' is missing"):
        load_library(folder)


def test_a_folders_own_visemes_are_used(tmp_path: Path) -> None:
    table = {name: {"jawOpen": 0.25} for name in VISEMES}
    folder = write(tmp_path, mine={"capsules": [record("VF_A")]}, visemes=table)
    assert load_library(folder).viseme_weights["aa"] == {"jawOpen": 0.25}


def test_only_the_packaged_library_calls_itself_packaged(tmp_path: Path) -> None:
    assert load_library().packaged
    assert load_library().revoke("VF_NOD").packaged
    assert not load_library(write(tmp_path, mine={"capsules": [record("VF_A")]})).packaged


def test_the_example_of_the_documentation_loads_and_passes_the_check(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "capsules.md").read_text(encoding="utf-8")
    example = page.split("```json\n")[1].split("```")[0]
    packaged = load_library()
    load_library(write(tmp_path, mine=f'{{"capsules": [{example}]}}'))
    joined = [*packaged.capsules.values(), Capsule.model_validate_json(example)]
    assert check_library(Library(joined, viseme_weights=packaged.viseme_weights)) == []
