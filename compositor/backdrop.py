"""Backdrops: finished frames that stand still behind an avatar."""

from dataclasses import replace
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from capsules.avatar import Avatar
from compositor import kernels
from compositor.backend import I420
from compositor.drawlist import BACKGROUND, Camera, DrawList, FrameSize
from compositor.errors import PictureError
from compositor.numba_backend import NumbaCompositor

__all__ = ["blurred", "picture", "picture_path", "solid"]

_BLUR = 0.04  # radius of one box, as a share of the shorter side; three boxes are nearly a Gaussian
_BOXES = 3
_MOST_PX = 50_000_000  # of a picture file: larger ones take seconds and gigabytes
_SUFFIXES = (".png", ".jpg", ".jpeg")


def solid(color: tuple[int, int, int], size: FrameSize) -> I420:
    """A frame of one sRGB colour."""
    return _frame(np.full((size.height, size.width, 3), color, np.uint8))


def blurred(avatar: Avatar, camera: Camera, size: FrameSize) -> I420:
    """The avatar's own background out of focus; black where it has none."""
    parts = tuple(part for part in avatar.parts if part.name == BACKGROUND)
    if not parts:
        return solid((0, 0, 0), size)
    compositor = NumbaCompositor()
    compositor.load(replace(avatar, parts=parts))
    (frame,) = compositor.render([DrawList(avatar.name, size, camera=camera)])
    luma = size.height * size.width
    flat = frame.reshape(-1)
    planes = [flat[:luma].reshape(size.height, size.width)]
    planes += list(flat[luma:].reshape(2, size.height // 2, size.width // 2))
    soft = [_blur(plane).reshape(-1) for plane in planes]
    return np.concatenate(soft).reshape(frame.shape)


def _blur(plane: NDArray[np.uint8]) -> NDArray[np.uint8]:
    radius = max(1, round(_BLUR * min(plane.shape)))
    values = plane.astype(np.float64)
    for _ in range(_BOXES):
        for axis in (0, 1):
            edges = [(0, 0), (0, 0)]
            edges[axis] = (radius + 1, radius)
            sums = np.cumsum(np.pad(values, edges, mode="edge"), axis=axis)
            width = 2 * radius + 1
            count = values.shape[axis]
            upper = np.take(sums, np.arange(width, width + count), axis=axis)
            lower = np.take(sums, np.arange(count), axis=axis)
            values = (upper - lower) / width
    return np.floor(values + 0.5).astype(np.uint8)


def picture_path(folder: Path, name: str) -> Path | None:
    """The PNG or JPEG file of that name without its suffix; None where the folder has none."""
    for path in sorted(folder.iterdir()):
        if path.stem == name and path.suffix.lower() in _SUFFIXES and path.is_file():
            return path
    return None


def picture(path: Path, size: FrameSize) -> I420:
    """A PNG or JPEG file, scaled to cover the frame; what hangs over is cut off.

    Raises:
        PictureError: It cannot be read, or has more than 50 million pixels.
    """
    try:
        with av.open(str(path)) as file:
            stream = file.streams.video[0]
            if stream.width * stream.height > _MOST_PX:
                shape = f"{stream.width} x {stream.height}"
                raise PictureError(f"{path.name}: {shape} pixels, expected at most {_MOST_PX:,}")
            frame = next(file.decode(stream))
    except (av.FFmpegError, OSError, IndexError, StopIteration) as error:
        raise PictureError(f"{path.name}: cannot be read as a picture: {error}") from error
    scale = max(size.width / frame.width, size.height / frame.height)
    width, height = round(frame.width * scale), round(frame.height * scale)
    width, height = max(width, size.width), max(height, size.height)
    scaled = frame.reformat(width, height, format="rgb24", interpolation="AREA")
    rgb = scaled.to_ndarray().astype(np.uint8, copy=False)
    left, top = (width - size.width) // 2, (height - size.height) // 2
    return _frame(rgb[top : top + size.height, left : left + size.width])


def _frame(rgb: NDArray[np.uint8]) -> I420:
    rgba = np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)])
    frame = np.empty((rgb.shape[0] * 3 // 2, rgb.shape[1]), np.uint8)
    kernels.i420(np.ascontiguousarray(rgba).view(np.uint32)[:, :, 0], frame)
    return frame
