"""Least squares with bounds on every unknown."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["bounded_least_squares"]

Floats = NDArray[np.float64]

_SWEEPS = 400
_STILL = 1e-6  # of a whole sweep


def bounded_least_squares(
    gram: Floats, wanted: Floats, low: Floats, high: Floats, start: Floats, sparsity: Floats
) -> Floats:
    """Minimises 1/2 x' gram x - wanted' x + sparsity' |x| with low <= x <= high.

    By coordinate descent (Friedman, Hastie and Tibshirani, "Regularization Paths for Generalized
    Linear Models via Coordinate Descent", 2010), which meets bounds and sparsity exactly.

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
    slack = wanted - gram @ x
    for _ in range(_SWEEPS):
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
        if moved < _STILL:
            break
    return x
