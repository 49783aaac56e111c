"""Video files of clips: what is in them, and what decodes it. Nothing here is trusted."""

import threading
from bisect import bisect_right
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from capsules.errors import ClipError

__all__ = ["MAX_CLIP_S", "MAX_CLIP_SIDE_PX", "MAX_KEYFRAME_DISTANCE", "ClipFile", "Matte"]

MAX_CLIP_SIDE_PX = 2048
"""The longest side of a frame."""

MAX_CLIP_S = 60.0
"""The longest clip."""

MAX_KEYFRAME_DISTANCE = 128
"""Frames from a keyframe to the next, or to the end. Any frame is decoded from the keyframe before
it, and other pictures wait meanwhile. libvpx keeps to this unless it is told otherwise."""

_MAX_FPS = 60.0
_MAX_FILE_BYTES = 64_000_000
_EDGE_PX = 128  # decoders round sides up
_FORMATS = {".webm": "matroska,webm", ".mp4": "mov,mp4,m4a,3gp,3g2,mj2"}
_CODECS = {"vp9": "libvpx-vp9", "av1": "libdav1d", "h264": "h264"}  # FFmpeg's own vp9 has no alpha

Matte = Literal["alpha", "side_by_side", "none"]
"""Where a clip's alpha is; see `capsules.clip.Clip`."""


class ClipFile:
    """An open file: its frames' times, and what decodes them.

    Args:
        path: The file.
        stop: Once it is set, by any thread, what reads the file ends with a `ClipError`.

    Attributes:
        times: Of the frames in the order in which they are shown, in the stream's unit.
        fps: Frames a second.

    Raises:
        ClipError: It cannot be read, or is of another kind or longer than allowed.
    """

    def __init__(self, path: Path, stop: threading.Event | None = None) -> None:
        self._path = path
        self._stop = stop or threading.Event()
        self._is_closed = False
        self._container = _opened(path)
        try:
            self._stream = _video(path, self._container)
            self.times, self._keyframes = self._index()
            self.fps = self._rate()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def is_open(self) -> bool:
        """Whether it has not been closed."""
        return not self._is_closed

    def close(self) -> None:
        """Closes it; safe twice."""
        self._is_closed = True
        self._container.close()

    def size(self, matte: Matte) -> tuple[int, int]:
        """Width and height of a frame, without the matte.

        Raises:
            ClipError: They are out of range, or the file has no such matte.
        """
        width, height = self._stream.codec_context.width, self._stream.codec_context.height
        if matte == "side_by_side":
            if width % 2:
                message = f"is {width} pixels wide, expected an even width: colour and matte"
                raise ClipError(self._path, message)
            width //= 2
        if not (0 < width <= MAX_CLIP_SIDE_PX and 0 < height <= MAX_CLIP_SIDE_PX):
            raise ClipError(
                self._path,
                f"frames are {width}x{height}, expected sides of 1 to {MAX_CLIP_SIDE_PX} pixels",
            )
        if matte == "alpha" and not self._has_alpha():
            raise ClipError(
                self._path,
                "has no alpha, expected VP9 with alpha in WebM; or say matte 'side_by_side' or "
                "'none'",
            )
        return width, height

    def keyframe_before(self, number: int) -> int:
        """The last frame up to this one from which decoding can begin."""
        return self._keyframes[max(0, bisect_right(self._keyframes, number) - 1)]

    def decode_from(self, number: int) -> Iterator[VideoFrame]:
        """Frames from a keyframe on, in the order in which they are shown.

        Raises:
            ClipError: It was told to stop.
            FFmpegError: One cannot be decoded.
        """
        decoder = self._decoder()
        self._container.seek(self.times[number], stream=self._stream)
        for packet in self._packets():
            yield from decoder.decode(packet)
        yield from decoder.decode(None)

    def _decoder(self) -> VideoCodecContext:
        context = self._stream.codec_context
        # A stream whose pictures are larger than its file says is refused before they are made.
        most_px = (context.width + _EDGE_PX) * (context.height + _EDGE_PX)
        decoder = av.CodecContext.create(_CODECS[context.codec.canonical_name], "r")
        assert isinstance(decoder, VideoCodecContext)  # noqa: S101 - for the type checker
        decoder.extradata = context.extradata
        decoder.thread_count = 1  # a frame is there as soon as its packet is
        decoder.options = {"max_pixels": str(most_px)}
        return decoder

    def _packets(self) -> Iterator["Packet[VideoStream]"]:
        """Packets from where the file stands, without the empty one at its end."""
        for packet in self._container.demux(self._stream):
            if self._stop.is_set():
                raise ClipError(self._path, "was closed while it was read")
            if packet.pts is None and packet.dts is None:
                return
            yield packet

    def _index(self) -> tuple[list[int], list[int]]:
        """Times of all frames, ascending, and which of them are keyframes."""
        found: list[tuple[int, bool]] = []
        most = int(MAX_CLIP_S * _MAX_FPS)
        try:
            for packet in self._packets():
                if packet.pts is None:
                    raise ClipError(self._path, f"frame {len(found)} has no time")
                found.append((packet.pts, packet.is_keyframe))
                if len(found) > most:
                    raise ClipError(
                        self._path, f"has more than {most} frames, the most there may be"
                    )
        except av.FFmpegError as error:
            raise ClipError(self._path, f"frame {len(found)}: {error.strerror}") from error
        found.sort()
        times = [time for time, _ in found]
        if not times:
            raise ClipError(self._path, "has no frames")
        if len(set(times)) < len(times):
            raise ClipError(self._path, "two frames have the same time")
        keyframes = [number for number, (_, key) in enumerate(found) if key]
        if not keyframes or keyframes[0] != 0:
            raise ClipError(self._path, "does not begin with a keyframe")
        self._check_distances(keyframes, len(times))
        return times, keyframes

    def _check_distances(self, keyframes: list[int], frame_count: int) -> None:
        for one, other in pairwise((*keyframes, frame_count)):
            if other - one > MAX_KEYFRAME_DISTANCE:
                raise ClipError(
                    self._path,
                    f"has no keyframe in the {other - one} frames from frame {one} on, expected "
                    f"one every {MAX_KEYFRAME_DISTANCE} frames or sooner; encode it again, with "
                    "ffmpeg's option '-g 60'",
                )

    def _rate(self) -> float:
        """Frames a second; of a file that does not say, as many as its times come to."""
        rate = float(self._stream.average_rate or 0.0)
        if not rate and len(self.times) > 1 and self._stream.time_base is not None:
            seconds = float((self.times[-1] - self.times[0]) * self._stream.time_base)
            rate = (len(self.times) - 1) / seconds
        if not 1.0 <= rate <= _MAX_FPS:
            message = f"runs at {rate:g} frames a second, expected 1 to {_MAX_FPS:g}"
            raise ClipError(self._path, message)
        if len(self.times) / rate > MAX_CLIP_S:
            seconds = len(self.times) / rate
            raise ClipError(self._path, f"is {seconds:.1f} s long, expected at most {MAX_CLIP_S:g}")
        return rate

    def _has_alpha(self) -> bool:
        says = self._stream.metadata.get("alpha_mode") == "1"
        return says and self._stream.codec_context.codec.canonical_name == "vp9"


