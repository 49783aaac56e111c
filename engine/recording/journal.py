"""A journal file: a header and entries, readable up to the last whole record.

A record is a length, a CRC-32 and a message. What a killed process left of the last one is passed
over.
"""

import hashlib
import logging
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Self

from engine.recording.entries import Entry, Header
from engine.recording.errors import JournalError
from engine.recording.wire import (
    entry_from_bytes,
    entry_to_bytes,
    header_from_bytes,
    header_to_bytes,
)

__all__ = ["SUFFIX", "JournalFile", "framed_entry", "read_journal", "sha256_of_journal"]

SUFFIX = ".journal"

_MAGIC = b"CAPSJRN1"
_RECORD = struct.Struct("<II")
_MAX_RECORD_BYTES = 1 << 20

_LOG = logging.getLogger(__name__)


class JournalFile:
    """An open journal, of the thread that writes it.

    Attributes:
        size_bytes: What its entries take.
        truncated: Whether it has ended early: what comes now is not in it.
    """

    def __init__(self, sink: BinaryIO) -> None:
        self._sink = sink
        self._digest = hashlib.sha256()
        self.size_bytes = 0
        self.truncated = False

    @classmethod
    def begin(cls, path: Path, header: Header) -> Self:
        """Makes a file, its owner's alone, that holds the header.

        Raises:
            JournalError: The header is longer than a record may be.
            OSError: It cannot be made, or is there already.
        """
        begin = _MAGIC + _framed(header_to_bytes(header))
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        file = cls(os.fdopen(handle, "wb", buffering=0))
        file.append(begin)
        return file

    @property
    def sha256(self) -> str:
        """Digest of what has been written, in hex."""
        return self._digest.hexdigest()

    def append(self, data: bytes) -> None:
        """Hands records to the operating system; on a disk that is full the journal ends."""
        left = memoryview(data)
        try:
            while left:
                # A disk that fills up takes part of it; the digest is of what the file has.
                taken = self._sink.write(left)
                self._digest.update(left[:taken])
                left = left[taken:]
        except OSError as error:
            if not self.truncated:
                _LOG.error("a journal cannot be written any more: %s", error.strerror)
            self.truncated = True

    def close(self) -> None:
        """Closes the file.

        Raises:
            OSError: The operating system could not; what was written is there.
        """
        self._sink.close()


def framed_entry(entry: Entry) -> bytes:
    """An entry as a record.

    Raises:
        JournalError: It is longer than a record may be: nobody would read on behind it.
    """
    return _framed(entry_to_bytes(entry))


def read_journal(path: Path) -> tuple[Header, Iterator[Entry]]:
    """A journal's header and its entries, up to the last whole one.

    Raises:
        JournalError: There is none, or it is none; while it is read: an entry cannot be read.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise JournalError(f"there is no journal {path}") from error
    except OSError as error:
        raise JournalError(f"{path} cannot be read: {error.strerror}") from error
    if not content.startswith(_MAGIC):
        start = content[: len(_MAGIC)]
        raise JournalError(f"{path} begins with {start!r}: expected {_MAGIC!r}, a journal")
    records = _records(memoryview(content)[len(_MAGIC) :])
    first = next(records, None)
    if first is None:
        raise JournalError(f"{path} breaks off before its first record is whole")
    return header_from_bytes(first), map(entry_from_bytes, records)


def sha256_of_journal(path: Path) -> str:
    """Digest of a file, in hex.

    Raises:
        JournalError: It cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise JournalError(f"{path} cannot be read: {error.strerror}") from error


def _framed(payload: bytes) -> bytes:
    if len(payload) > _MAX_RECORD_BYTES:
        raise JournalError(
            f"a record has {len(payload):,} bytes, expected at most {_MAX_RECORD_BYTES:,}"
        )
    return _RECORD.pack(len(payload), zlib.crc32(payload)) + payload


def _records(content: memoryview) -> Iterator[bytes]:
    """Whole records; what a killed process left of the last one is passed over."""
    place = 0
    while place + _RECORD.size <= len(content):
        length, crc = _RECORD.unpack_from(content, place)
        place += _RECORD.size
        payload = bytes(content[place : place + length])
        if length > _MAX_RECORD_BYTES or len(payload) < length or zlib.crc32(payload) != crc:
            return
        yield payload
        place += length
