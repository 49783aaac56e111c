"""The light of what surrounds the picture, followed smoothly."""

import math

from compositor.light import PLAIN, Surroundings, from_surroundings

__all__ = ["SurroundingLight"]

_SETTLE_MS = 300.0  # until 95 % of a change are there
_LEAST_MS = 100.0  # between two that count
_NEAR = 5e-4  # closer than anybody sees


class SurroundingLight:
    """Light coefficients that follow a client's surroundings.

    At most ten surroundings a second count; of those that come too soon the newest waits.
    """

    def __init__(self) -> None:
        self._shown = self._aim = PLAIN
        self._waiting: Surroundings | None = None
        self._taken_ms: float | None = None
        self._at_ms = 0.0

    def tell(self, surroundings: Surroundings, now_ms: float) -> None:
        """Takes surroundings in."""
        self._waiting = surroundings
        self._take(now_ms)

    def at(self, now_ms: float) -> tuple[float, ...]:
        """27 coefficients as in `Light.sh`; `PLAIN` while nothing surrounds. Times only rise."""
        self._take(now_ms)
        share = 1.0 - math.exp(-3.0 * max(0.0, now_ms - self._at_ms) / _SETTLE_MS)
        self._at_ms = now_ms
        if self._shown != self._aim:
            pairs = tuple(zip(self._shown, self._aim, strict=True))
            if max(abs(aim - shown) for shown, aim in pairs) < _NEAR:
                self._shown = self._aim
            else:
                self._shown = tuple(shown + share * (aim - shown) for shown, aim in pairs)
        return self._shown

    def _take(self, now_ms: float) -> None:
        """Aims at what waits, if it is its time."""
        if self._waiting is None:
            return
        if self._taken_ms is None or now_ms - self._taken_ms >= _LEAST_MS:
            self._aim = from_surroundings(self._waiting)
            self._waiting, self._taken_ms = None, now_ms
