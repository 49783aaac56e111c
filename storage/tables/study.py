"""Studies: people compare variants of the avatar without knowing which is which."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables.base import NAME, PERSONAL, Base, Json, Kept, between, choice, key

__all__ = [
    "Design",
    "Study",
    "StudyParticipant",
    "StudyRating",
    "StudyScene",
    "StudyStimulus",
    "StudyTrial",
    "StudyVariant",
]


class Design(StrEnum):
    """How variants are shown: one at a time, or two beside each other."""

    SINGLE = "single"
    PAIRED = "paired"


class Study(Kept, Base):
    """A comparison of variants; participants may join while it is open."""

    __tablename__ = "study"

    name: Mapped[str] = mapped_column(NAME, unique=True)
    instructions: Mapped[str] = mapped_column(Text, default="")
    design: Mapped[Design] = mapped_column(choice(Design))
    seed: Mapped[int] = mapped_column(default=0)
    opened_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]


class StudyVariant(Kept, Base):
    """One of the things compared: options of a session (features, avatar, library)."""

    __tablename__ = "study_variant"
    __table_args__ = (UniqueConstraint("study_id", "name"),)

    study_id: Mapped[UUID] = key("study", index=False)
    name: Mapped[str] = mapped_column(NAME)
    options: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)


class StudyScene(Kept, Base):
    """What every variant is shown doing: a script of events, and the emotion it is to show."""

    __tablename__ = "study_scene"
    __table_args__ = (UniqueConstraint("study_id", "name"),)

    study_id: Mapped[UUID] = key("study", index=False)
    name: Mapped[str] = mapped_column(NAME)
    script: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    emotion: Mapped[str] = mapped_column(String(60), default="")


class StudyStimulus(Kept, Base):
    """A variant in a scene, as a file that participants see."""

    __tablename__ = "study_stimulus"
    __table_args__ = (UniqueConstraint("variant_id", "scene_id"),)

    variant_id: Mapped[UUID] = key("study_variant", index=False)
    scene_id: Mapped[UUID] = key("study_scene")
    file_id: Mapped[UUID] = key("media_file")


class StudyParticipant(Kept, Base):
    """Somebody who takes part, known by a code alone; `number` decides the order of the trials."""

    __tablename__ = "study_participant"
    __table_args__ = (
        UniqueConstraint("study_id", "number"),
        CheckConstraint("number >= 0", name="number_range"),
    )

    study_id: Mapped[UUID] = key("study", index=False)
    number: Mapped[int]
    code: Mapped[str] = mapped_column(String(64), unique=True, info=PERSONAL)
    consented_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class StudyTrial(Kept, Base):
    """What one participant is shown at one point: one stimulus, or two on the sides they have."""

    __tablename__ = "study_trial"
    __table_args__ = (
        UniqueConstraint("participant_id", "position"),
        CheckConstraint("left_id <> right_id", name="sides_differ"),
        Index("ix_study_trial_open", "participant_id", "answered_at"),
    )

    participant_id: Mapped[UUID] = key("study_participant", index=False)
    position: Mapped[int]
    left_id: Mapped[UUID] = key("study_stimulus")
    right_id: Mapped[UUID | None] = key("study_stimulus")
    shown_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]


class StudyRating(Kept, Base):
    """What a participant thinks of one stimulus of a trial; scales are 1 to 5.

    `preferred` says, of two, whether this one was the better; None: no preference, or shown alone.
    """

    __tablename__ = "study_rating"
    __table_args__ = (
        UniqueConstraint("trial_id", "stimulus_id"),
        between("naturalness", 1, 5),
        between("uncanny", 1, 5),
        between("distraction", 1, 5),
    )

    trial_id: Mapped[UUID] = key("study_trial", index=False)
    stimulus_id: Mapped[UUID] = key("study_stimulus")
    naturalness: Mapped[int]
    uncanny: Mapped[int]
    distraction: Mapped[int]
    emotion: Mapped[str] = mapped_column(String(60), default="")
    preferred: Mapped[bool | None]
    comment: Mapped[str] = mapped_column(Text, default="", info=PERSONAL)
