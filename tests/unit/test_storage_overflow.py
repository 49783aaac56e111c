"""What the recorder does while the database is away, slow or full, and the journal with it."""

import os
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from uuid import uuid4

import psycopg.errors
import pytest
from sqlalchemy.exc import (
    DBAPIError,
    InterfaceError,
    InternalError,
    OperationalError,
    TimeoutError,  # noqa: A004 - SQLAlchemy's own
)

from storage import batches as batches_module
from storage import recorder as recorder_module
from storage.outage import outage, passes
from storage.recorder import Recorder
from storage.records import FaultRecord, Record, SessionEnded
from storage.spill import Spill

AWAY = OperationalError("insert", {"text": "secret"}, sqlite3.OperationalError("disk is full"))


def records(count: int) -> list[SessionEnded]:
    return [SessionEnded(uuid4(), str(number)) for number in range(count)]


class Store:
    """Keeps records once each, while it is there; `before` runs first, on the writer's thread."""

    def __init__(self, before: Callable[[], None] = lambda: None) -> None:
        self.before = before
        self.there = threading.Event()
        self.there.set()
        self.refused = threading.Semaphore(0)
        self.kept: list[Record] = []

    def add(self, records: Sequence[Record], *, again: bool = False) -> None:
        self.before()
        if not self.there.is_set():
            self.refused.release()
            raise AWAY
        self.kept.extend(one for one in records if not again or one not in self.kept)

    @property
    def faults(self) -> list[FaultRecord]:
        return [one for one in self.kept if isinstance(one, FaultRecord)]

    @property
    def rest(self) -> list[Record]:
        return [one for one in self.kept if not isinstance(one, FaultRecord)]


