"""Ridge regression over sparse features by conjugate gradients (Hestenes and Stiefel, 1952)."""

import numpy as np
import numpy.typing as npt
from scipy import sparse

__all__ = ["ridge"]

Floats = npt.NDArray[np.float64]
_STEPS = 400
_TOLERANCE = 1e-6


def ridge(table: sparse.csr_matrix, targets: Floats, penalty: float, counts: Floats) -> Floats:
    """Weights that minimise the squared error plus `penalty` times their own squares.

    Args:
        table: (samples, features).
        targets: (samples, answers), each column of mean about zero.
        penalty: Above zero.
        counts: (samples,): how much each one's error counts.

    Returns:
        (features, answers).
    """
    share = np.sqrt(counts)
    table = sparse.diags(share) @ table
    turned = table.T.tocsr()
    rest: Floats = turned @ (share[:, None] * targets)
    weights: Floats = np.zeros_like(rest)
    direction = rest.copy()
    squares = (rest * rest).sum(axis=0)
    enough = _TOLERANCE**2 * squares
    for _ in range(_STEPS):
        image = turned @ (table @ direction) + penalty * direction
        step = squares / np.maximum((direction * image).sum(axis=0), 1e-300)
        weights += step * direction
        rest -= step * image
        left = (rest * rest).sum(axis=0)
        if (left <= enough).all():
            break
        direction = rest + left / np.maximum(squares, 1e-300) * direction
        squares = left
    return weights
