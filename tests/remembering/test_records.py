from uuid import uuid4

import pytest
from sqlalchemy.exc import IntegrityError

from storage.database import Database
from storage.recorder import Recorder
from storage.records import (
    FaultRecord,
    MessageRecord,
    PerformanceRecord,
    SessionEnded,
)
from storage.repository import Repository
from tests.remembering.started import started


def test_records_come_back_as_the_recorder_took_them(database: Database) -> None:
    session = started(seed=2**64 - 1)
    said = MessageRecord(
        session.id, "user", "hello \N{GRINNING FACE}", "client", 0.5, -0.25, 0.0, "glad", b"\x08"
    )
    measured = PerformanceRecord(session.id, "render.p99", 3.5, "ms", "a CPU", "1")
    fault = FaultRecord("device_lost", session.id, "1", "unplugged")
    ended = SessionEnded(session.id, "asked to")
    repository = Repository(database)
    recorder = Recorder(repository, version="1")
    for record in (session, said, measured, fault, ended):
        assert recorder.put(record)
    recorder.start()
    assert recorder.close(10) == 0
    assert repository.sessions() == [(session, ended)]
    assert repository.messages(session.id) == [said]
    assert repository.performance(session.id) == [measured]
    assert repository.faults() == [fault]


def test_what_was_said_in_no_session_is_refused(database: Database) -> None:
    orphan = MessageRecord(uuid4(), "user", "hello", "client", 0.0, 0.0, 0.0, "")
    with pytest.raises(IntegrityError):
        Repository(database).add([orphan])
