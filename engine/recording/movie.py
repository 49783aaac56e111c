"""A replay as an MP4 file: H.264 and AAC, each frame at the moment at which it was shown."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange
from av.video.stream import VideoStream
from numpy.typing import NDArray

from compositor.backend import I420
from compositor.drawlist import FrameSize
from engine.offline.files import GENERATED
from engine.recording.errors import ReplayError
from engine.voice.port import SAMPLE_RATE_HZ

__all__ = ["CLOCK_HZ", "Movie", "TimedPicture", "check_target", "write_mp4"]

CLOCK_HZ = 90_000
"""Ticks a second of pictures' times."""

_SMPTE170M = 6  # FFmpeg's number of BT.601, which PyAV has no name for
_H264 = {"crf": "16", "preset": "veryfast"}
_AAC_BITS_PER_S = 128_000


@dataclass(frozen=True, slots=True)
class TimedPicture:
    """A picture, and when it is shown: 90 kHz ticks since the film's start."""

    pts: int
    image: I420


@dataclass(frozen=True, slots=True)
class Movie:
    """What a film is made of.

    Attributes:
        title: Its title.
        size: Of its pictures, pixels.
        fps: The cadence, for the encoder's own use.
        pictures: In order of their times.
        sound: Mono float32 in [-1, 1] at 48 kHz, from the film's start on, in packets.
    """

    title: str
    size: FrameSize
    fps: int
    pictures: Iterator[TimedPicture]
    sound: Iterator[NDArray[np.float32]]


def write_mp4(movie: Movie, path: Path, *, force: bool = False) -> int:
    """Writes a film: whole, or not at all.

    Args:
        movie: The film.
        path: A file that ends in .mp4.
        force: Whether a file that is there is replaced.

    Returns:
        How many pictures it has.

    Raises:
        ReplayError: It cannot be written there.
    """
    check_target(path, force=force)
    try:
        with tempfile.TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as folder:
            aside = Path(folder) / path.name
            count = _write(movie, aside)
            aside.replace(path)
    except (OSError, av.FFmpegError) as error:
        raise ReplayError(f"{path} cannot be written: {error.strerror or error}") from error
    return count


def check_target(path: Path, *, force: bool) -> None:
    """Checks a film's file before any work is done for it; see `write_mp4`.

    Raises:
        ReplayError: It cannot be written there.
    """
    if path.suffix.lower() != ".mp4":
        raise ReplayError(f"{path.name} ends in {path.suffix!r}, expected .mp4")
    if path.exists() and not force:
        raise ReplayError(f"{path} exists already; --force replaces it")
    if not path.parent.is_dir():
        raise ReplayError(f"{path.parent} is no folder to write to")


def _write(movie: Movie, path: Path) -> int:
    with av.open(str(path), "w", format="mp4") as container:
        container.metadata.update({"title": movie.title, "comment": GENERATED})
        video, audio = _video(container, movie), _audio(container)
        sound_s, count, samples = 0.0, 0, 0
        for picture in movie.pictures:
            frame = VideoFrame.from_ndarray(picture.image, format="yuv420p")
            frame.pts, frame.time_base = picture.pts, Fraction(1, CLOCK_HZ)
            container.mux(video.encode(frame))
            count += 1
            # Both streams lie side by side in the file.
            while sound_s * CLOCK_HZ <= picture.pts:
                packet = next(movie.sound, None)
                if packet is None:
                    break
                container.mux(audio.encode(_sound_frame(packet, samples)))
                samples += len(packet)
                sound_s = samples / SAMPLE_RATE_HZ
        for packet in movie.sound:
            container.mux(audio.encode(_sound_frame(packet, samples)))
            samples += len(packet)
        container.mux(video.encode(None))
        container.mux(audio.encode(None))
    return count


def _video(container: OutputContainer, movie: Movie) -> VideoStream:
    stream = container.add_stream("libx264", rate=movie.fps)
    assert isinstance(stream, VideoStream)  # noqa: S101 - for the type checker
    stream.width, stream.height = movie.size.width, movie.size.height
    stream.pix_fmt = "yuv420p"
    stream.codec_context.time_base = Fraction(1, CLOCK_HZ)
    stream.codec_context.color_range = ColorRange.MPEG
    stream.codec_context.colorspace = _SMPTE170M
    stream.options = dict(_H264)
    return stream


def _audio(container: OutputContainer) -> AudioStream:
    stream = container.add_stream("aac", rate=SAMPLE_RATE_HZ, layout="mono")
    assert isinstance(stream, AudioStream)  # noqa: S101 - for the type checker
    stream.bit_rate = _AAC_BITS_PER_S
    return stream


def _sound_frame(samples: NDArray[np.float32], pts: int) -> AudioFrame:
    frame = AudioFrame.from_ndarray(samples[np.newaxis], format="fltp", layout="mono")
    frame.sample_rate, frame.pts = SAMPLE_RATE_HZ, pts
    frame.time_base = Fraction(1, SAMPLE_RATE_HZ)
    return frame
