"""What ratings come to: means with intervals, differences with tests, and how far raters agree.

People differ more from each other than variants do, so everything is worked out over participants:
intervals by resampling participants (bootstrap percentiles, Efron and Tibshirani, 1993),
differences by flipping the signs of participants' own differences (a permutation test, exact for
few of them). All of it is deterministic from its seed.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean

import numpy as np
import numpy.typing as npt

__all__ = [
    "Comparison",
    "Estimate",
    "Preference",
    "agreement",
    "compare",
    "holm",
    "mean_opinion",
    "preference",
    "wilson",
]

Floats = npt.NDArray[np.float64]
Ratings = Mapping[str, Mapping[str, Mapping[str, Sequence[float]]]]
"""Ratings by variant, participant and scene."""

_RESAMPLES = 10_000
_EXACT_UP_TO = 14  # participants: 2**14 sign patterns
_LEVEL = 0.95
_Z = 1.959964  # of a normal distribution, for 95 %


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its 95 % interval, endless where it is from a single participant.

    `count` is how many participants it is from.
    """

    value: float
    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """How far `first` is above `second`.

    Attributes:
        first: A variant.
        second: Another.
        difference: Mean of the participants' own differences, with its interval.
        p: Chance of one at least this large, either way, if the two were alike.
        p_holm: The same, allowing for all comparisons made (Holm, 1979).
        effect_size: Cohen's d_z: the mean difference in standard deviations of the differences.
    """

    first: str
    second: str
    difference: Estimate
    p: float
    p_holm: float
    effect_size: float


@dataclass(frozen=True, slots=True)
class Preference:
    """Of those who preferred one of two, the share that preferred `first`; `p` is two-sided."""

    first: str
    second: str
    share: Estimate
    p: float


def mean_opinion(ratings: Mapping[str, Sequence[float]], seed: int = 0) -> Estimate:
    """The mean opinion score of one variant: of the participants' means, with its interval.

    Args:
        ratings: By participant; each has at least one.
        seed: Of the resampling.

    Raises:
        ValueError: There are no ratings.
    """
    means = np.array([np.mean(values) for values in ratings.values() if values])
    if not means.size:
        raise ValueError("there are no ratings")
    return _bootstrapped(means, seed)


def compare(ratings: Ratings, seed: int = 0) -> list[Comparison]:
    """Every two variants, over the participants who rated both in a scene.

    Scenes of which somebody rated one of the two alone do not count for them: who stops half-way
    would otherwise tell scenes apart, not variants. Pairs that nobody rated are left out.
    """
    found = []
    for first, second in combinations(ratings, 2):
        differences = _differences(ratings[first], ratings[second])
        if differences.size:
            found.append((first, second, differences))
    tests = [_sign_flip(differences, seed) for _, _, differences in found]
    return [
        Comparison(
            first,
            second,
            _bootstrapped(differences, seed),
            p,
            adjusted,
            _effect_size(differences),
        )
        for (first, second, differences), p, adjusted in zip(found, tests, holm(tests), strict=True)
    ]


def _differences(
    first: Mapping[str, Mapping[str, Sequence[float]]],
    second: Mapping[str, Mapping[str, Sequence[float]]],
) -> Floats:
    """Each participant's own difference: the mean over the scenes that they rated of both."""
    found = []
    for name, scenes in first.items():
        others = second.get(name, {})
        own = [
            fmean(values) - fmean(others[scene])
            for scene, values in scenes.items()
            if values and others.get(scene)
        ]
        if own:
            found.append(fmean(own))
    return np.array(found)


def preference(first: str, second: str, firsts: int, seconds: int) -> Preference:
    """Whether one of two is preferred: Wilson's interval and an exact binomial test.

    Args:
        first: A variant.
        second: Another.
        firsts: How many participants preferred the first more often than the second.
        seconds: The other way round; ties count for neither.
    """
    count = firsts + seconds
    if count == 0:
        return Preference(first, second, Estimate(0.5, 0.0, 1.0, 0), 1.0)
    most = max(firsts, seconds)
    tail = sum(math.comb(count, k) for k in range(most, count + 1)) / 2**count
    return Preference(first, second, wilson(firsts, count), min(1.0, 2.0 * tail))


def wilson(hits: int, count: int) -> Estimate:
    """A share with its score interval (Wilson, 1927)."""
    if count == 0:
        return Estimate(0.0, 0.0, 1.0, 0)
    share = hits / count
    square = _Z * _Z
    middle = (share + square / (2 * count)) / (1 + square / count)
    spread = math.sqrt(share * (1 - share) / count + square / (4 * count * count))
    half = _Z * spread / (1 + square / count)
    return Estimate(share, max(0.0, middle - half), min(1.0, middle + half), count)


def holm(values: Sequence[float]) -> list[float]:
    """p-values allowing for how many there are (Holm, 1979), in their order."""
    adjusted = [0.0] * len(values)
    worst = 0.0
    for place, index in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        worst = max(worst, min(1.0, (len(values) - place) * values[index]))
        adjusted[index] = worst
    return adjusted


def agreement(ratings: Mapping[str, Mapping[str, float]]) -> float | None:
    """Krippendorff's alpha for interval data: 1 is agreement, 0 what chance would give.

    Args:
        ratings: By what was rated, by participant; anybody may have left anything out.

    Returns:
        Alpha; None where nothing was rated twice, or all ratings are the same.
    """
    units = [list(values.values()) for values in ratings.values() if len(values) > 1]
    pooled = np.array([value for unit in units for value in unit])
    if pooled.size < 2:
        return None
    expected = _pair_differences(pooled) / (pooled.size - 1)
    if expected == 0.0:
        return None
    observed = sum(_pair_differences(np.array(unit)) / (len(unit) - 1) for unit in units)
    return float(1.0 - observed / expected)


def _pair_differences(values: Floats) -> float:
    """Sum over ordered pairs of their squared difference."""
    return float(2.0 * (values.size * np.sum(values**2) - np.sum(values) ** 2))


def _bootstrapped(values: Floats, seed: int) -> Estimate:
    if values.size < 2:  # resampled, one value is always itself: that would look certain
        return Estimate(float(values.mean()), -math.inf, math.inf, int(values.size))
    generator = np.random.default_rng(seed)
    chosen = generator.integers(0, values.size, (_RESAMPLES, values.size))
    means = values[chosen].mean(axis=1)
    tail = 100.0 * (1.0 - _LEVEL) / 2.0
    low, high = np.percentile(means, [tail, 100.0 - tail])
    return Estimate(float(values.mean()), float(low), float(high), int(values.size))


def _sign_flip(differences: Floats, seed: int) -> float:
    """Chance of a mean at least this far from 0, were every difference's sign a coin's."""
    count = differences.size
    if count <= _EXACT_UP_TO:
        patterns = (np.arange(2**count)[:, None] >> np.arange(count)) & 1
        extra = 0
    else:
        patterns = np.random.default_rng(seed).integers(0, 2, (_RESAMPLES, count))
        extra = 1  # what was seen is one of the possible outcomes (Phipson and Smyth, 2010)
    sums = np.abs((2.0 * patterns - 1.0) @ differences)
    reached = int(np.count_nonzero(sums >= abs(differences.sum()) - 1e-12))
    return (reached + extra) / (len(patterns) + extra)


def _effect_size(differences: Floats) -> float:
    if differences.size < 2:
        return 0.0
    spread = float(differences.std(ddof=1))
    if spread == 0.0:
        return math.copysign(math.inf, differences.mean()) if differences.any() else 0.0
    return float(differences.mean() / spread)
