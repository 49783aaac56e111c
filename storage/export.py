"""Training data out of the database: conversation by conversation, in constant memory.

Conversations come in the order they were made, so an export that broke off goes on after the last
one it wrote.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, exists, select
from sqlalchemy.engine import Connection

from storage.database import Database
from storage.privacy import Personal, Pseudonyms
from storage.tables.judging import Judgement, judgement_table
from storage.tables.live import Message
from storage.tables.people import User
from storage.tables.talk import AgentLog, Conversation, Memory
from storage.transactions import reading

__all__ = ["Exporter", "Selection"]

_CONVERSATIONS_AT_ONCE = 100
_MESSAGES_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Selection:
    """Which conversations to export, and how.

    Attributes:
        conversation_id: This one alone.
        limit: At most so many; None: all.
        after: Only those that were made after this one; to go on with an export.
        min_quality: Only those of at least this quality, [0, 1].
        since: Only those made at this time or later.
        until: Only those made before.
        consented: Only those whose user agreed.
        min_judgement: Only those whose active judgements (of the conversation or of one of its
            messages) are all at least this, [-1, 1], and are not none.
        not_exported: Only those that have not been marked as exported.
        personal: What to do with personal data.
    """

    conversation_id: UUID | None = None
    limit: int | None = None
    after: UUID | None = None
    min_quality: float | None = None
    since: datetime | None = None
    until: datetime | None = None
    consented: bool = False
    min_judgement: float | None = None
    not_exported: bool = False
    personal: Personal = Personal.KEEP


class Exporter:
    """Reads conversations with all that belongs to them. Blocks; any thread may use it.

    Args:
        database: Where from.
        key: For pseudonyms; see `storage.privacy.Pseudonyms`.
    """

    def __init__(self, database: Database, key: bytes) -> None:
        self._database = database
        self._key = key

    def conversations(self, selection: Selection) -> Iterator[dict[str, Any]]:
        """Conversations in the form of the training export, ready for JSON.

        Only messages that are flagged for training are in them. They are read some at a time:
        between two, whoever takes them may be as slow as they like.

        Raises:
            DatabaseUnavailableError: The database cannot be read now.
        """
        left = selection.limit
        after = selection.after
        while left is None or left > 0:
            count = min(_CONVERSATIONS_AT_ONCE, left or _CONVERSATIONS_AT_ONCE)
            with reading(self._database) as orm:
                rows = orm.connection().execute(_chosen(selection, after).limit(count)).all()
            if not rows:
                return
            for part in _parts(rows):
                yield from self._written(self._read(part, selection.personal), selection.personal)
            after = rows[-1].id
            left = None if left is None else left - len(rows)

    def _read(self, rows: Sequence[Row[Any]], personal: Personal) -> "list[_Whole]":
        ids = [row.id for row in rows]
        with reading(self._database) as orm:
            connection = orm.connection()
            messages = _grouped(connection, _MESSAGES.where(Message.conversation_id.in_(ids)))
            memories = _grouped(connection, _MEMORIES.where(Memory.conversation_id.in_(ids)))
            logs = _grouped(connection, _LOGS.where(AgentLog.conversation_id.in_(ids)))
            names = self._names(connection, rows) if personal is Personal.PSEUDONYMISE else {}
        return [
            _Whole(
                row, messages[row.id], memories[row.id], logs[row.id], names.get(row.user_id, ())
            )
            for row in rows
        ]

    def _written(self, wholes: "list[_Whole]", personal: Personal) -> Iterator[dict[str, Any]]:
        for whole in wholes:
            pseudonyms = None
            if personal is Personal.PSEUDONYMISE:
                pseudonyms = Pseudonyms(self._key, whole.names)
            yield _conversation(whole, _Writer(personal, pseudonyms))

    def _names(
        self, connection: Connection, rows: Sequence[Row[Any]]
    ) -> dict[UUID, tuple[str, ...]]:
        users = {row.user_id for row in rows if row.user_id is not None}
        query = select(User.id, User.username, User.external_identifier).where(User.id.in_(users))
        found: dict[UUID, list[str]] = {
            row.id: [name for name in (row.username, row.external_identifier) if name]
            for row in connection.execute(query)
        }
        # What they told the avatar that they, their own and their animals are called.
        told = select(Memory.user_id, Memory.value).where(
            Memory.user_id.in_(users), Memory.kind.in_(("name", "family", "pet"))
        )
        for row in connection.execute(told):
            if row.value[:1].isupper():
                found[row.user_id] += [row.value, *row.value.split()]
        return {user: tuple(names) for user, names in found.items()}


@dataclass(frozen=True, slots=True)
class _Whole:
    """A conversation's row, those of what belongs to it, and its user's names."""

    row: Row[Any]
    messages: list[Row[Any]]
    memories: list[Row[Any]]
    logs: list[Row[Any]]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes personal values as the export wants them."""

    personal: Personal
    pseudonyms: Pseudonyms | None

    def who(self, identity: UUID | None) -> str | None:
        if identity is None or self.personal is Personal.OMIT:
            return None
        return str(identity) if self.pseudonyms is None else self.pseudonyms.name(identity)

    def value(self, value: Any) -> Any:  # noqa: ANN401 - any JSON
        """Text, and JSON with text anywhere in it."""
        if value is None or self.personal is Personal.OMIT:
            return None
        if self.pseudonyms is None:
            return value
        if isinstance(value, str):
            return self.pseudonyms.text(value)
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            return {name: self.value(item) for name, item in value.items()}
        return value


