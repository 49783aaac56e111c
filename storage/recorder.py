"""Remembering without ever holding up the live path: a queue, one writer, and a journal beside it.

`Recorder.put` takes a record in a few microseconds. The writer thread writes what was taken, in
order, in batches, and tries for as long as the database is full, locked or away. What more comes
meanwhile than the queue should hold, another thread moves into the journal (`storage.spill`):
oldest first, so that the order stays queue behind journal behind what the writer has in hand.
What waits there survives the program; the next one that opens the journal writes it. Whatever
waited, and whatever was lost because there was no room on the disk either, a fault tells.

The two threads and the live path share one lock and what it guards, which is why they are together
in one module. No disk and no database is touched under it.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial

from storage.backlog import Backlog, Entry, Stored
from storage.batches import BatchWriter, RecordStore
from storage.records import FaultRecord, PacketRecord, Record
from storage.spill import Spill

__all__ = ["Recorder"]

_LOG = logging.getLogger(__name__)
# Audit lines come by the hundred a second and nobody waits for them: they are written together.
_LINGER_S = 0.5
# Writes as near to each other as this are made as one: each costs a commit.
_REST_S = 0.05
# While the database is away, what comes is moved to the journal so often.
_SPILL_S = 0.25
_SPILL_RETRY_S = 1.0
_LAST_SPILL_S = 1.0


class Recorder:
    """Takes records from any thread and writes them, in order, in batches.

    Args:
        store: Where they go; only the writer thread calls it.
        version: Version of the program, for faults of the recorder itself.
        capacity: How many records may wait in memory; from half of it on they go to the journal.
            When it is full (no journal, or no room for it), new ones are dropped and counted.
        batch: How many records one transaction takes.
        spill: The journal; None: there is none.
        release: Called at the end of `close`, when nothing more is written; None: nothing is.
    """

    def __init__(
        self,
        store: RecordStore,
        *,
        version: str,
        capacity: int = 10_000,
        batch: int = 256,
        spill: Spill | None = None,
        release: Callable[[], object] | None = None,
    ) -> None:
        self._release = release
        self._version = version
        self._capacity = capacity
        self._crowd = max(1, capacity // 2)
        self._batch = batch
        self._backlog = None if spill is None else Backlog(spill)
        self._queue: deque[Entry] = deque()
        self._lock = lock = threading.RLock()
        self._changed = threading.Condition(lock)  # the writer waits on it, and nobody else
        self._crowded = threading.Condition(lock)  # so the spiller on this one
        self._dealt = threading.Condition(lock)
        self._urgent = False
        self._pressing = False
        self._resting = False
        self._wrote_s = float("-inf")
        self._closing = False
        self._abandoned = threading.Event()
        report = partial(self._report, "storage_refused")
        self._batches = BatchWriter(store, self._abandoned, self._note_away, report)
        self._away = ""  # what the database says, while it cannot be written to
        self._keeps = True  # as far as is known: whether the journal takes records
        self._dropped_unreported = 0
        self._dropped = 0
        self._lost = 0
        self._hand: list[Entry] = []
        self._hand_spilled = False
        self._moving = 0
        self._spilled = 0
        self._waited = 0
        self._waited_why = ""
        self._waited_since_s = 0.0
        self._taken = 0
        self._settled = 0
        self._writer: threading.Thread | None = None
        self._spiller: threading.Thread | None = None

    def start(self) -> None:
        """Opens the journal and starts the threads; safe twice. Blocks while the journal is read.

        A journal that cannot be opened is done without, and that is told.
        """
        if self._writer is not None:
            return
        if self._backlog is not None:
            self._open(self._backlog)
        self._writer = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._writer.start()

    @property
    def dropped(self) -> int:
        """How many records were refused since the start, or could not be written."""
        return self._dropped + self._batches.refused

    @property
    def written(self) -> int:
        """How many records are in the database."""
        return self._batches.written

    @property
    def spilled(self) -> int:
        """How many records waited in the journal since the start."""
        return self._spilled

    @property
    def waiting(self) -> int:
        """How many records wait, in memory and in the journal."""
        journal = 0 if self._backlog is None else len(self._backlog)
        hand = 0 if self._hand_spilled else len(self._hand)
        return len(self._queue) + self._moving + hand + journal

    def put(self, record: Record, stored: Stored | None = None) -> bool:
        """Takes a record in a few microseconds; False: it was dropped.

        An audit line alone does not wake the writer: it waits up to half a second for others.

        Args:
            record: What to remember.
            stored: Called on the writer's thread once the record is committed, however long that
                takes; never where it was refused, or this program ended before. It must not block.
        """
        with self._lock:  # as the conditions do, without the call in Python that theirs costs
            waiting = len(self._queue)
            if self._closing or waiting + self._moving >= self._capacity:
                self._dropped += 1
                self._dropped_unreported += 1
                return False
            self._queue.append((record, stored))
            waiting += 1
            self._taken += 1
            if waiting == self._crowd or (self._away and waiting == 1):
                self._crowded.notify()
            if not isinstance(record, PacketRecord) or waiting >= self._batch:
                self._urgent = True
            wanted = self._urgent or waiting == 1
            if wanted and not (self._resting and waiting < self._batch):
                self._changed.notify()
            return True

    def settle(self, timeout_s: float = 1.0) -> bool:
        """Has what waits written now, and waits for that. Blocks.

        Returns:
            Whether all of it was dealt with in time.
        """
        with self._changed:
            wanted = self._taken
            self._urgent = self._pressing = bool(self._queue)
            self._changed.notify()
            return self._dealt.wait_for(lambda: self._settled >= wanted, timeout_s)

    def close(self, timeout_s: float = 2.0) -> int:
        """Writes what waits, then stops; safe twice and before `start`. Blocks.

        What cannot be written in time goes to the journal, for the next program.

        Returns:
            How many records were taken and are neither in the database nor in the journal.
        """
        with self._changed:
            self._closing = True
            self._changed.notify()
            self._crowded.notify()
        if self._writer is not None:
            self._writer.join(timeout_s)
            # A writer that waits to try again gives up; one inside the database finishes alone.
            self._abandoned.set()
            with self._changed:
                self._changed.notify()
                self._crowded.notify()
            self._writer.join(0.1)
        lost = self._leave()
        if self._release is not None:
            self._release()
        if lost:
            _LOG.error("storage: %d records could not be written before the end", lost)
        return lost

    def _open(self, backlog: Backlog) -> None:
        try:
            found = backlog.open()
        except OSError as error:
            _LOG.exception("storage: there is no journal for what the database cannot take")
            self._report("storage_journal", f"it cannot be opened: {error.strerror or error}")
            self._backlog = None
            return
        if found:
            _LOG.warning("storage: %d records of an earlier run wait in the journal", found)
            self._taken += found
            self._note_waiting(found, "an earlier run left them")
        self._spiller = threading.Thread(target=self._spill, name="spiller", daemon=True)
        self._spiller.start()

    def _leave(self) -> int:
        """Puts what is left into the journal; how much found no place."""
        if self._spiller is not None:
            self._spiller.join(_LAST_SPILL_S)
        with self._changed:
            rest = [] if self._hand_spilled else self._hand
            rest = [*rest, *self._queue]
            self._queue.clear()
            self._hand = []
            self._lost += self._moving  # a disk that does not answer
        if rest and not self._keep(rest):
            self._lost += len(rest)
        if self._backlog is not None:
            if len(self._backlog):
                left = len(self._backlog)
                _LOG.warning("storage: %d records wait in the journal for the next start", left)
            self._backlog.close()
        return self._lost

    def _keep(self, entries: Sequence[Entry]) -> bool:
        """Puts records into the journal; whether it took them."""
        if self._backlog is None:
            return False
        try:
            self._backlog.add(entries)
        except OSError as error:
            if self._keeps:
                words = error.strerror or str(error)
                _LOG.error("storage: the journal takes no records: %s", words)
            self._keeps = False
        else:
            self._keeps = True
        return self._keeps

    # The spiller's thread.

    def _spill(self) -> None:
        assert self._backlog is not None  # noqa: S101 - for the type checker
        while (moved := self._to_spill()) is not None:
            front, entries = moved
            kept = bool(front or entries) and self._keep([*front, *entries])
            ahead = False
            with self._changed:
                if kept:
                    why = self._away or "more came than could be written"
                    self._note_waiting(len(front) + len(entries), why)
                    ahead = bool(front) and self._hand is not front
                    self._hand_spilled = self._hand_spilled or (bool(front) and not ahead)
                else:
                    self._queue.extendleft(reversed(entries))
            if kept and ahead:  # the writer was done with them before the journal was
                self._pass(len(front))
            with self._changed:
                self._moving = 0
                self._changed.notify()
                if (front or entries) and not kept:
                    self._crowded.wait_for(lambda: self._closing, _SPILL_RETRY_S)

    def _to_spill(self) -> tuple[list[Entry], list[Entry]] | None:
        """What is in hand and must go first (where the journal is empty), and what is to be moved.

        None: that was all.
        """
        with self._changed:
            self._crowded.wait_for(lambda: self._closing or self._is_crowded or self._is_exposed)
            self._crowded.wait_for(lambda: self._closing or self._is_crowded, _SPILL_S)
            if self._closing:
                return None
            if not self._is_crowded and not self._is_exposed:
                return [], []
            front: list[Entry] = []
            if not self._hand_spilled and not self._backlog:
                front = self._hand
            entries = list(self._queue)
            self._queue.clear()
            self._moving = max(1, len(entries))
            return front, entries

    @property
    def _is_crowded(self) -> bool:
        return len(self._queue) >= self._crowd

    @property
    def _is_exposed(self) -> bool:
        """Whether the database is away, and there is something that only this program knows."""
        return bool(self._away and (self._queue or (self._hand and not self._hand_spilled)))

    def _note_waiting(self, count: int, why: str) -> None:
        if not self._waited:
            self._waited_since_s = time.monotonic()
            self._waited_why = why
        self._waited += count
        self._spilled += count

    # The writer's thread.

    def _run(self) -> None:
        while batch := self._take():
            try:
                if not self._batches.write(batch, again=self._hand_spilled):
                    return
            except Exception:  # the thread's root: what comes later is still written
                _LOG.exception("storage: up to %d records were lost", len(batch))
                self._dropped += len(batch)
            self._done(len(batch))

    def _take(self) -> list[Entry]:
        """The next batch, which is in hand from now on; waits for one. Empty: that was all."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waits or self._closing)
                if not self._backlog:
                    self._linger()
                # What is being moved is older than what is queued.
                self._changed.wait_for(lambda: not self._moving or self._abandoned.is_set())
                if self._abandoned.is_set():
                    return []
                if not self._backlog:
                    batch = self._take_queue()
                    if batch or not self._waits:
                        return batch
                    continue
            return self._take_journal(self._backlog)

    @property
    def _waits(self) -> bool:
        """Whether there is anything to write."""
        return bool(self._queue or self._moving or self._dropped_unreported or self._backlog)

    def _take_journal(self, backlog: Backlog) -> list[Entry]:
        """Reads on in the journal, in which something waits: nobody else takes it away."""
        batch = backlog.read(self._batch)
        damaged = sum(record is None for record, _ in batch)
        with self._changed:
            self._hand, self._hand_spilled = batch, True
            if damaged:
                self._dropped += damaged
                self._report("storage_journal", f"{damaged} records in it were damaged")
        return batch

    def _take_queue(self) -> list[Entry]:
        if self._dropped_unreported:
            cause = f"{self._dropped_unreported} records dropped: {self._capacity} waited"
            self._report("storage_overflow", cause)
            self._dropped_unreported = 0
        count = min(self._batch, len(self._queue))
        self._hand = [self._queue.popleft() for _ in range(count)]
        self._hand_spilled = False
        self._urgent = self._urgent and bool(self._queue)
        self._pressing = self._pressing and bool(self._queue)
        self._wrote_s = time.monotonic()
        return self._hand

    def _linger(self) -> None:
        """Waits for what else may go along; longer for audit lines, and soon after a write."""
        self._changed.wait_for(
            lambda: self._urgent or self._closing or self._dropped_unreported, _LINGER_S
        )
        left_s = self._wrote_s + _REST_S - time.monotonic()
        if left_s > 0.0:
            self._resting = True
            self._changed.wait_for(
                lambda: self._closing or self._pressing or len(self._queue) >= self._batch, left_s
            )
            self._resting = False

    def _note_away(self, words: str) -> None:
        """The database is away, as it says itself; empty: it is there again."""
        with self._changed:
            self._away = words
            self._crowded.notify()

    def _done(self, count: int) -> None:
        """Nothing is in hand any more; tells what had waited, where that was the last of it."""
        with self._changed:
            spilled, self._hand, self._hand_spilled = self._hand_spilled, [], False
        if spilled:
            self._pass(count)
        with self._changed:
            self._settled += count
            if self._waited and not self._backlog and not self._moving:
                for_s = time.monotonic() - self._waited_since_s
                cause = f"{self._waited} records waited in the journal, up to {for_s:.1f} s"
                self._report("storage_overflow", f"{cause}: {self._waited_why}")
                self._waited = 0
            self._dealt.notify_all()

    def _pass(self, count: int) -> None:
        if self._backlog is not None:
            try:
                self._backlog.advance(count)
            except OSError:
                _LOG.exception("storage: the journal could not be emptied")

    def _report(self, mode: str, cause: str) -> None:
        """Remembers a fault of the recorder itself."""
        with self._changed:
            self._queue.append((FaultRecord(mode, None, self._version, cause), None))
            self._taken += 1
            self._urgent = True
