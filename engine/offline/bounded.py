"""Least squares with bounds on every unknown."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["bounded_least_squares"]

Floats = NDArray[np.float64]

_ROUNDS = 200
_STILL = 1e-7  # of a whole sweep


def bounded_least_squares(
    gram: Floats, wanted: Floats, low: Floats, high: Floats, start: Floats, sparsity: Floats
) -> Floats:
    """Minimises 1/2 x' gram x - wanted' x + sparsity' |x| with low <= x <= high.

    By coordinate descent (Friedman, Hastie and Tibshirani, "Regularization Paths for Generalized
    Linear Models via Coordinate Descent", 2010), which meets bounds and sparsity exactly, but
    crawls where unknowns look alike. So after every sweep all that are free jump together, as far
    as none changes its sign or leaves its bounds (Lee, Battle, Raina and Ng, "Efficient Sparse
    Coding Algorithms", 2007); where one would, the others go on without it.

    Args:
        gram: (K, K), positive definite.
        wanted: (K,).
        low: (K,).
        high: (K,), none below `low`.
        start: (K,) where to begin.
        sparsity: (K,) at least 0.

    Returns:
        (K,).
    """
    x = np.clip(np.asarray(start, np.float64), low, high)
    for _ in range(_ROUNDS):
        if _sweep(gram, wanted - gram @ x, low, high, x, sparsity) < _STILL:
            break
        while _jump(gram, wanted, low, high, x, sparsity):
            pass
    return x


def _sweep(
    gram: Floats, slack: Floats, low: Floats, high: Floats, x: Floats, sparsity: Floats
) -> float:
    """Puts each unknown where it is best if no other moves; the farthest that one moved."""
    moved = 0.0
    for k in range(len(x)):
        curvature = gram[k, k]
        plain = curvature * x[k] + slack[k]
        sparse = np.sign(plain) * max(0.0, abs(plain) - sparsity[k])
        step = min(max(sparse / curvature, low[k]), high[k]) - x[k]
        if step:
            x[k] += step
            slack -= gram[:, k] * step
            moved = max(moved, abs(step))
    return moved


def _jump(
    gram: Floats, wanted: Floats, low: Floats, high: Floats, x: Floats, sparsity: Floats
) -> bool:
    """Moves all that are neither at a bound nor at 0 towards where they are best together.

    Returns:
        Whether one met a bound or 0 on the way, so that it is no longer free.
    """
    free = np.flatnonzero((x > low) & (x < high) & (x != 0.0))
    if not len(free):
        return False
    signs = np.sign(x[free])
    slack = (wanted - gram @ x)[free] - sparsity[free] * signs
    step = np.linalg.solve(gram[np.ix_(free, free)], slack)
    # No farther than to the bound, or to 0, that is met first.
    ends = np.where(
        step > 0.0,
        np.where(signs > 0.0, high[free], np.minimum(high[free], 0.0)),
        np.where(signs > 0.0, np.maximum(low[free], 0.0), low[free]),
    )
    moving = step != 0.0
    shares = (ends - x[free])[moving] / step[moving]
    share = min(1.0, float(shares.min(initial=1.0)))
    x[free] += share * step
    if share == 1.0:
        return False
    met = np.flatnonzero(moving)[int(shares.argmin())]
    x[free[met]] = ends[met]
    return True
