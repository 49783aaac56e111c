"""Writing records to the tables and reading them back: ORM rows stop here."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session as OrmSession

from storage.database import Database
from storage.models import Base, Fault, Message, Performance, Session
from storage.records import (
    FaultRecord,
    MessageRecord,
    PerformanceRecord,
    Record,
    SessionEnded,
    SessionStarted,
)

__all__ = ["Repository"]


class Repository:
    """The tables as records. Every call blocks and opens a transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._engine = database.engine

    def add(self, records: Sequence[Record]) -> None:
        """Writes all of them in their order, or none.

        Raises:
            sqlalchemy.exc.IntegrityError: One of them contradicts what is there.
            sqlalchemy.exc.OperationalError: The database cannot be written to now.
        """
        with OrmSession(self._engine) as orm, orm.begin():
            for record in records:
                if isinstance(record, SessionEnded):
                    # The session's own row may be part of this batch.
                    orm.flush()
                    orm.execute(
                        update(Session)
                        .where(Session.id == record.id)
                        .values(ended_at=record.ended_at, end_reason=record.reason[:200])
                    )
                else:
                    orm.add(_row(record))
                if isinstance(record, SessionStarted):
                    # Tables without an ORM relationship are flushed in no particular order.
                    orm.flush()

    def sessions(self) -> list[tuple[SessionStarted, SessionEnded | None]]:
        """Every session, the oldest first, each with its end where it has one."""
        with OrmSession(self._engine) as orm:
            rows = orm.scalars(select(Session).order_by(Session.created_at)).all()
            return [(_started(row), _ended(row)) for row in rows]

    def messages(self, session_id: UUID) -> list[MessageRecord]:
        """What was said in a session, the oldest first."""
        with OrmSession(self._engine) as orm:
            query = select(Message).where(Message.session_id == session_id)
            return [_message(row) for row in orm.scalars(query.order_by(Message.created_at))]

    def performance(self, session_id: UUID) -> list[PerformanceRecord]:
        """What was measured in a session, the oldest first."""
        with OrmSession(self._engine) as orm:
            query = select(Performance).where(Performance.session_id == session_id)
            rows = orm.scalars(query.order_by(Performance.created_at))
            return [
                PerformanceRecord(
                    session_id=row.session_id,
                    measure=row.measure,
                    value=row.value,
                    unit=row.unit,
                    hardware=row.hardware,
                    version=row.version,
                    id=row.id,
                    created_at=row.created_at,
                )
                for row in rows
            ]

    def faults(self) -> list[FaultRecord]:
        """Every fault, the oldest first."""
        with OrmSession(self._engine) as orm:
            rows = orm.scalars(select(Fault).order_by(Fault.created_at))
            return [
                FaultRecord(
                    mode=row.mode,
                    session_id=row.session_id,
                    version=row.version,
                    cause=row.cause,
                    id=row.id,
                    created_at=row.created_at,
                )
                for row in rows
            ]


def _row(record: SessionStarted | MessageRecord | PerformanceRecord | FaultRecord) -> Base:
    match record:
        case SessionStarted():
            return Session(
                id=record.id,
                created_at=record.created_at,
                avatar=record.avatar[:100],
                width=record.width,
                height=record.height,
                fps=record.fps,
                seed=str(record.seed),
                personality=record.personality[:40],
                probe=record.probe,
                reply=record.reply,
                version=record.version,
            )
        case MessageRecord():
            return Message(
                id=record.id,
                session_id=record.session_id,
                created_at=record.created_at,
                role=record.role,
                # PostgreSQL's text cannot hold the character NUL.
                text=record.text.replace("\0", "\N{REPLACEMENT CHARACTER}"),
                source=record.source[:40],
                valence=record.valence,
                arousal=record.arousal,
                dominance=record.dominance,
                label=record.label[:60],
                packet=record.packet,
                event_sequence=min(record.event_sequence, 2**63 - 1),
            )
        case PerformanceRecord():
            return Performance(
                id=record.id,
                session_id=record.session_id,
                created_at=record.created_at,
                measure=record.measure[:60],
                value=record.value,
                unit=record.unit,
                hardware=record.hardware[:200],
                version=record.version,
            )
        case FaultRecord():
            return Fault(
                id=record.id,
                session_id=record.session_id,
                created_at=record.created_at,
                mode=record.mode[:60],
                version=record.version,
                cause=record.cause.replace("\0", "\N{REPLACEMENT CHARACTER}"),
            )


def _started(row: Session) -> SessionStarted:
    return SessionStarted(
        id=row.id,
        avatar=row.avatar,
        width=row.width,
        height=row.height,
        fps=row.fps,
        seed=int(row.seed),
        personality=row.personality,
        probe=row.probe,
        reply=row.reply,
        version=row.version,
        created_at=row.created_at,
    )


def _ended(row: Session) -> SessionEnded | None:
    if row.ended_at is None:
        return None
    return SessionEnded(id=row.id, reason=row.end_reason or "", ended_at=row.ended_at)


def _message(row: Message) -> MessageRecord:
    return MessageRecord(
        session_id=row.session_id,
        role=row.role,
        text=row.text,
        source=row.source,
        valence=row.valence,
        arousal=row.arousal,
        dominance=row.dominance,
        label=row.label,
        packet=row.packet,
        event_sequence=row.event_sequence,
        id=row.id,
        created_at=row.created_at,
    )
