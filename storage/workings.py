"""How messages came about, as the live path writes it: who felt, answered and spoke.

Everything here happens in the writer's own transaction, after the messages of the same batch.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession

from storage.bulk import add_rows
from storage.ownership import blanked, owners_of
from storage.postgres_text import holdable
from storage.records import AgentRecord, ChatRecord, MessageRecord, SpeechRecord
from storage.tables.live import Message
from storage.tables.speech import Tts
from storage.tables.talk import AgentLog, Chat

__all__ = ["Working", "add_workings", "appraised"]

Working = AgentRecord | ChatRecord | SpeechRecord

Told = TypeVar("Told", AgentRecord, ChatRecord)


def appraised(message: MessageRecord) -> list[AgentRecord]:
    """What the appraiser made of a message, which its outputs tell, as a row of its own.

    The two are written in one transaction: where the message is in the database, this is too.
    """
    output = (message.agent_outputs or {}).get("appraisal")
    if output is None:
        return []
    return [
        AgentRecord(
            session_id=message.session_id,
            message_id=message.id,
            agent="appraiser",
            input={"role": message.role},
            output=output,
            confidence=message.confidence,
            created_at=message.created_at,
        )
    ]


def add_workings(orm: OrmSession, records: Sequence[Working]) -> None:
    """Writes what led to messages, one statement a table."""
    if not records:
        return
    sessions = {item.session_id for item in records if not isinstance(item, SpeechRecord)}
    owners = owners_of(orm, sessions)
    spoken = {item.message_id for item in records if isinstance(item, SpeechRecord)}
    # Messages without a text are those of an erased user.
    empty = select(Message.id).where(Message.id.in_(spoken), Message.text == "")
    mute = set(orm.scalars(empty)) if spoken else set()
    agents: list[dict[str, Any]] = []
    chats: list[dict[str, Any]] = []
    speech: list[dict[str, Any]] = []
    for record in records:
        match record:
            case AgentRecord():
                agents.append(_agent(*_owned(record, owners)))
            case ChatRecord():
                chats.append(_chat(*_owned(record, owners)))
            case SpeechRecord():
                speech.append(_speech(blanked(record) if record.message_id in mute else record))
    add_rows(orm, AgentLog, agents)
    add_rows(orm, Chat, chats)
    add_rows(orm, Tts, speech)


def _owned(record: Told, owners: Mapping[UUID, tuple[UUID, bool]]) -> tuple[Told, UUID | None]:
    """The record as it may be written, and its conversation."""
    owner, erased = owners.get(record.session_id, (None, False))
    return blanked(record) if erased else record, owner


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
        "text": holdable(record.text),
        "message_id": record.message_id,
    }


def _kept(record: Working) -> dict[str, Any]:
    made = record.created_at
    return {"id": record.id, "created_at": made, "updated_at": made}