def _opened(path: Path) -> InputContainer:
    try:
        size_bytes = path.stat().st_size
    except OSError as error:
        raise ClipError(path, f"cannot be read: {error.strerror}") from error
    if size_bytes > _MAX_FILE_BYTES:
        raise ClipError(path, f"has {size_bytes} bytes, expected at most {_MAX_FILE_BYTES}")
    try:
        # Only these two formats: others can name further files or addresses to read.
        return av.open(str(path), format=_format(path))
    except (av.FFmpegError, ValueError) as error:
        raise ClipError(path, f"is no WebM or MP4 file: {error}") from error


def _format(path: Path) -> str:
    if path.suffix not in _FORMATS:
        raise ClipError(path, f"ends in {path.suffix!r}, expected {' or '.join(_FORMATS)}")
    return _FORMATS[path.suffix]


def _video(path: Path, container: InputContainer) -> VideoStream:
    if not container.streams.video:
        raise ClipError(path, "has no video stream")
    stream = container.streams.video[0]
    # PyAV's types do not say so, but a codec that FFmpeg does not know has no context.
    context: VideoCodecContext | None = stream.codec_context
    name = "something unknown" if context is None else context.codec.canonical_name
    if name not in _CODECS:
        raise ClipError(path, f"is encoded as {name}, expected {', '.join(_CODECS)}")
    return stream
