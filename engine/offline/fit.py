"""Curves from weights of single frames: steadied, looped, and reduced to few points."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from capsules.model import Track
from capsules.targets import target

__all__ = ["Loop", "closed", "find_loop", "limited", "simplified", "steadied", "tracks"]

Floats = NDArray[np.float64]
Courses = Mapping[str, Floats]

_REACH_MS = 50.0  # standard deviation of the low-pass
_MOST_NOISE = 0.02
_TOLERANCE = 0.01  # by which a curve may miss the frames
_REST = 0.03  # what begins or ends nearer to rest than this was at rest
_LEAST = 0.04  # a basis that never moves farther does not move
_LEAST_LOOP_MS = 500.0
_SPEED_MS = 80.0  # a difference of speed counts like what it comes to in this time
_DIGITS = 3


@dataclass(frozen=True, slots=True)
class Loop:
    """Where a take leads back to where it was.

    Attributes:
        first: Frame that the loop begins with.
        last: Frame that is like it.
        gap: RMS difference of weights and speeds between them.
    """

    first: int
    last: int
    gap: float


def steadied(values: Floats, times_ms: Floats) -> Floats:
    """A course of weights (T,) without its noise, no later than it was.

    A low-pass that is symmetric in time, so that it delays nothing, and weighs down frames that
    differ by more than noise does, so that an onset stays as steep as it was (Tomasi and Manduchi,
    "Bilateral Filtering for Gray and Color Images", 1998).
    """
    if len(values) < 5:
        return values.copy()
    bends = np.abs(values[2:] - 2.0 * values[1:-1] + values[:-2])
    # Of a short take, much of what bends is movement.
    noise = min(float(np.median(bends)) / (0.6745 * np.sqrt(6.0)), _MOST_NOISE)
    apart = (times_ms[:, None] - times_ms[None]) / _REACH_MS
    differs = (values[:, None] - values[None]) / (3.0 * noise + 0.005)
    shares = np.exp(-0.5 * (apart**2 + differs**2))
    return np.asarray(shares @ values / shares.sum(axis=1))


def limited(values: Floats, times_ms: Floats, rate: float) -> Floats:
    """A course of weights (T,) that never moves faster than `rate` a second."""
    out = values.copy()
    for at in range(1, len(out)):
        reach = rate * (times_ms[at] - times_ms[at - 1]) / 1000.0
        out[at] = min(max(out[at], out[at - 1] - reach), out[at - 1] + reach)
    return out


def find_loop(courses: Courses, times_ms: Floats) -> Loop:
    """The two frames at least half a second apart that are most alike, in pose and in speed.

    Raises:
        ValueError: The take is too short.
    """
    values = np.stack(list(courses.values()), axis=1)
    speeds = np.gradient(values, times_ms, axis=0) * _SPEED_MS
    state = np.concatenate([values, speeds], axis=1)
    gaps = ((state[:, None] - state[None]) ** 2).mean(axis=2)
    length_ms = times_ms[None] - times_ms[:, None]
    # Of loops that are nearly alike the longer one is the livelier.
    cost = np.where(length_ms >= _LEAST_LOOP_MS, gaps - 1e-6 * length_ms, np.inf)
    first, last = np.unravel_index(int(cost.argmin()), cost.shape)
    if not np.isfinite(cost[first, last]):
        raise ValueError(
            f"it is {times_ms[-1]:.0f} ms long, expected at least {_LEAST_LOOP_MS:.0f} to loop"
        )
    return Loop(int(first), int(last), float(np.sqrt(gaps[first, last])))


def closed(values: Floats) -> Floats:
    """A course (T,) whose end meets its beginning; what it misses is spread over all of it."""
    drift = values[-1] - values[0]
    share = np.linspace(-0.5, 0.5, len(values))
    out = values - drift * share
    out[-1] = out[0]
    return np.asarray(out)


def simplified(values: Floats, times_ms: Floats, tolerance: float = _TOLERANCE) -> list[int]:
    """The frames that a curve needs so as to miss none by more than `tolerance`.

    Ramer, "An Iterative Procedure for the Polygonal Approximation of Plane Curves", 1972; Douglas
    and Peucker, 1973; here by the difference of values, for time is not to be traded for weight.
    """
    kept = {0, len(values) - 1}
    spans = [(0, len(values) - 1)]
    while spans:
        first, last = spans.pop()
        if last - first < 2:
            continue
        inside = slice(first + 1, last)
        straight = np.interp(times_ms[inside], times_ms[[first, last]], values[[first, last]])
        missed = np.abs(values[inside] - straight)
        worst = int(missed.argmax())
        if missed[worst] > tolerance:
            middle = first + 1 + worst
            kept.add(middle)
            spans += [(first, middle), (middle, last)]
    return sorted(kept)


def tracks(
    courses: Courses, times_ms: Floats, *, loops: bool
) -> tuple[tuple[Track, ...], dict[str, float]]:
    """Curves for a capsule, and by how much each misses the frames on average.

    Args:
        courses: For each basis its weight over time (T,), steadied.
        times_ms: (T,) from 0.
        loops: Whether the ends meet and stay where they are, or what is near rest was at rest.
    """
    found, missed = [], {}
    for name, course in courses.items():
        if np.abs(course).max() < _LEAST:
            continue
        known = target(name)
        values = np.clip(course, known.minimum, known.maximum)
        if not loops:
            values = values.copy()
            for end in (0, -1):
                values[end] = values[end] if abs(values[end]) >= _REST else 0.0
        values = np.round(limited(values, times_ms, 0.98 * known.max_rate), _DIGITS)
        if loops:
            values[-1] = values[0]
        points = simplified(values, times_ms)
        curve = [(round(float(times_ms[at])), float(values[at]) + 0.0) for at in points]
        found.append(Track(name, curve))
        shown = np.interp(times_ms, [time for time, _ in curve], [value for _, value in curve])
        missed[name] = float(np.abs(shown - course).mean())
    return tuple(found), missed
