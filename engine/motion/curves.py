"""Curves over time: easing, fades and a capsule's tracks, on plain floats."""

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping
from types import MappingProxyType

from capsules.model import Easing

__all__ = ["Ease", "ease", "ease_out", "sample", "smooth", "smoothstep"]

Ease = Callable[[float], float]


def smooth(x: float) -> float:
    """A half cosine from 0 at x <= 0 to 1 at x >= 1, level at both ends."""
    if x <= 0.0:
        return 0.0
    if x >= 1.0:
        return 1.0
    return 0.5 - 0.5 * math.cos(math.pi * x)


def smoothstep(x: float) -> float:
    """3x^2 - 2x^3, from 0 at x <= 0 to 1 at x >= 1; with its mirror image it sums to 1."""
    x = min(1.0, max(0.0, x))
    return x * x * (3.0 - 2.0 * x)


def _none(x: float) -> float:
    return 1.0 if x >= 0.0 else 0.0


def _linear(x: float) -> float:
    return min(1.0, max(0.0, x))


def _quadratic_in(x: float) -> float:
    return _linear(x) ** 2


def _quadratic_out(x: float) -> float:
    return 1.0 - (1.0 - _linear(x)) ** 2


def _quadratic_in_out(x: float) -> float:
    x = _linear(x)
    return 2.0 * x * x if x < 0.5 else 1.0 - 2.0 * (1.0 - x) ** 2


def _cubic_in(x: float) -> float:
    return _linear(x) ** 3


def _cubic_out(x: float) -> float:
    return 1.0 - (1.0 - _linear(x)) ** 3


def _cubic_in_out(x: float) -> float:
    x = _linear(x)
    return 4.0 * x * x * x if x < 0.5 else 1.0 - 4.0 * (1.0 - x) ** 3


_EASES: Mapping[Easing, Ease] = MappingProxyType(
    {
        Easing.NONE: _none,
        Easing.LINEAR: _linear,
        Easing.QUADRATIC_IN: _quadratic_in,
        Easing.QUADRATIC_OUT: _quadratic_out,
        Easing.QUADRATIC_IN_OUT: _quadratic_in_out,
        Easing.CUBIC_IN: _cubic_in,
        Easing.CUBIC_OUT: _cubic_out,
        Easing.CUBIC_IN_OUT: _cubic_in_out,
    }
)
_STARTING_AT_ONCE: Mapping[Easing, Ease] = MappingProxyType(
    {
        Easing.QUADRATIC_IN: _quadratic_out,
        Easing.QUADRATIC_IN_OUT: _quadratic_out,
        Easing.CUBIC_IN: _cubic_out,
        Easing.CUBIC_IN_OUT: _cubic_out,
    }
)


def ease(easing: Easing) -> Ease:
    """The function of that name (Penner), from 0 at x <= 0 to 1 at x >= 1."""
    return _EASES[easing]


def ease_out(easing: Easing) -> Ease:
    """Its nearest relative that moves from the first instant on: what a reaction starts with."""
    return _STARTING_AT_ONCE.get(easing, _EASES[easing])


def sample(times: tuple[float, ...], values: tuple[float, ...], time: float) -> float:
    """A curve's value: linear between its points, held before the first and after the last.

    Args:
        times: Ascending, at least one.
        values: As many.
        time: In the unit of `times`.
    """
    right = bisect_right(times, time)
    if right == 0:
        return values[0]
    if right == len(times):
        return values[-1]
    start = times[right - 1]
    share = (time - start) / (times[right] - start)
    return values[right - 1] + share * (values[right] - values[right - 1])
