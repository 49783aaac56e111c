"""Moments at irregular intervals: blinks, nods, shifts of weight.

Intervals are log-normal, as those of people's blinks are (Bentivoglio et al., "Analysis of blink
rate patterns in normal subjects", 1997), and follow from the seed and the number of moments so far.
"""

import math

from engine.motion.chance import RESTART_MS, normal, restart

__all__ = ["Renewals"]


class Renewals:
    """A chain of moments. Times are ms of the session and never go back.

    Args:
        seed: Of all chance.
        stream: Tells this chain from others of the seed.
        mean_ms: Mean interval; infinity for none.
        spread: Standard deviation of the interval's logarithm.
        least_ms: Shortest interval.
    """

    def __init__(
        self, seed: int, stream: int, mean_ms: float, spread: float, least_ms: float
    ) -> None:
        self._seed, self._stream = seed, stream
        self._mean_ms, self._spread, self._least_ms = mean_ms, spread, least_ms
        self._count = 0
        self._next_ms = self._interval_ms()

    def due(self, now_ms: float) -> list[tuple[float, int]]:
        """The moments up to `now_ms` that have not been told yet, each with its number.

        After a gap of more than 10 s the chain starts anew.
        """
        if math.isfinite(self._next_ms) and now_ms - self._next_ms > RESTART_MS:
            self._next_ms, self._count = restart(now_ms)
            self._next_ms += self._interval_ms()
        found: list[tuple[float, int]] = []
        while self._next_ms <= now_ms:
            found.append((self._next_ms, self._count))
            self._next_ms += self._interval_ms()
        return found

    def retime(self, mean_ms: float, now_ms: float) -> None:
        """Changes the mean interval; what is left of the current one shrinks or grows along."""
        if mean_ms == self._mean_ms:
            return
        before_ms, self._mean_ms = self._mean_ms, mean_ms
        if math.isfinite(before_ms) and math.isfinite(mean_ms):
            self._next_ms = now_ms + (self._next_ms - now_ms) * mean_ms / before_ms
        else:
            self._next_ms = now_ms + self._interval_ms()

    def postpone(self, until_ms: float) -> None:
        """Puts the next moment off until `until_ms` at least."""
        self._next_ms = max(self._next_ms, until_ms)

    def _interval_ms(self) -> float:
        self._count += 1
        if not math.isfinite(self._mean_ms):
            return math.inf
        # Half the variance is taken off so that the mean stays.
        power = self._spread * (normal(self._seed, self._stream, self._count) - 0.5 * self._spread)
        return max(self._least_ms, self._mean_ms * math.exp(power))
