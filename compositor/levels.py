"""Smaller versions of a texture, so that sampling a frame from it neither aliases nor blurs.

Level n is 2^(n/2) times smaller than the texture, half a usual mip step, so that one level a part
is sharp enough; both backends choose and filter alike, so that their pictures agree.
"""

import math
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["choose_level", "choose_levels", "resample", "texture_levels"]

_LARGEST_MINIFICATION = 1.3
_SMALLEST_SIDE_PX = 8

_Number = TypeVar("_Number", np.uint8, np.int8)


def choose_level(texels_per_px: float, count: int) -> int:
    """The finest of `count` levels whose minification is at most 1.3 texels a frame pixel."""
    if texels_per_px <= _LARGEST_MINIFICATION:
        return 0
    return min(math.ceil(2 * math.log2(texels_per_px / _LARGEST_MINIFICATION)), count - 1)


def choose_levels(
    texels_per_px: NDArray[np.float64], counts: NDArray[np.int64]
) -> NDArray[np.int64]:
    """`choose_level` for arrays."""
    minified = np.maximum(texels_per_px / _LARGEST_MINIFICATION, 1.0)
    levels: NDArray[np.int64] = np.ceil(2 * np.log2(minified)).astype(np.int64)
    return np.minimum(levels, counts - 1)


def texture_levels(texture: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """The levels of a premultiplied RGBA texture (h, w, 4), the finest first.

    A colour larger than its alpha is cut down to it: blending relies on that.
    """
    base = np.ascontiguousarray(texture)
    if (base[:, :, :3] > base[:, :, 3:]).any():
        base = np.minimum(base, base[:, :, 3:])
    height, width = base.shape[:2]
    levels = [base]
    while True:
        shrink = 2.0 ** (-len(levels) / 2)
        size = (round(height * shrink), round(width * shrink))
        if min(size) < _SMALLEST_SIDE_PX:
            return levels
        levels.append(resample(levels[max(len(levels) - 2, 0)], size))


def resample(picture: NDArray[_Number], size: tuple[int, int]) -> NDArray[_Number]:
    """A picture (h, w, channels) at another size (h, w).

    Where it shrinks, by the mean over each pixel's area; where it grows, linearly.
    """
    if picture.shape[:2] == size:
        return np.ascontiguousarray(picture)
    tall = _resize(picture.astype(np.float32), size[0])
    result = _resize(tall.swapaxes(0, 1), size[1]).swapaxes(0, 1)
    return np.ascontiguousarray(np.rint(result).astype(picture.dtype))


def _resize(rows: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    return _linear(rows, count) if count > rows.shape[0] else _box(rows, count)


def _linear(rows: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    have = rows.shape[0]
    at = np.clip((np.arange(count) + 0.5) * (have / count) - 0.5, 0.0, have - 1.0)
    first = at.astype(np.int64)
    share = (at - first).astype(np.float32).reshape(-1, *(1,) * (rows.ndim - 1))
    mixed: NDArray[np.float32] = rows[first] + share * (
        rows[np.minimum(first + 1, have - 1)] - rows[first]
    )
    return mixed


def _box(rows: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """`count` rows, each the mean of the rows it covers, those at its ends in part."""
    have = rows.shape[0]
    step = have / count
    flat = rows.reshape(have, -1)
    starts = np.arange(count) * step
    first = starts.astype(np.int64)
    out = np.zeros((count, flat.shape[1]), np.float32)
    for offset in range(math.ceil(step) + 1):
        index = first + offset
        covered = np.minimum(starts + step, index + 1) - np.maximum(starts, index)
        share = np.where(index < have, np.maximum(covered, 0.0) / step, 0.0).astype(np.float32)
        out += share[:, np.newaxis] * flat[np.minimum(index, have - 1)]
    return out.reshape(count, *rows.shape[1:])
