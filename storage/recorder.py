"""Remembering without ever holding up the live path: a bounded queue and one writer thread.

`Recorder.put` takes a record or says at once that it did not: what was taken is written, unless
the program is killed or the database stays away until `close` runs out of time, which tells how
much was lost. Drops are counted, and stored as a fault as soon as there is room again.
"""

import logging
import threading
from collections import deque
from collections.abc import Sequence
from typing import Protocol

from sqlalchemy.exc import DBAPIError, OperationalError

from storage.records import FaultRecord, Record

__all__ = ["RecordStore", "Recorder"]

_LOG = logging.getLogger(__name__)
_RETRY_S = (0.05, 0.2, 1.0)


class RecordStore(Protocol):
    """Where records go; `storage.repository.Repository` is one."""

    def add(self, records: Sequence[Record]) -> None:
        """Writes all of them or none; blocks."""


class Recorder:
    """Takes records from any thread and writes them, in order, in batches.

    Args:
        store: Where they go; only the writer thread calls it.
        version: Version of the program, for faults of the recorder itself.
        capacity: How many records may wait; when it is full, new ones are dropped and counted.
        batch: How many records one transaction takes.
    """

    def __init__(
        self, store: RecordStore, *, version: str, capacity: int = 10_000, batch: int = 256
    ) -> None:
        self._store = store
        self._version = version
        self._capacity = capacity
        self._batch = batch
        self._queue: deque[Record] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._abandoned = threading.Event()
        self._dropped_unreported = 0
        self._dropped = 0
        self._written = 0
        self._in_hand = 0
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Starts the writer thread; safe twice."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
            self._thread.start()

    @property
    def dropped(self) -> int:
        """How many records were refused since the start, or could not be written."""
        return self._dropped

    @property
    def written(self) -> int:
        """How many records are in the database."""
        return self._written

    def put(self, record: Record) -> bool:
        """Takes a record in a few microseconds; False: it was dropped."""
        with self._changed:
            if self._closing or len(self._queue) >= self._capacity:
                self._dropped += 1
                self._dropped_unreported += 1
                return False
            self._queue.append(record)
            self._changed.notify()
            return True

    def close(self, timeout_s: float = 2.0) -> int:
        """Writes what waits, then stops the thread; safe twice and before `start`. Blocks.

        Returns:
            How many records were taken but could not be written in time.
        """
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(timeout_s)
            # A writer that waits to try again gives up; one inside the database finishes alone.
            self._abandoned.set()
            self._thread.join(0.1)
        with self._changed:
            lost = len(self._queue) + self._in_hand
        if lost:
            _LOG.error("storage: %d records could not be written before the end", lost)
        return lost

    def _run(self) -> None:
        while batch := self._take():
            try:
                if not self._write(batch):
                    return
            except Exception:  # the thread's root: what comes later is still written
                _LOG.exception("storage: up to %d records were lost", len(batch))
                self._dropped += len(batch)
            with self._changed:
                self._in_hand = 0

    def _take(self) -> list[Record]:
        """The next batch; waits for one. Empty: closed, and nothing is left."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closing or self._dropped_unreported)
            count = min(self._batch, len(self._queue))
            batch = [self._queue.popleft() for _ in range(count)]
            if self._dropped_unreported:
                cause = f"{self._dropped_unreported} records dropped: {self._capacity} waited"
                batch.append(FaultRecord("storage_overflow", None, self._version, cause))
                self._dropped_unreported = 0
            self._in_hand = len(batch)
            return batch

    def _write(self, batch: Sequence[Record]) -> bool:
        """Writes a batch, however often that takes; False: given up at the end."""
        attempt = 0
        while True:
            try:
                self._store.add(batch)
            except OperationalError as error:
                delay_s = _RETRY_S[min(attempt, len(_RETRY_S) - 1)]
                if attempt == 0:
                    _LOG.warning("storage: the database is away, trying again: %s", error.orig)
                attempt += 1
                if self._abandoned.wait(delay_s):
                    return False
            except Exception as error:  # drivers raise more than SQLAlchemy translates
                self._refused(batch, error)
                return True
            else:
                self._written += len(batch)
                return True

    def _refused(self, batch: Sequence[Record], error: Exception) -> None:
        """Finds what the database will not take, so that the rest of the batch is kept."""
        if len(batch) > 1:
            for record in batch:
                self._write([record])
            return
        self._dropped += 1
        # The statement's parameters may be personal: only the database's own words are kept.
        cause = str(error.orig) if isinstance(error, DBAPIError) else type(error).__name__
        kind = type(batch[0]).__name__
        _LOG.error("storage: a %s was refused: %s", kind, cause)
        if not isinstance(batch[0], FaultRecord):
            fault = FaultRecord("storage_refused", None, self._version, f"{kind}: {cause}")
            self._write([fault])