class Told:
    """Notes what it was told is stored, and whether it was by then."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.of: list[Record] = []

    def about(self, record: Record) -> Callable[[], None]:
        def told() -> None:
            assert record in self.store.kept
            self.of.append(record)

        return told


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches_module, "_RETRY_S", (0.001,))
    monkeypatch.setattr(recorder_module, "_SPILL_S", 0.001)
    monkeypatch.setattr(recorder_module, "_SPILL_RETRY_S", 0.001)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spill"


def lines(path: Path) -> int:
    return max(0, path.read_bytes().count(b"\n") - 1)


def until(condition: Callable[[], bool]) -> None:
    for _ in range(10_000):
        if condition():
            return
        threading.Event().wait(0.001)
    pytest.fail("it did not happen within ten seconds")


def test_what_comes_during_an_outage_waits_in_the_journal_and_is_written_in_order(
    path: Path,
) -> None:
    store = Store()
    store.there.clear()
    recorder = Recorder(store, version="1", batch=4, spill=Spill(path))
    recorder.start()
    told, given = Told(store), records(50)
    for one in given[:3]:
        assert recorder.put(one, told.about(one))
    until(lambda: lines(path) >= 3)
    for one in given[3:]:
        assert recorder.put(one, told.about(one))
    until(lambda: lines(path) == 50)
    assert recorder.waiting == 50
    assert told.of == []
    store.there.set()
    assert recorder.settle(10)
    assert recorder.close(10) == 0
    assert store.rest == given
    assert told.of == given
    assert path.stat().st_size == 0
    (fault,) = store.faults
    assert fault.mode == "storage_overflow"
    assert "50 records waited in the journal" in fault.cause
    assert "disk is full" in fault.cause
    assert "secret" not in fault.cause
    assert (recorder.spilled, recorder.dropped, recorder.waiting) == (50, 0, 0)


def test_what_comes_faster_than_it_can_be_written_waits_in_the_journal(path: Path) -> None:
    reached, opened = threading.Event(), threading.Event()

    def gate() -> None:
        reached.set()
        assert opened.wait(10)

    store = Store(gate)
    recorder = Recorder(store, version="1", capacity=10, batch=4, spill=Spill(path))
    recorder.start()
    given = records(200)
    told = Told(store)
    recorder.put(given[0], told.about(given[0]))
    assert reached.wait(10)
    for number, one in enumerate(given[1:]):
        assert recorder.put(one, told.about(one))
        if number % 5 == 4:
            until(lambda: len(recorder._queue) + recorder._moving < 5)
    opened.set()
    assert recorder.close(10) == 0
    assert store.rest == given
    assert told.of == given
    assert [fault.mode for fault in store.faults] == ["storage_overflow"]
    assert "more came than could be written" in store.faults[0].cause


def test_what_could_not_be_written_by_the_end_is_written_at_the_next_start(path: Path) -> None:
    store = Store()
    store.there.clear()
    first = Recorder(store, version="1", batch=2, spill=Spill(path))
    first.start()
    given = records(7)
    told = Told(store)
    for one in given:
        first.put(one, told.about(one))
    assert store.refused.acquire(timeout=10)
    assert first.close(0.01) == 0
    assert first.close(0.01) == 0
    assert (store.kept, told.of) == ([], [])
    store.there.set()
    second = Recorder(store, version="1", spill=Spill(path))
    second.start()
    later = records(1)
    second.put(later[0])
    assert second.close(10) == 0
    assert store.rest == [*given, *later]
    assert "7 records waited" in store.faults[0].cause
    assert "an earlier run left them" in store.faults[0].cause


def test_what_is_in_hand_when_the_end_comes_is_kept_and_not_written_twice(path: Path) -> None:
    reached, opened = threading.Event(), threading.Event()

    def gate() -> None:
        reached.set()
        assert opened.wait(10)

    store = Store(gate)
    first = Recorder(store, version="1", spill=Spill(path))
    first.start()
    (one,) = records(1)
    first.put(one)
    assert reached.wait(10)
    assert first.close(0.01) == 0
    opened.set()
    assert first._writer is not None
    first._writer.join(10)
    assert store.kept == [one]
    second = Recorder(store, version="1", spill=Spill(path))
    second.start()
    assert second.close(10) == 0
    assert store.rest == [one]


def test_journal_without_room_keeps_the_queue_and_tells_what_it_dropped(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store()
    store.there.clear()
    recorder = Recorder(store, version="1", capacity=4, batch=2, spill=Spill(path, limit_bytes=10))
    recorder.start()
    given = records(20)
    first, *rest = given
    recorder.put(first)
    assert store.refused.acquire(timeout=10)
    taken = [first, *(one for one in rest if recorder.put(one))]
    assert len(taken) < len(given)
    until(lambda: not recorder._keeps)
    store.there.set()
    assert recorder.close(10) == 0
    assert store.rest == taken
    assert recorder.dropped == len(given) - len(taken)
    assert any(f"{recorder.dropped} records dropped" in fault.cause for fault in store.faults)
    assert caplog.text.count("the journal takes no records") == 1


def test_journal_that_cannot_be_opened_is_done_without_and_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    store = Store()
    recorder = Recorder(store, version="1", spill=Spill(tmp_path / "file" / "spill"))
    recorder.start()
    given = records(3)
    for one in given:
        recorder.put(one)
    assert recorder.close(10) == 0
    assert store.rest == given
    assert [fault.mode for fault in store.faults] == ["storage_journal"]


def test_damaged_record_of_the_journal_is_told(path: Path) -> None:
    spill = Spill(path)
    spill.open()
    given = records(3)
    spill.add(given)
    spill.close()
    data = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(data[:2]) + b"0" * 8 + data[2][8:] + data[3])
    store = Store()
    recorder = Recorder(store, version="1", spill=Spill(path))
    recorder.start()
    assert recorder.close(10) == 0
    assert store.rest == [given[0], given[2]]
    assert "1 records in it were damaged" in [fault.cause for fault in store.faults]
    assert recorder.dropped == 1


def test_full_disk_under_the_journal_adds_nothing_of_a_record(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spill = Spill(path)
    spill.open()
    given = records(2)
    spill.add(given[:1])
    real = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda file, data, at: real(file, data[:20], at))
    with pytest.raises(OSError, match="took a part"):
        spill.add(given[1:])
    monkeypatch.undo()
    spill.add(given[1:])
    assert spill.read(9) == given


def test_callback_that_fails_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    store = Store()
    recorder = Recorder(store, version="1")
    given = records(2)
    told = Told(store)
    recorder.put(given[0], lambda: 1 / 0)
    recorder.put(given[1], told.about(given[1]))
    recorder.start()
    assert recorder.close(10) == 0
    assert told.of == given[1:]
    assert "ZeroDivisionError" in caplog.text


def test_nothing_refused_is_told_to_be_stored() -> None:
    bad, good = records(2)
    store = Store()

    class Picky(Store):
        def add(self, records: Sequence[Record], *, again: bool = False) -> None:
            if bad in records:
                raise ValueError("no")
            super().add(records, again=again)

    store = Picky()
    recorder = Recorder(store, version="1")
    told = Told(store)
    recorder.put(bad, told.about(bad))
    recorder.put(good, told.about(good))
    recorder.start()
    assert recorder.close(10) == 0
    assert told.of == [good]


@pytest.mark.parametrize(
    ("error", "passing"),
    [
        (AWAY, True),
        (OperationalError("", {}, psycopg.errors.AdminShutdown("terminating")), True),
        (OperationalError("", {}, psycopg.errors.DiskFull("no space")), True),
        (InternalError("", {}, psycopg.errors.ReadOnlySqlTransaction("read-only")), True),
        (InterfaceError("", {}, Exception("gone"), connection_invalidated=True), True),
        (InterfaceError("", {}, Exception("bad binding")), False),
        (TimeoutError("every connection is in use"), True),
        (MemoryError(), True),
        (DBAPIError("", {}, Exception("broken")), True),
        (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogate"), False),
    ],
)
def test_trouble_of_the_database_is_told_from_trouble_of_a_record(
    error: Exception, passing: bool
) -> None:
    assert passes(error) is passing
    assert "secret" not in outage(error)
