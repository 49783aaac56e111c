"""Clips: capsules whose pictures are frames with alpha, read from WebM or MP4 files.

A file holds VP9 (with or without alpha), AV1 or H.264. Where a codec has no alpha of its own, the
matte may stand beside the colour: pictures are then twice as wide, and the luma of their right half
is the alpha of the left one. Colour is straight in the file and premultiplied as it is read.
"""

import math
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from capsules._clip_file import MAX_CLIP_S, MAX_CLIP_SIDE_PX, ClipFile, Matte
from capsules.errors import ClipError

__all__ = ["MAX_CLIP_S", "MAX_CLIP_SIDE_PX", "Clip", "ClipReader", "Matte", "Rect", "open_clip"]

_AHEAD = 12  # frames that are decoded and thrown away rather than sought
_MOST_PLACES = 4  # of one clip at which frames are decoded in order
_ROUNDING = 1e-6  # of a frame

Rect = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip that can be read.

    Attributes:
        cid: Id of its capsule.
        path: The file.
        width: Of a frame, pixels, without the matte beside it.
        height: Of a frame, pixels.
        fps: Frames a second.
        frame_count: How many there are.
        matte: Where the alpha is: in the stream's own (VP9), on the right half of each picture
            (AV1 and others), or nowhere.
        rect: Where frames lie, (left, top, width, height) in shares of the canvas's side.
        after: The part after which it is drawn; see `compositor.drawlist.Overlay`.
        loop_frames: Frames of a loop, after which the first one follows; None: it does not loop.
    """

    cid: str
    path: Path
    width: int
    height: int
    fps: float
    frame_count: int
    matte: Matte
    rect: Rect
    after: str
    loop_frames: int | None = None

    @property
    def duration_ms(self) -> float:
        """How long it runs."""
        return 1000.0 * self.frame_count / self.fps


def open_clip(
    cid: str,
    path: Path,
    *,
    matte: Matte = "alpha",
    rect: Rect = (0.0, 0.0, 1.0, 1.0),
    after: str = "",
    loop_ms: float | None = None,
) -> Clip:
    """Reads what there is to know of a clip's file; frames are counted, none is decoded.

    Args:
        cid: Id of its capsule.
        path: The file.
        matte: Where the alpha is.
        rect: As in `Clip`.
        after: As in `Clip`.
        loop_ms: After how long it begins again; None: it does not.

    Raises:
        ClipError: It cannot be read, or is of another kind, larger or longer than allowed.
    """
    with ClipFile(path) as source:
        width, height = source.size(matte)
        return Clip(
            cid=cid,
            path=path,
            width=width,
            height=height,
            fps=source.fps,
            frame_count=len(source.times),
            matte=matte,
            rect=rect,
            after=after,
            loop_frames=None if loop_ms is None else _frames_in(loop_ms, source),
        )


def _frames_in(loop_ms: float, source: ClipFile) -> int:
    """How many frames are shown at some time of a loop: the last may be cut short."""
    shown = math.ceil(loop_ms * source.fps / 1000.0 - _ROUNDING)
    return min(max(shown, 1), len(source.times))


class ClipReader:
    """Decodes frames of one clip; one thread at a time may read, and any may close it.

    Frames that are read in order are decoded one by one, at several places at once, for viewers of
    one clip are seldom at the same; others are sought from the keyframe before. A frame of 512x512
    takes 2 to 3 ms. The file is opened with the first frame that is read.

    Args:
        clip: Which.
    """

    def __init__(self, clip: Clip) -> None:
        self._clip = clip
        self._closing = threading.Event()
        self._reading = threading.Lock()
        self._places: list[_Place] = []  # the one used last is the last

    @property
    def open_files(self) -> int:
        """How often the file is open, each time with a decoder."""
        return len(self._places)

    def read(self, number: int) -> NDArray[np.uint8]:
        """One frame: premultiplied RGBA (height, width, 4).

        Raises:
            ClipError: It cannot be decoded, the file is no longer what it was when the clip was
                opened, or the reader was closed, if only meanwhile.
            IndexError: There is no such frame.
        """
        if not 0 <= number < self._clip.frame_count:
            raise IndexError(f"frame {number} of {self._clip.frame_count}")
        try:
            with self._reading:
                return self._read(number)
        finally:
            if self._closing.is_set():
                self.close()  # what closed it did not wait and left it to this thread

    def close(self) -> None:
        """Closes the file; safe twice.

        It waits for no frame: one that is being read is given up, and its thread closes the file.
        """
        self._closing.set()
        if self._reading.acquire(blocking=False):
            try:
                for place in self._places:
                    place.close()
            finally:
                self._reading.release()

    def _read(self, number: int) -> NDArray[np.uint8]:
        if self._closing.is_set():
            raise ClipError(self._clip.path, "is closed")
        place = self._place_for(number)
        try:
            return _picture(place.read(number), self._clip)
        except av.FFmpegError as error:
            raise ClipError(self._clip.path, f"frame {number}: {error.strerror}") from error

    def _place_for(self, number: int) -> "_Place":
        """The nearest place before it, or one that is free, or the one used longest ago."""
        near = [place for place in self._places if place.is_before(number)]
        free = [place for place in self._places if not place.is_decoding]
        if near:
            place = max(near, key=lambda one: one.next)
        elif free or len(self._places) == _MOST_PLACES:
            place = (free or self._places)[0]
        else:
            place = _Place(self._clip, self._closing)
            self._places.append(place)
        self._places.remove(place)
        self._places.append(place)
        return place


class _Place:
    """An open file, decoded up to a frame.

    Args:
        clip: Of which clip.
        stop: As in `ClipFile`.

    Attributes:
        next: The frame that comes next.
    """

    def __init__(self, clip: Clip, stop: threading.Event) -> None:
        self._file = ClipFile(clip.path, stop)
        self._numbers = {time: number for number, time in enumerate(self._file.times)}
        self._frames: Iterator[VideoFrame] = iter(())
        self._path = clip.path
        self.next = clip.frame_count
        try:
            found = (*self._file.size(clip.matte), len(self._numbers))
            expected = (clip.width, clip.height, clip.frame_count)
            if found != expected:
                message = f"has changed: width, height and frames are {found}, were {expected}"
                raise ClipError(clip.path, message)
        except BaseException:
            self.close()
            raise

    @property
    def is_open(self) -> bool:
        """Whether its file has not been closed."""
        return self._file.is_open

    @property
    def is_decoding(self) -> bool:
        """Whether frames are left of those that it decodes."""
        return self.next < len(self._numbers)

    def is_before(self, number: int) -> bool:
        """Whether going on decoding leads there sooner than seeking."""
        if not self.next <= number <= self.next + _AHEAD:
            return False
        return self._file.keyframe_before(number) <= self.next

    def read(self, number: int) -> VideoFrame:
        """One frame.

        Raises:
            ClipError: It does not come, or the file was told to stop.
            FFmpegError: It cannot be decoded.
        """
        if not self.is_before(number):
            self._frames = self._file.decode_from(self._file.keyframe_before(number))
        self.next = len(self._numbers)  # until it has come
        for frame in self._frames:
            if frame.pts is not None and self._numbers.get(frame.pts) == number:
                self.next = number + 1
                return frame
        raise ClipError(self._path, f"frame {number} cannot be decoded")

    def close(self) -> None:
        """Closes the file; safe twice."""
        self._frames = iter(())
        self._file.close()


def _picture(frame: VideoFrame, clip: Clip) -> NDArray[np.uint8]:
    """Premultiplied RGBA of the clip's size."""
    columns = 2 * clip.width if clip.matte == "side_by_side" else clip.width
    if (frame.width, frame.height) != (columns, clip.height):
        raise ClipError(
            clip.path,
            f"a picture is {frame.width}x{frame.height}, expected {columns}x{clip.height}",
        )
    straight = np.asarray(frame.reformat(format="rgba", threads=1).to_ndarray(), np.uint8)
    picture = straight[:, : clip.width].copy()
    if clip.matte == "none":
        picture[..., 3] = 255
        return picture
    if clip.matte == "side_by_side":
        # The matte is grey, so that each of its channels is its luma.
        picture[..., 3] = straight[:, clip.width :, 1]
    elif frame.format.name == "yuva420p":
        # FFmpeg's conversion leaves the last columns of some widths as memory was.
        plane = frame.planes[3]
        rows = np.frombuffer(bytes(plane), np.uint8).reshape(-1, plane.line_size)
        picture[..., 3] = rows[: clip.height, : clip.width]
    _premultiply(picture)
    return picture


def _premultiply(picture: NDArray[np.uint8]) -> None:
    alpha = picture[..., 3].astype(np.uint16)
    for channel in range(3):
        # Division by 255 that rounds and is exact (Blinn, 1995), several times as fast as one.
        product = picture[..., channel] * alpha
        product += 128
        product += product >> 8
        picture[..., channel] = product >> 8
