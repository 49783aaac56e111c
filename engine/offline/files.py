"""Frames into files: WebM with or without alpha, animated GIF, PNG.

By one thread and without dates, so that equal frames give an equal file.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.filter import Graph
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange
from av.video.stream import VideoStream
from numpy.typing import NDArray

from compositor.drawlist import FrameSize

__all__ = ["GENERATED", "Still", "write_gif", "write_png", "write_webm"]

GENERATED = "AI-generated"
"""What every file says of itself."""

_SMPTE170M = 6  # FFmpeg's number of BT.601, which PyAV has no name for
_VP9 = {
    "crf": "10",  # what an export is off by hides faint bases from an import of it
    "b": "0",
    "deadline": "good",
    "cpu-used": "3",
    "row-mt": "0",
    "flags": "+bitexact",
}
_AV1 = {"crf": "28", "preset": "8", "svtav1-params": "lp=1", "flags": "+bitexact"}
_KEYFRAMES_S = 2  # between them, so that players can seek
_PNG_HEADER_BYTES = 33  # signature and IHDR, after which text may stand
_GIF_BLOCK_BYTES = 255
_GIF_TRAILER = b"\x3b"


@dataclass(frozen=True, slots=True)
class Still:
    """What a file says beside its pictures.

    Attributes:
        title: Its title.
        size: Of the pictures, pixels.
        fps: Frames a second.
        transparent: Whether pictures are straight RGBA (height, width, 4); else they are I420.
        loop: Whether players that can begin again after the last one.
    """

    title: str
    size: FrameSize
    fps: int
    transparent: bool
    loop: bool


def write_webm(
    pictures: Iterator[NDArray[np.uint8]], path: Path, still: Still, codec: str = "vp9"
) -> None:
    """Writes VP9, with alpha where pictures are transparent, or AV1 ("av1").

    Raises:
        FFmpegError: It cannot be coded.
        OSError: It cannot be written.
    """
    with av.open(str(path), "w", options={"fflags": "+bitexact"}) as container:
        container.metadata.update({"title": still.title, "comment": GENERATED})
        vp9 = codec == "vp9"
        stream = container.add_stream("libvpx-vp9" if vp9 else "libsvtav1", rate=still.fps)
        assert isinstance(stream, VideoStream)  # noqa: S101 - for the type checker
        stream.width, stream.height = still.size.width, still.size.height
        stream.pix_fmt = "yuva420p" if still.transparent else "yuv420p"
        stream.codec_context.thread_count = 1
        stream.codec_context.color_range = ColorRange.MPEG
        stream.codec_context.colorspace = _SMPTE170M
        stream.options = {**(_VP9 if vp9 else _AV1), "g": str(_KEYFRAMES_S * still.fps)}
        for number, picture in enumerate(pictures):
            frame = _frame(picture, still, number)
            if still.transparent:
                frame = frame.reformat(format="yuva420p", threads=1)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def write_gif(pictures: Iterator[NDArray[np.uint8]], path: Path, still: Still) -> None:
    """Writes an animated GIF with one palette made for it; half-transparent pixels are cut.

    Raises:
        FFmpegError: It cannot be coded.
        OSError: It cannot be written.
    """
    graph, kind = Graph(), "rgba" if still.transparent else "rgb24"
    entrance = graph.add(
        "buffer",
        f"video_size={still.size.width}x{still.size.height}:pix_fmt={kind}:"
        f"time_base=1/{still.fps}:frame_rate={still.fps}:pixel_aspect=1/1",
    )
    split = graph.add("split")
    transparency = int(still.transparent)
    palette = graph.add("palettegen", f"reserve_transparent={transparency}:stats_mode=full")
    use = graph.add("paletteuse", "alpha_threshold=128:dither=sierra2_4a")
    exit_ = graph.add("buffersink")
    entrance.link_to(split)
    split.link_to(use, 0, 0)
    split.link_to(palette, 1, 0)
    palette.link_to(use, 0, 1)
    use.link_to(exit_)
    graph.configure()
    for number, picture in enumerate(pictures):
        frame = _frame(picture, still, number)
        entrance.push(frame if still.transparent else frame.reformat(format="rgb24", threads=1))
    entrance.push(None)
    options = {"loop": "0" if still.loop else "-1", "fflags": "+bitexact"}
    with av.open(str(path), "w", format="gif", options=options) as container:
        stream = container.add_stream("gif", rate=still.fps)
        assert isinstance(stream, VideoStream)  # noqa: S101 - for the type checker
        stream.width, stream.height, stream.pix_fmt = still.size.width, still.size.height, "pal8"
        stream.codec_context.time_base = Fraction(1, still.fps)
        for frame in _drained(exit_):
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    content = path.read_bytes().removesuffix(_GIF_TRAILER)
    path.write_bytes(content + _gif_comment(GENERATED) + _GIF_TRAILER)


def write_png(picture: NDArray[np.uint8], path: Path, still: Still) -> None:
    """Writes one picture.

    Raises:
        FFmpegError: It cannot be coded.
        OSError: It cannot be written.
    """
    frame = _frame(picture, still, 0)
    kind = "rgba" if still.transparent else "rgb24"
    encoder = av.CodecContext.create("png", "w")
    encoder.width, encoder.height, encoder.pix_fmt = still.size.width, still.size.height, kind
    encoder.time_base = Fraction(1, still.fps)
    encoder.thread_count = 1
    packets = [*encoder.encode(frame.reformat(format=kind, threads=1)), *encoder.encode(None)]
    content = b"".join(bytes(packet) for packet in packets)
    text = _png_text("Title", still.title) + _png_text("Comment", GENERATED)
    path.write_bytes(content[:_PNG_HEADER_BYTES] + text + content[_PNG_HEADER_BYTES:])


def _frame(picture: NDArray[np.uint8], still: Still, number: int) -> VideoFrame:
    frame = VideoFrame.from_ndarray(picture, format="rgba" if still.transparent else "yuv420p")
    frame.pts, frame.time_base = number, Fraction(1, still.fps)
    return frame


def _drained(sink: Any) -> Iterator[VideoFrame]:  # noqa: ANN401 - PyAV's filter context
    while True:
        try:
            yield sink.pull()
        except (av.EOFError, av.BlockingIOError):
            return


def _png_text(key: str, value: str) -> bytes:
    """A tEXt chunk (PNG specification, 11.3.3.2)."""
    content = b"tEXt" + key.encode("latin-1") + b"\0" + value.encode("latin-1", "replace")
    return struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))


def _gif_comment(text: str) -> bytes:
    """A comment extension (GIF89a specification, 24)."""
    content = text.encode("ascii")[:_GIF_BLOCK_BYTES]
    return b"\x21\xfe" + bytes([len(content)]) + content + b"\0"
