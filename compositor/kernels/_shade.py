"""Kernels that change a texture: residuals and light.

Numbers go by way of int32 between float32 and uint64: processors convert those in vectors.
"""

import numpy as np
from numpy.typing import NDArray

from capsules.kernel import kernel

__all__ = ["BORDER", "relight", "retouch"]

BORDER = 2
"""Texels that a texture's border repeats on every side."""

# A rect that ends at a texel's centre does so whatever the rounding, and on GPUs too.
_ROUNDED_HALF = 0.5002

_U255 = np.uint64(255)
_SHIFT_48 = np.uint64(48)
_ALPHA_LANE = np.uint64(0xFFFF000000000000)
_CHANNEL_SHIFTS = (np.uint64(0), np.uint64(32), np.uint64(16))  # R, G and B of a texel


@kernel
def retouch(
    texture: NDArray[np.uint64],
    residual: NDArray[np.float32],
    rect: tuple[float, float, float, float],
    out: NDArray[np.uint64],
) -> None:
    """Adds a residual to the part of a texture it lies over, and writes only that part.

    It lies over the texels whose centres are in `rect`; beside those at an edge, the border too is
    written.

    Args:
        texture: Bordered texture.
        residual: Change of straight colour (h, w, 3) in steps of 1/255, stretched over `rect`.
        rect: Left, top, width, height in texels of `texture`, its border not counted.
        out: Texture of the same shape.
    """
    left, top, rect_width, rect_height = rect
    rows, columns = residual.shape[0], residual.shape[1]
    first_x = max(int(np.ceil(left - _ROUNDED_HALF)), 0)
    last_x = min(int(np.ceil(left + rect_width - _ROUNDED_HALF)), texture.shape[1] - 2 * BORDER)
    first_y = max(int(np.ceil(top - _ROUNDED_HALF)), 0)
    last_y = min(int(np.ceil(top + rect_height - _ROUNDED_HALF)), texture.shape[0] - 2 * BORDER)
    count = last_x - first_x
    if count <= 0 or last_y <= first_y:
        return
    starts = np.empty(count, np.int64)  # where a column's left neighbour starts in a line
    shares = np.empty(count, np.float32)
    for x in range(count):
        at = min(max((x + first_x + 0.5 - left) * columns / rect_width - 0.5, 0.0), columns - 1.0)
        starts[x] = 3 * int(at)
        shares[x] = np.float32(at - int(at))
    line = np.empty(3 * (columns + 1), np.float32)
    for y in range(first_y, last_y):
        at = min(max((y + 0.5 - top) * rows / rect_height - 0.5, 0.0), rows - 1.0)
        row = int(at)
        source = texture[y + BORDER, first_x + BORDER :]
        target = out[y + BORDER, first_x + BORDER :]
        below = residual[min(row + 1, rows - 1)]
        if _mix_rows(residual[row], below, np.float32(at - row), line):
            _retouch_row(source, line, starts, shares, target)
        else:
            target[:count] = source[:count]
    _repeat_edges(out, first_x, last_x, first_y, last_y)


@kernel
def _repeat_edges(
    texture: NDArray[np.uint64], first_x: int, last_x: int, first_y: int, last_y: int
) -> None:
    """Repeats in a texture's border what lies at its edges of some columns and rows of it."""
    rows, columns = texture.shape[0], texture.shape[1]
    start, end = first_x + BORDER, last_x + BORDER
    if first_x == 0:
        start = 0
        for y in range(first_y + BORDER, last_y + BORDER):
            texture[y, :BORDER] = texture[y, BORDER]
    if end == columns - BORDER:
        end = columns
        for y in range(first_y + BORDER, last_y + BORDER):
            texture[y, columns - BORDER :] = texture[y, columns - BORDER - 1]
    for k in range(BORDER):
        if first_y == 0:
            texture[k, start:end] = texture[BORDER, start:end]
        if last_y == rows - 2 * BORDER:
            texture[rows - BORDER + k, start:end] = texture[rows - BORDER - 1, start:end]


