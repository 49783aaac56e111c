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
    total = out.reshape(-1)
    total[:] = rest.reshape(-1)
    for i in range(indices.shape[0]):
        weight = weights[i]
        delta = deltas[indices[i]].reshape(-1)
        for k in range(total.shape[0]):
            total[k] += weight * delta[k]


@kernel
def accumulate_residuals(
    residuals: NDArray[np.int8],
    boxes: NDArray[np.int64],
    indices: NDArray[np.int64],
    weights: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
    """Writes the weighted sum of the chosen residuals, in steps of a texture's colour (1/255).

    Args:
        residuals: Of all bases that have one (R, h, w, 3).
        boxes: Where each of them is not 0: first and end row, first and end column (R, 4).
            Most change a small part of a face, and only that is summed.
        indices: The active ones (n,).
        weights: Their weights (n,).
        out: Sum (h, w, 3).
    """
    # Row by row, so that a row's sum stays in the nearest cache; slices, so that processors add
    # in vectors, since an index from 0 needs no check for a negative one.
    for y in range(out.shape[0]):
        out[y] = np.float32(0.0)
        for i in range(indices.shape[0]):
            top, bottom, left, right = boxes[indices[i]]
            if top <= y < bottom:
                weight = weights[i] * np.float32(255.0 / 127.0)
                source = residuals[indices[i], y, left:right].reshape(-1)
                total = out[y, left:right].reshape(-1)
                for k in range(source.shape[0]):
                    total[k] += weight * np.float32(source[k])


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
