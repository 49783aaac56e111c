import logging
from dataclasses import replace

import pytest

from storage.archive import Archive
from storage.database import Database
from storage.keys import new_key
from storage.models import ClientSystem, Conversation, Session
from storage.recorder import Recorder
from storage.records import AgentRecord, MessageRecord, SpeechRecord
from storage.repository import Repository
from tests.remembering.started import started

SESSION = started()
STRANGE = "a\0b"


def test_no_character_costs_a_session_or_what_is_said_in_it(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    strange = {"text": STRANGE, STRANGE: ["\ud800", {"x": float("nan")}], "n": float("-inf")}
    session = replace(
        SESSION,
        id=new_key(),
        platform=STRANGE,
        timezone=STRANGE,
        initiator=STRANGE,
        user=STRANGE,
        client={"browser": STRANGE, "camera": STRANGE},
    )
    said = MessageRecord(
        session.id,
        "user",
        STRANGE,
        STRANGE,
        0.0,
        0.0,
        0.0,
        STRANGE,
        agent_outputs=strange,
        memory_context=(strange,),
        voice_emotion=STRANGE,
    )
    recorder = Recorder(Repository(database), version="1")
    recorder.start()
    for record in (
        session,
        said,
        AgentRecord(session.id, said.id, STRANGE, strange, strange),
        SpeechRecord(STRANGE, strange, STRANGE, said.id),
    ):
        recorder.put(record)
    assert recorder.close(20) == 0
    assert recorder.dropped == 0
    assert caplog.records == []
    archive = Archive(database)
    assert len(archive.page(Session)) == len(archive.page(ClientSystem)) == 1
    assert archive.page(Conversation)[0].total_messages == 1
    (kept,) = Repository(database).messages(session.id)
    assert kept.text == "a\N{REPLACEMENT CHARACTER}b"
    assert kept.agent_outputs is not None
    assert len(kept.agent_outputs) == 3


def test_ordinary_text_and_json_come_back_as_they_were(database: Database) -> None:
    session = replace(SESSION, id=new_key())
    text = '\N{GRINNING FACE} \\u0000 \\ud83d "quoted" \u2028\x01'
    outputs = {"text": text, "whole": 1, "half": 0.5, "nothing": None, "list": [True, [text]]}
    said = MessageRecord(
        session.id, "user", text, "client", 0.0, 0.0, 0.0, "", agent_outputs=outputs
    )
    repository = Repository(database)
    repository.add([session, said])
    assert repository.messages(session.id) == [said]


def test_what_is_refused_is_told_without_what_was_said(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    session = replace(SESSION, id=new_key())
    said = MessageRecord(
        session.id, "user", "xyzzy", "client", 0.0, 0.0, 0.0, "", agent_outputs={"saw": "xyzzy"}
    )
    recorder = Recorder(Repository(database), version="1")
    recorder.start()
    recorder.put(session)
    recorder.put(replace(said, confidence=7.0))  # it is to be in [0, 1]
    assert recorder.settle(20)
    assert recorder.close(20) == 0
    (fault,) = Repository(database).faults()
    assert fault.mode == "storage_refused"
    assert "confidence" in fault.cause
    assert "xyzzy" not in fault.cause + caplog.text
