"""Pictures, sound and video. The files lie on the file system, named by the id of their row."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.states import PrecalculationStatus
from storage.tables.base import NAME, PERSONAL, Base, Json, Kept, choice, key

__all__ = [
    "Audio",
    "AudioFilter",
    "CachedUpload",
    "Direction",
    "Embedding",
    "Image",
    "MediaFile",
    "Portrait",
    "Precalculation",
    "Video",
]


class Direction(StrEnum):
    """Whether a recording came in or was made."""

    INPUT = "input"
    OUTPUT = "output"


class MediaFile(Kept, Base):
    """One file under the media folder, by the name `ID.EXTENSION`.

    The row is written once the file is whole and in its place, so a row always has its file.
    """

    __tablename__ = "media_file"
    __table_args__ = (
        CheckConstraint("size_bytes >= 0", name="size_bytes_range"),
        CheckConstraint("length(sha256) = 64", name="sha256_length"),
    )

    extension: Mapped[str] = mapped_column(String(10))
    mime_type: Mapped[str] = mapped_column(String(100))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64), index=True)


class Portrait(Kept, Base):
    """A picture of a character: the master, or one made from it, which names its master."""

    __tablename__ = "portrait"
    __table_args__ = (CheckConstraint("master_id <> id", name="master_is_another"),)

    file_id: Mapped[UUID] = key("media_file")
    master_id: Mapped[UUID | None] = key("portrait")
    post_processing: Mapped[str] = mapped_column(NAME, default="")
    avatar: Mapped[str | None] = mapped_column(String(100), index=True)
    image_hash: Mapped[str] = mapped_column(String(64), index=True)
    width: Mapped[int]
    height: Mapped[int]
    filesize: Mapped[int] = mapped_column(BigInteger)
    format: Mapped[str] = mapped_column(String(20))
    image_metadata: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    provenance: Mapped[str] = mapped_column(Text, default="", info=PERSONAL)


class Image(Kept, Base):
    """A picture that is no portrait of a character."""

    __tablename__ = "image"

    file_id: Mapped[UUID] = key("media_file")
    session_id: Mapped[UUID | None] = key("session")
    width: Mapped[int]
    height: Mapped[int]
    format: Mapped[str] = mapped_column(String(20))
    direction: Mapped[Direction] = mapped_column(choice(Direction))
    provenance: Mapped[str] = mapped_column(Text, default="", info=PERSONAL)


class Video(Kept, Base):
    """A video that came in, or was made."""

    __tablename__ = "video"
    __table_args__ = (CheckConstraint("length_ms >= 0", name="length_ms_range"),)

    file_id: Mapped[UUID] = key("media_file")
    session_id: Mapped[UUID | None] = key("session")
    length_ms: Mapped[int]
    mime_type: Mapped[str] = mapped_column(String(100))
    post_processing: Mapped[str] = mapped_column(NAME, default="")
    direction: Mapped[Direction] = mapped_column(choice(Direction))
    provenance: Mapped[str] = mapped_column(Text, default="", info=PERSONAL)


class AudioFilter(Kept, Base):
    """A way to prepare sound, by the name of the code that does it."""

    __tablename__ = "audio_filter"

    name: Mapped[str] = mapped_column(NAME, unique=True)
    implementation: Mapped[str] = mapped_column(NAME)


class Audio(Kept, Base):
    """The smallest unit of stored sound."""

    __tablename__ = "audio"
    __table_args__ = (CheckConstraint("length_ms >= 0", name="length_ms_range"),)

    file_id: Mapped[UUID] = key("media_file")
    session_id: Mapped[UUID | None] = key("session")
    length_ms: Mapped[int]
    format: Mapped[str] = mapped_column(String(40))
    audio_filter_id: Mapped[UUID | None] = key("audio_filter")
    direction: Mapped[Direction] = mapped_column(choice(Direction))
    provenance: Mapped[str] = mapped_column(Text, default="", info=PERSONAL)


class CachedUpload(Kept, Base):
    """Where a service keeps a file that was uploaded to it, so that it need not be again."""

    __tablename__ = "cached_upload"
    __table_args__ = (UniqueConstraint("file_id", "service"),)

    file_id: Mapped[UUID] = key("media_file", index=False)
    service: Mapped[str] = mapped_column(NAME)
    url: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime | None]


class Embedding(Kept, Base):
    """A piece of what the persona knows, with its vector: a schedule, lore, a message."""

    __tablename__ = "embedding"

    deployment_id: Mapped[UUID | None] = key("deployment")
    message_id: Mapped[UUID | None] = key("message")
    subject: Mapped[str] = mapped_column(NAME, index=True)
    content: Mapped[str] = mapped_column(Text, info=PERSONAL)
    system: Mapped[str] = mapped_column(NAME)
    parameters: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    vector: Mapped[list[float]] = mapped_column(Json)


class Precalculation(Kept, Base):
    """Something made ahead of its use, or to be made: an avatar pack, a canned reply.

    `inputs_sha256` is over `parameters` and the files it is made from: where it changes, what was
    made is stale.
    """

    __tablename__ = "precalculation"
    __table_args__ = (
        UniqueConstraint("kind", "inputs_sha256"),
        Index("ix_precalculation_status_kind", "status", "kind"),
    )

    kind: Mapped[str] = mapped_column(String(60))
    parameters: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    inputs_sha256: Mapped[str] = mapped_column(String(64))
    portrait_id: Mapped[UUID | None] = key("portrait")
    status: Mapped[PrecalculationStatus] = mapped_column(
        choice(PrecalculationStatus), default=PrecalculationStatus.PLANNED
    )
    result_file_id: Mapped[UUID | None] = key("media_file")
    result: Mapped[str] = mapped_column(Text, default="")
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
