"""Memories as the live path writes them: noted, put right, used, forgotten.

Everything here happens in the writer's own transaction, after the messages of the same batch.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Integer,
    Text,
    Uuid,
    bindparam,
    cast,
    delete,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session as OrmSession

from storage.recalled import concerns
from storage.records import MemoriesForgotten, MemoryNoted, MessageRecord
from storage.tables.base import UtcDateTime, now
from storage.tables.live import Message, Session
from storage.tables.people import User
from storage.tables.talk import Conversation, Memory, MemoryTier

__all__ = ["MOST_OF_A_USER", "MemoryRecord", "change_memories", "count_uses", "delete_memories"]

MOST_OF_A_USER = 500
"""How many memories of one user are kept; the least important goes first."""

_NAMED_ONE_BY_ONE = 16

MemoryRecord = MemoryNoted | MemoriesForgotten


def change_memories(orm: OrmSession, records: Sequence[MemoryRecord]) -> None:
    """Writes what was noted, and deletes what is to be forgotten, in their order.

    Nothing is kept where a session names nobody, somebody under whose name many people talk, or
    somebody who has been erased.
    """
    for record in records:
        owner = _owner(orm, record.session_id)
        if owner is None:
            continue
        match record:
            case MemoryNoted():
                _note(orm, record, *owner)
            case MemoriesForgotten():
                _forget(orm, record, owner[0])


def count_uses(orm: OrmSession, records: Sequence[MessageRecord]) -> None:
    """Counts what messages say that they used, all of a batch in one statement."""
    uses: Counter[UUID] = Counter()
    last: dict[UUID, datetime] = {}
    for record in records:
        for used in record.memory_context:
            key = _key(used)
            if key is not None:
                uses[key] += 1
                last[key] = record.created_at
    if uses:
        table = Memory.__table__
        statement = (
            update(Memory)
            .where(table.c.id == bindparam("used_id", type_=Uuid))
            .values(
                access_count=table.c.access_count + bindparam("uses", type_=Integer),
                last_accessed_at=bindparam("used_at", type_=UtcDateTime),
            )
        )
        values = [{"used_id": key, "uses": uses[key], "used_at": last[key]} for key in sorted(uses)]
        orm.connection().execute(statement, values)


def delete_memories(orm: OrmSession, user_id: UUID | None, keys: Collection[UUID]) -> None:
    """Deletes memories, and what they say out of the messages that used them."""
    if not keys:
        return
    orm.execute(delete(Memory).where(Memory.id.in_(keys)))
    if user_id is None:
        return
    gone = {str(key) for key in keys}
    query = (
        select(Message)
        .join(Session, Message.session_id == Session.id)
        .where(Session.user_id == user_id, Message.role == "assistant", _uses_any(gone))
    )
    for message in orm.scalars(query.execution_options(yield_per=500)):
        used = message.memory_context or []
        left = [item for item in used if not (isinstance(item, dict) and item.get("id") in gone)]
        if len(left) < len(used):
            message.memory_context = left or None


def _uses_any(keys: Collection[str]) -> ColumnElement[bool]:
    """Whether a message may have used one of these memories: few are read that did not."""
    used = cast(Message.memory_context, Text)
    if len(keys) > _NAMED_ONE_BY_ONE:
        return used.contains('"id"')
    return or_(*(used.contains(key) for key in keys))


def _owner(orm: OrmSession, session_id: UUID) -> tuple[UUID, UUID] | None:
    """The user and the conversation of a session; None: nobody of whom anything is kept."""
    query = (
        select(User.id, Conversation.id)
        .join(Session, Session.user_id == User.id)
        .join(Conversation, Conversation.session_id == Session.id)
        .where(Session.id == session_id, User.shared.is_(False), User.erased_at.is_(None))
    )
    row = orm.execute(query).first()
    return None if row is None else (row[0], row[1])


def _note(orm: OrmSession, record: MemoryNoted, user_id: UUID, conversation_id: UUID) -> None:
    same = (Memory.user_id == user_id, Memory.subject == record.subject[:200])
    known = orm.scalars(select(Memory).where(*same).order_by(Memory.id.desc())).first()
    if known is not None and known.created_at > record.created_at:
        return  # this comes late, out of a journal
    if record.settles:
        over = (Memory.user_id == user_id, Memory.subject.in_(record.settles))
        orm.execute(delete(Memory).where(*over, Memory.created_at <= record.created_at))
    if known is not None and known.value == record.value and known.content == record.content:
        known.importance = max(known.importance, record.importance)
        known.verified = known.verified or record.verified
        known.fades_at = record.fades_at
        return
    if known is not None:
        orm.execute(delete(Memory).where(*same))
    orm.add(_row(record, user_id, conversation_id))
    orm.flush()
    _make_room(orm, user_id)


def _forget(orm: OrmSession, record: MemoriesForgotten, user_id: UUID) -> None:
    """Deletes what was known when the user said so; what they told since stays."""
    rows = orm.execute(
        select(Memory.id, Memory.kind, Memory.subject, Memory.content).where(
            Memory.user_id == user_id, Memory.created_at <= record.created_at
        )
    )
    keys = [
        row.id
        for row in rows
        if record.everything
        or (row.subject and row.subject in record.subjects)
        or (record.words and concerns(record.words, row.kind, row.subject, row.content))
    ]
    delete_memories(orm, user_id, keys)


def _make_room(orm: OrmSession, user_id: UUID) -> None:
    """Deletes what faded long ago or matters least, where one user has too many."""
    count = orm.scalar(select(func.count()).where(Memory.user_id == user_id)) or 0
    if count <= MOST_OF_A_USER:
        return
    faded = Memory.fades_at < now()
    least = (
        select(Memory.id)
        .where(Memory.user_id == user_id)
        .order_by(faded.desc().nulls_last(), Memory.importance, Memory.id)
        .limit(count - MOST_OF_A_USER)
    )
    orm.execute(delete(Memory).where(Memory.id.in_(orm.scalars(least).all())))


def _row(record: MemoryNoted, user_id: UUID, conversation_id: UUID) -> Memory:
    return Memory(
        id=record.id,
        created_at=record.created_at,
        updated_at=record.created_at,
        user_id=user_id,
        conversation_id=conversation_id,
        message_id=record.message_id,
        tier=MemoryTier(record.tier),
        kind=record.kind[:20],
        subject=record.subject[:200],
        value=record.value,
        content=record.content,
        importance=record.importance,
        training_relevance=record.confidence,
        context=record.context,
        tags=record.tags,
        emotion_at_creation=record.emotion[:60],
        verified=record.verified,
        due_at=record.due_at,
        fades_at=record.fades_at,
    )


def _key(used: Any) -> UUID | None:  # noqa: ANN401 - any JSON
    """The key of a memory in a message's context; None: it has none."""
    try:
        return UUID(used["id"])
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
