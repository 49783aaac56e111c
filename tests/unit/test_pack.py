import json
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from capsules import pack
from capsules.avatar import Basis
from capsules.errors import PackError
from capsules.pack import builtin_avatar, builtin_avatar_names, load_pack, save_archive, save_pack
from tests.unit.packs import assert_same, pack_part, sketch


def test_folder_round_trip_keeps_every_array(tmp_path: Path) -> None:
    save_pack(sketch(), tmp_path / "sketch")
    assert_same(sketch(), load_pack(tmp_path / "sketch"))


def test_loaded_arrays_are_read_only_views_of_the_file(tmp_path: Path) -> None:
    save_pack(sketch(), tmp_path)
    texture = load_pack(tmp_path).part("face").texture
    assert not texture.flags.owndata
    assert not texture.flags.writeable


def test_same_avatar_gives_same_bytes(tmp_path: Path) -> None:
    save_archive(sketch(), tmp_path / "one.avatar")
    save_archive(sketch(), tmp_path / "two.avatar")
    assert (tmp_path / "one.avatar").read_bytes() == (tmp_path / "two.avatar").read_bytes()


def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="nowhere"):
        load_pack(tmp_path / "nowhere")


def test_other_format_version_is_refused(tmp_path: Path) -> None:
    save_pack(sketch(), tmp_path)
    manifest = json.loads((tmp_path / "avatar.json").read_text())
    manifest["version"] = 99
    (tmp_path / "avatar.json").write_text(json.dumps(manifest))
    with pytest.raises(PackError, match="99"):
        load_pack(tmp_path)


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", "null", '{"format": 3}', "[" * 100_000], ids=range(6)
)
def test_manifest_that_describes_no_avatar_is_refused(tmp_path: Path, content: str) -> None:
    save_pack(sketch(), tmp_path)
    (tmp_path / "avatar.json").write_text(content)
    with pytest.raises(PackError, match=r"avatar\.json"):
        load_pack(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"canvas_px": float("inf")},
        {"canvas_px": 10**400},
        {"parts": [{"name": "face", "residual_rect": [0, 0, 1, 1], "pivot": [10**400, 0]}]},
        {"parts": [{"name": "face", "residual_rect": [float("inf")] * 4, "pivot": [0, 0]}]},
    ],
)
def test_manifest_of_numbers_beyond_all_bounds_is_refused(
    tmp_path: Path, change: dict[str, object]
) -> None:
    save_pack(sketch(), tmp_path)
    manifest = json.loads((tmp_path / "avatar.json").read_text())
    (tmp_path / "avatar.json").write_text(json.dumps(manifest | change))
    with pytest.raises(PackError):
        load_pack(tmp_path)


def test_part_name_that_leaves_the_folder_is_refused(tmp_path: Path) -> None:
    save_pack(sketch(), tmp_path)
    text = (tmp_path / "avatar.json").read_text().replace('"hand"', '"../hand"')
    (tmp_path / "avatar.json").write_text(text)
    with pytest.raises(PackError, match="not a name"):
        load_pack(tmp_path)


@pytest.mark.parametrize("length", [0, 7, 40, 200])
def test_tensor_file_cut_short_is_refused(tmp_path: Path, length: int) -> None:
    save_pack(sketch(), tmp_path)
    file = tmp_path / "face.safetensors"
    file.write_bytes(file.read_bytes()[:length])
    with pytest.raises(PackError, match=r"face\.safetensors"):
        load_pack(tmp_path)


def _tensor_file(header: object, data: bytes = b"\0" * 64) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


@pytest.mark.parametrize(
    "header",
    [
        b"not json",
        [],
        {"vertices": 3},
        {"vertices": {"dtype": "F64", "shape": [4, 2], "data_offsets": [0, 64]}},
        {"vertices": {"dtype": "F32", "shape": [4, 2], "data_offsets": [0, 16]}},
        {"vertices": {"dtype": "F32", "shape": [4, 2], "data_offsets": [48, 80]}},
        {"vertices": {"dtype": "F32", "shape": [4, 2], "data_offsets": [-32, 0]}},
        {"vertices": {"dtype": "F32", "shape": [-4, -2], "data_offsets": [0, 32]}},
        {"vertices": {"dtype": "F32", "shape": ["x"], "data_offsets": [0, 32]}},
        {"vertices": {"dtype": "F32", "shape": [float("inf")], "data_offsets": [0, 32]}},
        {"vertices": {"dtype": "F32", "shape": [0, 10**30], "data_offsets": [0, 0]}},
        b'{"a":' * 100_000,
    ],
)
def test_tensor_header_that_lies_is_refused(tmp_path: Path, header: object) -> None:
    save_pack(sketch(), tmp_path)
    (tmp_path / "face.safetensors").write_bytes(_tensor_file(header))
    with pytest.raises(PackError, match=r"face\.safetensors"):
        load_pack(tmp_path)


_BAD_PARTS = {
    "triangle beyond the vertices": {"triangles": np.array([[0, 1, 4]], np.int32)},
    "negative triangle": {"triangles": np.array([[0, 1, -1]], np.int32)},
    "no triangle": {"triangles": np.zeros((0, 3), np.int32)},
    "vertex that is not finite": {"vertices": np.full((4, 2), np.nan, np.float32)},
    "vertices of doubles": {"vertices": np.zeros((4, 2), np.float64)},
    "vertices without a dimension": {"vertices": np.array(1.0, np.float32)},
    "vertices in space": {"vertices": np.zeros((4, 3), np.float32)},
    "too few uv": {"uv": np.zeros((3, 2), np.float32)},
    "uv outside the texture": {"uv": np.full((4, 2), 1.5, np.float32)},
    "texture without alpha": {"texture": np.zeros((4, 4, 3), np.uint8)},
    "normals of bytes": {"normals": np.zeros((4, 4, 2), np.uint8)},
    "residual_rect outside the texture": {"residual_rect": (4, 4, 9, 9)},
    "residual without a rect": {"residual_rect": (0, 0, 0, 0)},
    "pivot that is not finite": {"pivot": (0.0, float("inf"))},
    "delta of another mesh": {"bases": {"jawOpen": Basis(np.zeros((5, 2), np.float16))}},
    "infinite delta": {"bases": {"jawOpen": Basis(np.full((4, 2), np.inf, np.float16))}},
}


@pytest.mark.parametrize("change", _BAD_PARTS.values(), ids=list(_BAD_PARTS))
def test_part_that_does_not_hold_together_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, object]
) -> None:
    bad = sketch(replace(pack_part(), **change))  # type: ignore[arg-type] # damaged on purpose
    with pytest.raises(PackError, match="face"):
        save_pack(bad, tmp_path / "saved")
    # Written in spite of that, it is refused again when it is read.
    with monkeypatch.context() as unchecked:
        unchecked.setattr(pack, "check_avatar", lambda *_: None)
        try:
            save_pack(bad, tmp_path / "forced")
        except Exception:  # such an array cannot even be written
            return
    with pytest.raises(PackError, match="face"):
        load_pack(tmp_path / "forced")


def test_two_parts_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="all different"):
        save_pack(sketch(pack_part(), pack_part()), tmp_path)


def test_skeleton_without_its_part_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="skeleton"):
        save_pack(sketch(pack_part("body")), tmp_path)


def test_builtin_avatars_are_listed_by_name() -> None:
    assert "mira" in builtin_avatar_names()


def test_unknown_builtin_avatar_is_named_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(PackError, match=r"'nobody'.*mira"):
        builtin_avatar("nobody", tmp_path)
