import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from capsules.check import check_library
from capsules.errors import LibraryError
from capsules.library import PACKAGED_FOLDER, Library, load_library
from control_plane.errors import AlreadyExistsError, InvalidArgumentError
from control_plane.studio.own_capsules import OwnCapsules, Saved, open_own

GRIN: dict[str, Any] = {
    "cid": "VF_GRIN",
    "layer": "face",
    "description": "A quick grin",
    "emotion": {"valence": 0.6, "arousal": 0.4, "dominance": 0.3},
    "duration_ms": 900,
    "easing": "linear",
    "tracks": [{"target": "mouthSmileLeft", "curve": [[0, 0.0], [300, 0.8], [900, 0.0]]}],
}


def save(own: OwnCapsules, **changes: object) -> Saved:
    return asyncio.run(own.save(json.dumps(GRIN | changes)))


def test_a_saved_capsule_is_there_after_a_restart_and_as_it_was(tmp_path: Path) -> None:
    own = open_own(None, tmp_path / "mine")
    saved = save(own).capsule
    again = open_own(None, tmp_path / "mine").library
    assert again.capsules["VF_GRIN"] == own.library.capsules["VF_GRIN"] == saved
    assert saved.provenance.source == "capsulecast studio"
    assert again.capsules.keys() - load_library().capsules.keys() == {"VF_GRIN"}


def test_its_file_is_a_library_file(tmp_path: Path) -> None:
    save(open_own(None, tmp_path))
    library = load_library(tmp_path)
    assert list(library.capsules) == ["VF_GRIN"]
    assert not [item for item in check_library(library) if item.severity == "error"]


def test_saving_again_replaces_it_and_raises_its_version(tmp_path: Path) -> None:
    own = open_own(None, tmp_path)
    save(own)
    assert save(own, duration_ms=950).capsule.version == 2
    save(own, cid="VF_OTHER")
    library = open_own(None, tmp_path).library
    found = library.capsules["VF_GRIN"]
    assert (found.duration_ms, found.version) == (950, 2)
    assert "VF_OTHER" in library.capsules


def test_listeners_hear_of_the_new_library(tmp_path: Path) -> None:
    own = open_own(None, tmp_path)
    heard: list[Library] = []
    own.listen(heard.append)
    save(own)
    assert ["VF_GRIN" in library.capsules for library in heard] == [True]


def test_an_operators_library_gets_a_file_beside_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "library"
    folder.mkdir()
    theirs = json.dumps({"capsules": [GRIN | {"cid": "VF_THEIRS"}]})
    (folder / "theirs.json").write_text(theirs)
    own = open_own(folder, tmp_path / "unused")
    save(own)
    assert sorted(load_library(folder).capsules) == ["VF_GRIN", "VF_THEIRS"]
    assert (folder / "theirs.json").read_text() == theirs
    assert not (tmp_path / "unused").exists()
    with pytest.raises(AlreadyExistsError, match="VF_THEIRS_MINE"):
        save(own, cid="VF_THEIRS")


@pytest.mark.parametrize("of_operator", [False, True])
def test_what_was_imported_since_the_start_is_left_as_it_is(
    tmp_path: Path, of_operator: bool
) -> None:
    theirs = json.dumps({"capsules": [GRIN | {"cid": "VF_THEIRS"}]})
    (tmp_path / "theirs.json").write_text(theirs)
    folders = (tmp_path if of_operator else None, tmp_path)
    own = open_own(*folders)
    save(own)
    imported = json.dumps({"capsules": [GRIN | {"cid": "VF_201"}]})
    (tmp_path / "vf_201.json").write_text(imported)
    before = (tmp_path / "studio.json").read_text()
    with pytest.raises(AlreadyExistsError, match="VF_201 is a capsule of the library already"):
        save(own, cid="VF_201")
    assert (tmp_path / "studio.json").read_text() == before
    save(own, cid="VF_LATER", fallback_cid="VF_201")
    again = open_own(*folders).library
    assert {"VF_GRIN", "VF_THEIRS", "VF_201", "VF_LATER"} <= again.capsules.keys()
    assert (tmp_path / "vf_201.json").read_text() == imported


