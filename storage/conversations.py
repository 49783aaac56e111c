"""Conversations as the live path writes them: messages with their scores, figures kept up to date.

Everything here happens in the writer's own transaction, a batch at a time: one statement for the
messages, and one for each conversation that they belong to.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import Float, Integer, Update, Uuid, bindparam, func, select, update
from sqlalchemy.orm import Session as OrmSession

from storage.bulk import add_rows
from storage.keys import new_key
from storage.ownership import blanked, owners_of
from storage.postgres_text import holdable
from storage.quality import quality_score
from storage.records import MessageRecord, SessionEnded, SessionStarted
from storage.tables.live import Message
from storage.tables.talk import Conversation

__all__ = ["add_messages", "begin_conversation", "end_conversation", "rate", "topics"]

_LARGEST = 2**63 - 1
_MOST_TOPICS = 5
_LEAST_LETTERS = 4
_TOPICS_FROM = 2000  # messages; enough of any conversation to tell what it is about


def begin_conversation(orm: OrmSession, record: SessionStarted) -> None:
    """Opens the conversation of a session."""
    orm.add(
        Conversation(
            id=new_key(),
            session_id=record.id,
            created_at=record.created_at,
            updated_at=record.created_at,
            user_id=record.user_id,
            platform=record.platform[:40],
            consent=record.consent,
            model_used=record.model_used[:200],
        )
    )


def end_conversation(orm: OrmSession, record: SessionEnded) -> None:
    """Closes it, and says what it was about."""
    query = select(Message.text).join(Conversation, Conversation.id == Message.conversation_id)
    texts = orm.scalars(query.where(Conversation.session_id == record.id).limit(_TOPICS_FROM)).all()
    orm.execute(
        update(Conversation)
        .where(Conversation.session_id == record.id)
        .values(is_active=False, ended_at=record.ended_at, topics_discussed=topics(texts))
    )


def add_messages(orm: OrmSession, records: Sequence[MessageRecord]) -> None:
    """Writes messages, and what they change in their conversations' figures."""
    if not records:
        return
    rows = owners_of(orm, {record.session_id for record in records})
    owners = {session: owner for session, (owner, _) in rows.items()}

    def erased(record: MessageRecord) -> bool:
        return rows.get(record.session_id, (None, False))[1]

    records = [blanked(record) if erased(record) else record for record in records]
    figures: defaultdict[UUID, _Figures] = defaultdict(_Figures)
    values = []
    for record in records:
        score = _score(record)
        owner = owners.get(record.session_id)
        values.append(_values(record, owner, score) | {"training_flag": not erased(record)})
        if owner is not None:
            figures[owner].add(record, score)
    add_rows(orm, Message, values)
    if figures:
        changes = [found.parameters(owner) for owner, found in figures.items()]
        orm.connection().execute(_ADD_FIGURES, changes)


def rate(orm: OrmSession, message_id: UUID, feedback: float) -> None:
    """Keeps a user's rating of a message, 1 to 5, and their conversation's mean of them."""
    owner = orm.scalar(
        update(Message)
        .where(Message.id == message_id)
        .values(user_feedback=feedback)
        .returning(Message.conversation_id)
    )
    if owner is None:
        return
    # Who rates another message of it waits until here, so that each mean is of all ratings.
    orm.execute(select(Conversation.id).where(Conversation.id == owner).with_for_update())
    mean, count = orm.execute(
        select(func.avg(Message.user_feedback), func.count(Message.user_feedback)).where(
            Message.conversation_id == owner
        )
    ).one()
    orm.execute(
        update(Conversation)
        .where(Conversation.id == owner)
        .values(user_satisfaction=mean, rated_messages=count)
    )


def topics(texts: Iterable[str]) -> list[str]:
    """The words that come up in the most texts, among those of four letters or more; up to five.

    A word of a single text is no topic, nor is one of the commonest of the language.
    """
    found: Counter[str] = Counter()
    for text in texts:
        words = {word.strip(".,;:!?\"'()[]").lower() for word in text.split()}
        found.update(
            word
            for word in words
            if len(word) >= _LEAST_LETTERS and word.isalpha() and word not in _COMMON
        )
    ranked = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return [word for word, count in islice(ranked, _MOST_TOPICS) if count > 1]


