"""Conversations as people look through them: a list to search, and one with all it has."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select

from storage.database import Database
from storage.errors import NotStoredError
from storage.figures import FaultLine, Figures
from storage.newest import Query, newest_first
from storage.search import said_in
from storage.tables.judging import Judgement, judgement_table
from storage.tables.live import Message, Session
from storage.tables.people import User
from storage.tables.talk import Conversation
from storage.transactions import reading

__all__ = [
    "ConversationDetail",
    "ConversationFilter",
    "ConversationLine",
    "ConversationPages",
    "Feeling",
    "JudgementLine",
    "MessageLine",
]

_FEELINGS = 1000  # messages whose emotion is drawn, the newest
_FAULTS = 100


@dataclass(frozen=True, slots=True)
class ConversationFilter:
    """Which conversations are wanted; what is left as it is, is not asked.

    Attributes:
        text: In one of the messages, of any case; or the id of the conversation or session.
        active: Whether it goes on.
        consent: Whether the user agreed to training.
        exported: Whether it has been exported.
        min_quality: At least this, [0, 1].
    """

    text: str = ""
    active: bool | None = None
    consent: bool | None = None
    exported: bool | None = None
    min_quality: float = 0.0


@dataclass(frozen=True, slots=True)
class ConversationLine:
    """One conversation in a list; `journal` is empty where the session was not recorded."""

    id: UUID
    session_id: UUID
    created_at: datetime
    ended_at: datetime | None
    is_active: bool
    platform: str
    model_used: str
    user: str | None
    total_messages: int
    avg_response_time_s: float | None
    quality: float | None
    satisfaction: float | None
    consent: bool
    exported: bool
    topics: tuple[str, ...]
    avatar: str
    personality: str
    version: str
    journal: str


@dataclass(frozen=True, slots=True)
class JudgementLine:
    """What somebody thinks of a message."""

    created_at: datetime
    score: float
    comment: str
    active: bool


@dataclass(frozen=True, slots=True)
class MessageLine:
    """One thing that was said, with what people think of it."""

    id: UUID
    created_at: datetime
    role: str
    text: str
    source: str
    label: str
    valence: float
    arousal: float
    dominance: float
    quality: float | None
    feedback: float | None
    processing_time_s: float | None
    training: bool
    judgements: tuple[JudgementLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Feeling:
    """The mood that something said led to, each value in [-1, 1]."""

    created_at: datetime
    valence: float
    arousal: float
    dominance: float
    label: str


@dataclass(frozen=True, slots=True)
class ConversationDetail:
    """One conversation.

    Attributes:
        line: As in the list.
        messages: A page of what was said, the oldest first.
        more: Whether there are later messages.
        feelings: Of all messages, or of the newest of very many, the oldest first.
        faults: Of its session, the newest first.
    """

    line: ConversationLine
    messages: tuple[MessageLine, ...]
    more: bool
    feelings: tuple[Feeling, ...]
    faults: tuple[FaultLine, ...]


class ConversationPages:
    """Reads conversations. Every call blocks and is a transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._figures = Figures(database)

    def page(
        self,
        wanted: ConversationFilter,
        *,
        before: tuple[datetime, UUID] | None = None,
        limit: int = 25,
    ) -> Sequence[ConversationLine]:
        """Conversations, the newest first.

        Args:
            wanted: Which.
            before: Only those that come after the one of this time and id in the list.
            limit: At most so many.
        """
        query = _lines().where(*self._conditions(wanted))
        query = newest_first(query, Conversation.created_at, Conversation.id, before)
        with reading(self._database) as orm:
            return [_line(row) for row in orm.execute(query.limit(limit))]

    def one(self, conversation_id: UUID, *, skip: int = 0, limit: int = 200) -> ConversationDetail:
        """One conversation with a page of its messages.

        Args:
            conversation_id: Its id, or its session's.
            skip: How many of the oldest messages are left out.
            limit: At most so many are in the page.

        Raises:
            NotStoredError: There is none.
        """
        chosen = or_(Conversation.id == conversation_id, Conversation.session_id == conversation_id)
        with reading(self._database) as orm:
            row = orm.execute(_lines().where(chosen)).first()
            if row is None:
                raise NotStoredError(f"no conversation has the id {conversation_id}")
            line = _line(row)
            query = _messages().where(Message.conversation_id == line.id)
            query = query.order_by(Message.created_at, Message.id).offset(skip).limit(limit + 1)
            said = [MessageLine(*row) for row in orm.execute(query)]
            feelings = [Feeling(*row) for row in orm.execute(_feelings(line.id))]
            judged = _judged(orm.execute(_judgements([one.id for one in said])))
        return ConversationDetail(
            line=line,
            messages=tuple(_with(one, judged) for one in said[:limit]),
            more=len(said) > limit,
            feelings=tuple(reversed(feelings)),
            faults=tuple(self._figures.faults(session_id=line.session_id, limit=_FAULTS)),
        )

    def _conditions(self, wanted: ConversationFilter) -> list[ColumnElement[bool]]:
        row = Conversation
        found: list[ColumnElement[bool]] = []
        if wanted.active is not None:
            found.append(row.is_active.is_(wanted.active))
        if wanted.consent is not None:
            found.append(row.consent.is_(wanted.consent))
        if wanted.exported is not None:
            found.append(row.training_data_exported.is_(wanted.exported))
        if wanted.min_quality > 0.0:
            found.append(row.conversation_quality >= wanted.min_quality)
        if wanted.text:
            found.append(self._with_text(wanted.text))
        return found

    def _with_text(self, text: str) -> ColumnElement[bool]:
        try:
            key = UUID(text)
        except ValueError:
            return said_in(text, self._database.engine.dialect)
        return or_(Conversation.id == key, Conversation.session_id == key)


