"""What the live path writes: sessions, what is said, why each packet was sent, figures, faults."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, Text, text, true
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import NAME, PERSONAL, Base, Json, Kept, between, key

__all__ = ["Fault", "Governance", "Message", "Packet", "Performance", "Session"]


class Session(Kept, Base):
    """One viewer's live avatar; it began when its row was made."""

    __tablename__ = "session"

    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None] = mapped_column(String(200))
    avatar: Mapped[str] = mapped_column(String(100))
    width: Mapped[int]
    height: Mapped[int]
    fps: Mapped[int]
    # A seed has 64 bits without a sign, one more than any SQL integer.
    seed: Mapped[str] = mapped_column(String(20))
    personality: Mapped[str] = mapped_column(String(40))
    probe: Mapped[bool]
    reply: Mapped[bool]
    version: Mapped[str] = mapped_column(String(40))
    features_off: Mapped[str] = mapped_column(String(200), server_default="")
    journal: Mapped[str] = mapped_column(String(200), server_default="")
    journal_sha256: Mapped[str] = mapped_column(String(64), server_default="")
    user_id: Mapped[UUID | None] = key("user")
    deployment_id: Mapped[UUID | None] = key("deployment")
    client_system_id: Mapped[UUID | None] = key("client_system")
    run_id: Mapped[UUID | None] = key("run")
    timezone: Mapped[str] = mapped_column(String(60), server_default="")
    initiator: Mapped[str] = mapped_column(String(60), server_default="")


class Message(Kept, Base):
    """One thing that was said: the mood and packet it led to, and what training wants to know.

    `label` names the emotion, `confidence` says how sure its appraisal is.
    """

    __tablename__ = "message"
    __table_args__ = (
        between("user_feedback", 1, 5),
        between("quality_score", 0, 1),
        between("audio_quality", 0, 1),
        between("confidence", 0, 1),
        Index("ix_message_conversation", "conversation_id", "created_at"),
        Index(
            "ix_message_voice",
            "training_flag",
            "created_at",
            sqlite_where=text("voice_pitch IS NOT NULL"),
            postgresql_where=text("voice_pitch IS NOT NULL"),
        ),
        # They are few: all others are counted as those of all conversations without these.
        Index(
            "ix_message_unflagged",
            "created_at",
            sqlite_where=text("NOT training_flag"),
            postgresql_where=text("NOT training_flag"),
        ),
    )

    session_id: Mapped[UUID] = key("session")
    role: Mapped[str] = mapped_column(String(20), index=True)
    text: Mapped[str] = mapped_column(Text, info=PERSONAL)
    source: Mapped[str] = mapped_column(String(40))
    valence: Mapped[float]
    arousal: Mapped[float]
    dominance: Mapped[float]
    label: Mapped[str] = mapped_column(String(60), index=True)
    packet: Mapped[bytes] = mapped_column(LargeBinary, info=PERSONAL)
    event_sequence: Mapped[int] = mapped_column(BigInteger)
    conversation_id: Mapped[UUID | None] = key("conversation", index=False)
    confidence: Mapped[float | None]
    processing_time_s: Mapped[float | None]
    context_embedding: Mapped[list[float] | None] = mapped_column(Json, info=PERSONAL)
    agent_outputs: Mapped[dict[str, Any] | None] = mapped_column(Json, info=PERSONAL)
    memory_context: Mapped[list[Any] | None] = mapped_column(Json, info=PERSONAL)
    user_feedback: Mapped[float | None]
    quality_score: Mapped[float | None]
    training_flag: Mapped[bool] = mapped_column(default=True, server_default=true())
    voice_pitch: Mapped[float | None]
    voice_emotion: Mapped[str | None] = mapped_column(String(60))
    audio_quality: Mapped[float | None]


class Packet(Base):
    """The audit line of one ID packet: why it was sent, and what it plays.

    Lines come by the thousand and never change: they have the packet's own number for a key, and
    no time of change.
    """

    __tablename__ = "packet"

    session_id: Mapped[UUID] = mapped_column(ForeignKey("session.id"), primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    created_at: Mapped[datetime]
    timestamp_ns: Mapped[int] = mapped_column(BigInteger)
    cause: Mapped[str] = mapped_column(String(40))
    event_sequence: Mapped[int] = mapped_column(BigInteger)
    # JSON: [[cid, weight], ...]
    capsules: Mapped[str] = mapped_column(Text)
    speaks: Mapped[bool]
    interrupt: Mapped[bool]


class Governance(Kept, Base):
    """One order about what may play, or what a session is tried with: who, when, why."""

    __tablename__ = "governance"

    action: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(String(200), info=PERSONAL)
    reason: Mapped[str] = mapped_column(Text)


class Performance(Kept, Base):
    """One measured figure, of a session or of the whole program."""

    __tablename__ = "performance"
    __table_args__ = (Index("ix_performance_measure_version", "measure", "version", "created_at"),)

    session_id: Mapped[UUID | None] = key("session")
    measure: Mapped[str] = mapped_column(String(60))
    value: Mapped[float]
    unit: Mapped[str] = mapped_column(String(20))
    hardware: Mapped[str] = mapped_column(NAME)
    version: Mapped[str] = mapped_column(String(40))
    system: Mapped[str] = mapped_column(NAME, server_default="")
    parameters: Mapped[dict[str, Any] | None] = mapped_column(Json)
    resources: Mapped[dict[str, Any] | None] = mapped_column(Json)
    deployment_id: Mapped[UUID | None] = key("deployment")
    system_version_id: Mapped[UUID | None] = key("system_version")


class Fault(Kept, Base):
    """Something that went wrong. It must be storable even where its session is not.

    `mode` is the kind of fault, `cause` says more, `during` is the session's mode at the time.
    """

    __tablename__ = "fault"
    __table_args__ = (Index("ix_fault_mode", "mode", "created_at"),)

    session_id: Mapped[UUID | None] = mapped_column(index=True)
    mode: Mapped[str] = mapped_column(String(60))
    version: Mapped[str] = mapped_column(String(40))
    cause: Mapped[str] = mapped_column(Text, info=PERSONAL)
    during: Mapped[str | None] = mapped_column(String(20))
    hardware: Mapped[str] = mapped_column(NAME, server_default="")
    parameters: Mapped[dict[str, Any] | None] = mapped_column(Json)
    deployment_id: Mapped[UUID | None] = key("deployment")
    system_version_id: Mapped[UUID | None] = key("system_version")
