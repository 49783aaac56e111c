"""How messages came about, as the live path writes it: who felt, answered and spoke.

Everything here happens in the writer's own transaction, after the messages of the same batch.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.orm import Session as OrmSession

from storage.records import AgentRecord, ChatRecord, SpeechRecord
from storage.tables.speech import Tts
from storage.tables.talk import AgentLog, Chat, Conversation

__all__ = ["Working", "add_workings"]

Working = AgentRecord | ChatRecord | SpeechRecord


def add_workings(orm: OrmSession, records: Sequence[Working]) -> None:
    """Writes what led to messages, one statement a table."""
    if not records:
        return
    sessions = {item.session_id for item in records if not isinstance(item, SpeechRecord)}
    query = select(Conversation.session_id, Conversation.id)
    rows = orm.execute(query.where(Conversation.session_id.in_(sessions)))
    owners: dict[UUID, UUID] = {row.session_id: row.id for row in rows}
    agents: list[dict[str, Any]] = []
    chats: list[dict[str, Any]] = []
    speech: list[dict[str, Any]] = []
    for record in records:
        match record:
            case AgentRecord():
                agents.append(_agent(record, owners.get(record.session_id)))
            case ChatRecord():
                chats.append(_chat(record, owners.get(record.session_id)))
            case SpeechRecord():
                speech.append(_speech(record))
    for table, values in ((AgentLog, agents), (Chat, chats), (Tts, speech)):
        if values:
            orm.execute(insert(table), values)


def _agent(record: AgentRecord, owner: UUID | None) -> dict[str, Any]:
    return _kept(record) | {
        "conversation_id": owner,
        "message_id": record.message_id,
        "agent": record.agent[:200],
        "input": record.input,
        "output": record.output,
        "duration_ms": record.duration_ms,
        "confidence_score": record.confidence,
    }


def _chat(record: ChatRecord, owner: UUID | None) -> dict[str, Any]:
    return _kept(record) | {
        "conversation_id": owner,
        "system": record.system[:200],
        "parameters": record.parameters,
        "system_prompt_text": "",
        "user_prompt_id": record.user_prompt_id,
        "reply_id": record.reply_id,
    }


def _speech(record: SpeechRecord) -> dict[str, Any]:
    return _kept(record) | {
        "system": record.system[:200],
        "parameters": record.parameters,
        # PostgreSQL's text cannot hold the character NUL.
        "text": record.text.replace("\0", "\N{REPLACEMENT CHARACTER}"),
        "message_id": record.message_id,
    }


def _kept(record: Working) -> dict[str, Any]:
    made = record.created_at
    return {"id": record.id, "created_at": made, "updated_at": made}
