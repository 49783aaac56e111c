"""Backdrops: pictures that stand still behind an avatar."""

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from capsules.avatar import Avatar, Part
from compositor import kernels
from compositor.backend import I420
from compositor.drawlist import BACKGROUND, Camera, DrawList, FrameSize, Light
from compositor.geometry import canvas_to_frame
from compositor.grade import grade_lut
from compositor.numba_backend import NumbaCompositor
from compositor.picture_file import picture_path, read_picture

__all__ = ["Backdrop", "blurred", "picture", "picture_path", "solid"]

_BLUR = 0.04  # radius of one box, as a share of the shorter side; three boxes are nearly a Gaussian
_BOXES = 3
_BLURRED_PX = 128  # the shorter side of what is blurred: finer is not seen, and takes its time
_MOST_KEPT = 8  # blurred backgrounds, some 100 KB each, 3 MB for the longest frames

_Rgb = NDArray[np.uint8] | NDArray[np.float32]


class Backdrop:
    """A still picture as what finished frames are laid over. One thread at a time may use it.

    Args:
        rgb: sRGB in [0, 255], (height, width, 3).
        graded: Whether a frame's exposure, temperature and contrast apply to it too.
    """

    def __init__(self, rgb: _Rgb, *, graded: bool) -> None:
        rgba = np.full((*rgb.shape[:2], 4), 255, np.uint8)
        rgba[..., :3] = rgb
        self._picture = rgba.view(np.uint32)[:, :, 0]
        self._graded = graded
        self._plain = self._shown = _i420(self._picture)
        self._lut: NDArray[np.uint8] | None = None

    def frame(self, light: Light) -> I420:
        """The picture in a light; made anew only when the light's table has changed."""
        lut = grade_lut(light) if self._graded else None
        if lut is not self._lut:
            self._lut = lut
            self._shown = self._plain if lut is None else self._in(lut)
        return self._shown

    def _in(self, lut: NDArray[np.uint8]) -> I420:
        picture = self._picture.copy()
        kernels.grade(picture, lut)
        return _i420(picture)


def _i420(picture: NDArray[np.uint32]) -> I420:
    frame = np.empty((picture.shape[0] * 3 // 2, picture.shape[1]), np.uint8)
    kernels.i420(picture, frame)
    return frame


def solid(color: tuple[int, int, int], size: FrameSize) -> Backdrop:
    """One sRGB colour, the same in every light: a client may have it from its own page."""
    return Backdrop(np.full((size.height, size.width, 3), color, np.uint8), graded=False)


def picture(path: Path, size: FrameSize) -> Backdrop:
    """A PNG or JPEG file, scaled to cover the frame; what hangs over is cut off.

    Raises:
        PictureError: It cannot be used; see `read_picture`.
    """
    return Backdrop(read_picture(path, size), graded=True)


def blurred(avatar: Avatar, camera: Camera, size: FrameSize) -> Backdrop:
    """The avatar's own background out of focus; black where it has none.

    It covers the frame, however wide: where the background ends before the frame does, it is
    shown larger. What was blurred is kept for the next session. Any thread may call it.
    """
    return Backdrop(_enlarged(_blurred(_Asked(avatar, camera, size)), size), graded=True)


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """What is blurred. Avatars are told apart by identity, not by what is in their arrays."""

    avatar: Avatar
    camera: Camera
    size: FrameSize

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Asked) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    @property
    def _key(self) -> tuple[int, Camera, FrameSize]:
        return id(self.avatar), self.camera, self.size


@lru_cache(maxsize=_MOST_KEPT)
def _blurred(asked: _Asked) -> NDArray[np.float32]:
    """A small picture (h, w, 3) of it, in [0, 255]."""
    avatar, size = asked.avatar, asked.size
    shrink = max(1, min(size.width, size.height) // _BLURRED_PX)
    small = FrameSize(_even(size.width / shrink), _even(size.height / shrink))
    parts = tuple(part for part in avatar.parts if part.name == BACKGROUND)
    if not parts:
        return np.zeros((small.height, small.width, 3), np.float32)
    compositor = NumbaCompositor()
    compositor.load(replace(avatar, parts=parts))
    camera = _covering(asked.camera, parts[0], small, avatar.canvas_px)
    (frame,) = compositor.render([DrawList(avatar.name, small, camera=camera)])
    return _blur(_rgb(frame))


def _even(side: float) -> int:
    return 2 * math.ceil(side / 2)


def _covering(camera: Camera, part: Part, size: FrameSize, canvas_px: int) -> Camera:
    """The camera, as near and as far aside as it takes to see nothing but the part's rectangle."""
    first, last = part.vertices.min(axis=0).astype(float), part.vertices.max(axis=0).astype(float)
    scale = canvas_to_frame(camera, size, canvas_px).scale
    nearer = max(
        1.0,
        size.width / scale / max(1.0, last[0] - first[0]),
        size.height / scale / max(1.0, last[1] - first[1]),
    )
    half = np.array((size.width, size.height)) / (2 * scale * nearer)
    middle = canvas_px / 2
    seen = np.clip((middle + camera.x, middle + camera.y), first + half, last - half)
    return replace(
        camera, x=float(seen[0]) - middle, y=float(seen[1]) - middle, zoom=camera.zoom * nearer
    )


def _rgb(frame: I420) -> NDArray[np.float32]:
    """The sRGB colours, in [0, 255], of a frame of BT.601 in limited range."""
    height, width = frame.shape[0] * 2 // 3, frame.shape[1]
    luma = (frame[:height].astype(np.float32) - 16.0) * (255.0 / 219.0)
    chroma = frame[height:].reshape(2, height // 2, width // 2).astype(np.float32) - 128.0
    blue, red = chroma.repeat(2, axis=1).repeat(2, axis=2) * (255.0 / 224.0)
    green = luma - 0.344136 * blue - 0.714136 * red
    rgb: NDArray[np.float32] = np.dstack([luma + 1.402 * red, green, luma + 1.772 * blue])
    return np.clip(rgb, 0.0, 255.0)


def _blur(rgb: NDArray[np.float32]) -> NDArray[np.float32]:
    radius = max(1, round(_BLUR * min(rgb.shape[:2])))
    width = 2 * radius + 1
    for _ in range(_BOXES):
        for axis in (0, 1):
            edges = [(0, 0), (0, 0), (0, 0)]
            edges[axis] = (radius + 1, radius)
            sums = np.cumsum(np.pad(rgb, edges, mode="edge"), axis=axis)
            count = rgb.shape[axis]
            upper = np.take(sums, np.arange(width, width + count), axis=axis)
            lower = np.take(sums, np.arange(count), axis=axis)
            rgb = (upper - lower) / np.float32(width)
    return rgb


def _enlarged(rgb: NDArray[np.float32], size: FrameSize) -> NDArray[np.uint8]:
    """A small picture in a frame's size, bilinearly."""
    for axis, count in ((0, size.height), (1, size.width)):
        fewer = rgb.shape[axis]
        if fewer == count:
            continue
        at = np.clip((np.arange(count) + 0.5) * (fewer / count) - 0.5, 0.0, fewer - 1.0)
        first = np.minimum(at.astype(np.int64), fewer - 2)
        shape = [1, 1, 1]
        shape[axis] = count
        share = (at - first).astype(np.float32).reshape(shape)
        lower, upper = np.take(rgb, first, axis=axis), np.take(rgb, first + 1, axis=axis)
        rgb = lower + (upper - lower) * share
    enlarged: NDArray[np.uint8] = np.clip(rgb + 0.5, 0.0, 255.0).astype(np.uint8)
    return enlarged
