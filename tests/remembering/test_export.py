import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pandas as pd
import pytest
from sqlalchemy import Row
from sqlalchemy.pool import QueuePool

from storage.archive import Archive
from storage.database import Database
from storage.export import Exporter, Selection, _Whole
from storage.export_formats import ExportFormat, encode
from storage.models import AgentLog, Conversation, Judgement, Memory, Message, Session, User
from storage.privacy import Personal, Pseudonyms
from tests.remembering.export_schema import Exported
from tests.remembering.rows import stored

KEY = b"0123456789abcdef"
DAY = datetime(2026, 1, 1, tzinfo=UTC)


def conversation(database: Database, number: int, **changes: object) -> Conversation:
    """A conversation of two messages that are flagged, and one that is not."""
    user = stored(database, User, username=f"ada{number}")
    session = stored(database, Session, user_id=user.id)
    found = stored(
        database,
        Conversation,
        **{
            "session_id": session.id,
            "user_id": user.id,
            "topics_discussed": ["work"],
            "training_data_exported": False,
            "created_at": DAY + timedelta(days=number),
        }
        | changes,
    )
    for place, (role, text, flag) in enumerate(
        [
            ("user", f"I am Ada{number}, ada@example.org or +44 20 7946 0958", True),
            ("assistant", f"Hello ada{number}!", True),
            ("user", "off the record", False),
        ]
    ):
        stored(
            database,
            Message,
            session_id=session.id,
            conversation_id=found.id,
            role=role,
            text=text,
            training_flag=flag,
            created_at=DAY + timedelta(seconds=place),
            agent_outputs={"appraisal": {"label": "glad"}} if role == "user" else None,
            memory_context=["m"] if role == "assistant" else None,
        )
    stored(
        database,
        Memory,
        conversation_id=found.id,
        message_id=None,
        user_id=user.id,
        content="likes tea",
    )
    stored(
        database,
        AgentLog,
        conversation_id=found.id,
        message_id=None,
        input={"text": "x"},
        output={},
    )
    return found


