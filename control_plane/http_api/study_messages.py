"""What the API's paths under /api/studies take and give, in proto3 JSON's style."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from control_plane.study.booth import Turn

__all__ = [
    "AnswerMessage",
    "InvitationMessage",
    "JoinMessage",
    "RatingMessage",
    "StudyListMessage",
    "StudyMessage",
    "TrialMessage",
    "TurnMessage",
    "turn_message",
]

Scale = Annotated[int, Field(strict=True, ge=1, le=5)]


class _Message(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, frozen=True, extra="forbid"
    )


class InvitationMessage(_Message):
    """What somebody learns who follows an invitation."""

    instructions: str
    trials: int = Field(description="How many there would be.")
    open: bool = Field(description="Whether one may join now.")
    taking_part: bool = Field(description="Whether this browser's user has joined.")


class JoinMessage(_Message):
    """Somebody who takes part."""

    consent: Literal[True] = Field(description="They have read what it is about, and agree.")


class RatingMessage(_Message):
    """What somebody says of one film."""

    naturalness: Scale = Field(description="1: not natural at all; 5: entirely natural.")
    uncanny: Scale = Field(description="1: not eerie at all; 5: very eerie.")
    distraction: Scale = Field(description="1: nothing distracted; 5: very distracting.")
    emotion: str = Field("", max_length=60, description="One of the words offered, if any were.")


class AnswerMessage(_Message):
    """What somebody says of a trial."""

    left: RatingMessage
    right: RatingMessage | None = Field(None, description="Where there were two films.")
    preferred: Literal["", "left", "right"] = Field("", description="Empty: neither.")
    comment: str = Field("", max_length=2000)


class TrialMessage(_Message):
    """What is to be looked at and rated."""

    id: UUID
    number: int = Field(description="Which one it is, from 1.")
    sides: tuple[str, ...] = Field(description="Films are at trials/{id}/{side}.mp4.")
    emotions: tuple[str, ...] = Field(description="Words to choose from; empty: not asked.")


class TurnMessage(_Message):
    """Whose turn it is: the next trial, or null where everything has been answered."""

    trial: TrialMessage | None
    count: int = Field(description="How many trials there are in all.")


class StudyMessage(_Message):
    """Where a study stands."""

    name: str
    instructions: str
    design: str
    variants: tuple[str, ...]
    scenes: tuple[str, ...]
    missing_films: int
    open: bool
    open_time: str | None
    close_time: str | None
    participants: int
    finished: int
    answered: int = Field(description="Trials, of all participants together.")


class StudyListMessage(_Message):
    """All studies."""

    studies: list[StudyMessage]


def turn_message(turn: Turn) -> dict[str, Any]:
    """Whose turn it is, as JSON."""
    shown, trial = turn.shown, None
    if shown is not None:
        trial = TrialMessage(
            id=shown.trial_id,
            number=shown.position + 1,
            sides=shown.sides,
            emotions=shown.emotions,
        )
    return TurnMessage(trial=trial, count=turn.count).model_dump(mode="json", by_alias=True)
