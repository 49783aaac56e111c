"""Kernels that sum the active bases of a part and place its vertices."""

import numpy as np
from numpy.typing import NDArray

from capsules.kernel import kernel

__all__ = ["accumulate", "add_residual", "transform"]

_SNAP = 256.0


@kernel
def accumulate(
    rest: NDArray[np.float32],
    deltas: NDArray[np.float32],
    indices: NDArray[np.int64],
    weights: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
    """Writes `rest` plus the weighted sum of the chosen deltas.

    Args:
        rest: Vertices (V, 2).
        deltas: Of all bases (B, V, 2).
        indices: The active bases (n,).
        weights: Their weights (n,).
        out: Vertices (V, 2).
    """
    total = out.reshape(-1)
    total[:] = rest.reshape(-1)
    for i in range(indices.shape[0]):
        weight = weights[i]
        delta = deltas[indices[i]].reshape(-1)
        for k in range(total.shape[0]):
            total[k] += weight * delta[k]


@kernel
def add_residual(
    residual: NDArray[np.int8], top: int, left: int, weight: float, out: NDArray[np.float32]
) -> None:
    """Adds a weighted residual to a sum, in steps of a texture's colour (1/255).

    Args:
        residual: What is not 0 of it (h, w, 3): most change a small part of a face.
        top: Its first row in the sum.
        left: Its first column there.
        weight: Its weight.
        out: Sum (H, W, 3).
    """
    # Slices, so that processors add in vectors, since an index from 0 needs no check for a
    # negative one.
    scale = np.float32(weight) * np.float32(255.0 / 127.0)
    for y in range(residual.shape[0]):
        source = residual[y].reshape(-1)
        total = out[top + y, left : left + residual.shape[1]].reshape(-1)
        for k in range(source.shape[0]):
            total[k] += scale * np.float32(source[k])


@kernel
def transform(
    points: NDArray[np.float32],
    a: float,
    b: float,
    c: float,
    d: float,
    e: float,
    f: float,
    out: NDArray[np.float64],
) -> None:
    """Writes (a x + b y + c, d x + e y + f) of points (V, 2), snapped to 1/256 pixel.

    As on GPUs: then what decides whether a pixel is inside is far larger than rounding errors.
    """
    for v in range(points.shape[0]):
        x = float(points[v, 0])
        y = float(points[v, 1])
        out[v, 0] = np.floor((a * x + b * y + c) * _SNAP + 0.5) / _SNAP
        out[v, 1] = np.floor((d * x + e * y + f) * _SNAP + 0.5) / _SNAP
