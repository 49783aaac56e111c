"""Which pixels show the person.

The selfie segmentation model answers on 256 x 256 pixels. A guided filter (He, Sun and Tang,
"Guided Image Filtering", 2010) with the photo's colours as its guide carries that answer to the
photo's own edges, down to strands of hair; the coefficients are found on a reduced photo and
enlarged (He and Sun, "Fast Guided Filter", 2015).
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from capsules.bake.tflite import TfliteModel

__all__ = ["PersonSegmenter", "guided_filter"]

# The part of the photo that is looked at again, in sizes of the face: left and right, above, below.
_REACH = (1.6, 1.2, 2.0)
_WORTH_A_SECOND_LOOK = 0.95
# The model's answer is off by some 2 of its 256 pixels; the filter must see beyond that.
_WORK_PX = 640
_STEEPNESS = 2.0
_RADIUS_PX = 8
_SMOOTHNESS = 5e-5
# What the filter leaves of the far background, and takes from the inside.
_BLACK, _WHITE = 0.12, 0.9


class PersonSegmenter:
    """Finds the person. Not thread-safe."""

    def __init__(self, model: TfliteModel) -> None:
        self._model = model

    def mask(
        self, rgb: NDArray[np.uint8], box: tuple[float, float, float, float] | None = None
    ) -> NDArray[np.float32]:
        """How much of each pixel is the person: (H, W) float32 in [0, 1].

        Args:
            rgb: Photo (H, W, 3).
            box: The face (left, top, width, height); the model then looks closer about it.
        """
        mask = self._look(rgb)
        if box is None:
            return mask
        height, width = rgb.shape[:2]
        window = _window(box, width, height)
        rows, columns = window
        if (rows.stop - rows.start) * (columns.stop - columns.start) > (
            _WORTH_A_SECOND_LOOK * height * width
        ):
            return mask
        closer = self._look(rgb[window])
        weight = _feather(closer.shape, window, mask.shape)
        mask[window] += weight * (closer - mask[window])
        return mask

    def _look(self, rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        side = self._model.side_px
        picture = cv2.resize(rgb, (side, side), interpolation=cv2.INTER_AREA)
        (answer,) = self._model.run(np.asarray(picture, np.float32) / 255.0)
        # How soft the answer is says nothing about hair: that is for the photo to say.
        steep = np.clip((answer[0, :, :, 0] - 0.5) * np.float32(_STEEPNESS) + 0.5, 0.0, 1.0)
        refined = guided_filter(rgb, steep.astype(np.float32, copy=False))
        refined -= np.float32(_BLACK)
        refined /= np.float32(_WHITE - _BLACK)
        return np.clip(refined, 0.0, 1.0, out=refined)


def guided_filter(rgb: NDArray[np.uint8], mask: NDArray[np.float32]) -> NDArray[np.float32]:
    """A coarse mask (h, w), as the locally linear function of a photo's colours nearest to it.

    Args:
        rgb: The guide (H, W, 3).
        mask: Of the same view, of any resolution.

    Returns:
        (H, W) float32; may leave [0, 1] a little.
    """
    height, width = rgb.shape[:2]
    scale = min(1.0, _WORK_PX / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    guide = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.float32) / 255.0
    slopes, offset = _coefficients(guide, _resized(mask, size))
    result = _resized(offset, (width, height))
    for channel, slope in enumerate(slopes):
        result += _resized(slope / np.float32(255), (width, height)) * rgb[..., channel]
    return result


def _coefficients(
    guide: NDArray[np.float32], mask: NDArray[np.float32]
) -> tuple[list[NDArray[np.float32]], NDArray[np.float32]]:
    """Three slopes (h, w) and the offset (h, w): equations 19 and 20 of the paper, averaged."""
    colours = [np.ascontiguousarray(guide[..., channel]) for channel in range(3)]
    means, mean_mask = [_box(colour) for colour in colours], _box(mask)

    def shared(one: int, other: int) -> NDArray[np.float64]:
        product = _box(colours[one] * colours[other]) - means[one] * means[other]
        # In greys the channels agree, and the determinant is a small difference of large products.
        return product.astype(np.float64) + (_SMOOTHNESS if one == other else 0.0)

    rows = [
        np.stack([shared(min(row, column), max(row, column)) for column in range(3)])
        for row in range(3)
    ]
    wanted = [
        _box(colour * mask) - mean * mean_mask for colour, mean in zip(colours, means, strict=True)
    ]
    cofactors = [_cross(rows[(row + 1) % 3], rows[(row + 2) % 3]) for row in range(3)]
    determinant = (rows[0] * cofactors[0]).sum(axis=0)
    slopes = [
        (sum(cofactors[row][channel] * wanted[row] for row in range(3)) / determinant).astype(
            np.float32
        )
        for channel in range(3)
    ]
    offset = mean_mask - sum(slope * mean for slope, mean in zip(slopes, means, strict=True))
    return [_box(slope) for slope in slopes], _box(offset)


def _cross(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cross product along the first axis."""
    return np.stack(
        [
            one[(axis + 1) % 3] * other[(axis + 2) % 3]
            - one[(axis + 2) % 3] * other[(axis + 1) % 3]
            for axis in range(3)
        ]
    )


def _box(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Means over squares about each pixel."""
    side = 2 * _RADIUS_PX + 1
    return np.asarray(cv2.boxFilter(values, -1, (side, side)), np.float32)


def _resized(values: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    result = cv2.resize(values, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(result, np.float32)


def _window(box: tuple[float, float, float, float], width: int, height: int) -> tuple[slice, slice]:
    """Rows and columns of head and shoulders."""
    left, top, size = box[0], box[1], max(box[2:])
    across, above, below = (size * reach for reach in _REACH)
    middle = left + box[2] / 2
    return (
        slice(int(np.clip(top - above, 0, height - 1)), int(np.clip(top + below, 1, height))),
        slice(int(np.clip(middle - across, 0, width - 1)), int(np.clip(middle + across, 1, width))),
    )


def _feather(
    shape: tuple[int, ...], window: tuple[slice, slice], whole: tuple[int, ...]
) -> NDArray[np.float32]:
    """1 inside a window, falling to 0 at the edges behind which the photo goes on."""
    ramps = []
    for length, part, end in zip(shape, window, whole, strict=True):
        reach = max(1.0, length / 8)
        places = np.arange(length, dtype=np.float32) + 0.5
        ramp = np.ones(length, np.float32)
        if part.start > 0:
            ramp = np.minimum(ramp, places / reach)
        if part.stop < end:
            ramp = np.minimum(ramp, places[::-1] / reach)
        ramps.append(ramp)
    return np.outer(*ramps).astype(np.float32)