def test_an_id_that_two_files_have_is_told_with_the_folder_and_the_way_out(tmp_path: Path) -> None:
    own = open_own(None, tmp_path)
    save(own)
    (tmp_path / "vf_grin.json").write_text(json.dumps({"capsules": [GRIN]}))
    for attempt in (lambda: open_own(None, tmp_path), lambda: save(own, cid="VF_OTHER")):
        with pytest.raises(LibraryError) as caught:
            attempt()
        said = str(caught.value)
        assert said.startswith(f"the capsules in {tmp_path} cannot be used; mend what is named")
        assert "out of the folder:\nvf_grin.json: VF_GRIN: cid: 'VF_GRIN' is taken" in said
        assert "(in studio.json)" in said


def test_packaged_capsules_are_left_as_they_are(tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in PACKAGED_FOLDER.glob("*.json")}
    own = open_own(None, tmp_path)
    with pytest.raises(AlreadyExistsError, match="VF_JOY_HIGH is a capsule of the library"):
        save(own, cid="VF_JOY_HIGH")
    save(own)
    assert before == {path.name: path.read_bytes() for path in PACKAGED_FOLDER.glob("*.json")}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"tracks": [{"target": "jawOpen", "curve": [[0, 2.0]]}]}, "expected 0 to 1"),
        ({"fallback_cid": "VF_NOTHING"}, "VF_NOTHING"),
        ({"tracks": []}, "moves nothing"),
        ({"surprise": 1}, "surprise"),
        ({"clip": {"file": "../../x.webm"}, "tracks": []}, "clip"),
    ],
)
def test_what_the_check_refuses_is_not_kept(
    tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    own = open_own(None, tmp_path)
    with pytest.raises(InvalidArgumentError, match=said):
        save(own, **changes)
    assert list(tmp_path.iterdir()) == []
    assert "VF_GRIN" not in own.library.capsules


def test_what_is_worth_a_look_is_told(tmp_path: Path) -> None:
    curve = [[0, 0.0], [10, 1.0], [900, 0.0]]
    saved = save(open_own(None, tmp_path), tracks=[{"target": "jawOpen", "curve": curve}])
    assert len(saved.warnings) == 1
    assert "moves 100.0 a second" in saved.warnings[0]


def test_a_folder_that_cannot_be_written_is_told_and_nothing_changes(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    own = open_own(None, tmp_path / "file" / "mine")
    with pytest.raises(LibraryError, match="cannot be written"):
        save(own)
    assert "VF_GRIN" not in own.library.capsules


def test_a_file_that_names_a_packaged_capsule_is_refused_at_the_start(tmp_path: Path) -> None:
    content = {"capsules": [GRIN | {"cid": "VF_JOY_HIGH"}]}
    (tmp_path / "studio.json").write_text(json.dumps(content))
    with pytest.raises(LibraryError, match="VF_JOY_HIGH"):
        open_own(None, tmp_path)


def test_ones_own_files_come_on_top_with_their_expressions(tmp_path: Path) -> None:
    content = {
        "capsules": [GRIN],
        "expressions": [
            {
                "id": "E_MINE",
                "name": "my_grin",
                "description": "Mine",
                "items": [{"cid": "VF_GRIN"}],
            }
        ],
    }
    (tmp_path / "mine.json").write_text(json.dumps(content))
    own = open_own(None, tmp_path)
    assert own.library.expression("my_grin").items[0].cid == "VF_GRIN"
    assert len(own.library.capsules) == len(load_library().capsules) + 1
    assert list(own.library.capsules) == sorted(own.library.capsules)
    with pytest.raises(AlreadyExistsError):
        save(own)
