"""Kernels that sum the active bases of a part and place its vertices."""

import numpy as np
from numpy.typing import NDArray

from capsules.kernel import kernel

__all__ = ["accumulate", "accumulate_residuals", "transform"]

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
    count = rest.shape[0]
    for v in range(count):
        out[v, 0] = rest[v, 0]
        out[v, 1] = rest[v, 1]
    for i in range(indices.shape[0]):
        weight = weights[i]
        delta = deltas[indices[i]]
        for v in range(count):
            out[v, 0] += weight * delta[v, 0]
            out[v, 1] += weight * delta[v, 1]


@kernel
def accumulate_residuals(
    residuals: NDArray[np.int8],
    indices: NDArray[np.int64],
    weights: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
    """Writes the weighted sum of the chosen residuals, in steps of a texture's colour (1/255).

    Args:
        residuals: Of all bases that have one (R, h * w * 3).
        indices: The active ones (n,).
        weights: Their weights (n,).
        out: Sum (h * w * 3,).
    """
    out[:] = np.float32(0.0)
    for i in range(indices.shape[0]):
        weight = weights[i] * np.float32(255.0 / 127.0)
        residual = residuals[indices[i]]
        for k in range(out.shape[0]):
            out[k] += weight * np.float32(residual[k])


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
