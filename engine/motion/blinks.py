"""Blinks: about 17 a minute, some of them double, some with a shift of the gaze.

Intervals are log-normal, as people's are; a blink closes faster than it opens (Trutoiu et al.,
"Modeling and animating eye blinks", 2011).
"""

import math

from engine.motion.chance import RESTART_MS, normal, restart, uniform
from engine.motion.curves import smooth

__all__ = ["BLINK_MS", "Blinks"]

_CLOSE_MS = 65.0
_SHUT_MS = 36.0  # one frame at 30 frames a second sees it shut
_OPEN_MS = 95.0
BLINK_MS = _CLOSE_MS + _SHUT_MS + _OPEN_MS
"""Length of one blink."""

_MEAN_INTERVAL_MS = 4600.0  # doubles and blinks with gaze shifts bring it to 17 a minute
_SPREAD = 0.45
_LEAST_INTERVAL_MS = 900.0
_DOUBLE = 0.12
_DOUBLE_AFTER_MS = 290.0
_STREAM = 0xB11


class Blinks:
    """When the eyes close by themselves: a function of time and seed.

    Args:
        seed: Of all chance.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._count = 0
        self._next_ms = self._interval_ms()
        self._begun: list[float] = []

    def blink_at(self, time_ms: float) -> None:
        """Adds a blink, as when the gaze shifts."""
        self._begun.append(time_ms)

    def closed(self, now_ms: float) -> float:
        """How far the lids are closed, [0, 1]; `now_ms` never goes back."""
        if now_ms - self._next_ms > RESTART_MS:
            self._next_ms, self._count = restart(now_ms)
            self._next_ms += self._interval_ms()
        while self._next_ms <= now_ms:
            self._begun.append(self._next_ms)
            if uniform(self._seed, _STREAM, self._count, 7) < _DOUBLE:
                self._begun.append(self._next_ms + _DOUBLE_AFTER_MS)
            self._next_ms += self._interval_ms()
        if not self._begun:
            return 0.0
        self._begun = [start for start in self._begun if now_ms - start < BLINK_MS]
        return max((_lid(now_ms - start) for start in self._begun), default=0.0)

    def _interval_ms(self) -> float:
        self._count += 1
        # Half the variance is taken off so that the mean stays.
        power = _SPREAD * normal(self._seed, _STREAM, self._count) - 0.5 * _SPREAD * _SPREAD
        return max(_LEAST_INTERVAL_MS, _MEAN_INTERVAL_MS * math.exp(power))


def _lid(age_ms: float) -> float:
    if age_ms < _CLOSE_MS + _SHUT_MS:
        return smooth(age_ms / _CLOSE_MS)
    return 1.0 - smooth((age_ms - _CLOSE_MS - _SHUT_MS) / _OPEN_MS)
