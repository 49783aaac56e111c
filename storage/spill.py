"""A local journal for records that the database does not take fast enough, or at all.

A file of lines: the first says where the lines begin that wait, the others are a checksum and a
record as JSON each. A line that a crash cut off is no record and is taken away; one that was
damaged since is counted and passed over. Nothing here is acknowledged
to anybody: that happens when the record is in the database.
"""

import base64
import dataclasses
import json
import os
import sys
import zlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, get_args
from uuid import UUID

from storage.records import Record

if sys.platform != "win32":
    import fcntl

__all__ = ["Spill", "SpillFullError", "decode", "encode", "waiting_files", "waiting_in"]

_KINDS = {kind.__name__: kind for kind in get_args(Record)}
_TAGS = frozenset({"$uuid", "$time", "$bytes", "$tuple", "$dict"})
_MOST_PROGRAMS = 16
_BLOCK_BYTES = 1 << 16
_HEAD = b"%020d\n"
_HEAD_BYTES = 21


class SpillFullError(OSError):
    """The journal is as large as it may be; records fit again once the database has taken some."""


class Spill:
    """One journal; one thread at a time may use it.

    On Windows, where files cannot be locked and read in this way, there is none.

    Programs that are given the same path at the same time each get a file of their own; what one
    of them left behind goes to the next that opens.

    Args:
        path: Its file, for its owner alone: it holds what people say.
        limit_bytes: How large it may become.
    """

    def __init__(self, path: Path, limit_bytes: int = 1 << 30) -> None:
        self._path = path
        self._limit_bytes = limit_bytes
        self._file = -1
        self._position = 0
        self._size = 0

    def open(self) -> int:
        """Takes the file, and takes over what other programs left; safe twice.

        Returns:
            How many lines wait in it, of earlier programs.

        Raises:
            OSError: It cannot be made, read or mended.
        """
        if self._file < 0:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = self._own()
            self._mend()
            self._position = _start(self._file, self._size)
            self._inherit()
        return sum(1 for _ in self._lines(self._position))

    @property
    def waiting(self) -> bool:
        """Whether there is anything in it that was not passed."""
        return self._position < self._size

    def add(self, records: Iterable[Record]) -> int:
        """Writes records at its end; they survive the program from then on.

        Returns:
            How many.

        Raises:
            SpillFullError: It would become too large; nothing of these was added.
            OSError: The disk is full, or the file cannot be written; nothing of these was added.
        """
        lines = [_line(encode(record)) for record in records]
        data = b"".join(lines)
        if self._size + len(data) > self._limit_bytes:
            raise SpillFullError(f"{self._path} would be over {self._limit_bytes} bytes")
        self._append(data)
        return len(lines)

    def read(self, count: int) -> list[Record | None]:
        """The next records, at most so many, which stay until `advance`; None: a damaged line."""
        return [_record(line) for line in islice(self._lines(self._position), count)]

    def advance(self, count: int) -> None:
        """Passes so many lines: they are in the database. At its end the file is emptied.

        Raises:
            OSError: It could not be emptied; everything was passed all the same.
        """
        for line in islice(self._lines(self._position), count):
            self._position += len(line)
        if self._position < self._size:
            # Lost, it would cost no more than to find that those are in the database.
            os.pwrite(self._file, _HEAD % self._position, 0)
            return
        self._position = self._size = 0
        os.ftruncate(self._file, 0)

    def close(self) -> None:
        """Lets the file go, with what waits in it; safe twice."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _own(self) -> int:
        """The first file of that name that no other program has."""
        for number in range(1, _MOST_PROGRAMS + 1):
            file = _taken(self._numbered(number), os.O_CREAT)
            if file >= 0:
                self._path = self._numbered(number)
                return file
        raise OSError(f"{self._path}: {_MOST_PROGRAMS} programs have journals of that name")

    def _numbered(self, number: int) -> Path:
        return self._path if number == 1 else self._path.with_name(f"{self._path.name}-{number}")

    def _mend(self) -> None:
        """Takes away the end of a last line that was never finished."""
        self._size = os.fstat(self._file).st_size
        end = self._size
        while end > 0:
            start = max(0, end - _BLOCK_BYTES)
            found = os.pread(self._file, end - start, start).rfind(b"\n")
            if found >= 0:
                end = start + found + 1
                break
            end = start
        if end < self._size:
            os.ftruncate(self._file, end)
            self._size = end

    def _inherit(self) -> None:
        """Moves what programs left that had files beside this one; twice, where it is cut short."""
        for number in range(1, _MOST_PROGRAMS + 1):
            other = self._numbered(number)
            if other == self._path or not other.exists():
                continue
            file = _taken(other)
            if file < 0:
                continue
            try:
                size = os.fstat(file).st_size
                for block in _blocks(file, _start(file, size), size):
                    self._append(block)
                self._mend()
                os.ftruncate(file, 0)
            finally:
                os.close(file)

    def _append(self, data: bytes) -> None:
        if not self._size:
            data = _HEAD % _HEAD_BYTES + data
            self._position = _HEAD_BYTES
        try:
            if os.pwrite(self._file, data, self._size) != len(data):
                raise OSError(f"{self._path} took a part of {len(data)} bytes")
        except OSError:
            os.ftruncate(self._file, self._size)
            self._position = min(self._position, self._size)
            raise
        self._size += len(data)

    def _lines(self, start: int) -> Iterator[bytes]:
        """Whole lines from a place on."""
        rest = b""
        for block in _blocks(self._file, start, self._size):
            *lines, rest = (rest + block).split(b"\n")
            yield from (line + b"\n" for line in lines)


def waiting_files(path: Path) -> list[Path]:
    """The journals of that name: of this program, of others, and those that were left behind."""
    named = (path.with_name(f"{path.name}-{number}") for number in range(2, _MOST_PROGRAMS + 1))
    return [file for file in (path, *named) if file.exists()]


def waiting_in(path: Path) -> Iterator[Record]:
    """The records that wait in a journal, whoever's it is; it stays as it is. Blocks.

    Lines that are damaged, or being written, are passed over.
    """
    try:
        file = os.open(path, os.O_RDONLY)
    except FileNotFoundError:  # emptied and gone meanwhile
        return
    try:
        size = os.fstat(file).st_size
        rest = b""
        for block in _blocks(file, _start(file, size), size):
            *lines, rest = (rest + block).split(b"\n")
            found = (_record(line + b"\n") for line in lines)
            yield from (record for record in found if record is not None)
    finally:
        os.close(file)


def encode(record: Record) -> bytes:
    """A record as JSON that `decode` gives back equal."""
    fields = {item.name: _out(getattr(record, item.name)) for item in dataclasses.fields(record)}
    return json.dumps([type(record).__name__, fields], separators=(",", ":")).encode()


def decode(data: bytes) -> Record:
    """The record of that JSON.

    Raises:
        ValueError: It is none.
    """
    try:
        kind, fields = json.loads(data, object_hook=_in)
        found: Record = _KINDS[kind](**fields)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{data[:80]!r} is no record") from error
    return found


def _line(data: bytes) -> bytes:
    return b"%08x %s\n" % (zlib.crc32(data), data)


def _record(line: bytes) -> Record | None:
    checksum, _, data = line.removesuffix(b"\n").partition(b" ")
    if checksum != b"%08x" % zlib.crc32(data):
        return None
    try:
        return decode(data)
    except ValueError:  # whole, but of a program that wrote other records
        return None


def _taken(path: Path, flags: int = 0) -> int:
    """The descriptor of a file that no other program has; -1: one has."""
    if sys.platform == "win32":
        raise OSError(f"{path}: no journals on Windows")
    file = os.open(path, os.O_RDWR | flags, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return -1
    return file


def _blocks(file: int, start: int, end: int) -> Iterator[bytes]:
    while start < end and (block := os.pread(file, min(_BLOCK_BYTES, end - start), start)):
        start += len(block)
        yield block


def _start(file: int, size: int) -> int:
    """Where the lines of a file begin that wait; after its head where that says nothing useful."""
    head = os.pread(file, _HEAD_BYTES, 0)
    said = int(head) if len(head) == _HEAD_BYTES and head[:-1].isdigit() else 0
    if _HEAD_BYTES <= said < size and os.pread(file, 1, said - 1) == b"\n":
        return said
    return min(size, _HEAD_BYTES)


def _out(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """What JSON has no word for becomes an object of one tag."""
    match value:
        case UUID():
            return {"$uuid": value.hex}
        case datetime():
            return {"$time": value.isoformat()}
        case bytes():
            return {"$bytes": base64.b64encode(value).decode()}
        case tuple():
            return {"$tuple": [_out(item) for item in value]}
        case list():
            return [_out(item) for item in value]
        case dict():
            inner = {name: _out(item) for name, item in value.items()}
            # Somebody's own object that looks like one of ours is wrapped, so it stays theirs.
            return {"$dict": list(inner.items())} if inner.keys() & _TAGS else inner
        case _:
            return value


def _in(value: dict[str, Any]) -> Any:  # noqa: ANN401 - any JSON
    if len(value) != 1:
        return value
    ((tag, inner),) = value.items()
    match tag:
        case "$uuid":
            return UUID(inner)
        case "$time":
            return datetime.fromisoformat(inner)
        case "$bytes":
            return base64.b64decode(inner)
        case "$tuple":
            return tuple(inner)
        case "$dict":
            return dict(inner)
        case _:
            return value
