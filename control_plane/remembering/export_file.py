"""An export into a file, which goes on where it broke off.

Beside the file lies a note of how far it is whole, and of what was asked for; it goes at the end.
"""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from control_plane.errors import InvalidArgumentError
from storage.export import Exporter, Selection
from storage.export_formats import ExportFormat, encode

__all__ = ["Exported", "export_to_file"]

_NOTE = ".progress"
_NOTE_EVERY = 500


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Attributes:
        conversations: How many, in this go.
        size_bytes: Of the whole file.
    """

    conversations: int
    size_bytes: int


def export_to_file(
    exporter: Exporter,
    selection: Selection,
    form: ExportFormat,
    path: Path,
    *,
    resume: bool = False,
    written: Callable[[Sequence[UUID]], object] = lambda _ids: None,
) -> Exported:
    """Writes conversations into a file. Blocks.

    Args:
        exporter: Where they are from.
        selection: Which ones.
        form: As what.
        path: The file, made for its owner alone.
        resume: Whether to go on with an export that broke off; without one it begins.
        written: Called now and then with the conversations that have come to lie on the disk.

    Raises:
        InvalidArgumentError: The file is there, or the export that broke off was another one, or
            cannot go on.
        InvalidRecordError: Parquet is asked for and pyarrow is not installed.
        DatabaseUnavailableError: The database cannot be read now.
        OSError: The file cannot be written.
    """
    note = path.with_name(path.name + _NOTE)
    asked = _asked(selection, form)
    start = _start(path, note, asked) if resume else _Start()
    if not start.size_bytes and path.exists() and not (resume and note.exists()):
        raise InvalidArgumentError(f"{path} is there already; resume, or give another name")
    if resume and form is ExportFormat.PARQUET:
        raise InvalidArgumentError("an export as Parquet cannot go on; begin again")
    after = selection.after if start.after is None else start.after
    left = selection.limit
    rest = replace(
        selection, after=after, limit=None if left is None else max(0, left - start.conversations)
    )
    counted = _Counted(exporter.conversations(rest), start)
    pieces = encode(counted, form, going_on=start.size_bytes > 0)  # before there is a file
    with _opened(path, start.size_bytes) as file:
        _write_note(file, note, start, asked)
        for piece in pieces:
            file.write(piece)
            if counted.whole and len(counted.ids) >= _NOTE_EVERY:
                _write_note(file, note, counted.now, asked)
                written(counted.ids)
                counted.ids.clear()
        file.flush()
        os.fsync(file.fileno())
        size = file.tell()
    if counted.ids:
        written(counted.ids)
    note.unlink(missing_ok=True)
    return Exported(counted.now.conversations - start.conversations, size)


@dataclass(frozen=True, slots=True)
class _Start:
    """How far an export is whole."""

    conversations: int = 0
    after: UUID | None = None
    size_bytes: int = 0


class _Counted:
    """Conversations on their way.

    `now` says how many have gone by and which was the last, `ids` which are not on the disk yet.
    """

    def __init__(self, found: Iterator[dict[str, Any]], start: _Start) -> None:
        self._found = found
        self.now = start
        self.whole = False
        self.ids: list[UUID] = []

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for conversation in self._found:
            self.ids.append(UUID(conversation["conversation_id"]))
            self.now = _Start(self.now.conversations + 1, self.ids[-1])
            self.whole = True
            yield conversation
        self.whole = False  # what comes now is the file's end


def _asked(selection: Selection, form: ExportFormat) -> str:
    """What was asked for, to know it again."""
    return json.dumps({**asdict(selection), "form": form}, default=str, sort_keys=True)


def _start(path: Path, note: Path, asked: str) -> _Start:
    try:
        found = json.loads(note.read_bytes())
        after = None if found["after"] is None else UUID(found["after"])
        start = _Start(found["conversations"], after, found["size_bytes"])
        same = found["asked"] == asked
    except FileNotFoundError:
        if path.exists():
            raise InvalidArgumentError(f"{path} is whole, or no export that broke off") from None
        return _Start()
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidArgumentError(f"{note} cannot be read") from error
    if not same:
        raise InvalidArgumentError(f"{path} was begun with other filters, or as something else")
    if not path.exists() or path.stat().st_size < start.size_bytes:
        raise InvalidArgumentError(f"{path} is shorter than {note} says; remove both")
    return start


def _opened(path: Path, size_bytes: int) -> BinaryIO:
    """The file, cut off after its first bytes, ready for more."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    os.ftruncate(descriptor, size_bytes)
    os.lseek(descriptor, size_bytes, os.SEEK_SET)
    return os.fdopen(descriptor, "wb")


def _write_note(file: BinaryIO, note: Path, now: _Start, asked: str) -> None:
    file.flush()
    os.fsync(file.fileno())
    found = {
        "conversations": now.conversations,
        "after": None if now.after is None else str(now.after),
        "size_bytes": file.tell(),
        "asked": asked,
    }
    partial = note.with_name(note.name + ".partial")
    partial.write_text(json.dumps(found))
    partial.replace(note)
