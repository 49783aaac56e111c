"""What has been exported for training, and what there is to export."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, text, update

from storage.database import Database
from storage.errors import ConflictError, NotStoredError
from storage.tables.base import now
from storage.tables.live import Message
from storage.tables.talk import AgentLog, Conversation, Memory
from storage.transactions import reading, writing

__all__ = ["ExportMarks", "TrainingStats"]

_GOOD = 0.7


@dataclass(frozen=True, slots=True)
class TrainingStats:
    """How much there is to train on.

    Attributes:
        conversations: How many there are.
        exported: How many of them have been marked as exported.
        consented: How many of them may be used, by their users' word.
        high_quality: How many have a quality above 0.7.
        messages: How many messages there are.
        flagged_messages: How many of them are meant for training.
        voice_messages: How many of those were spoken.
        memories: How many memories there are.
        agent_logs: How many agent logs there are.
        mean_quality: Of the conversations that have one, [0, 1]; None: none has.
        mean_response_time_s: Of the conversations that have one; None: none has.
    """

    conversations: int
    exported: int
    consented: int
    high_quality: int
    messages: int
    flagged_messages: int
    voice_messages: int
    memories: int
    agent_logs: int
    mean_quality: float | None
    mean_response_time_s: float | None


class ExportMarks:
    """Marks conversations and counts. Every call blocks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def mark(self, conversation_id: UUID) -> datetime:
        """Notes that a conversation has been exported, and returns when; once.

        Raises:
            NotStoredError: There is no such conversation.
            ConflictError: It has been marked already.
        """
        with writing(self._database) as orm:
            time = now()
            marked = orm.scalar(
                update(Conversation)
                .where(Conversation.id == conversation_id, ~Conversation.training_data_exported)
                .values(training_data_exported=True, exported_at=time, updated_at=time)
                .returning(Conversation.id)
            )
            if marked is not None:
                return time
            at = orm.execute(
                select(Conversation.exported_at).where(Conversation.id == conversation_id)
            ).one_or_none()
        if at is None:
            raise NotStoredError(f"no Conversation has the id {conversation_id}")
        raise ConflictError(f"conversation {conversation_id} has been exported already")

    def mark_all(self, conversation_ids: Collection[UUID]) -> int:
        """Notes of those that have not been marked yet that they have been exported; how many."""
        with writing(self._database) as orm:
            time = now()
            marked = orm.scalars(
                update(Conversation)
                .where(Conversation.id.in_(conversation_ids), ~Conversation.training_data_exported)
                .values(training_data_exported=True, exported_at=time, updated_at=time)
                .returning(Conversation.id)
            )
            return len(marked.all())

    def stats(self) -> TrainingStats:
        """How much there is to train on now."""
        row = Conversation
        conversations = select(
            func.count(),
            _count(row.training_data_exported.is_(True)),
            _count(row.consent.is_(True)),
            _count(row.conversation_quality > _GOOD),
            func.avg(row.conversation_quality),
            func.avg(row.avg_response_time),
            func.coalesce(func.sum(row.total_messages), 0),
        ).select_from(row)
        message = select(func.count()).select_from(Message)
        voice = message.where(Message.voice_pitch.is_not(None), Message.training_flag.is_(True))
        with reading(self._database) as connection:
            total, exported, consented, good, quality, time_s, said = connection.execute(
                conversations
            ).one()
            # In these words an index holds them alone.
            unflagged = connection.scalar(message.where(text("NOT training_flag"))) or 0
            voiced = connection.scalar(voice) or 0
            memories = connection.scalar(select(func.count()).select_from(Memory))
            logs = connection.scalar(select(func.count()).select_from(AgentLog))
        return TrainingStats(
            conversations=total,
            exported=exported,
            consented=consented,
            high_quality=good,
            messages=said,
            flagged_messages=said - unflagged,
            voice_messages=voiced,
            memories=memories or 0,
            agent_logs=logs or 0,
            mean_quality=quality,
            mean_response_time_s=time_s,
        )


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count().filter(condition)
