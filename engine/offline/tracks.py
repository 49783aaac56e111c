"""A recording, and the face in each of its frames.

Nothing in the file is trusted: it is opened as what its ending says, nothing else is opened through
it, and it is no longer or larger than clips of the library may be.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from capsules.bake.finder import FaceFinder
from capsules.bake.found import FoundFace
from capsules.clip import MAX_CLIP_S, MAX_CLIP_SIDE_PX
from compositor.backend import I420
from engine.offline.errors import TakeError

__all__ = ["Take", "TrackedFace", "open_take", "track_face"]

Bytes = NDArray[np.uint8]

_FORMATS = {
    ".webm": "matroska,webm",
    ".mkv": "matroska,webm",
    ".mp4": "mov,mp4,m4a,3gp,3g2,mj2",
    ".m4v": "mov,mp4,m4a,3gp,3g2,mj2",
    ".mov": "mov,mp4,m4a,3gp,3g2,mj2",
    ".avi": "avi",
    ".gif": "gif",
}
_ALPHA_DECODER = "libvpx-vp9"  # FFmpeg's own leaves alpha out
_MOST_BYTES = 512_000_000
_MAX_FPS = 60.0
_MOST_LOST = 0.2  # of the frames
_LIMITED = (0, 1)  # FFmpeg's numbers of a range that is not said, and of the limited one
_BT601 = (2, 5, 6)  # likewise of a matrix that is not said, and of both names of BT.601
_BEHIND = 128  # grey under what is transparent


@dataclass(frozen=True, slots=True)
class Take:
    """A recording that can be read, as often as wanted.

    Attributes:
        path: The file.
        width: Of a frame, pixels.
        height: Of a frame, pixels.
        times_ms: (T,) when each frame is shown, from 0.
        fps: Frames a second, on average.
        has_alpha: Whether frames have alpha of their own.
    """

    path: Path
    width: int
    height: int
    times_ms: NDArray[np.float64]
    fps: float
    has_alpha: bool

    def frames(self) -> Iterator[tuple[Bytes, Bytes | None]]:
        """Each frame: (height, width, 3) sRGB over grey, and alpha (height, width) if it has any.

        Raises:
            TakeError: A frame cannot be decoded.
        """
        for frame in self._whole():
            yield _rgb_and_alpha(frame, has_alpha=self.has_alpha)

    def pictures(self) -> Iterator[I420]:
        """Each frame over grey in I420, without an odd last row or column.

        What was coded so stays as it was: on the way through RGB it would lose some colour.

        Raises:
            TakeError: A frame cannot be decoded.
        """
        for frame in self._whole():
            if _is_i420(frame):
                yield np.asarray(frame.to_ndarray(), np.uint8)
                continue
            rgb, _ = _rgb_and_alpha(frame, has_alpha=self.has_alpha)
            even = np.ascontiguousarray(rgb[: self.height // 2 * 2, : self.width // 2 * 2])
            whole = VideoFrame.from_ndarray(even, format="rgb24")
            yield np.asarray(whole.reformat(format="yuv420p", threads=1).to_ndarray(), np.uint8)

    def _whole(self) -> Iterator[VideoFrame]:
        """Each frame as it is decoded."""
        count = 0
        try:
            for frame in _decoded(self.path, has_alpha=self.has_alpha):
                if (frame.width, frame.height) != (self.width, self.height):
                    message = f"frame {count} is {frame.width}x{frame.height}, others are not"
                    raise TakeError(f"{self.path.name}: {message}")
                yield frame
                count += 1
                if count == len(self.times_ms):
                    return
        except av.FFmpegError as error:
            raise TakeError(f"{self.path.name}: frame {count}: {error.strerror}") from error


@dataclass(frozen=True, slots=True)
class TrackedFace:
    """A face in every frame of a take.

    Attributes:
        faces: One a frame; where it was lost, the one before.
        lost: In how many frames it was not found.
    """

    faces: tuple[FoundFace, ...]
    lost: int


def open_take(path: Path, *, most_s: float = MAX_CLIP_S) -> Take:
    """Reads what there is to know of a recording.

    Args:
        path: The file.
        most_s: How long it may be.

    Raises:
        TakeError: It cannot be read, is of an unknown kind, or larger or longer than allowed.
    """
    try:
        size_bytes = path.stat().st_size
    except OSError as error:
        raise TakeError(f"{path} cannot be read: {error.strerror}") from error
    if path.is_dir():
        raise TakeError(f"{path} is a folder, expected one file of {', '.join(_FORMATS)}")
    if size_bytes == 0:
        raise TakeError(f"{path.name} is empty")
    if size_bytes > _MOST_BYTES:
        raise TakeError(f"{path.name} has {size_bytes} bytes, expected at most {_MOST_BYTES}")
    try:
        with _opened(path) as container:
            stream = _video(path, container)
            has_alpha = (
                stream.codec_context.codec.canonical_name == "vp9"
                and stream.metadata.get("alpha_mode") == "1"
            )
        times_ms: list[float] = []
        width = height = 0
        for frame in _decoded(path, has_alpha=has_alpha):
            width, height = frame.width, frame.height
            if max(width, height) > MAX_CLIP_SIDE_PX or min(width, height) < 2:
                message = f"frames are {width}x{height}, expected sides of 2 to {MAX_CLIP_SIDE_PX}"
                raise TakeError(f"{path.name}: {message}")
            times_ms.append(1000.0 * float(frame.time or 0.0))
            if times_ms[-1] - times_ms[0] > 1000.0 * most_s:
                raise TakeError(f"{path.name} is longer than {most_s:g} s")
    except av.FFmpegError as error:
        raise TakeError(f"{path.name} cannot be read as a video: {error.strerror}") from error
    return _take(path, (width, height), times_ms, has_alpha=has_alpha)


def _take(path: Path, size: tuple[int, int], times_ms: list[float], *, has_alpha: bool) -> Take:
    steps = np.diff(times_ms)
    if len(times_ms) < 2:
        raise TakeError(f"{path.name}: its frames are {len(times_ms)}, expected at least two")
    if (steps <= 0.0).any():
        raise TakeError(f"{path.name}: expected frames at ascending times")
    fps = 1000.0 * (len(times_ms) - 1) / (times_ms[-1] - times_ms[0])
    if not 1.0 <= fps <= _MAX_FPS * 1.01:
        raise TakeError(f"{path.name} runs at {fps:.1f} frames a second, expected 1 to 60")
    return Take(path, *size, np.array(times_ms) - times_ms[0], fps, has_alpha)


def track_face(take: Take, finder: FaceFinder, *, steady: bool = True) -> TrackedFace:
    """Follows the largest face of a take.

    Args:
        take: The recording.
        finder: The models.
        steady: As in `FaceFinder.track`.

    Raises:
        TakeError: There is none in the first frame, or it is lost in a fifth of them.
    """
    faces: list[FoundFace] = []
    lost = 0
    for number, (rgb, _) in enumerate(take.frames()):
        found = finder.track(rgb, faces[-1], steady=steady) if faces else None
        if found is None:
            seen = finder.faces(rgb)
            found = seen[0] if seen else None
        if found is None and not faces:
            raise TakeError(f"{take.path.name}: no face was found in the first frame")
        if found is None:
            lost += 1
            found = faces[-1]
            if lost > _MOST_LOST * len(take.times_ms):
                raise TakeError(f"{take.path.name}: the face is lost by frame {number}")
        faces.append(found)
    return TrackedFace(tuple(faces), lost)


def _opened(path: Path) -> InputContainer:
    kind = _FORMATS.get(path.suffix.lower())
    if kind is None:
        expected = ", ".join(_FORMATS)
        raise TakeError(f"{path.name} ends in {path.suffix!r}, expected one of {expected}")
    try:
        return av.open(str(path), format=kind, options={"protocol_whitelist": "file"})
    except av.FFmpegError as error:
        raise TakeError(f"{path.name} cannot be read as a video: {error.strerror}") from error


def _video(path: Path, container: InputContainer) -> VideoStream:
    if not container.streams.video:
        raise TakeError(f"{path.name} has no video stream")
    return container.streams.video[0]


def _decoded(path: Path, *, has_alpha: bool) -> Iterator[VideoFrame]:
    with _opened(path) as container:
        stream = _video(path, container)
        decoder: VideoCodecContext | None = None
        if has_alpha:
            created = av.CodecContext.create(_ALPHA_DECODER, "r")
            assert isinstance(created, VideoCodecContext)  # noqa: S101 - for the type checker
            decoder = created
            decoder.extradata = stream.codec_context.extradata
        for packet in container.demux(stream):
            if decoder is None:
                yield from packet.decode()
            elif packet.pts is not None:
                for frame in decoder.decode(packet):
                    frame.time_base = packet.time_base
                    yield frame
        if decoder is not None:
            yield from decoder.decode(None)


def _is_i420(frame: VideoFrame) -> bool:
    """Whether a frame is coded as frames are drawn here: BT.601 in its limited range."""
    return (
        frame.format.name == "yuv420p"
        and frame.color_range in _LIMITED
        and frame.colorspace in _BT601
        and frame.width % 2 == frame.height % 2 == 0
    )


def _rgb_and_alpha(frame: VideoFrame, *, has_alpha: bool) -> tuple[Bytes, Bytes | None]:
    if not has_alpha and "a" not in frame.format.name.replace("gray", ""):
        return np.asarray(frame.to_ndarray(format="rgb24"), np.uint8), None
    rgba = np.asarray(frame.to_ndarray(format="rgba"), np.uint8)
    if frame.format.name == "yuva420p":
        # FFmpeg's conversion leaves the last columns of some widths as memory was.
        plane = frame.planes[3]
        rows = np.frombuffer(bytes(plane), np.uint8).reshape(-1, plane.line_size)
        rgba[..., 3] = rows[: frame.height, : frame.width]
    alpha = rgba[..., 3:].astype(np.float32) / 255.0
    over = rgba[..., :3] * alpha + _BEHIND * (1.0 - alpha)
    return np.asarray(np.round(over), np.uint8), rgba[..., 3].copy()
