import contextlib
import functools
import io
import json
import struct
import tempfile
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capsules import pack
from capsules._tensors import tensor_bytes
from capsules.avatar import Avatar, Basis, Part, Provenance, Skeleton
from capsules.errors import PackError
from capsules.pack import (
    builtin_avatar,
    builtin_avatar_names,
    load_archive,
    load_pack,
    save_archive,
    save_pack,
)


def _part(name: str = "face", *, residual: bool = True) -> Part:
    rng = np.random.default_rng(5)
    delta = rng.normal(size=(4, 2)).astype(np.float16)
    change = rng.integers(-127, 128, size=(3, 2, 3)).astype(np.int8) if residual else None
    return Part(
        name=name,
        vertices=np.array([[0, 0], [10, 0], [10, 10], [0, 10]], np.float32),
        uv=np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32),
        triangles=np.array([[0, 1, 2], [0, 2, 3]], np.int32),
        texture=rng.integers(0, 256, size=(9, 7, 4)).astype(np.uint8),
        normals=rng.integers(-90, 91, size=(5, 3, 2)).astype(np.int8),
        residual_rect=(1, 2, 5, 6),
        pivot=(3.5, -2.0),
        bases={"jawOpen": Basis(delta, change), "headYaw": Basis(-delta)},
    )


def _avatar(*parts: Part) -> Avatar:
    skeleton = Skeleton(
        "face", np.ones((21, 2), np.float32), {"jawOpen": np.full((21, 2), 0.5, np.float32)}
    )
    return Avatar(
        name="sketch",
        canvas_px=1024,
        parts=parts or (_part(), _part("hand", residual=False)),
        provenance=Provenance("drawn by code", "test 1", "00", "not a real person", synthetic=True),
        skeletons={"face": skeleton},
    )


def _assert_same(one: Avatar, other: Avatar) -> None:
    assert (one.name, one.canvas_px, one.provenance) == (
        other.name,
        other.canvas_px,
        other.provenance,
    )
    assert [part.name for part in one.parts] == [part.name for part in other.parts]
    for mine, theirs in zip(one.parts, other.parts, strict=True):
        for key in ("vertices", "uv", "triangles", "texture", "normals"):
            np.testing.assert_array_equal(getattr(mine, key), getattr(theirs, key))
        assert (mine.residual_rect, mine.pivot) == (theirs.residual_rect, theirs.pivot)
        assert sorted(mine.bases) == sorted(theirs.bases)
        for name, basis in mine.bases.items():
            np.testing.assert_array_equal(basis.delta, theirs.bases[name].delta)
            if basis.residual is None:
                assert theirs.bases[name].residual is None
            else:
                np.testing.assert_array_equal(basis.residual, theirs.bases[name].residual)
    assert sorted(one.skeletons) == sorted(other.skeletons)
    for name, skeleton in one.skeletons.items():
        np.testing.assert_array_equal(skeleton.keypoints, other.skeletons[name].keypoints)
        for basis_name, delta in skeleton.keypoint_deltas.items():
            np.testing.assert_array_equal(delta, other.skeletons[name].keypoint_deltas[basis_name])


@functools.cache
def _small_archive() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sketch.avatar"
        save_archive(_avatar(), file)
        return file.read_bytes()


def _write_zip(file: Path | BinaryIO, entries: dict[str, bytes]) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)


def _read_zip(file: Path | BinaryIO) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_folder_round_trip_keeps_every_array(tmp_path: Path) -> None:
    save_pack(_avatar(), tmp_path / "sketch")
    _assert_same(_avatar(), load_pack(tmp_path / "sketch"))


def test_archive_round_trip_keeps_every_array(tmp_path: Path) -> None:
    save_archive(_avatar(), tmp_path / "sketch.avatar")
    _assert_same(_avatar(), load_archive(tmp_path / "sketch.avatar", tmp_path / "cache"))


def test_loaded_arrays_are_read_only_views_of_the_file(tmp_path: Path) -> None:
    save_pack(_avatar(), tmp_path)
    texture = load_pack(tmp_path).part("face").texture
    assert not texture.flags.owndata
    assert not texture.flags.writeable


