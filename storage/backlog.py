"""Records that wait in the journal, and who is to be told of each once it is stored."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice

from storage.records import Record
from storage.spill import Spill

__all__ = ["Backlog", "Entry", "Stored"]

Stored = Callable[[], object]
"""Told, on the writer's thread, that a record is in the database."""

Entry = tuple[Record | None, Stored | None]
"""A record and who is to be told; without a record where a line of the journal was damaged."""


class Backlog:
    """A journal in the order its records came; any thread may call it. Every call blocks.

    Args:
        spill: Its file; nobody else uses it.
    """

    def __init__(self, spill: Spill) -> None:
        self._spill = spill
        self._owed: deque[Stored | None] = deque()
        self._lock = threading.Lock()
        self._open = False

    def __len__(self) -> int:
        """How many records wait."""
        return len(self._owed)

    def open(self) -> int:
        """Opens the journal.

        Returns:
            How many records earlier programs left in it.

        Raises:
            OSError: It cannot be opened.
        """
        with self._lock:
            count = self._spill.open()
            self._owed.extend([None] * count)
            self._open = True
            return count

    def add(self, entries: Sequence[Entry]) -> None:
        """Writes records at the end.

        Raises:
            OSError: They could not be written; none of them was.
        """
        with self._lock:
            if not self._open:
                raise OSError("the journal is closed")
            self._spill.add([record for record, _ in entries if record is not None])
            self._owed.extend(stored for record, stored in entries if record is not None)

    def read(self, count: int) -> list[Entry]:
        """The first records, at most so many, which stay until `advance`."""
        with self._lock:
            if not self._open:
                return []
            return list(zip(self._spill.read(count), islice(self._owed, count), strict=False))

    def advance(self, count: int) -> None:
        """Passes the first ones: they are in the database. After `close` it does nothing.

        Raises:
            OSError: The journal could not be emptied; they were passed all the same.
        """
        with self._lock:
            if self._open:
                for _ in range(min(count, len(self._owed))):
                    self._owed.popleft()
                self._spill.advance(count)

    def close(self) -> None:
        """Lets the journal go, with what waits in it; safe twice and before `open`."""
        with self._lock:
            self._open = False
            self._spill.close()
