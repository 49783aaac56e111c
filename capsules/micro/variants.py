"""How a movement goes: how strongly, how long, in which shape.

Expressions last 0.5 to 4 s (Ekman & Friesen 1982), micro-expressions 40 to 500 ms, with onsets
of at most 260 ms (Yan, Wu, Liang, Chen & Fu 2013). Each has an onset, an apex and an offset. The
shortest here take 120 ms, or a picture of 30 frames a second would hardly show them.
"""

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import numpy as np

from capsules.model import Easing

__all__ = ["INTENSITIES", "MICRO_MS", "SLOPES", "Variant", "fastest", "speed", "variants"]

MICRO_MS = 500
"""The longest micro-expression; what takes longer is an ordinary one."""

INTENSITIES: Mapping[str, float] = MappingProxyType(
    {"trace": 0.32, "slight": 0.5, "marked": 0.74, "pronounced": 1.0}
)
"""Shares of a unit's `most`, in the words of FACS: its A is a trace, B slight, C the others."""

SLOPES: Mapping[Easing, float] = MappingProxyType(
    {Easing.LINEAR: 1.0, Easing.CUBIC_IN_OUT: 1.76, Easing.CUBIC_OUT: 2.32}
)
"""The steepest quarter of a rise of each shape, against that of a straight one."""

_DURATIONS_MS = (120, 170, 240, 340, 480, 720, 1_000, 1_400, 2_000, 2_800, 3_800)
# Shares of the length that onset and apex take; the offset takes the rest.
_SHAPES = ((0.25, 0.15), (0.4, 0.2), (0.22, 0.48), (0.55, 0.15))
_LEAST_ONSET_MS = 40.0
_MOST_ONSET_MS = 260.0  # of a micro-expression
# The largest change of a unit; the fastest of a target, less what a capsule's own chance may add.
_MOST = 0.5
_MAX_RATE = 12.0 / 1.45


@dataclass(frozen=True, slots=True)
class Variant:
    """One way of moving.

    Attributes:
        intensity: One of `INTENSITIES`.
        duration_ms: From the first change to rest.
        onset: Share of the length in which it rises.
        apex: Share for which it stays.
        easing: Shape of the rise and, mirrored, of the fall.
    """

    intensity: str
    duration_ms: int
    onset: float
    apex: float
    easing: Easing

    @property
    def strength(self) -> float:
        """The intensity as a share of a unit's `most`."""
        return INTENSITIES[self.intensity]


def fastest(variant: Variant) -> float:
    """The fastest change of any target, a second, at the variant's own length."""
    seconds = variant.duration_ms / 1000.0
    rise = variant.onset * seconds
    fall = (1.0 - variant.onset - variant.apex) * seconds
    return _MOST * variant.strength * SLOPES[variant.easing] / min(rise, fall)


def speed(duration_ms: float) -> float:
    """Where a length lies between the longest (-1) and the shortest (+1), by its logarithm."""
    shortest, longest = _DURATIONS_MS[0], _DURATIONS_MS[-1]
    return 1.0 - 2.0 * math.log(duration_ms / shortest) / math.log(longest / shortest)


@cache
def variants(count: int) -> tuple[Variant, ...]:
    """The first `count` of all that a face can do, each as far as can be from those before it.

    Raises:
        ValueError: There are fewer.
    """
    found = [item for item in _lattice() if _plausible(item)]
    if not 1 <= count <= len(found):
        raise ValueError(f"{count} variants asked for, expected 1 to {len(found)}")
    places = np.array([_place(item) for item in found])
    order = [int(np.linalg.norm(places - places.mean(axis=0), axis=1).argmin())]
    gaps = np.linalg.norm(places - places[order[0]], axis=1)
    while len(order) < count:
        furthest = int(gaps.argmax())
        order.append(furthest)
        gaps = np.minimum(gaps, np.linalg.norm(places - places[furthest], axis=1))
    return tuple(found[row] for row in order)


def _lattice() -> list[Variant]:
    return [
        Variant(intensity, duration_ms, onset, apex, easing)
        for intensity, duration_ms, (onset, apex), easing in itertools.product(
            INTENSITIES, _DURATIONS_MS, _SHAPES, SLOPES
        )
    ]


def _plausible(variant: Variant) -> bool:
    onset_ms = variant.onset * variant.duration_ms
    if onset_ms < _LEAST_ONSET_MS or fastest(variant) > _MAX_RATE:
        return False
    return variant.duration_ms > MICRO_MS or onset_ms <= _MOST_ONSET_MS


def _place(variant: Variant) -> tuple[float, float, float, float, float]:
    """Where it lies among the others: about as far from them as it looks different."""
    return (
        1.0 * variant.strength,
        0.75 * speed(variant.duration_ms),
        0.8 * variant.onset,
        0.8 * variant.apex,
        0.25 * tuple(SLOPES).index(variant.easing),
    )
