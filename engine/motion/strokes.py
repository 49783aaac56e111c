"""Strokes land on stressed syllables.

The stroke of a gesture goes with the stress of the words that it belongs to, or comes a little
before it (McNeill, "Hand and Mind", 1992; the phonological synchrony rule). A gesture that has not
begun starts sooner or later, within what its lead over the speech allows; what is missing then is
made up by a preparation that takes longer or less long.
"""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Landing", "landing"]

_STRETCHES = (0.8, 1.6)
_EARLIER_COSTS = 2.5  # a later stress is the better one, unless it is that much further off


@dataclass(frozen=True, slots=True)
class Landing:
    """How a stroke comes to its stress.

    Attributes:
        shift_ms: How much later the gesture starts.
        stretch: Factor on the time from there to its stroke.
    """

    shift_ms: float
    stretch: float


def landing(
    stroke_ms: float,
    preparation_ms: float,
    shifts_ms: tuple[float, float],
    stresses: Sequence[float],
) -> Landing | None:
    """How a stroke can land on a stress.

    Args:
        stroke_ms: When it would come by itself.
        preparation_ms: How much of that lies between the gesture's start, or now, and it.
        shifts_ms: By how much the start may move: at least, at most.
        stresses: When stressed syllables come, on the same clock.

    Returns:
        None where no stress is near enough.
    """
    low, high = shifts_ms
    first_ms = stroke_ms + low - (1.0 - _STRETCHES[0]) * preparation_ms
    last_ms = stroke_ms + high + (_STRETCHES[1] - 1.0) * preparation_ms
    near = [item - stroke_ms for item in stresses if first_ms <= item <= last_ms]
    if not near:
        return None
    needed_ms = min(near, key=lambda gap: gap if gap >= 0.0 else -_EARLIER_COSTS * gap)
    shift_ms = min(high, max(low, needed_ms))
    return Landing(shift_ms, 1.0 + (needed_ms - shift_ms) / preparation_ms)