def test_same_avatar_gives_same_bytes(tmp_path: Path) -> None:
    save_archive(_avatar(), tmp_path / "one.avatar")
    save_archive(_avatar(), tmp_path / "two.avatar")
    assert (tmp_path / "one.avatar").read_bytes() == (tmp_path / "two.avatar").read_bytes()


def test_archive_is_unpacked_only_once(tmp_path: Path) -> None:
    file, cache = tmp_path / "sketch.avatar", tmp_path / "cache"
    save_archive(_avatar(), file)
    load_archive(file, cache)
    (folder,) = cache.iterdir()
    before = (folder / "avatar.json").stat().st_mtime_ns
    load_archive(file, cache)
    assert [path.name for path in cache.iterdir()] == [folder.name]
    assert (folder / "avatar.json").stat().st_mtime_ns == before


def test_slower_of_two_starts_uses_what_the_quicker_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, cache = tmp_path / "sketch.avatar", tmp_path / "cache"
    save_archive(_avatar(), file)
    extract = pack._extract

    def extract_while_another_finishes(source: Path, content: bytes, work: Path) -> None:
        monkeypatch.setattr(pack, "_extract", extract)
        load_archive(file, cache)
        extract(source, content, work)

    monkeypatch.setattr(pack, "_extract", extract_while_another_finishes)
    _assert_same(_avatar(), load_archive(file, cache))
    assert len(list(cache.iterdir())) == 1


def _cached(tmp_path: Path) -> tuple[Path, Path, Path]:
    """An archive, the cache, and the folder that it has been unpacked to."""
    file, cache = tmp_path / "sketch.avatar", tmp_path / "cache"
    save_archive(_avatar(), file)
    load_archive(file, cache)
    (folder,) = cache.iterdir()
    return file, cache, folder


@pytest.mark.parametrize("name", ["avatar.json", "face.safetensors"])
def test_unpacked_folder_that_lost_a_file_is_unpacked_again(tmp_path: Path, name: str) -> None:
    file, cache, folder = _cached(tmp_path)
    (folder / name).unlink()
    _assert_same(_avatar(), load_archive(file, cache))
    assert (folder / name).is_file()


def test_unpacked_folder_that_lost_a_tensor_is_unpacked_again(tmp_path: Path) -> None:
    file, cache, folder = _cached(tmp_path)
    (folder / "hand.safetensors").write_bytes(tensor_bytes({"uv": np.zeros((4, 2), np.float32)}))
    _assert_same(_avatar(), load_archive(file, cache))


def test_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    save_archive(_avatar(), tmp_path / "sketch.avatar")
    (tmp_path / "taken").write_bytes(b"a file where the cache should be")
    with pytest.raises(PackError, match="taken"):
        load_archive(tmp_path / "sketch.avatar", tmp_path / "taken")


def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="nowhere"):
        load_pack(tmp_path / "nowhere")


def test_missing_archive_is_named(tmp_path: Path) -> None:
    with pytest.raises(PackError, match=r"nowhere\.avatar"):
        load_archive(tmp_path / "nowhere.avatar", tmp_path)


def test_other_format_version_is_refused(tmp_path: Path) -> None:
    save_pack(_avatar(), tmp_path)
    manifest = json.loads((tmp_path / "avatar.json").read_text())
    manifest["version"] = 99
    (tmp_path / "avatar.json").write_text(json.dumps(manifest))
    with pytest.raises(PackError, match="99"):
        load_pack(tmp_path)


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", "null", '{"format": 3}', "[" * 100_000], ids=range(6)
)
def test_manifest_that_describes_no_avatar_is_refused(tmp_path: Path, content: str) -> None:
    save_pack(_avatar(), tmp_path)
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
    save_pack(_avatar(), tmp_path)
    manifest = json.loads((tmp_path / "avatar.json").read_text())
    (tmp_path / "avatar.json").write_text(json.dumps(manifest | change))
    with pytest.raises(PackError):
        load_pack(tmp_path)


def test_part_name_that_leaves_the_folder_is_refused(tmp_path: Path) -> None:
    save_pack(_avatar(), tmp_path)
    text = (tmp_path / "avatar.json").read_text().replace('"hand"', '"../hand"')
    (tmp_path / "avatar.json").write_text(text)
    with pytest.raises(PackError, match="not a name"):
        load_pack(tmp_path)


