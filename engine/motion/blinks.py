"""Blinks: about 17 a minute at rest, some of them double, some with a shift of the gaze.

Intervals are log-normal, as people's are. A blink closes faster than it opens, by 40 to 47 %
(Sforza et al., "Spontaneous blinking in healthy persons", 2008; Trutoiu et al., "Modeling and
animating eye blinks", 2011), and no two last the same. Wide saccades bring a blink along
(Evinger et al., "Not looking while leaping", 1994), and one that has just been makes the next wait.
"""

import math

from engine.motion.chance import normal, uniform
from engine.motion.curves import smooth
from engine.motion.renewals import Renewals

__all__ = ["BLINK_MS", "Blinks"]

_CLOSE_MS = 65.0
_SHUT_MS = 36.0  # one frame at 30 frames a second sees it shut
_OPEN_MS = 94.0
BLINK_MS = _CLOSE_MS + _SHUT_MS + _OPEN_MS
"""Length of a blink of mean pace."""

_PACE_SPREAD = 0.16
_PACES = (0.8, 1.45)
_SPREAD = 0.45
_LEAST_INTERVAL_MS = 900.0
_AFTER_MS = 1400.0  # how long a blink with a saccade lets the next one wait at least
_DOUBLE = 0.10
_DOUBLE_AFTER_MS = 330.0
_STREAM = 0xB11


class Blinks:
    """When the eyes close by themselves. Times are ms of the session and never go back.

    Args:
        seed: Of all chance.
        mean_ms: Mean interval between blinks that go with nothing.
    """

    def __init__(self, seed: int, mean_ms: float) -> None:
        self._seed = seed
        self._moments = Renewals(seed, _STREAM, mean_ms, _SPREAD, _LEAST_INTERVAL_MS)
        self._begun: list[tuple[float, float]] = []  # start, pace
        self._extra = 0

    def turn(self, mean_ms: float, now_ms: float) -> None:
        """Blinks more or less often from now on."""
        self._run(now_ms)
        self._moments.retime(mean_ms, now_ms)

    def blink_at(self, time_ms: float) -> None:
        """Adds a blink, as when the gaze shifts."""
        self._run(time_ms)
        self._drop_over(time_ms)
        self._extra += 1
        self._begun.append((time_ms, self._pace(-self._extra)))
        self._moments.postpone(time_ms + _AFTER_MS)

    def closed(self, now_ms: float) -> float:
        """How far the lids are closed, [0, 1]."""
        self._run(now_ms)
        if not self._begun:
            return 0.0
        self._drop_over(now_ms)
        return max((_lid(now_ms - start, pace) for start, pace in self._begun), default=0.0)

    def _run(self, now_ms: float) -> None:
        for start_ms, number in self._moments.due(now_ms):
            self._drop_over(start_ms)
            self._begun.append((start_ms, self._pace(number)))
            if uniform(self._seed, _STREAM, number, 7) < _DOUBLE:
                self._begun.append((start_ms + _DOUBLE_AFTER_MS, _PACES[0]))

    def _drop_over(self, now_ms: float) -> None:
        self._begun = [item for item in self._begun if now_ms - item[0] < BLINK_MS * item[1]]

    def _pace(self, number: int) -> float:
        """How much longer than the mean this one takes."""
        pace = math.exp(_PACE_SPREAD * normal(self._seed, _STREAM, number, 8))
        return max(_PACES[0], min(_PACES[1], pace))


def _lid(age_ms: float, pace: float) -> float:
    closing_ms = _CLOSE_MS * pace
    if age_ms < closing_ms + _SHUT_MS:
        return smooth(age_ms / closing_ms)
    return 1.0 - smooth(
        (age_ms - closing_ms - _SHUT_MS) / (BLINK_MS * pace - closing_ms - _SHUT_MS)
    )
