"""What is told of studies, inwards and outwards."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

__all__ = ["Answer", "Rated", "Tally", "Unshown"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a participant says of one stimulus; scales are 1 to 5; see `StudyRating`."""

    stimulus_id: UUID
    naturalness: int
    uncanny: int
    distraction: int
    emotion: str = ""
    preferred: bool | None = None
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Rated:
    """An answer with what it is about.

    Attributes:
        answer: The answer.
        participant: Who, by number.
        variant: Name of the variant.
        scene: Name of the scene.
        shown_emotion: What the scene is to show.
        other: Name of the variant beside it; empty: shown alone.
    """

    answer: Answer
    participant: int
    variant: str
    scene: str
    shown_emotion: str
    other: str


@dataclass(frozen=True, slots=True)
class Tally:
    """How far a study has come: who joined, who answered everything, how many trials were."""

    participants: int
    finished: int
    answered: int


@dataclass(frozen=True, slots=True)
class Unshown:
    """A variant in a scene that there is no file of yet."""

    variant_id: UUID
    variant: str
    options: dict[str, Any]
    scene_id: UUID
    scene: str
    script: list[dict[str, Any]]