_MESSAGES = (
    select(
        Message.conversation_id.label("owner"),
        Message.role,
        Message.text,
        Message.label,
        Message.voice_pitch,
        Message.agent_outputs,
        Message.memory_context,
        Message.processing_time_s,
        Message.quality_score,
    )
    .where(Message.training_flag)
    .order_by(Message.conversation_id, Message.created_at, Message.id)
)
_MEMORIES = select(Memory.conversation_id.label("owner"), *Memory.__table__.columns).order_by(
    Memory.conversation_id, Memory.id
)
_LOGS = select(AgentLog.conversation_id.label("owner"), *AgentLog.__table__.columns).order_by(
    AgentLog.conversation_id, AgentLog.id
)


def _parts(rows: Sequence[Row[Any]]) -> Iterator[list[Row[Any]]]:
    """The same in turn, as many together as have few enough messages to be held at once."""
    part: list[Row[Any]] = []
    messages = 0
    for row in rows:
        if part and messages + row.total_messages > _MESSAGES_AT_ONCE:
            yield part
            part, messages = [], 0
        part.append(row)
        messages += row.total_messages
    yield part


def _chosen(selection: Selection, after: UUID | None) -> Select[*tuple[Any, ...]]:
    query = select(*Conversation.__table__.columns).order_by(Conversation.id)
    conditions: list[ColumnElement[bool]] = []
    if selection.conversation_id is not None:
        conditions.append(Conversation.id == selection.conversation_id)
    if after is not None:
        conditions.append(Conversation.id > after)
    if selection.min_quality is not None:
        conditions.append(Conversation.conversation_quality >= selection.min_quality)
    if selection.since is not None:
        conditions.append(Conversation.created_at >= selection.since)
    if selection.until is not None:
        conditions.append(Conversation.created_at < selection.until)
    if selection.consented:
        conditions.append(Conversation.consent.is_(True))
    if selection.not_exported:
        conditions.append(Conversation.training_data_exported.is_(False))
    if selection.min_judgement is not None:
        good = Judgement.score >= selection.min_judgement
        conditions += [_judged(), ~_judged(~good)]
    return query.where(*conditions)


def _judged(*how: ColumnElement[bool]) -> ColumnElement[bool]:
    """That a conversation, or a message of it, has an active judgement that is so."""
    whole, part = judgement_table("conversation"), judgement_table("message")
    of_whole = (
        exists()
        .where(whole.c.target_id == Conversation.id)
        .where(whole.c.judgement_id == Judgement.id)
        .where(Judgement.active, *how)
    )
    of_part = (
        exists()
        .where(Message.conversation_id == Conversation.id)
        .where(part.c.target_id == Message.id)
        .where(part.c.judgement_id == Judgement.id)
        .where(Judgement.active, *how)
    )
    return of_whole | of_part


def _grouped(
    connection: Connection, query: Select[*tuple[Any, ...]]
) -> defaultdict[UUID, list[Row[Any]]]:
    found: defaultdict[UUID, list[Row[Any]]] = defaultdict(list)
    for row in connection.execute(query):
        found[row.owner].append(row)
    return found


def _conversation(whole: _Whole, writer: _Writer) -> dict[str, Any]:
    row = whole.row
    return {
        "conversation_id": str(row.id),
        "session_id": writer.who(row.session_id),
        "user_id": writer.who(row.user_id),
        "metadata": {
            "model_used": row.model_used,
            "total_messages": row.total_messages,
            "avg_response_time": row.avg_response_time,
            "conversation_quality": row.conversation_quality,
            "topics_discussed": writer.value(row.topics_discussed) or [],
        },
        "messages": [_message(item, writer) for item in whole.messages],
        "memories": [_memory(item, writer) for item in whole.memories],
        "agent_logs": [_log(item, writer) for item in whole.logs],
    }


def _message(row: Row[Any], writer: _Writer) -> dict[str, Any]:
    message = {
        "role": row.role,
        "content": writer.value(row.text) or "",
        "emotion": row.label,
        "quality_score": row.quality_score,
    }
    if row.role == "user":
        message["voice_pitch"] = row.voice_pitch
        message["agent_outputs"] = writer.value(row.agent_outputs) or {}
    else:
        message["processing_time"] = row.processing_time_s
        message["memory_context"] = writer.value(row.memory_context) or []
    return message


def _memory(row: Row[Any], writer: _Writer) -> dict[str, Any]:
    return {
        "memory_id": str(row.id),
        "tier": row.tier.value,
        "content": writer.value(row.content) or "",
        "importance": row.importance,
        "context": writer.value(row.context) or "",
        "tags": writer.value(row.tags) or "",
        "emotion_at_creation": row.emotion_at_creation,
        "related_memories": row.related_memories,
        "access_count": row.access_count,
        "training_relevance": row.training_relevance,
        "verified": row.verified,
    }


def _log(row: Row[Any], writer: _Writer) -> dict[str, Any]:
    return {
        "agent": row.agent,
        "message_id": None if row.message_id is None else str(row.message_id),
        "input": writer.value(row.input) or {},
        "output": writer.value(row.output) or {},
        "duration_ms": row.duration_ms,
        "confidence_score": row.confidence_score,
        "accuracy_score": row.accuracy_score,
        "training_quality": row.training_quality,
    }