def exported(database: Database, **selection: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - fields of Selection
    return list(Exporter(database, KEY).conversations(Selection(**selection)))


def ids(found: list[dict[str, Any]]) -> list[UUID]:
    return [UUID(item["conversation_id"]) for item in found]


def test_the_json_has_exactly_the_keys_it_is_to_have(database: Database) -> None:
    row = conversation(database, 1)
    text = b"".join(encode(exported(database), ExportFormat.JSON))
    (found,) = json.loads(text)
    Exported.model_validate(found, strict=True)
    assert found["conversation_id"] == str(row.id)
    assert [list(message) for message in found["messages"]] == [
        ["role", "content", "emotion", "quality_score", "voice_pitch", "agent_outputs"],
        ["role", "content", "emotion", "quality_score", "processing_time", "memory_context"],
    ]
    assert found["messages"][0]["agent_outputs"] == {"appraisal": {"label": "glad"}}
    assert found["messages"][1]["memory_context"] == ["m"]
    assert [memory["content"] for memory in found["memories"]] == ["likes tea"]
    assert found["agent_logs"][0]["input"] == {"text": "x"}


def test_nothing_exported_is_still_whole_json(database: Database) -> None:
    assert json.loads(b"".join(encode([], ExportFormat.JSON))) == []


def test_an_export_goes_on_where_it_broke_off(database: Database) -> None:
    rows = [conversation(database, number) for number in range(5)]
    keys = [row.id for row in rows]
    assert ids(exported(database)) == keys
    first = exported(database, limit=2)
    assert ids(first) == keys[:2]
    assert ids(exported(database, after=ids(first)[-1])) == keys[2:]
    assert exported(database, limit=0) == []


def test_an_export_that_waits_for_its_reader_holds_up_nobody(database: Database) -> None:
    rows = [conversation(database, number) for number in range(3)]
    found = Exporter(database, KEY).conversations(Selection())
    assert next(found)["conversation_id"] == str(rows[0].id)
    pool = database.engine.pool
    assert isinstance(pool, QueuePool)
    assert pool.checkedout() == 0
    assert ids(list(found)) == [row.id for row in rows[1:]]


def test_long_conversations_are_read_one_by_one_and_short_ones_together(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.export._MESSAGES_AT_ONCE", 5)
    lengths = [1, 2, 2, 9, 9, 1, 1]
    keys = [
        conversation(database, number, total_messages=length).id
        for number, length in enumerate(lengths)
    ]
    together: list[list[UUID]] = []

    class Watched(Exporter):
        def _read(self, rows: Sequence[Row[Any]], personal: Personal) -> list[_Whole]:
            together.append([row.id for row in rows])
            return super()._read(rows, personal)

    found = list(Watched(database, KEY).conversations(Selection()))
    assert ids(found) == keys
    assert [len(part) for part in together] == [3, 1, 1, 2]


def test_filters_choose_conversations(database: Database) -> None:
    low = conversation(database, 1, conversation_quality=0.2, consent=False)
    high = conversation(database, 2, conversation_quality=0.8, consent=True)
    unknown = conversation(database, 3, conversation_quality=None, consent=False)
    done = conversation(database, 4, conversation_quality=0.9, training_data_exported=True)
    assert ids(exported(database, min_quality=0.7)) == [high.id, done.id]
    assert ids(exported(database, consented=True)) == [high.id, done.id]
    assert ids(exported(database, not_exported=True)) == [low.id, high.id, unknown.id]
    between = {"since": DAY + timedelta(days=2), "until": DAY + timedelta(days=4)}
    assert ids(exported(database, **between)) == [high.id, unknown.id]
    assert ids(exported(database, conversation_id=low.id)) == [low.id]


def test_judgements_of_a_conversation_or_its_messages_count(database: Database) -> None:
    liked, mixed, disliked, _unjudged = (conversation(database, number) for number in range(4))
    archive = Archive(database)
    archive.judge("conversation", liked.id, Judgement(score=0.5))
    archive.judge("conversation", mixed.id, Judgement(score=1.0))
    (message, *_) = archive.page(Message, Message.conversation_id == mixed.id)
    bad = Judgement(score=-1.0)
    archive.judge("message", message.id, bad)
    archive.judge("conversation", disliked.id, Judgement(score=-0.5))
    assert ids(exported(database, min_judgement=0.5)) == [liked.id]
    archive.change(Judgement, bad.id, active=False)
    assert ids(exported(database, min_judgement=0.5)) == [liked.id, mixed.id]


def test_names_that_the_user_has_told_are_found_in_texts_too(database: Database) -> None:
    row = conversation(database, 1)
    said = "I'm Priya Rao, and Rex bit Priya. I have two dogs."
    stored(
        database,
        Message,
        session_id=row.session_id,
        conversation_id=row.id,
        role="user",
        text=said,
        training_flag=True,
        created_at=DAY + timedelta(minutes=1),
    )
    for kind, value in (("name", "Priya Rao"), ("pet", "Rex"), ("pet", "two"), ("home", "Rao")):
        mine = {"user_id": row.user_id, "conversation_id": row.id, "message_id": None}
        stored(database, Memory, **mine, kind=kind, value=value)
    (found,) = exported(database, personal=Personal.PSEUDONYMISE)
    assert found["messages"][-1]["content"] == "I'm [name], and [name] bit [name]. I have two dogs."


def test_pseudonyms_are_the_same_throughout_and_texts_are_searched(database: Database) -> None:
    row = conversation(database, 7)
    (found,) = exported(database, personal=Personal.PSEUDONYMISE)
    whole = json.dumps(found)
    assert str(row.user_id) not in whole
    assert str(row.session_id) not in whole
    assert found["user_id"] == Pseudonyms(KEY).name(row.user_id or "")
    assert found["messages"][0]["content"] == "I am [name], [email] or [phone]"
    assert found["messages"][1]["content"] == "Hello [name]!"
    assert Pseudonyms(b"another key 1234").name(row.user_id or "") != found["user_id"]


def test_personal_data_can_be_left_out(database: Database) -> None:
    conversation(database, 7)
    (found,) = exported(database, personal=Personal.OMIT)
    whole = json.dumps(found).lower()
    for personal in ("i am ada7", "i am", "example.org", "7946", "tea", "work"):
        assert personal not in whole
    Exported.model_validate(found, strict=True)


def test_chat_lines_hold_what_was_said(database: Database) -> None:
    conversation(database, 1)
    lines = b"".join(encode(exported(database), ExportFormat.JSONL)).splitlines()
    assert [json.loads(line) for line in lines] == [
        {
            "messages": [
                {"role": "user", "content": "I am Ada1, ada@example.org or +44 20 7946 0958"},
                {"role": "assistant", "content": "Hello ada1!"},
            ]
        }
    ]
    frame = pd.read_json(io.BytesIO(lines[0]), lines=True)
    assert frame["messages"][0][1]["role"] == "assistant"


def test_parquet_has_a_row_a_message(database: Database) -> None:
    for number in range(3):
        conversation(database, number)
    frame = pd.read_parquet(io.BytesIO(b"".join(encode(exported(database), ExportFormat.PARQUET))))
    assert len(frame) == 6
    assert list(frame["position"]) == [0, 1] * 3
    assert list(frame["role"]) == ["user", "assistant"] * 3
    assert json.loads(frame["memory_context"][1]) == ["m"]


def test_nothing_exported_is_still_whole_parquet() -> None:
    frame = pd.read_parquet(io.BytesIO(b"".join(encode([], ExportFormat.PARQUET))))
    assert next(iter(frame.columns)) == "conversation_id"
    assert frame.empty


@pytest.mark.parametrize("key", [b"", b"short"])
def test_a_key_that_can_be_guessed_is_refused(key: bytes) -> None:
    with pytest.raises(ValueError, match="at least 16"):
        Pseudonyms(key)
