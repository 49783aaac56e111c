"""What turned sound, pictures and words into each other, each with its input and its output."""

from typing import Any
from uuid import UUID

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import NAME, PERSONAL, Base, Json, Kept, exactly_one, key

__all__ = ["LipSync", "Stt", "Tts", "Vision"]


class Stt(Kept, Base):
    """Speech to text."""

    __tablename__ = "stt"

    system: Mapped[str] = mapped_column(NAME)
    parameters: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    audio_id: Mapped[UUID] = key("audio")
    message_id: Mapped[UUID | None] = key("message")
    text: Mapped[str] = mapped_column(Text, info=PERSONAL)


class Tts(Kept, Base):
    """Text to speech. Without a recording where the sound was played and not kept."""

    __tablename__ = "tts"

    system: Mapped[str] = mapped_column(NAME)
    parameters: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    message_id: Mapped[UUID | None] = key("message")
    text: Mapped[str] = mapped_column(Text, info=PERSONAL)
    audio_id: Mapped[UUID | None] = key("audio")


class LipSync(Kept, Base):
    """Speech to a moving mouth: from sound, or from a message by a service that speaks it too."""

    __tablename__ = "lip_sync"
    __table_args__ = (exactly_one("audio_id", "message_id"),)

    system: Mapped[str] = mapped_column(NAME)
    parameters: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    audio_id: Mapped[UUID | None] = key("audio")
    message_id: Mapped[UUID | None] = key("message")
    portrait_id: Mapped[UUID] = key("portrait")
    gesture_reference_id: Mapped[UUID | None] = key("video")
    video_id: Mapped[UUID | None] = key("video")


class Vision(Kept, Base):
    """What is in a picture, in words."""

    __tablename__ = "vision"

    system: Mapped[str] = mapped_column(NAME)
    parameters: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    image_id: Mapped[UUID] = key("image")
    description: Mapped[str] = mapped_column(Text, info=PERSONAL)
