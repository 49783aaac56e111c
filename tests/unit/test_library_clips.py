import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from capsules.check import Severity, check_library
from capsules.errors import LibraryError
from capsules.library import load_library
from capsules.model import Capsule, capsule_schema
from tests.unit.clips import write_clip


def record(
    cid: str = "ER_TEST",
    layer: str = "environment",
    **fields: Any,  # noqa: ANN401 - any field of a capsule
) -> dict[str, Any]:
    plain = {
        "cid": cid,
        "layer": layer,
        "description": "of a test",
        "duration_ms": 1000,
        "clip": {"file": "clips/a.webm"},
    }
    return plain | fields


def folder(path: Path, *capsules: dict[str, Any], video: bool = True) -> Path:
    path.mkdir(exist_ok=True)
    (path / "all.json").write_text(json.dumps({"capsules": capsules}))
    if video:
        write_clip(path / "clips" / "a.webm", count=25)
    return path


def test_library_knows_the_facts_of_its_clips(tmp_path: Path) -> None:
    library = load_library(folder(tmp_path, record()))
    clip = library.clips["ER_TEST"]
    assert (clip.cid, clip.frame_count, clip.width, clip.fps) == ("ER_TEST", 25, 64, 25.0)
    assert clip.path == tmp_path / "clips" / "a.webm"


@pytest.mark.parametrize(
    ("cid", "layer", "asked", "expected"),
    [
        ("ER_TEST", "environment", None, ""),
        ("VF_TEST", "face", None, "face"),
        ("BK_TEST", "body", None, "body"),
        ("HF_TEST", "hand", None, "handLeft"),
        ("VF_TEST", "face", "hairFront", "hairFront"),
        ("VF_TEST", "face", "", ""),
    ],
)
def test_layer_says_where_a_clip_is_drawn_unless_it_does_itself(
    cid: str, layer: str, asked: str | None, expected: str, tmp_path: Path
) -> None:
    source = {"file": "clips/a.webm"} | ({} if asked is None else {"after": asked})
    library = load_library(folder(tmp_path, record(cid, layer, clip=source)))
    assert library.clips[cid].after == expected


def test_missing_clip_is_named_with_its_capsule(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match=r"ER_TEST: clip\.file: clip a\.webm: cannot be read"):
        load_library(folder(tmp_path, record(), video=False))


def test_all_clips_that_cannot_be_used_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(LibraryError) as error:
        load_library(folder(tmp_path, record(), record("ER_OTHER"), video=False))
    assert "ER_TEST" in str(error.value)
    assert "ER_OTHER" in str(error.value)


@pytest.mark.parametrize(
    "file",
    [
        "../a.webm",
        "clips/../../a.webm",
        "/etc/a.webm",
        "clips//a.webm",
        "..webm",
        "a.mov",
        "clips\\a.webm",
        "http://a.b/c.webm",
        "a\n.webm",
        "a.webm\n",
        "",
    ],
)
def test_clip_outside_the_folder_cannot_be_named(file: str, tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match=r"ER_TEST: clip\.file"):
        load_library(folder(tmp_path, record(clip={"file": file}), video=False))


def test_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    outside = write_clip(tmp_path / "outside.webm", count=25)
    inside = folder(tmp_path / "library", record(), video=False)
    (inside / "clips").mkdir()
    (inside / "clips" / "a.webm").symlink_to(outside)
    with pytest.raises(LibraryError, match="lies outside the library's folder"):
        load_library(inside)


def test_revoked_capsule_needs_no_clip(tmp_path: Path) -> None:
    library = load_library(folder(tmp_path, record(revoked=True), video=False))
    assert not library.clips


def test_clip_of_a_capsule_that_is_revoked_later_is_gone(tmp_path: Path) -> None:
    library = load_library(folder(tmp_path, record(), record("ER_OTHER", duration_ms=900)))
    assert set(library.revoke("ER_OTHER").clips) == {"ER_TEST"}


def test_capsule_longer_than_its_clip_is_found(tmp_path: Path) -> None:
    findings = check_library(load_library(folder(tmp_path, record(duration_ms=1002))))
    errors = [item for item in findings if item.severity is Severity.ERROR]
    assert [(item.code, item.where) for item in errors] == [("beyond-duration", "ER_TEST")]
    assert "1000 ms, expected at least the capsule's 1002 ms" in errors[0].message


def test_loop_that_leaves_out_the_end_of_its_clip_is_warned_of(tmp_path: Path) -> None:
    short, whole = record(duration_ms=800, loop=True), record("ER_OTHER", loop=True)
    findings = check_library(load_library(folder(tmp_path, short, whole)))
    assert [item.where for item in findings if item.code == "loop-seam"] == ["ER_TEST"]


def test_clip_of_a_looping_capsule_loops_after_the_capsules_length(tmp_path: Path) -> None:
    short = record(duration_ms=800, loop=True)
    library = load_library(folder(tmp_path, short, record("ER_OTHER")))
    loops = {cid: clip.loop_frames for cid, clip in library.clips.items()}
    assert loops == {"ER_TEST": 20, "ER_OTHER": None}


def test_two_capsules_of_one_clip_are_found(tmp_path: Path) -> None:
    findings = check_library(load_library(folder(tmp_path, record(), record("ER_OTHER"))))
    assert [item.where for item in findings if item.code == "duplicate"] == ["ER_TEST"]


def test_opaque_clip_that_hides_all_is_warned_of(tmp_path: Path) -> None:
    source = {"file": "clips/a.webm", "matte": "none"}
    library = load_library(folder(tmp_path, record(clip=source, blend_mode="override")))
    assert "no-matte" in [item.code for item in check_library(library)]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"tracks": [{"target": "jawOpen", "curve": [[0, 1.0]]}]}, "both tracks and clip"),
        ({"components": [{"cid": "ER_A", "weight": 1}]}, "both components and clip"),
        ({"cid": "VC_TEST", "layer": "voice"}, "nothing shows in layer voice"),
        ({"clip": {"file": "a.webm", "rect": [0, 0, 0, 1]}}, "greater than 0"),
        ({"clip": {"file": "a.webm", "rect": [9, 0, 1, 1]}}, "less than or equal to 2"),
        ({"clip": {"file": "a.webm", "matte": "green"}}, "'alpha', 'side_by_side' or 'none'"),
    ],
)
def test_clip_that_makes_no_sense_is_refused(fields: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        Capsule.model_validate(record() | fields)


def test_schema_knows_clips() -> None:
    source = capsule_schema()["$defs"]["ClipSource"]["properties"]
    assert set(source) == {"file", "rect", "after", "matte"}


def test_shipped_clip_is_what_its_capsule_says() -> None:
    library = load_library()
    clip = library.clips["ER_CONFETTI"]
    assert clip.fps >= 24
    assert (clip.width, clip.height, clip.matte) == (512, 512, "alpha")
    assert clip.path.stat().st_size <= 250_000
    assert clip.duration_ms == pytest.approx(library.capsule("ER_CONFETTI").duration_ms, abs=1.0)


def test_shipped_clip_has_the_content_that_its_provenance_names() -> None:
    library = load_library()
    content = library.clips["ER_CONFETTI"].path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    assert found == library.capsule("ER_CONFETTI").provenance.sha256
