"""The tables. `info={"personal": True}` marks what a person said."""

from datetime import UTC, datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    LargeBinary,
    String,
    Text,
    TypeDecorator,
    Uuid,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

__all__ = ["Base", "Fault", "Message", "Performance", "Session", "UtcDateTime"]


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime, on databases without time zones (SQLite) too."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Refuses naive times, brings others to UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a naive datetime cannot be stored: {value!r}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Marks what comes back as UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Base of the tables."""

    type_annotation_map: ClassVar = {datetime: UtcDateTime, UUID: Uuid}


class Session(Base):
    """One viewer's live avatar."""

    __tablename__ = "session"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(index=True)
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


class Message(Base):
    """One thing that was said, and the mood and packet it led to."""

    __tablename__ = "message"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("session.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(index=True)
    role: Mapped[str] = mapped_column(String(20))
    text: Mapped[str] = mapped_column(Text, info={"personal": True})
    source: Mapped[str] = mapped_column(String(40))
    valence: Mapped[float] = mapped_column(Float)
    arousal: Mapped[float] = mapped_column(Float)
    dominance: Mapped[float] = mapped_column(Float)
    label: Mapped[str] = mapped_column(String(60))
    packet: Mapped[bytes] = mapped_column(LargeBinary, info={"personal": True})
    event_sequence: Mapped[int] = mapped_column(BigInteger)


class Performance(Base):
    """One measured figure of one session."""

    __tablename__ = "performance"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("session.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(index=True)
    measure: Mapped[str] = mapped_column(String(60), index=True)
    value: Mapped[float] = mapped_column(Float)
    unit: Mapped[str] = mapped_column(String(20))
    hardware: Mapped[str] = mapped_column(String(200))
    version: Mapped[str] = mapped_column(String(40))


class Fault(Base):
    """Something that went wrong. It must be storable even where its session is not."""

    __tablename__ = "fault"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    session_id: Mapped[UUID | None] = mapped_column(index=True)
    created_at: Mapped[datetime] = mapped_column(index=True)
    mode: Mapped[str] = mapped_column(String(60))
    version: Mapped[str] = mapped_column(String(40))
    cause: Mapped[str] = mapped_column(Text)