def _lines() -> Query:
    row = Conversation
    return (
        select(
            row.id,
            row.session_id,
            row.created_at,
            row.ended_at,
            row.is_active,
            row.platform,
            row.model_used,
            User.username,
            row.total_messages,
            row.avg_response_time,
            row.conversation_quality,
            row.user_satisfaction,
            row.consent,
            row.training_data_exported,
            row.topics_discussed,
            Session.avatar,
            Session.personality,
            Session.version,
            Session.journal,
        )
        .join(Session, Session.id == row.session_id)
        .outerjoin(User, User.id == row.user_id)
    )


def _line(row: Any) -> ConversationLine:  # noqa: ANN401 - a row of `_lines`
    values = list(row)
    values[14] = tuple(values[14] or ())
    return ConversationLine(*values)


def _messages() -> Query:
    row = Message
    return select(
        row.id,
        row.created_at,
        row.role,
        row.text,
        row.source,
        row.label,
        row.valence,
        row.arousal,
        row.dominance,
        row.quality_score,
        row.user_feedback,
        row.processing_time_s,
        row.training_flag,
    )


def _feelings(conversation_id: UUID) -> Query:
    row = Message
    return (
        select(row.created_at, row.valence, row.arousal, row.dominance, row.label)
        .where(row.conversation_id == conversation_id)
        .order_by(row.created_at.desc(), row.id.desc())
        .limit(_FEELINGS)
    )


def _judgements(messages: Sequence[UUID]) -> Query:
    link = judgement_table("message")
    return (
        select(
            link.c.target_id,
            Judgement.created_at,
            Judgement.score,
            Judgement.comment,
            Judgement.active,
        )
        .join(link, link.c.judgement_id == Judgement.id)
        .where(link.c.target_id.in_(messages))
        .order_by(Judgement.created_at, Judgement.id)
    )


def _judged(rows: Any) -> Mapping[UUID, list[JudgementLine]]:  # noqa: ANN401 - rows of `_judgements`
    found: dict[UUID, list[JudgementLine]] = defaultdict(list)
    for target, *values in rows:
        found[target].append(JudgementLine(*values))
    return found


def _with(message: MessageLine, judged: Mapping[UUID, list[JudgementLine]]) -> MessageLine:
    return replace(message, judgements=tuple(judged.get(message.id, ())))
