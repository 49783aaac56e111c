"""Kernels of frames with coverage: colour premultiplied over black, and its matte beside it."""

import numpy as np
from numpy.typing import NDArray

from capsules.kernel import kernel

__all__ = ["compose", "grade_covered", "i420_covered"]

_BYTE = np.uint32(255)
_MOST = np.int32(255)
_LEAST, _MOST_LUMA, _MOST_CHROMA = np.int32(16), np.int32(235), np.int32(240)


@kernel
def grade_covered(picture: NDArray[np.uint32], lut: NDArray[np.uint8]) -> None:
    """Maps the straight colours of a premultiplied picture through a table (3, 256), in place."""
    for y in range(picture.shape[0]):
        for x in range(picture.shape[1]):
            pixel = picture[y, x]
            alpha = np.int32(pixel >> np.uint32(24))
            if alpha == 0:
                continue
            result = pixel & np.uint32(0xFF000000)
            for channel in range(3):
                shift = np.uint32(8 * channel)
                colour = np.int32((pixel >> shift) & _BYTE)
                straight = min((colour * 255 + (alpha >> 1)) // alpha, _MOST)
                graded = (np.int32(lut[channel, straight]) * alpha + 127) // 255
                result |= np.uint32(graded) << shift
            picture[y, x] = result


@kernel
def i420_covered(
    picture: NDArray[np.uint32], colour: NDArray[np.uint8], out: NDArray[np.uint8]
) -> None:
    """Writes the frame of twice the width: colour on the left, coverage as luma on the right.

    Args:
        picture: Premultiplied picture (H, W).
        colour: Its I420 form (H * 3 / 2, W).
        out: Frame (H * 3 / 2, 2 W). Coverage is 16 + 219 alpha / 255, its chroma 128.
    """
    height, width = picture.shape
    out[:height, :width] = colour[:height]
    for y in range(height):
        for x in range(width):
            alpha = np.int32(picture[y, x] >> np.uint32(24))
            out[y, width + x] = np.uint8(16 + (219 * alpha + 127) // 255)
    from_planes = colour[height:].reshape(2, height // 2, width // 2)
    to_planes = out[height:].reshape(2, height // 2, width)
    to_planes[:, :, : width // 2] = from_planes
    to_planes[:, :, width // 2 :] = np.uint8(128)


@kernel
def compose(
    covered: NDArray[np.uint8], backdrop: NDArray[np.uint8], out: NDArray[np.uint8]
) -> None:
    """Lays a frame with coverage over a backdrop.

    I420 is linear in premultiplied colour, so each plane is composed for itself.

    Args:
        covered: Frame (H * 3 / 2, 2 W) as `i420_covered` writes it.
        backdrop: Frame (H * 3 / 2, W).
        out: Frame (H * 3 / 2, W).
    """
    width = out.shape[1]
    height = out.shape[0] * 2 // 3
    for y in range(height):
        for x in range(width):
            open_share = 235 - np.int32(covered[y, width + x])
            behind = (np.int32(backdrop[y, x]) - 16) * open_share
            luma = np.int32(covered[y, x]) + (behind + 109) // 219
            out[y, x] = np.uint8(min(max(luma, _LEAST), _MOST_LUMA))
    above = covered[height:].reshape(2, height // 2, width)
    behind_planes = backdrop[height:].reshape(2, height // 2, width // 2)
    planes = out[height:].reshape(2, height // 2, width // 2)
    for y in range(height // 2):
        upper, lower = covered[2 * y, width:], covered[2 * y + 1, width:]
        for x in range(width // 2):
            matte = np.int32(upper[2 * x]) + np.int32(upper[2 * x + 1])
            matte += np.int32(lower[2 * x]) + np.int32(lower[2 * x + 1])
            open_share = 940 - matte
            for plane in range(2):
                behind = (np.int32(behind_planes[plane, y, x]) - 128) * open_share
                chroma = np.int32(above[plane, y, x]) + (behind + 438) // 876
                planes[plane, y, x] = np.uint8(min(max(chroma, _LEAST), _MOST_CHROMA))
