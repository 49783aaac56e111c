"""Writing records to the tables and reading them back: ORM rows stop here."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session as OrmSession

from storage.conversations import add_messages, begin_conversation, end_conversation
from storage.database import Database
from storage.left_open import close_left_open
from storage.memory_writes import MemoryRecord, change_memories, count_uses
from storage.models import Base, Fault, Message, Performance, Run, Session
from storage.modes import enter_modes
from storage.postgres_text import holdable
from storage.records import (
    AgentRecord,
    ChatRecord,
    FaultRecord,
    FeaturesChanged,
    JournalClosed,
    MemoriesForgotten,
    MemoryNoted,
    MessageRecord,
    ModeEntered,
    OrderRecord,
    PacketRecord,
    PerformanceRecord,
    Record,
    RunEnded,
    RunKilled,
    SessionEnded,
    SessionStarted,
    SpeechRecord,
)
from storage.repeats import unwritten
from storage.trail import add_packets, order_row
from storage.viewers import client_of, user_of
from storage.workings import Working, add_workings, appraised

__all__ = ["Repository"]


class Repository:
    """The tables as records. Every call blocks and opens a transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._engine = database.engine
        self._writer = database.writer

    def add(self, records: Sequence[Record], *, again: bool = False) -> None:
        """Writes all of them in their order, or none.

        Args:
            records: What to write.
            again: Some may be there already: those are passed over, and count nowhere twice.

        Raises:
            sqlalchemy.exc.IntegrityError: One of them contradicts what is there.
            sqlalchemy.exc.OperationalError: The database cannot be written to now.
        """
        with OrmSession(self._writer) as orm, orm.begin():
            if again:
                records = unwritten(orm, records)
            packets: list[PacketRecord] = []
            messages: list[MessageRecord] = []
            workings: list[Working] = []
            modes: list[ModeEntered] = []
            memories: list[MemoryRecord] = []
            remembering: list[MessageRecord] = []
            for record in records:
                match record:
                    case PacketRecord():
                        packets.append(record)
                    case MessageRecord():
                        messages.append(record)
                        workings += appraised(record)
                        if record.memory_context:
                            remembering.append(record)
                    case AgentRecord() | ChatRecord() | SpeechRecord():
                        workings.append(record)
                    case MemoryNoted() | MemoriesForgotten():
                        memories.append(record)
                    case SessionStarted():
                        _start(orm, record)
                    case SessionEnded():
                        orm.flush()
                        add_messages(orm, messages)
                        messages.clear()
                        end_conversation(orm, record)
                        _change(orm, record)
                    case FeaturesChanged() | JournalClosed():
                        # The session's own row may be part of this batch.
                        orm.flush()
                        _change(orm, record)
                    case ModeEntered():
                        modes.append(record)
                    case RunEnded():
                        values = {"ended_at": record.ended_at}
                        orm.execute(update(Run).where(Run.id == record.id).values(values))
                    case RunKilled():
                        orm.flush()
                        enter_modes(orm, modes)
                        modes.clear()
                        add_messages(orm, messages)
                        messages.clear()
                        add_packets(orm, packets)
                        packets.clear()
                        close_left_open(orm, record.id)
                    case _:
                        orm.add(_row(record))
            orm.flush()
            enter_modes(orm, modes)
            add_messages(orm, messages)
            add_workings(orm, workings)
            change_memories(orm, memories)
            count_uses(orm, remembering)  # of those that were noted just now, too
            add_packets(orm, packets)

    def sessions(self) -> list[tuple[SessionStarted, SessionEnded | None]]:
        """Every session, the oldest first, each with its end where it has one."""
        with OrmSession(self._engine) as orm:
            rows = orm.scalars(select(Session).order_by(Session.created_at)).all()
            return [(_started(row), _ended(row)) for row in rows]

    def session(self, session_id: UUID) -> tuple[SessionStarted, str] | None:
        """A session and its journal's digest in hex, empty before that is whole; None: no such."""
        with OrmSession(self._engine) as orm:
            row = orm.get(Session, session_id)
            return None if row is None else (_started(row), row.journal_sha256)

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
                    system_version_id=row.system_version_id,
                    deployment_id=row.deployment_id,
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
                    during=row.during or "",
                    system_version_id=row.system_version_id,
                    deployment_id=row.deployment_id,
                    id=row.id,
                    created_at=row.created_at,
                )
                for row in rows
            ]


def _start(orm: OrmSession, record: SessionStarted) -> None:
    """Writes a session with its user, its client and its conversation."""
    record = replace(record, user_id=user_of(orm, record))
    orm.add(_session(record, client_of(orm, record)))
    # Tables without an ORM relationship are flushed in no particular order.
    orm.flush()
    begin_conversation(orm, record)
    orm.flush()


def _change(orm: OrmSession, record: SessionEnded | FeaturesChanged | JournalClosed) -> None:
    orm.execute(update(Session).where(Session.id == record.id).values(_changes(record)))


def _changes(record: SessionEnded | FeaturesChanged | JournalClosed) -> dict[str, object]:
    """What a record changes in its session's row, by column."""
    match record:
        case SessionEnded():
            return {"ended_at": record.ended_at, "end_reason": record.reason[:200]}
        case FeaturesChanged():
            return {"features_off": _listed(record.features_off)}
        case JournalClosed():
            return {"journal_sha256": record.sha256}


def _listed(names: Sequence[str]) -> str:
    return ",".join(names)[:200]


def _session(record: SessionStarted, client_id: UUID | None) -> Session:
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
        features_off=_listed(record.features_off),
        journal=record.journal[:200],
        journal_sha256="",
        user_id=record.user_id,
        deployment_id=record.deployment_id,
        client_system_id=client_id,
        run_id=record.run_id,
        timezone=holdable(record.timezone)[:60],
        initiator=holdable(record.initiator)[:60],
    )


def _row(record: OrderRecord | PerformanceRecord | FaultRecord) -> Base:
    match record:
        case OrderRecord():
            return order_row(record)
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
                system_version_id=record.system_version_id,
                deployment_id=record.deployment_id,
            )
        case FaultRecord():
            return Fault(
                id=record.id,
                session_id=record.session_id,
                created_at=record.created_at,
                mode=record.mode[:60],
                version=record.version,
                cause=holdable(record.cause),
                during=record.during[:20] or None,
                system_version_id=record.system_version_id,
                deployment_id=record.deployment_id,
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
        features_off=tuple(filter(None, row.features_off.split(","))),
        journal=row.journal,
        user_id=row.user_id,
        timezone=row.timezone,
        initiator=row.initiator,
        run_id=row.run_id,
        deployment_id=row.deployment_id,
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
        confidence=row.confidence,
        processing_time_s=row.processing_time_s,
        agent_outputs=row.agent_outputs,
        memory_context=tuple(row.memory_context or ()),
        voice_pitch=row.voice_pitch,
        voice_emotion=row.voice_emotion,
        audio_quality=row.audio_quality,
        id=row.id,
        created_at=row.created_at,
    )
