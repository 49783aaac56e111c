import threading
import time
from uuid import uuid4

import pytest

from storage.database import Database
from storage.recorder import Recorder
from storage.records import (
    FeaturesChanged,
    JournalClosed,
    OrderRecord,
    PacketRecord,
    SessionEnded,
    SessionStarted,
)
from storage.repository import Repository
from storage.trail import Trail
from tests.remembering.started import started


@pytest.fixture
def database() -> Database:
    made = Database("sqlite://")
    made.upgrade()
    return made


def line(session: SessionStarted, sequence: int) -> PacketRecord:
    return PacketRecord(
        session_id=session.id,
        sequence=sequence,
        timestamp_ns=2**62 + sequence,
        cause="chat",
        event_sequence=2**64 - 1,
        capsules=(("VF_SMILE", 0.5), ("HF_LIFT", 1.0)),
        speaks=True,
    )


def test_lines_come_back_page_by_page_in_order(database: Database) -> None:
    session, other = started(), started()
    lines = [line(session, number) for number in range(1, 8)]
    Repository(database).add([session, *lines[3:], other, line(other, 1), *lines[:3]])
    trail = Trail(database)
    first = trail.packets(session.id, 0, 3)
    assert [one.sequence for one in first] == [1, 2, 3]
    assert trail.packets(session.id, 3, 100)[-1].sequence == 7
    assert trail.packets(uuid4()) == []
    assert first[0].capsules == lines[0].capsules
    assert (first[0].cause, first[0].speaks, first[0].interrupt) == ("chat", True, False)
    assert first[0].event_sequence == 2**63 - 1, "the most that a database holds"


def test_line_is_bounded_whatever_a_packet_holds(database: Database) -> None:
    session = started()
    many = tuple((f"VF_{number}", 0.5) for number in range(500))
    long = PacketRecord(session.id, 1, 0, "x" * 500, 0, many)
    Repository(database).add([session, long])
    (found,) = Trail(database).packets(session.id)
    assert (len(found.capsules), len(found.cause)) == (40, 40)


def test_orders_come_back_the_newest_first(database: Database) -> None:
    orders = [OrderRecord("revoke", f"VF_{number}", "ada\0", "why") for number in range(4)]
    Repository(database).add(orders)
    found = Trail(database).orders(0, 3)
    assert [one.subject for one in found] == ["VF_3", "VF_2", "VF_1"]
    assert [one.subject for one in Trail(database).orders(3, 3)] == ["VF_0"]
    assert found[0].actor == "ada\N{REPLACEMENT CHARACTER}"


def test_session_keeps_its_features_and_its_journal(database: Database) -> None:
    repository = Repository(database)
    session = started(features_off=("context",), journal="a.journal")
    repository.add([session])
    assert repository.session(session.id) == (session, "")
    changed = FeaturesChanged(session.id, ("light_probe", "visemes"))
    repository.add([changed, SessionEnded(session.id, "asked to"), JournalClosed(session.id, "ab")])
    found = repository.session(session.id)
    assert found is not None
    assert found[0].features_off == ("light_probe", "visemes")
    assert found[1] == "ab"
    assert repository.session(uuid4()) is None


class Store:
    def __init__(self) -> None:
        self.batches: list[int] = []
        self.written = threading.Event()

    def add(self, records: object, *, again: bool = False) -> None:
        self.batches.append(len(records))  # type: ignore[arg-type] # a sequence
        self.written.set()


def test_lines_are_written_together_and_at_once_when_they_are_asked_for() -> None:
    store = Store()
    recorder = Recorder(store, version="1")
    recorder.start()
    session = started()
    began_s = time.monotonic()
    for number in range(1, 101):
        recorder.put(line(session, number))
    assert recorder.settle(10.0)
    assert time.monotonic() - began_s < 5.0
    assert sum(store.batches) == 100
    assert len(store.batches) < 10, "not one by one"
    assert recorder.settle(10.0), "with nothing to do"
    recorder.close()


def test_line_that_is_alone_is_written_without_being_asked_for() -> None:
    store = Store()
    recorder = Recorder(store, version="1")
    recorder.start()
    recorder.put(line(started(), 1))
    assert store.written.wait(10.0)
    recorder.close()
