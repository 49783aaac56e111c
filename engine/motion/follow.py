"""Hands follow through: fingers and wrist trail behind a hand that moves, and settle when it stops.

What is loose lags behind what drives it and arrives later ("follow through and overlapping
action", Thomas and Johnston, "The Illusion of Life", 1981). The lag is a first-order low-pass of
each hand's place.
"""

import math
from collections.abc import Mapping

from capsules.targets import FINGERS
from engine.motion.plans import target_index

__all__ = ["FollowThrough"]

_LAG_MS = 95.0
_FULL_PX = 130.0  # how far behind a hand's lag is at a brisk gesture
_CURL = 0.2
_SPREAD = -0.16
_ROTATE_DEG = 11.0


class FollowThrough:
    """Trailing of both hands. Times are ms of the session and never go back."""

    def __init__(self) -> None:
        index = target_index()
        self._hands = tuple(_Hand(index, side) for side in ("Left", "Right"))
        self._last_ms: float | None = None

    def add(self, now_ms: float, values: list[float]) -> None:
        """Adds the trailing to `values` (one a target, in table order; not clamped)."""
        elapsed_ms = 0.0 if self._last_ms is None else now_ms - self._last_ms
        share = 1.0 if self._last_ms is None else -math.expm1(-elapsed_ms / _LAG_MS)
        self._last_ms = now_ms
        for hand in self._hands:
            hand.add(values, share)


class _Hand:
    """One hand: where it is to be, and where its loose parts still are."""

    def __init__(self, index: Mapping[str, int], side: str) -> None:
        part = f"hand{side}"
        self._x, self._y = index[f"{part}.x"], index[f"{part}.y"]
        self._rotate = index[f"{part}.rotate"]
        # The outer fingers are the looser ones.
        self._curls = tuple(
            (index[f"{part}{finger}Curl"], _CURL * (0.55 + 0.15 * place))
            for place, finger in enumerate(FINGERS)
        )
        self._spreads = tuple(index[f"{part}{finger}Spread"] for finger in FINGERS)
        self._trail_x = self._trail_y = 0.0

    def add(self, values: list[float], share: float) -> None:
        x, y = values[self._x], values[self._y]
        self._trail_x += (x - self._trail_x) * share
        self._trail_y += (y - self._trail_y) * share
        across = max(-1.0, min(1.0, (x - self._trail_x) / _FULL_PX))
        along = min(1.0, math.hypot(x - self._trail_x, y - self._trail_y) / _FULL_PX)
        for place, amount in self._curls:
            values[place] += amount * along
        for place in self._spreads:
            values[place] += _SPREAD * along
        values[self._rotate] -= _ROTATE_DEG * across
