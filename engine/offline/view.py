"""A small, fixed view of an avatar's head: what pictures of it are compared in."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from capsules.avatar import Avatar
from compositor.backend import I420
from compositor.drawlist import Camera, DrawList, FrameSize
from compositor.geometry import Affine, canvas_to_frame
from engine.offline.render import OfflineRenderer, RenderOptions, straight_rgba, weight_frame

__all__ = ["HeadView"]

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]

# Side of the view. Pictures are reduced above the most, and what comes of that has at least half of
# it: in smaller ones lids and dimples are not told apart.
_LEAST_PX, _MOST_PX = 128, 420
_REACH = 1.35  # the same in heights of the face
_FACE_PART = "face"


@dataclass(frozen=True, slots=True)
class _Kind:
    plain: RenderOptions
    covered: RenderOptions


class HeadView:
    """The head of an avatar, rendered as a take shows it. One thread at a time.

    Its pixels are those of the take, or squares of them, as long as the take is not turned: what
    is resampled would look different for no other reason.

    Args:
        renderer: What draws it; it stays the caller's.
        take: How canvas pixels come to lie in the pictures of the take.

    Attributes:
        canvas: How canvas pixels come to lie in the view.
        side_px: Of the view.
    """

    def __init__(self, renderer: OfflineRenderer, take: Affine) -> None:
        avatar = renderer.avatar
        self._renderer = renderer
        self._avatar = avatar.name
        self._take = take
        low, high = _face_bounds(avatar)
        reach = _REACH * float((high - low).max())
        self._pixels = max(1, math.ceil(reach * take.scale / _MOST_PX))
        side = 2 * round(0.5 * reach * take.scale / self._pixels)
        self.side_px = side = max(_LEAST_PX, side)
        middle = 0.5 * (low + high)
        x = take.a * middle[0] + take.b * middle[1] + take.c
        y = take.d * middle[0] + take.e * middle[1] + take.f
        # Whole squares, and an even number of them, so that chroma has the same grid as well.
        half, grid = 0.5 * self._pixels * side, 2 * self._pixels
        self._corner = (grid * round((x - half) / grid), grid * round((y - half) / grid))
        centre = take.inverse
        x, y = self._corner[0] + half, self._corner[1] + half
        self._camera = Camera(
            centre.a * x + centre.b * y + centre.c - 0.5 * avatar.canvas_px,
            centre.d * x + centre.e * y + centre.f - 0.5 * avatar.canvas_px,
            take.scale / self._pixels * avatar.canvas_px / side,
        )
        size = FrameSize(side, side)
        self._kind = _Kind(RenderOptions(size=size), RenderOptions(size=size, coverage=True))
        self.canvas: Affine = canvas_to_frame(self._camera, size, avatar.canvas_px)

    def i420(self, weights: Mapping[str, float]) -> I420:
        """The head with those weights of bases."""
        # Exactly: a turn of the head shows long before weights are large enough to be kept.
        shown = tuple((name, float(value)) for name, value in sorted(weights.items()))
        size = self._kind.plain.size
        return self._renderer.i420(DrawList(self._avatar, size, shown, camera=self._camera))

    def rgb(self, weights: Mapping[str, float]) -> Bytes:
        """The same, (side, side, 3) sRGB."""
        frame = weight_frame(self._avatar, weights, self._kind.plain, self._camera)
        return self._renderer.rgb(frame)

    def coverage(self, weights: Mapping[str, float]) -> Floats:
        """How much of each pixel the avatar covers, (side, side) in [0, 1]."""
        frame = weight_frame(self._avatar, weights, self._kind.covered, self._camera)
        covered = straight_rgba(self._renderer.i420(frame))[..., 3]
        return np.asarray(covered / np.float32(255.0), np.float32)

    def taken(self, rgb: Bytes) -> Bytes:
        """A picture (H, W, 3) of the take, as this view shows it."""
        return self._laid(rgb, 1)

    def taken_i420(self, picture: I420) -> I420:
        """The same of a picture in I420; where the take is not turned, its planes are cut out."""
        height = picture.shape[0] * 2 // 3
        halves = picture[height:].reshape(2, height // 2, -1)
        planes = [self._laid(picture[:height], 1), *(self._laid(one, 2) for one in halves)]
        flat = np.concatenate([one.ravel() for one in planes])
        return np.asarray(flat.reshape(-1, self.side_px), np.uint8)

    def _laid(self, picture: Bytes, reduced: int) -> Bytes:
        """A picture or plane of the take, reduced so many times, where the view has it."""
        matrix = self._take.after(self.canvas.inverse)
        scale = 1.0 / self._pixels
        if self._pixels > 1:
            height, width = (side // self._pixels for side in picture.shape[:2])
            picture = picture[: height * self._pixels, : width * self._pixels]
            picture = np.asarray(
                cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8
            )
        # Pixel centres lie at halves here and at whole numbers in OpenCV.
        across = scale * np.array(
            [
                [matrix.a, matrix.b, matrix.c / reduced],
                [matrix.d, matrix.e, matrix.f / reduced],
            ],
            np.float64,
        )
        across[:, 2] += 0.5 * (across[:, 0] + across[:, 1]) - 0.5
        whole = np.round(across)
        across = np.where(np.abs(across - whole) < 1e-3, whole, across)
        side = self.side_px // reduced
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return np.asarray(
            cv2.warpAffine(
                picture, across, (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE
            ),
            np.uint8,
        )


def _face_bounds(avatar: Avatar) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Smallest and largest canvas coordinates of the face."""
    names = {part.name for part in avatar.parts}
    part = avatar.part(_FACE_PART) if _FACE_PART in names else avatar.parts[-1]
    low, high = part.vertices.min(axis=0), part.vertices.max(axis=0)
    return low.astype(np.float64), high.astype(np.float64)
