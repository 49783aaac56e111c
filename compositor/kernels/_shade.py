"""Kernels that change a texture: residuals and light.

Numbers go by way of int32 between float32 and uint64: processors convert those in vectors.
"""

import numpy as np
from numpy.typing import NDArray

from capsules.kernel import kernel

__all__ = ["BORDER", "relight", "retouch"]

BORDER = 2
"""Texels that a texture's border repeats on every side."""

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

    Args:
        texture: Bordered texture.
        residual: Change of straight colour (h, w, 3) in steps of 1/255, stretched over `rect`.
        rect: Left, top, width, height in texels of `texture`, its border not counted.
        out: Texture of the same shape.
    """
    left, top, rect_width, rect_height = rect
    rows, columns = residual.shape[0], residual.shape[1]
    first_x = max(int(np.ceil(left - 0.5)), 0)
    last_x = min(int(np.ceil(left + rect_width - 0.5)), texture.shape[1] - 2 * BORDER)
    first_y = max(int(np.ceil(top - 0.5)), 0)
    last_y = min(int(np.ceil(top + rect_height - 0.5)), texture.shape[0] - 2 * BORDER)
    line = np.empty((columns, 3), np.float32)
    quiet = np.empty(columns, np.bool_)  # residuals are local: most of a rect does not change
    x_scale, y_scale = columns / rect_width, rows / rect_height
    for y in range(first_y, last_y):
        at = min(max((y + 0.5 - top) * y_scale - 0.5, 0.0), rows - 1.0)
        row = int(at)
        below = min(row + 1, rows - 1)
        part = np.float32(at - row)
        for k in range(columns):
            for channel in range(3):
                upper = residual[row, k, channel]
                line[k, channel] = upper + part * (residual[below, k, channel] - upper)
            quiet[k] = line[k, 0] == 0.0 and line[k, 1] == 0.0 and line[k, 2] == 0.0
        for x in range(first_x, last_x):
            at = min(max((x + 0.5 - left) * x_scale - 0.5, 0.0), columns - 1.0)
            column = int(at)
            after = min(column + 1, columns - 1)
            pixel = texture[y + BORDER, x + BORDER]
            if quiet[column] and quiet[after]:
                out[y + BORDER, x + BORDER] = pixel
                continue
            part = np.float32(at - column)
            alpha = np.float32(np.int32(pixel >> _SHIFT_48))
            share = alpha * np.float32(1.0 / 255.0)
            result = pixel & _ALPHA_LANE
            for channel in range(3):
                change = line[column, channel]
                change += part * (line[after, channel] - change)
                shift = _CHANNEL_SHIFTS[channel]
                colour = np.float32(np.int32((pixel >> shift) & _U255)) + share * change
                colour = min(max(colour, np.float32(0.0)), alpha) + np.float32(0.5)
                result |= np.uint64(np.int32(colour)) << shift
            out[y + BORDER, x + BORDER] = result


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
