import contextlib
import functools
import io
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capsules import pack
from capsules._tensors import tensor_bytes
from capsules.errors import PackError
from capsules.pack import load_archive, save_archive
from tests.unit.packs import assert_same, sketch


@functools.cache
def _small_archive() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sketch.avatar"
        save_archive(sketch(), file)
        return file.read_bytes()


def _write_zip(file: Path | BinaryIO, entries: dict[str, bytes]) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)


def _read_zip(file: Path | BinaryIO) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_archive_round_trip_keeps_every_array(tmp_path: Path) -> None:
    save_archive(sketch(), tmp_path / "sketch.avatar")
    assert_same(sketch(), load_archive(tmp_path / "sketch.avatar", tmp_path / "cache"))


def test_archive_is_unpacked_only_once(tmp_path: Path) -> None:
    file, cache = tmp_path / "sketch.avatar", tmp_path / "cache"
    save_archive(sketch(), file)
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
    save_archive(sketch(), file)
    extract = pack._extract

    def extract_while_another_finishes(source: Path, content: bytes, work: Path) -> None:
        monkeypatch.setattr(pack, "_extract", extract)
        load_archive(file, cache)
        extract(source, content, work)

    monkeypatch.setattr(pack, "_extract", extract_while_another_finishes)
    assert_same(sketch(), load_archive(file, cache))
    assert len(list(cache.iterdir())) == 1


def _cached(tmp_path: Path) -> tuple[Path, Path, Path]:
    """An archive, the cache, and the folder that it has been unpacked to."""
    file, cache = tmp_path / "sketch.avatar", tmp_path / "cache"
    save_archive(sketch(), file)
    load_archive(file, cache)
    (folder,) = cache.iterdir()
    return file, cache, folder


@pytest.mark.parametrize("name", ["avatar.json", "face.safetensors"])
def test_unpacked_folder_that_lost_a_file_is_unpacked_again(tmp_path: Path, name: str) -> None:
    file, cache, folder = _cached(tmp_path)
    (folder / name).unlink()
    assert_same(sketch(), load_archive(file, cache))
    assert (folder / name).is_file()


def test_unpacked_folder_that_lost_a_tensor_is_unpacked_again(tmp_path: Path) -> None:
    file, cache, folder = _cached(tmp_path)
    (folder / "hand.safetensors").write_bytes(tensor_bytes({"uv": np.zeros((4, 2), np.float32)}))
    assert_same(sketch(), load_archive(file, cache))


def test_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    save_archive(sketch(), tmp_path / "sketch.avatar")
    (tmp_path / "taken").write_bytes(b"a file where the cache should be")
    with pytest.raises(PackError, match="taken"):
        load_archive(tmp_path / "sketch.avatar", tmp_path / "taken")


def test_missing_archive_is_named(tmp_path: Path) -> None:
    with pytest.raises(PackError, match=r"nowhere\.avatar"):
        load_archive(tmp_path / "nowhere.avatar", tmp_path)


def test_archive_that_is_no_zip_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "sketch.avatar"
    file.write_bytes(b"PK\x03\x04 and then nothing of the kind")
    with pytest.raises(PackError, match=r"sketch\.avatar"):
        load_archive(file, tmp_path / "cache")


def test_damaged_archive_is_refused_and_leaves_nothing_in_the_cache(tmp_path: Path) -> None:
    file, cache = tmp_path / "sketch.avatar", tmp_path / "cache"
    save_archive(sketch(), file)
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
    save_archive(sketch(), file)
    _write_zip(file, _read_zip(file) | {name: b"evil"})
    with pytest.raises(PackError, match="belong"):
        load_archive(file, tmp_path / "cache")
    assert not list(tmp_path.rglob("*evil*"))


def test_archive_that_unpacks_to_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pack, "_LARGEST_UNPACKED_BYTES", 1 << 16)
    file = tmp_path / "sketch.avatar"
    save_archive(sketch(), file)
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
