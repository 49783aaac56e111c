"""Whose what is written late is: nothing that tells who somebody was comes back after an erasure.

What a user said may still wait, in memory or in a journal, when they are erased; their session may
go on for a moment. Such records are written without what an erasure takes out.
"""

from collections.abc import Collection
from dataclasses import replace
from typing import TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession

from storage.records import AgentRecord, ChatRecord, MessageRecord, SpeechRecord
from storage.tables.live import Session
from storage.tables.people import User
from storage.tables.talk import Conversation

__all__ = ["blanked", "owners_of"]

Said = TypeVar("Said", MessageRecord, AgentRecord, ChatRecord, SpeechRecord)


def owners_of(orm: OrmSession, sessions: Collection[UUID]) -> dict[UUID, tuple[UUID, bool]]:
    """The conversation of each session, and whether its user has been erased."""
    query = (
        select(Conversation.session_id, Conversation.id, User.erased_at)
        .join(Session, Session.id == Conversation.session_id)
        .join(User, User.id == Session.user_id, isouter=True)
        .where(Conversation.session_id.in_(sessions))
    )
    rows = orm.execute(query)
    return {row.session_id: (row.id, row.erased_at is not None) for row in rows}


def blanked(record: Said) -> Said:
    """The record as an erasure leaves its row: without what was said or made of it."""
    match record:
        case MessageRecord():
            return replace(
                record,
                text="",
                packet=b"",
                agent_outputs=None,
                memory_context=(),
                voice_pitch=None,
                voice_emotion=None,
            )
        case AgentRecord():
            return replace(record, input={}, output={})
        case ChatRecord():
            return replace(record, parameters={})
        case SpeechRecord():
            return replace(record, text="", parameters={})
