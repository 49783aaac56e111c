"""One thing said out of memory."""

from dataclasses import dataclass
from uuid import UUID

from control_plane.responder.port import Turn
from engine.motion.chance import text_counter, uniform
from storage.recalled import Recalled

__all__ = ["Remark", "one_of"]


@dataclass(frozen=True, slots=True)
class Remark:
    """Something said out of memory.

    Attributes:
        text: What to say.
        used: The memories it uses.
        expressions: Expressions that go with it, the first one that exists is taken.
        goes_on: Whether the usual reply follows it.
    """

    text: str
    used: tuple[UUID, ...] = ()
    expressions: tuple[str, ...] = ()
    goes_on: bool = False


def one_of(
    turn: Turn, *said: str, used: tuple[Recalled, ...] = (), expressions: tuple[str, ...] = ()
) -> Remark:
    """One of several ways to say it, by chance, but not the avatar's last one."""
    fresh = [text for text in said if text != turn.previous] or list(said)
    draw = uniform(turn.seed, turn.number, text_counter(turn.text))
    return Remark(fresh[int(draw * len(fresh))], tuple(item.id for item in used), expressions)
