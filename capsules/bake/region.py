"""Rotated squares of a photo, and the pictures of them that the models look at."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["Region", "crop"]


@dataclass(frozen=True, slots=True)
class Region:
    """A rotated square in a photo.

    Attributes:
        x: Centre in pixels.
        y: Centre in pixels.
        size_px: Side.
        angle: Direction of its upper edge in radians; positive is clockwise in the picture.
    """

    x: float
    y: float
    size_px: float
    angle: float = 0.0

    def to_photo(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Points (N, 2) from the square's own coordinates in [0, 1] to pixels of the photo."""
        return (points @ self._axes + self._origin).astype(np.float32)

    @property
    def _axes(self) -> NDArray[np.float64]:
        cos, sin = math.cos(self.angle) * self.size_px, math.sin(self.angle) * self.size_px
        return np.array(((cos, sin), (-sin, cos)), np.float64)

    @property
    def _origin(self) -> NDArray[np.float64]:
        middle: NDArray[np.float64] = np.array((self.x, self.y)) - 0.5 * self._axes.sum(axis=0)
        return middle

    def matrix(self, side_px: int) -> NDArray[np.float64]:
        """The affine map (2, 3) from pixel indices of a crop of that side to those of the photo."""
        # Index i is the point i + 0.5.
        axes = self._axes / side_px
        origin = self._origin + 0.5 * axes.sum(axis=0) - 0.5
        return np.column_stack((axes.T, origin))


def crop(
    rgb: NDArray[np.uint8],
    region: Region,
    side_px: int,
    *,
    mirrored: bool = False,
    replicate_border: bool = True,
) -> NDArray[np.float32]:
    """What a region shows, as a picture (side_px, side_px, 3) float32 in [0, 1].

    Args:
        rgb: Photo (H, W, 3).
        region: Where to look; may reach beyond the photo.
        side_px: Side of the result.
        mirrored: Left and right exchanged in the result.
        replicate_border: Continue the photo's edge pixels outwards; otherwise it is black there.
    """
    reduced, matrix = _reduced(rgb, region, side_px)
    picture = cv2.warpAffine(
        reduced,
        matrix,
        (side_px, side_px),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE if replicate_border else cv2.BORDER_CONSTANT,
    )
    result = np.asarray(picture, np.float32) / 255.0
    return np.ascontiguousarray(result[:, ::-1]) if mirrored else result


def _reduced(
    rgb: NDArray[np.uint8], region: Region, side_px: int
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The photo around the region, reduced by a whole factor so that sampling does not alias."""
    matrix = region.matrix(side_px)
    factor = int(region.size_px / side_px)
    if factor < 2:
        return rgb, matrix
    height, width = rgb.shape[:2]
    reach = (
        region.size_px * (abs(math.cos(region.angle)) + abs(math.sin(region.angle))) / 2 + factor
    )
    left = int(np.clip(region.x - reach, 0, width - 1))
    top = int(np.clip(region.y - reach, 0, height - 1))
    right = int(np.clip(region.x + reach, left + 1, width))
    bottom = int(np.clip(region.y + reach, top + 1, height))
    window = cv2.copyMakeBorder(
        rgb[top:bottom, left:right],
        0,
        -(bottom - top) % factor,
        0,
        -(right - left) % factor,
        cv2.BORDER_REPLICATE,
    )
    size = (window.shape[1] // factor, window.shape[0] // factor)
    reduced = np.asarray(cv2.resize(window, size, interpolation=cv2.INTER_AREA), np.uint8)
    matrix[:, 2] = (matrix[:, 2] - (left, top) + 0.5) / factor - 0.5
    matrix[:, :2] /= factor
    return reduced, matrix
