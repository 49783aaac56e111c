"""The jaw that follows the loudness of speech: all there is of lips where visemes are switched off.

The root mean square of 20 ms windows (the resolution at which vocal loudness is usually taken),
compressed as loudness is felt: by the power of 0.6 (Stevens, "The Measurement of Loudness", 1955,
of sound pressure). Silence keeps the mouth shut.
"""

from dataclasses import dataclass

import numpy as np

from engine.motion.curves import smooth
from engine.voice.port import SAMPLE_RATE_HZ, Speech

__all__ = ["Loudness"]

_WINDOW_MS = 20.0
_WINDOW = SAMPLE_RATE_HZ * 20 // 1000
_LOUD = 0.2  # the root mean square of a stressed vowel of a mastered voice
_POWER = 0.6
_WIDEST = 0.6
_CLOSE_MS = 70.0


@dataclass(frozen=True, slots=True)
class _Placed:
    onset_ms: float
    levels: tuple[float, ...]

    @property
    def end_ms(self) -> float:
        return self.onset_ms + _WINDOW_MS * len(self.levels)


class Loudness:
    """How far the jaw opens for speech placed in time. Times are ms of the session."""

    def __init__(self) -> None:
        self._placed: list[_Placed] = []
        self._cut_ms = float("inf")

    def place(self, speech: Speech, onset_ms: float) -> None:
        """Adds a piece of speech; after a `cut` what was there before is gone."""
        if self._cut_ms != float("inf"):
            self._placed, self._cut_ms = [], float("inf")
        self._placed.append(_Placed(onset_ms, _levels(speech)))

    def cut(self, now_ms: float) -> None:
        """Ends all speech: the mouth closes within 70 ms."""
        self._cut_ms = min(self._cut_ms, now_ms)

    def drop_before(self, time_ms: float) -> None:
        """Forgets what ended before."""
        if self._placed and self._placed[0].end_ms < time_ms:
            self._placed = [one for one in self._placed if one.end_ms >= time_ms]

    def jaw(self, now_ms: float) -> float:
        """The weight of the open jaw, [0, 0.6]."""
        gain = 1.0 - smooth((now_ms - self._cut_ms) / _CLOSE_MS)
        if gain <= 0.0 or not self._placed:
            return 0.0
        return gain * max(_at(one, now_ms) for one in self._placed)


def _at(placed: _Placed, now_ms: float) -> float:
    """Linear between the middles of the windows; 0 outside."""
    place = (now_ms - placed.onset_ms) / _WINDOW_MS - 0.5
    index = int(place // 1)
    share = place - index
    levels = placed.levels
    before = levels[index] if 0 <= index < len(levels) else 0.0
    after = levels[index + 1] if 0 <= index + 1 < len(levels) else 0.0
    return before + share * (after - before)


def _levels(speech: Speech) -> tuple[float, ...]:
    samples = speech.samples
    whole = len(samples) // _WINDOW * _WINDOW
    squares = np.square(samples[:whole].reshape(-1, _WINDOW)).mean(axis=1)
    felt = np.minimum(1.0, np.sqrt(squares) / _LOUD) ** _POWER
    return tuple(round(_WIDEST * float(value), 4) for value in felt)
