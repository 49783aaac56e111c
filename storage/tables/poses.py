"""Poses that were seen or made, alone and in sequence."""

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import NAME, Base, Json, Kept, key

__all__ = ["Pose", "PoseSequence", "PoseSequenceItem"]


class Pose(Kept, Base):
    """One pose: where it is from, its coordinates, and what the system takes it for."""

    __tablename__ = "pose"

    video_id: Mapped[UUID | None] = key("video")
    session_id: Mapped[UUID | None] = key("session")
    at_ms: Mapped[int | None]
    provenance: Mapped[str] = mapped_column(Text, default="")
    parameters: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    coordinates: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    interpretation: Mapped[str] = mapped_column(Text, default="")


class PoseSequence(Kept, Base):
    """Poses in their order."""

    __tablename__ = "pose_sequence"

    name: Mapped[str] = mapped_column(NAME, default="")


class PoseSequenceItem(Kept, Base):
    """A place in a sequence."""

    __tablename__ = "pose_sequence_item"
    __table_args__ = (
        UniqueConstraint("pose_sequence_id", "index"),
        CheckConstraint('"index" >= 0', name="index_range"),
    )

    pose_sequence_id: Mapped[UUID] = key("pose_sequence", index=False)
    index: Mapped[int]
    pose_id: Mapped[UUID] = key("pose")
