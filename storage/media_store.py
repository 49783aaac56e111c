"""Media files on the file system, and their rows.

A file is written under a temporary name, hashed on the way, renamed to the id of its row, its
folder synced as it is, and only then the row is written: a row always has its whole file. A crash
in between leaves a file without a row, which `check` finds and `sweep` removes.
"""

import hashlib
import os
import re
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from sqlalchemy import select

from storage.database import Database
from storage.errors import InvalidRecordError
from storage.keys import new_key
from storage.tables.media import MediaFile
from storage.transactions import reading, writing

__all__ = ["MediaCheck", "MediaStore"]

_EXTENSION = re.compile(r"[a-z0-9]{1,10}")
_PARTIAL = ".partial"
_ROWS_AT_ONCE = 1000
# A file this young may belong to somebody who is about to write its row.
_YOUNG_S = 3600.0


@dataclass(frozen=True, slots=True)
class MediaCheck:
    """What does not fit together.

    Attributes:
        files_without_row: Files nobody knows of, those being written now left out.
        rows_without_file: Rows whose files are gone.
        changed: Rows whose files are not what was written; empty unless asked for.
    """

    files_without_row: tuple[Path, ...]
    rows_without_file: tuple[UUID, ...]
    changed: tuple[UUID, ...]

    @property
    def whole(self) -> bool:
        """Whether everything fits."""
        return not (self.files_without_row or self.rows_without_file or self.changed)


class MediaStore:
    """Keeps media files; every call blocks.

    Args:
        folder: Where the files lie; made where there is none, for its owner alone.
        database: Where their rows are.
    """

    def __init__(self, folder: Path, database: Database) -> None:
        self._folder = folder
        self._database = database

    def put(self, content: Iterable[bytes], mime_type: str, extension: str) -> MediaFile:
        """Keeps a file.

        Args:
            content: Its bytes, in pieces.
            mime_type: Such as "image/png".
            extension: Such as "png": 1 to 10 small letters and digits.

        Raises:
            InvalidRecordError: The extension is none.
            DatabaseUnavailableError: The row could not be written, or the database did not say; its
                file stays for `sweep`.
            OSError: The disk is full, or the folder cannot be written to; nothing is left behind.
        """
        if not _EXTENSION.fullmatch(extension):
            raise InvalidRecordError(
                f"extension is {extension!r}, expected 1 to 10 small letters and digits"
            )
        row = MediaFile(id=new_key(), extension=extension, mime_type=mime_type)
        path = self.path(row)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = path.with_name(path.name + _PARTIAL)
        try:
            row.size_bytes, row.sha256 = _write(partial, content)
            partial.replace(path)
            _sync(path.parent)
            _sync(self._folder)
        except BaseException:
            for left in (partial, path):
                left.unlink(missing_ok=True)
            raise
        try:
            with writing(self._database) as orm:
                orm.add(row)
        except InvalidRecordError:
            path.unlink(missing_ok=True)
            raise
        return row

    def path(self, row: MediaFile) -> Path:
        """Where a row's file lies. Keys begin with their time, so folders are by their ends."""
        return self._folder / row.id.hex[-2:] / f"{row.id}.{row.extension}"

    def remove(self, row: MediaFile) -> None:
        """Removes a row, then its file.

        Raises:
            InvalidRecordError: Something refers to it.
        """
        with writing(self._database) as orm:
            found = orm.get(MediaFile, row.id)
            if found is not None:
                orm.delete(found)
        self.path(row).unlink(missing_ok=True)

    def check(self, *, contents: bool = False, young_s: float = _YOUNG_S) -> MediaCheck:
        """Compares files and rows, both ways.

        Args:
            contents: Whether to read every file and compare its hash.
            young_s: Files without a row that are younger than this are let be.
        """
        known: set[Path] = set()
        missing: list[UUID] = []
        changed: list[UUID] = []
        for row in self._rows():
            path = self.path(row)
            known.add(path)
            if not path.is_file():
                missing.append(row.id)
            elif contents and _sha256(path) != row.sha256:
                changed.append(row.id)
        latest = time.time() - young_s
        stray = [
            path
            for path in sorted(self._folder.glob("??/*"))
            if path not in known and path.stat().st_mtime <= latest
        ]
        return MediaCheck(tuple(stray), tuple(missing), tuple(changed))

    def sweep(self, *, young_s: float = _YOUNG_S) -> int:
        """Removes files without rows; returns how many."""
        stray = self.check(young_s=young_s).files_without_row
        for path in stray:
            path.unlink(missing_ok=True)
        return len(stray)

    def _rows(self) -> Iterator[MediaFile]:
        with reading(self._database) as orm:
            query = select(MediaFile).execution_options(yield_per=_ROWS_AT_ONCE)
            yield from orm.scalars(query)


def _write(path: Path, content: Iterable[bytes]) -> tuple[int, str]:
    """Writes a file to the disk itself; its size in bytes and its SHA-256 in hex."""
    digest, size = hashlib.sha256(), 0
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        for piece in content:
            file.write(piece)
            digest.update(piece)
            size += len(piece)
        file.flush()
        os.fsync(file.fileno())
    return size, digest.hexdigest()


def _sync(folder: Path) -> None:
    """Has the names in a folder reach the disk itself, where the system can do that."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
