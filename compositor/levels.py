"""Smaller versions of a texture, so that sampling a frame from it neither aliases nor blurs.

Level n is 2^(n/2) times smaller than the texture, half a usual mip step, so that one level a part
is sharp enough; both backends choose and filter alike, so that their pictures agree.
"""

import math
from collections.abc import Sequence
from typing import Generic, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Levels",
    "choose_level",
    "choose_levels",
    "cut_to_alpha",
    "floor_level",
    "level_sizes",
    "resample",
]

_LARGEST_MINIFICATION = 1.3
_SMALLEST_SIDE_PX = 8
_FLOOR_SIDE_PX = 96  # the longer side of a level that always stays, coarse but a picture
_STRIP_ROWS = 64  # resampled at once: whole pictures as floats would be 4 times as large

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


def floor_level(sizes: Sequence[tuple[int, int]]) -> int:
    """The finest level that is small enough to stay, whatever else must give way; the last if none.

    Args:
        sizes: As of `level_sizes`.
    """
    for level, size in enumerate(sizes):
        if max(size) <= _FLOOR_SIDE_PX:
            return level
    return len(sizes) - 1


def level_sizes(height: int, width: int) -> tuple[tuple[int, int], ...]:
    """Height and width of each level of a texture of that size, the finest first."""
    sizes = [(height, width)]
    while True:
        shrink = 2.0 ** (-len(sizes) / 2)
        size = (round(height * shrink), round(width * shrink))
        if min(size) < _SMALLEST_SIDE_PX:
            return tuple(sizes)
        sizes.append(size)


def cut_to_alpha(texture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Premultiplied RGBA (h, w, 4) with no colour larger than its alpha: blending relies on that.

    The texture itself where nothing has to be cut.
    """
    if (texture[:, :, :3] > texture[:, :, 3:]).any():
        return np.minimum(texture, texture[:, :, 3:])
    return texture


class Levels(Sequence[NDArray[_Number]], Generic[_Number]):
    """A picture (h, w, channels) at several sizes (h, w), each made anew when asked for.

    All levels of all parts together are larger than the avatar, and few are ever used. The one that
    always is, the floor, is kept: small as it is, making it takes longer than a frame may. Any
    thread may ask for one.
    """

    def __init__(self, picture: NDArray[_Number], sizes: Sequence[tuple[int, int]]) -> None:
        self._picture: NDArray[_Number] = picture
        self._sizes = sizes
        self._floor_size = sizes[floor_level(sizes)]
        self._floor: NDArray[_Number] = resample(picture, self._floor_size)

    def __len__(self) -> int:
        return len(self._sizes)

    @overload
    def __getitem__(self, index: int) -> NDArray[_Number]: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[NDArray[_Number]]: ...
    def __getitem__(self, index: int | slice) -> NDArray[_Number] | Sequence[NDArray[_Number]]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        size = self._sizes[index]
        return self._floor if size == self._floor_size else resample(self._picture, size)


def resample(picture: NDArray[_Number], size: tuple[int, int]) -> NDArray[_Number]:
    """A picture (h, w, channels) at another size (h, w).

    Where it shrinks, by the mean over each pixel's area; where it grows, linearly.
    """
    if picture.shape[:2] == size:
        return np.ascontiguousarray(picture)
    height, width = size
    result = np.empty((height, width, picture.shape[2]), picture.dtype)
    for start in range(0, height, _STRIP_ROWS):
        strip = slice(start, min(start + _STRIP_ROWS, height))
        tall = _resize(picture, height, strip).swapaxes(0, 1)
        wide = _resize(tall, width, slice(0, width)).swapaxes(0, 1)
        np.rint(wide, out=wide)
        result[strip] = wide
    return result


_Rows = NDArray[np.uint8] | NDArray[np.int8] | NDArray[np.float32]


def _resize(rows: _Rows, count: int, part: slice) -> NDArray[np.float32]:
    """Those of the `count` rows that `rows` become."""
    numbers = np.arange(part.start, part.stop)
    have = rows.shape[0]
    return _linear(rows, numbers, count) if count > have else _box(rows, numbers, count)


def _linear(rows: _Rows, numbers: NDArray[np.int64], count: int) -> NDArray[np.float32]:
    have = rows.shape[0]
    at = np.clip((numbers + 0.5) * (have / count) - 0.5, 0.0, have - 1.0)
    first = at.astype(np.int64)
    share = (at - first).astype(np.float32).reshape(-1, *(1,) * (rows.ndim - 1))
    upper = rows[first].astype(np.float32)
    mixed: NDArray[np.float32] = upper + share * (rows[np.minimum(first + 1, have - 1)] - upper)
    return mixed


def _box(rows: _Rows, numbers: NDArray[np.int64], count: int) -> NDArray[np.float32]:
    """Rows each of which is the mean of those it covers, those at its ends in part."""
    have = rows.shape[0]
    step = have / count
    starts = numbers * step
    first = starts.astype(np.int64)
    out = np.zeros((len(numbers), *rows.shape[1:]), np.float32)
    for offset in range(math.ceil(step) + 1):
        index = first + offset
        covered = np.minimum(starts + step, index + 1) - np.maximum(starts, index)
        share = np.where(index < have, np.maximum(covered, 0.0) / step, 0.0).astype(np.float32)
        if share.any():
            share = share.reshape(-1, *(1,) * (rows.ndim - 1))
            out += share * rows[np.minimum(index, have - 1)]
    return out
