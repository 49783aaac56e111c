"""Where the mood is heading, so that what it will need can be fetched before it is needed."""

from engine.clock import NS_PER_S
from engine.packet import Mood

__all__ = ["Drift"]

_HORIZON_S = 1.0
_LEAST_S = 0.1  # two packets of one event say nothing about a direction
_MOST_S = 3.0  # what was so long ago says nothing either
_LEAST_MOVE = 0.02  # a second, in the cube: less is rest
_MOST_MOVE = 0.6  # a leap does not go on as it began


class Drift:
    """Follows the mood from packet to packet."""

    def __init__(self) -> None:
        self._last: Mood | None = None
        self._last_ns = 0

    def follow(self, mood: Mood, now_ns: int) -> Mood | None:
        """Takes in a packet's mood.

        Args:
            mood: The mood.
            now_ns: The time, which never goes back.

        Returns:
            Where the mood is in a second if it goes on like this; None where it rests or its
            direction is not known.
        """
        last, seconds = self._last, (now_ns - self._last_ns) / NS_PER_S
        if last is not None and seconds < _LEAST_S:
            return None
        self._last, self._last_ns = mood, now_ns
        if last is None or seconds > _MOST_S:
            return None
        return _ahead(last, mood, _HORIZON_S / seconds)


def _ahead(last: Mood, mood: Mood, times: float) -> Mood | None:
    """The mood moved on by so many times what it has moved."""
    moves = (
        times * (mood.valence - last.valence),
        times * (mood.arousal - last.arousal),
        times * (mood.dominance - last.dominance),
    )
    length = max(abs(move) for move in moves)
    if length < _LEAST_MOVE:
        return None
    scale = min(1.0, _MOST_MOVE / length)
    return Mood(
        _clamped(mood.valence + scale * moves[0]),
        _clamped(mood.arousal + scale * moves[1]),
        _clamped(mood.dominance + scale * moves[2]),
    )


def _clamped(value: float) -> float:
    return min(1.0, max(-1.0, value))
