"""What chooses the avatar's words, as the session sees it."""

from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from control_plane.responder.mind import Mind
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
        mind: What is remembered of the user. A responder with a language model behind it puts
            `mind.prompt()` into its prompt, or the memories into its request.
    """

    text: str
    mood: Mood
    label: str
    number: int = 0
    seed: int = 0
    previous: str = ""
    mind: Mind = field(default_factory=Mind)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer.

    Attributes:
        text: What to say; empty: nothing.
        expression: Name of an expression of the library that goes with it; None: as the text
            suggests.
        source: Where the text comes from, such as "rules"; shown to people.
        used: Keys of the memories that it uses; None: all that the turn brought.
    """

    text: str
    expression: str | None
    source: str
    used: tuple[UUID, ...] | None = None


class Responder(Protocol):
    """Answers messages."""

    @property
    def name(self) -> str:
        """What its replies are labelled with."""

    async def reply(self, turn: Turn) -> Reply:
        """Answers one message; may take its time, may be cancelled."""