@dataclass(slots=True)
class _Figures:
    """What the messages of one batch add to a conversation's figures."""

    messages: int = 0
    times: int = 0
    time_s: float = 0.0
    felt: int = 0
    confidence: float = 0.0
    score: float = 0.0

    def add(self, record: MessageRecord, score: float) -> None:
        self.messages += 1
        self.score += score
        if record.processing_time_s is not None:
            self.times += 1
            self.time_s += record.processing_time_s
        if record.confidence is not None:
            self.felt += 1
            self.confidence += record.confidence

    def parameters(self, owner: UUID) -> dict[str, Any]:
        """Of `_ADD_FIGURES`."""
        return {
            "owner": owner,
            "messages": self.messages,
            "score": self.score,
            "times": self.times,
            "time_s": self.time_s,
            "felt": self.felt,
            "sureness": self.confidence,
        }


def _mean(mean: Any, count: Any, added: str, more: str) -> Any:  # noqa: ANN401 - SQL expressions
    """A mean that goes on from the old one and how many it is over; NULL while over none."""
    total = func.coalesce(mean, 0.0) * count + bindparam(added, type_=Float)
    return total / func.nullif(count + bindparam(more, type_=Integer), 0)


def _figures_added() -> Update:
    """One statement for all conversations of a batch, made once: building it costs more than it."""
    row = Conversation
    return (
        update(row.__table__)  # type: ignore[arg-type]  # a table, which the mapping calls a FromClause
        .where(row.id == bindparam("owner", type_=Uuid))
        .values(
            {
                "total_messages": row.total_messages + bindparam("messages", type_=Integer),
                "scored_messages": row.scored_messages + bindparam("messages", type_=Integer),
                "conversation_quality": _mean(
                    row.conversation_quality, row.scored_messages, "score", "messages"
                ),
                "timed_messages": row.timed_messages + bindparam("times", type_=Integer),
                "avg_response_time": _mean(
                    row.avg_response_time, row.timed_messages, "time_s", "times"
                ),
                "felt_messages": row.felt_messages + bindparam("felt", type_=Integer),
                "avg_emotion_score": _mean(
                    row.avg_emotion_score, row.felt_messages, "sureness", "felt"
                ),
            }
        )
    )


_ADD_FIGURES = _figures_added()


def _score(record: MessageRecord) -> float:
    reply = record.role == "assistant"
    return quality_score(
        words=len(record.text.split()) if reply else None,
        processing_time_s=record.processing_time_s,
        confidence=record.confidence,
        memories=len(record.memory_context) if reply else None,
    )


def _values(record: MessageRecord, owner: UUID | None, score: float) -> dict[str, Any]:
    return {
        "id": record.id,
        "session_id": record.session_id,
        "conversation_id": owner,
        "created_at": record.created_at,
        "updated_at": record.created_at,
        "role": record.role,
        "text": holdable(record.text),
        "source": record.source[:40],
        "valence": record.valence,
        "arousal": record.arousal,
        "dominance": record.dominance,
        "label": record.label[:60],
        "packet": record.packet,
        "event_sequence": min(record.event_sequence, _LARGEST),
        "confidence": record.confidence,
        "processing_time_s": record.processing_time_s,
        "agent_outputs": record.agent_outputs,
        "memory_context": list(record.memory_context) or None,
        "voice_pitch": record.voice_pitch,
        "voice_emotion": record.voice_emotion,
        "audio_quality": record.audio_quality,
        "quality_score": score,
    }


_COMMON = frozenset(
    """
    about after again against also anything because been before being both came come could
    down each even ever every everything from going good great have having hello here into
    just know like little look made make many maybe more most much must never nice nothing
    okay only other over people please really same should some something still such sure take
    tell than thank thanks that their them then there these they thing things think this those
    through today under until very want well went were what when where which while will with
    would yeah your yours
    """.split()  # noqa: SIM905 - a list of them would be a page long
)