@kernel
def _mix_rows(
    upper: NDArray[np.float32],
    lower: NDArray[np.float32],
    share: np.float32,
    line: NDArray[np.float32],
) -> bool:
    """Writes what lies between two rows of a residual, its last pixel twice; whether it is not 0.

    Args:
        upper: Row (w, 3).
        lower: Row (w, 3).
        share: Of the lower row, [0, 1].
        line: Result ((w + 1) * 3,).
    """
    one, other = upper.reshape(-1), lower.reshape(-1)
    count = one.shape[0]
    is_busy = False
    for k in range(count):
        value = one[k] + share * (other[k] - one[k])
        line[k] = value
        is_busy |= value != np.float32(0.0)
    for channel in range(3):
        line[count + channel] = line[count - 3 + channel]
    return is_busy


@kernel
def _retouch_row(
    source: NDArray[np.uint64],
    line: NDArray[np.float32],
    starts: NDArray[np.int64],
    shares: NDArray[np.float32],
    target: NDArray[np.uint64],
) -> None:
    """Adds a line of a residual to a row of a texture; see `retouch`."""
    nothing = np.float32(0.0)
    for x in range(starts.shape[0]):
        pixel = source[x]
        start, share = starts[x], shares[x]
        is_quiet = line[start] == nothing and line[start + 1] == nothing
        is_quiet = is_quiet and line[start + 2] == nothing and line[start + 3] == nothing
        # Residuals are local: most of a row does not change.
        if is_quiet and line[start + 4] == nothing and line[start + 5] == nothing:
            target[x] = pixel
            continue
        alpha = np.float32(np.int32(pixel >> _SHIFT_48))
        strength = alpha * np.float32(1.0 / 255.0)
        result = pixel & _ALPHA_LANE
        for channel in range(3):
            change = line[start + channel]
            change += share * (line[start + 3 + channel] - change)
            shift = _CHANNEL_SHIFTS[channel]
            colour = np.float32(np.int32((pixel >> shift) & _U255)) + strength * change
            colour = min(max(colour, nothing), alpha) + np.float32(0.5)
            result |= np.uint64(np.int32(colour)) << shift
        target[x] = result


@kernel
def relight(
    texture: NDArray[np.uint64],
    normals: NDArray[np.int8],
    polynomial: NDArray[np.float32],
    out: NDArray[np.uint64],
) -> None:
    """Multiplies a texture's colours by the irradiance at its normals.

    Args:
        texture: Bordered texture.
        normals: x and y of its normals, times 127, (2, h, w) with the same border.
        polynomial: Per channel, factors of 1, x, y, z, xy, xz, yz, x², y²: (3, 9).
        out: Texture of the same shape.
    """
    p = polynomial
    for row in range(texture.shape[0]):
        for k in range(texture.shape[1]):
            x = np.float32(normals[0, row, k]) * np.float32(1.0 / 127.0)
            y = np.float32(normals[1, row, k]) * np.float32(1.0 / 127.0)
            z = np.sqrt(max(np.float32(1.0) - x * x - y * y, np.float32(0.0)))
            xy, xz, yz, xx, yy = x * y, x * z, y * z, x * x, y * y
            pixel = texture[row, k]
            alpha = np.float32(np.int32(pixel >> _SHIFT_48))
            result = pixel & _ALPHA_LANE
            for channel in range(3):
                light = p[channel, 0] + p[channel, 1] * x + p[channel, 2] * y + p[channel, 3] * z
                light += p[channel, 4] * xy + p[channel, 5] * xz + p[channel, 6] * yz
                light += p[channel, 7] * xx + p[channel, 8] * yy
                shift = _CHANNEL_SHIFTS[channel]
                colour = np.float32(np.int32((pixel >> shift) & _U255)) * max(
                    light, np.float32(0.0)
                )
                result |= np.uint64(np.int32(min(colour, alpha) + np.float32(0.5))) << shift
            out[row, k] = result
