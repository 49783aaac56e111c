"""Slow drift of many targets at once: noise whose power falls with frequency, as that of sway does.

People at rest move about like a correlated random walk (Collins and De Luca, "Upright, correlated
random walks", 1995). Here each octave is a cubic B-spline through random numbers; octaves of like
strength add up to 1/f noise (Voss, "Random fractal forgeries", 1985). It is a function of time and
seed alone and never repeats.
"""

import math
from collections.abc import Sequence

import numpy as np

from engine.motion.chance import uniform

__all__ = ["Drift"]

_PERIODS_MS = tuple(250.0 * 2.0**octave for octave in range(8))  # the quickest ends near 1 Hz
_STAGGER = 0.618  # no two octaves draw new numbers in the same frame
_OCTAVE = 1.04  # how much stronger each slower octave is
_GAIN = 0.5 / _OCTAVE ** (len(_PERIODS_MS) / 2)


class Drift:
    """Drift of several targets, independent of each other.

    Args:
        seed: Of all chance.
        stream: Tells this drift from others of the seed.
        amplitudes: Of each target; about where its largest moves end.
    """

    def __init__(self, seed: int, stream: int, amplitudes: Sequence[float]) -> None:
        self._seed, self._stream = seed, stream
        octaves = np.array([_GAIN * _OCTAVE**octave for octave in range(len(_PERIODS_MS))])
        self._scale = octaves[:, None] * np.asarray(amplitudes, np.float64)
        self._lattice = np.zeros((len(_PERIODS_MS), 4, len(amplitudes)))
        self._cells: list[int | None] = [None] * len(_PERIODS_MS)
        self._weights = np.zeros((len(_PERIODS_MS), 4))

    def at(self, now_ms: float) -> list[float]:
        """One value a target."""
        weights: list[tuple[float, float, float, float]] = []
        for octave, period_ms in enumerate(_PERIODS_MS):
            place = now_ms / period_ms + _STAGGER * octave
            cell = math.floor(place)
            if cell != self._cells[octave]:
                self._fill(octave, cell)
            weights.append(_spline(place - cell))
        self._weights[:] = weights
        return (self._weights[:, :, None] * self._lattice).sum(axis=(0, 1)).tolist()  # type: ignore[no-any-return] # one axis is left

    def _fill(self, octave: int, cell: int) -> None:
        """Draws the four numbers about a cell for every target, but for those that are there."""
        lattice = self._lattice[octave]
        before = self._cells[octave]
        fresh = range(4)
        if before is not None and cell == before + 1:
            lattice[:3] = lattice[1:]
            fresh = range(3, 4)
        for row in fresh:
            drawn = [
                2.0 * uniform(self._seed, self._stream, octave, cell + row, target) - 1.0
                for target in range(lattice.shape[1])
            ]
            lattice[row] = self._scale[octave] * drawn
        self._cells[octave] = cell


def _spline(x: float) -> tuple[float, float, float, float]:
    """Weights of four neighbours at `x` in [0, 1) between the middle two: a cubic B-spline."""
    y = 1.0 - x
    return (
        y * y * y / 6.0,
        (3.0 * x * x * x - 6.0 * x * x + 4.0) / 6.0,
        (3.0 * y * y * y - 6.0 * y * y + 4.0) / 6.0,
        x * x * x / 6.0,
    )