@pytest.mark.parametrize("length", [0, 7, 40, 200])
def test_tensor_file_cut_short_is_refused(tmp_path: Path, length: int) -> None:
    save_pack(_avatar(), tmp_path)
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
    save_pack(_avatar(), tmp_path)
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
    bad = _avatar(replace(_part(), **change))  # type: ignore[arg-type] # damaged on purpose
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
        save_pack(_avatar(_part(), _part()), tmp_path)


def test_skeleton_without_its_part_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="skeleton"):
        save_pack(_avatar(_part("body")), tmp_path)


def test_archive_that_is_no_zip_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "sketch.avatar"
    file.write_bytes(b"PK\x03\x04 and then nothing of the kind")
    with pytest.raises(PackError, match=r"sketch\.avatar"):
        load_archive(file, tmp_path / "cache")


def test_damaged_archive_is_refused_and_leaves_nothing_in_the_cache(tmp_path: Path) -> None:
    file, cache = tmp_path / "sketch.avatar", tmp_path / "cache"
    save_archive(_avatar(), file)
    content = bytearray(file.read_bytes())
    content[len(content) // 3] ^= 0xFF
    file.write_bytes(bytes(content))
    with pytest.raises(PackError):
        load_archive(file, cache)
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["../evil.safetensors", "/evil.safetensors", "a/b.safetensors", "evil.py", "..\\e.json"]
)
def test_archive_entry_that_does_not_belong_is_refused(tmp_path: Path, name: str) -> None:
    file = tmp_path / "sketch.avatar"
    save_archive(_avatar(), file)
    _write_zip(file, _read_zip(file) | {name: b"evil"})
    with pytest.raises(PackError, match="belong"):
        load_archive(file, tmp_path / "cache")
    assert not list(tmp_path.rglob("*evil*"))


def test_archive_that_unpacks_to_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pack, "_LARGEST_UNPACKED_BYTES", 1 << 16)
    file = tmp_path / "sketch.avatar"
    save_archive(_avatar(), file)
    _write_zip(file, _read_zip(file) | {"bomb.safetensors": bytes(1 << 20)})
    with pytest.raises(PackError, match="unpacks to more"):
        load_archive(file, tmp_path / "cache")


def test_archive_of_too_many_entries_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "sketch.avatar"
    _write_zip(file, {f"p{i}.safetensors": b"" for i in range(200)})
    with pytest.raises(PackError, match="200 entries"):
        load_archive(file, tmp_path / "cache")


@dataclass(frozen=True)
class _Mutation:
    """Bytes changed, and how many are kept."""

    flips: list[tuple[int, int]]
    kept: float

    def of(self, content: bytes) -> bytes:
        out = bytearray(content)
        for place, mask in self.flips:
            out[place % len(out)] ^= mask
        return bytes(out[: round(self.kept * len(out))])


_MUTATIONS = st.builds(
    _Mutation,
    flips=st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(1, 255)), max_size=4),
    kept=st.just(1.0) | st.floats(0.0, 1.0),
)


def _load_or_refuse(archive: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sketch.avatar"
        file.write_bytes(archive)
        with contextlib.suppress(PackError):
            load_archive(file, Path(folder) / "cache")


@settings(deadline=None, max_examples=150)
@given(mutation=_MUTATIONS)
def test_archive_of_changed_bytes_raises_nothing_but_pack_errors(mutation: _Mutation) -> None:
    _load_or_refuse(mutation.of(_small_archive()))


@settings(deadline=None, max_examples=300)
@given(name=st.sampled_from(["avatar.json", "face.safetensors"]), mutation=_MUTATIONS)
def test_archive_of_changed_files_raises_nothing_but_pack_errors(
    name: str, mutation: _Mutation
) -> None:
    """Behind the archive's checksums, where most of the reading happens."""
    entries = _read_zip(io.BytesIO(_small_archive()))
    made = io.BytesIO()
    _write_zip(made, entries | {name: mutation.of(entries[name])})
    _load_or_refuse(made.getvalue())


def test_builtin_avatars_are_listed_by_name() -> None:
    assert "mira" in builtin_avatar_names()


def test_unknown_builtin_avatar_is_named_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(PackError, match=r"'nobody'.*mira"):
        builtin_avatar("nobody", tmp_path)
