import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError

from storage import batches as batches_module
from storage import recorder as recorder_module
from storage.backlog import Entry
from storage.batches import BatchWriter
from storage.database import Database
from storage.recorder import Recorder
from storage.records import FaultRecord, Record, SessionEnded
from storage.repository import Repository


def record() -> SessionEnded:
    return SessionEnded(uuid4(), "asked to")


class Store:
    """Keeps records; `before` runs first, on the writer's thread."""

    def __init__(self, before: Callable[[Sequence[Record]], None] = lambda _: None) -> None:
        self.before = before
        self.kept: list[Record] = []
        self.batches: list[int] = []

    def add(self, records: Sequence[Record], *, again: bool = False) -> None:
        self.before(records)
        self.kept.extend(one for one in records if not again or one not in self.kept)
        self.batches.append(len(records))


class Gate:
    """Holds the writer until it is opened."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.opened = threading.Event()

    def __call__(self, _records: Sequence[Record]) -> None:
        self.reached.set()
        assert self.opened.wait(10)


def test_everything_taken_is_written_in_order() -> None:
    store = Store()
    recorder = Recorder(store, version="1", batch=10)
    given = [record() for _ in range(95)]
    assert all(recorder.put(one) for one in given)
    recorder.start()
    assert recorder.close(10) == 0
    assert store.kept == given
    assert store.batches == [10] * 9 + [5]
    assert (recorder.written, recorder.dropped) == (95, 0)


def test_full_queue_drops_at_once_and_tells_when_there_is_room() -> None:
    gate = Gate()
    store = Store(gate)
    recorder = Recorder(store, version="1", capacity=3, batch=3)
    recorder.start()
    first = record()
    assert recorder.put(first)
    assert gate.reached.wait(10)
    waiting = [record() for _ in range(3)]
    assert all(recorder.put(one) for one in waiting)
    assert [recorder.put(record()) for _ in range(5)] == [False] * 5
    assert recorder.dropped == 5
    gate.opened.set()
    assert recorder.close(10) == 0
    fault = store.kept.pop()
    assert store.kept == [first, *waiting]
    assert isinstance(fault, FaultRecord)
    assert (fault.mode, fault.version) == ("storage_overflow", "1")
    assert "5 records dropped" in fault.cause


def test_database_that_comes_back_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches_module, "_RETRY_S", (0.001,))
    failures = iter(range(3))

    def away(_records: Sequence[Record]) -> None:
        if next(failures, None) is not None:
            raise OperationalError("insert", {}, sqlite3.OperationalError("locked"))

    store = Store(away)
    recorder = Recorder(store, version="1")
    given = [record(), record()]
    for one in given:
        recorder.put(one)
    recorder.start()
    assert recorder.close(10) == 0
    assert store.kept == given


def test_end_without_a_database_tells_what_was_lost(caplog: pytest.LogCaptureFixture) -> None:
    def away(_records: Sequence[Record]) -> None:
        raise OperationalError("insert", {"text": "secret"}, sqlite3.OperationalError("locked"))

    recorder = Recorder(Store(away), version="1", batch=2)
    for _ in range(5):
        recorder.put(record())
    recorder.start()
    assert recorder.close(0.05) == 5
    assert recorder.close(0.05) == 5
    assert "5 records could not be written" in caplog.text
    assert "secret" not in caplog.text


def test_refused_record_costs_only_itself(caplog: pytest.LogCaptureFixture) -> None:
    bad = record()

    def picky(records: Sequence[Record]) -> None:
        if bad in records:
            cause = sqlite3.IntegrityError("FOREIGN KEY constraint failed")
            raise IntegrityError("insert", {"text": "secret"}, cause)

    store = Store(picky)
    recorder = Recorder(store, version="1")
    good = [record(), record()]
    for one in (good[0], bad, good[1]):
        recorder.put(one)
    recorder.start()
    assert recorder.close(10) == 0
    faults = [one for one in store.kept if isinstance(one, FaultRecord)]
    assert [one for one in store.kept if one not in faults] == good
    assert [fault.mode for fault in faults] == ["storage_refused"]
    assert faults[0].cause == "SessionEnded: FOREIGN KEY constraint failed"
    assert recorder.dropped == 1
    assert "secret" not in caplog.text


def test_lone_surrogate_is_refused_and_the_writer_lives_on(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'test.sqlite'}")
    database.upgrade()
    recorder = Recorder(Repository(database), version="1")
    recorder.start()
    for cause in ("fine", "lone \ud800", "fine too"):
        assert recorder.put(FaultRecord("test", None, "1", cause))
    assert recorder.close(10) == 0
    assert (recorder.written, recorder.dropped) == (2, 1)
    database.close()


def test_writer_survives_what_nobody_foresaw(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store()
    recorder = Recorder(store, version="1", batch=1)
    bad, good = record(), record()
    write = BatchWriter.write

    def unforeseen(writer: BatchWriter, batch: Sequence[Entry], *, again: bool = False) -> bool:
        return bool(1 / 0) if bad in batch[0] else write(writer, batch, again=again)

    monkeypatch.setattr(BatchWriter, "write", unforeseen)
    for one in (bad, good):
        recorder.put(one)
    recorder.start()
    assert recorder.close(10) == 0
    assert store.kept == [good]
    assert recorder.dropped == 1
    assert "ZeroDivisionError" in caplog.text


def test_close_is_safe_before_start_and_twice_and_ends_the_thread() -> None:
    idle = Recorder(Store(), version="1")
    assert idle.close() == 0
    recorder = Recorder(Store(), version="1")
    recorder.start()
    recorder.start()
    assert recorder.close() == 0
    assert recorder.close() == 0
    assert not any(thread.name == "recorder" for thread in threading.enumerate())


def test_nothing_is_taken_after_the_end() -> None:
    recorder = Recorder(Store(), version="1")
    recorder.start()
    recorder.close()
    assert not recorder.put(record())


def test_what_follows_a_write_soon_goes_along_with_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recorder_module, "_REST_S", 60.0)
    written = threading.Semaphore(0)
    store = Store()
    recorder = Recorder(store, version="1", batch=10)
    monkeypatch.setattr(store, "before", lambda _: written.release())
    recorder.start()
    recorder.put(record())
    assert written.acquire(timeout=10)
    assert all(recorder.put(record()) for _ in range(3))
    assert recorder.settle(10)
    assert all(recorder.put(record()) for _ in range(4))
    assert recorder.close(10) == 0
    assert store.batches == [1, 3, 4]
