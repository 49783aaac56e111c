"""Kernels over the finished picture: grading and I420."""

import numpy as np
from numpy.typing import NDArray

from capsules.kernel import kernel

__all__ = ["grade", "i420"]

_LOW_PAIR = np.uint64(0x00FF00FF)
_SHIFT_8 = np.uint64(8)
_U255 = np.uint64(255)
_BYTE = np.uint32(255)


@kernel
def grade(frame: NDArray[np.uint32], lut: NDArray[np.uint8]) -> None:
    """Maps each colour of a picture through a table (3, 256), in place."""
    for y in range(frame.shape[0]):
        for x in range(frame.shape[1]):
            pixel = frame[y, x]
            red = np.uint32(lut[0, pixel & _BYTE])
            green = np.uint32(lut[1, (pixel >> np.uint32(8)) & _BYTE])
            blue = np.uint32(lut[2, (pixel >> np.uint32(16)) & _BYTE])
            result = red | (green << np.uint32(8)) | (blue << np.uint32(16))
            frame[y, x] = result | (pixel & np.uint32(0xFF000000))


@kernel
def i420(frame: NDArray[np.uint32], out: NDArray[np.uint8]) -> None:
    """Converts a picture (H, W) to I420 (H * 3 / 2, W), BT.601 limited range.

    In integers: Y = (66 R + 129 G + 25 B + 128) / 256 + 16, and of the sums of each 2 x 2 block
    U = (-38 R - 74 G + 112 B + 512) / 1024 + 128, V = (112 R - 94 G - 18 B + 512) / 1024 + 128.
    """
    height, width = frame.shape
    for y in range(height):
        for x in range(width):
            pixel = np.int32(frame[y, x] & np.uint32(0xFFFFFF))
            red, green, blue = pixel & 255, (pixel >> 8) & 255, pixel >> 16
            luma = (66 * red + 129 * green + 25 * blue + 128) >> 8
            out[y, x] = np.uint8(luma + 16)
    planes = out[height:].reshape(2, height // 2, width // 2)
    for y in range(height // 2):
        upper, lower = frame[2 * y], frame[2 * y + 1]
        for x in range(width // 2):
            first, second = np.uint64(upper[2 * x]), np.uint64(upper[2 * x + 1])
            third, fourth = np.uint64(lower[2 * x]), np.uint64(lower[2 * x + 1])
            pair = (first & _LOW_PAIR) + (second & _LOW_PAIR)
            pair += (third & _LOW_PAIR) + (fourth & _LOW_PAIR)
            red = np.int32(pair & np.uint64(0xFFFF))
            blue = np.int32(pair >> np.uint64(16))
            middle = ((first >> _SHIFT_8) & _U255) + ((second >> _SHIFT_8) & _U255)
            middle += ((third >> _SHIFT_8) & _U255) + ((fourth >> _SHIFT_8) & _U255)
            green = np.int32(middle)
            planes[0, y, x] = np.uint8(((112 * blue - 38 * red - 74 * green + 512) >> 10) + 128)
            planes[1, y, x] = np.uint8(((112 * red - 94 * green - 18 * blue + 512) >> 10) + 128)
