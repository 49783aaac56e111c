"""What chooses the avatar's words, as the session sees it."""

from dataclasses import dataclass
from typing import Protocol

from engine.packet import Mood

__all__ = ["Reply", "Responder", "Turn"]


@dataclass(frozen=True, slots=True)
class Turn:
    """A message to answer.

    Attributes:
        text: What the user said.
        mood: The avatar's mood after hearing it.
        label: The mood's name.
        number: Which message of the session it is, from 0.
        seed: The session's seed.
        previous: The avatar's last reply, so that it is not given twice in a row.
    """

    text: str
    mood: Mood
    label: str
    number: int = 0
    seed: int = 0
    previous: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer.

    Attributes:
        text: What to say; empty: nothing.
        expression: Name of an expression of the library that goes with it; None: as the text
            suggests.
        source: Where the text comes from, such as "rules"; shown to people.
    """

    text: str
    expression: str | None
    source: str


class Responder(Protocol):
    """Answers messages."""

    @property
    def name(self) -> str:
        """What its replies are labelled with."""

    async def reply(self, turn: Turn) -> Reply:
        """Answers one message; may take its time, may be cancelled."""
