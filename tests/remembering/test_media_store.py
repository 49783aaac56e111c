import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import delete
from sqlalchemy.orm import Session as OrmSession

from storage.database import Database
from storage.errors import DatabaseUnavailableError, InvalidRecordError
from storage.media_store import MediaStore
from storage.tables.media import Image, MediaFile
from storage.transactions import writing
from tests.remembering.rows import stored


def test_a_file_is_kept_under_its_rows_id(database: Database, tmp_path: Path) -> None:
    store = MediaStore(tmp_path / "media", database)
    row = store.put([b"one ", b"two"], "text/plain", "txt")
    path = store.path(row)
    assert path.stem == str(row.id)
    assert path.read_bytes() == b"one two"
    assert (row.size_bytes, row.sha256) == (7, sha256(b"one two").hexdigest())
    assert path.stat().st_mode & 0o777 == 0o600
    assert store.check(contents=True).whole


def test_a_write_that_breaks_off_leaves_nothing(database: Database, tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"some"
        raise OSError(28, "No space left on device")

    store = MediaStore(tmp_path / "media", database)
    with pytest.raises(OSError, match="No space"):
        store.put(broken(), "image/png", "png")
    assert not list(tmp_path.rglob("media/*/*"))
    assert store.check(young_s=0).whole


def test_a_row_that_cannot_be_written_takes_its_file_along(
    database: Database, tmp_path: Path
) -> None:
    store = MediaStore(tmp_path / "media", database)
    with pytest.raises(Exception, match=r"mime_type|NULL"):
        store.put([b""], None, "png")  # type: ignore[arg-type]
    assert store.check(young_s=0).whole


def test_a_row_whose_commit_was_not_answered_keeps_its_file(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def unanswered(found: Database) -> Iterator[OrmSession]:
        with writing(found) as orm:
            yield orm
        raise DatabaseUnavailableError("the connection was lost")

    store = MediaStore(tmp_path / "media", database)
    monkeypatch.setattr("storage.media_store.writing", unanswered)
    with pytest.raises(DatabaseUnavailableError):
        store.put([b"picture"], "image/png", "png")
    assert len(list(tmp_path.rglob("*.png"))) == 1
    assert store.check(contents=True, young_s=0).whole


def test_the_files_name_is_on_the_disk_before_its_row_is_written(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    sync = os.fsync

    def note(descriptor: int) -> None:
        synced.append(os.fstat(descriptor).st_ino)
        sync(descriptor)

    monkeypatch.setattr("os.fsync", note)
    store = MediaStore(tmp_path / "media", database)
    path = store.path(store.put([b"picture"], "image/png", "png"))
    inodes = [one.stat().st_ino for one in (path, path.parent, tmp_path / "media")]
    assert [inode for inode in synced if inode in inodes] == inodes


def test_the_check_finds_orphans_both_ways_and_changed_files(
    database: Database, tmp_path: Path
) -> None:
    store = MediaStore(tmp_path / "media", database)
    kept, lost, changed, stray = (
        store.put([name], "a/b", "bin") for name in (b"1", b"2", b"3", b"4")
    )
    store.path(lost).unlink()
    store.path(changed).write_bytes(b"!")
    with OrmSession(database.engine) as orm, orm.begin():
        orm.execute(delete(MediaFile).where(MediaFile.id == stray.id))
    partial = store.path(kept).with_name("x.bin.partial")
    partial.write_bytes(b"half")
    found = store.check(contents=True, young_s=0)
    assert set(found.files_without_row) == {store.path(stray), partial}
    assert found.rows_without_file == (lost.id,)
    assert found.changed == (changed.id,)
    assert not found.whole
    # Somebody may be about to write the row of a file this young.
    assert store.sweep() == 0
    assert store.sweep(young_s=0) == 2
    assert store.check().files_without_row == ()
    assert store.path(kept).exists()


def test_a_file_that_something_refers_to_is_not_removed(database: Database, tmp_path: Path) -> None:
    store = MediaStore(tmp_path / "media", database)
    row = store.put([b"picture"], "image/png", "png")
    stored(database, Image, file_id=row.id)
    with pytest.raises(InvalidRecordError):
        store.remove(row)
    assert store.path(row).exists()


def test_a_removed_file_is_gone_with_its_row(database: Database, tmp_path: Path) -> None:
    store = MediaStore(tmp_path / "media", database)
    row = store.put([b"picture"], "image/png", "png")
    store.remove(row)
    assert not store.path(row).exists()
    assert store.check(young_s=0).whole


@pytest.mark.parametrize("extension", ["", "../x", "PNG", "a.b", "x" * 11])
def test_an_extension_cannot_lead_out_of_the_folder(
    database: Database, tmp_path: Path, extension: str
) -> None:
    with pytest.raises(InvalidRecordError):
        MediaStore(tmp_path / "media", database).put([b""], "a/b", extension)
