"""Picture files: read, turned upright, and cut to cover a frame."""

from pathlib import Path
from typing import BinaryIO

import av
import numpy as np
from numpy.typing import NDArray

from compositor.drawlist import FrameSize
from compositor.errors import PictureError
from compositor.exif import orientation

__all__ = ["picture_path", "read_picture"]

_MOST_PX = 50_000_000  # of a picture file: larger ones take seconds and gigabytes
_START_BYTES = 1 << 18  # of a file, among which its EXIF is
_SUFFIXES = (".png", ".jpg", ".jpeg")
# What files begin with, and FFmpeg's reader for them, which is never left to guess: among what it
# can guess are playlists, which name further files.
_READERS = ((b"\x89PNG\r\n\x1a\n", "png_pipe"), (b"\xff\xd8\xff", "jpeg_pipe"))


def picture_path(folder: Path, name: str) -> Path | None:
    """The PNG or JPEG file of that name without its suffix; None where the folder has none."""
    for path in sorted(folder.iterdir()):
        if path.stem == name and path.suffix.lower() in _SUFFIXES and path.is_file():
            return path
    return None


def read_picture(path: Path, size: FrameSize) -> NDArray[np.uint8]:
    """A PNG or JPEG file, scaled to cover a frame; what hangs over is cut off.

    A picture is turned as its EXIF orientation says; what of it is transparent lies over black.

    Returns:
        sRGB (height, width, 3).

    Raises:
        PictureError: It cannot be read, or has more than 50 million pixels.
    """
    try:
        with path.open("rb") as file:
            start = file.read(_START_BYTES)
            file.seek(0)
            frame = _decoded(file, start, path.name)
        turned = _upright(_pixels(frame.reformat(format="rgba")), orientation(start))
        cut = np.ascontiguousarray(_cut(turned, size))
        _lay_over_black(cut)
        scaled = av.VideoFrame.from_ndarray(cut, format="rgba").reformat(
            size.width, size.height, format="rgb24", interpolation="AREA"
        )
        return scaled.to_ndarray().astype(np.uint8, copy=False)
    except (av.FFmpegError, OSError, StopIteration, ValueError) as error:
        raise PictureError(f"{path.name}: cannot be read as a picture: {error}") from error


def _decoded(file: BinaryIO, start: bytes, name: str) -> av.VideoFrame:
    reader = next((reader for magic, reader in _READERS if start.startswith(magic)), None)
    if reader is None:
        raise PictureError(f"{name}: is neither a PNG nor a JPEG file")
    # An option of the opening, because that already decodes the file to learn its size.
    limit = {"max_pixels": str(_MOST_PX)}
    with av.open(file, "r", format=reader, options=limit) as container:
        stream = container.streams.video[0]
        if stream.width == 0:
            raise PictureError(f"{name}: is broken, or has more than {_MOST_PX:,} pixels")
        return next(container.decode(stream))


def _pixels(rgba: av.VideoFrame) -> NDArray[np.uint8]:
    """A view of its pixels (height, width, 4)."""
    [plane] = rgba.planes
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return rows[: rgba.height, : 4 * rgba.width].reshape(rgba.height, rgba.width, 4)


def _upright(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Turned and mirrored as an EXIF orientation says."""
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return pixels


def _cut(pixels: NDArray[np.uint8], size: FrameSize) -> NDArray[np.uint8]:
    """The middle of a picture, in the shape of a frame as nearly as its pixels allow."""
    rows, columns = pixels.shape[:2]
    share = min(columns / size.width, rows / size.height)
    width = min(columns, max(1, round(size.width * share)))
    height = min(rows, max(1, round(size.height * share)))
    left, top = (columns - width) // 2, (rows - height) // 2
    return pixels[top : top + height, left : left + width]


def _lay_over_black(pixels: NDArray[np.uint8]) -> None:
    """Multiplies colours by alpha, in place; a row at a time, to need no second picture."""
    if pixels[..., 3].min() == 255:
        return
    for row in pixels:
        alpha = row[:, 3:].astype(np.uint16)
        row[:, :3] = (row[:, :3] * alpha + 127) // 255
