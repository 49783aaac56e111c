"""Batches of records on their way into the database: tried for as long as it takes.

What the database is in trouble with is tried again; what it will not take is looked for in its
batch, so that it costs only itself.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from storage.backlog import Entry
from storage.outage import outage, passes
from storage.records import FaultRecord, Record

__all__ = ["BatchWriter", "RecordStore"]

_LOG = logging.getLogger(__name__)
_RETRY_S = (0.05, 0.2, 1.0)


class RecordStore(Protocol):
    """Where records go; `storage.repository.Repository` is one."""

    def add(self, records: Sequence[Record], *, again: bool = False) -> None:
        """Writes all of them or none; blocks.

        Args:
            records: What to write.
            again: Some may be there already: those are passed over.
        """


class BatchWriter:
    """Writes batches and tells who is to be told; one thread uses it.

    Args:
        store: Where they go.
        abandoned: Set once nobody wants to wait any longer.
        on_away: Hears in its own words that the database is away; of empty ones that it is back.
        on_refused: Hears what was refused, and why.

    Attributes:
        written: How many records are in the database.
        refused: How many it did not take.
    """

    def __init__(
        self,
        store: RecordStore,
        abandoned: threading.Event,
        on_away: Callable[[str], object],
        on_refused: Callable[[str], object],
    ) -> None:
        self._store = store
        self._abandoned = abandoned
        self._on_away = on_away
        self._on_refused = on_refused
        self._away = False
        self.written = 0
        self.refused = 0

    def write(self, batch: Sequence[Entry], *, again: bool = False) -> bool:
        """Writes a batch, however often that takes; False: given up at the end.

        Args:
            batch: Records, and who is to be told of each once it is committed.
            again: Some may be there already.
        """
        records = [record for record, _ in batch if record is not None]
        attempt = 0
        while True:
            try:
                self._store.add(records, again=again)
            except Exception as error:  # drivers raise more than SQLAlchemy translates
                if not passes(error):
                    return self._find_refused(batch, error)
                self._note_away(error)
                # A commit whose answer was lost has happened all the same.
                again = True
                if self._abandoned.wait(_RETRY_S[min(attempt, len(_RETRY_S) - 1)]):
                    return False
                attempt += 1
            else:
                self._note_back()
                self.written += len(records)
                _acknowledge(batch)
                return True

    def _note_away(self, error: Exception) -> None:
        if not self._away:
            _LOG.warning("storage: the database is away, trying again: %s", outage(error))
        self._away = True
        self._on_away(outage(error) or "it is away")

    def _note_back(self) -> None:
        if self._away:
            self._away = False
            self._on_away("")

    def _find_refused(self, batch: Sequence[Entry], error: Exception) -> bool:
        """Finds what the database will not take, so that the rest of the batch is kept."""
        if len(batch) > 1:
            return all(self.write([entry], again=True) for entry in batch)
        record = batch[0][0]
        self.refused += 1
        kind = type(record).__name__
        _LOG.error("storage: a %s was refused: %s", kind, outage(error))
        if not isinstance(record, FaultRecord):
            self._on_refused(f"{kind}: {outage(error)}")
        return True


def _acknowledge(batch: Sequence[Entry]) -> None:
    for _, stored in batch:
        if stored is not None:
            try:
                stored()
            except Exception:  # the callback's root: what is stored is stored
                _LOG.exception("storage: telling that a record is stored failed")
