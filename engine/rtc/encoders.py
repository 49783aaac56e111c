"""Video and audio encoders made for latency.

They differ from aiortc's own in what matters here: x264 runs at a fast preset and changes its
bitrate without being rebuilt, VP8 is rebuilt only for large lasting changes, neither emits a
keyframe that nobody asked for, and every encoder works in a thread of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

import av
from aiortc.codecs.h264 import H264Encoder as H264Packetizer
from aiortc.codecs.vpx import Vp8Encoder as Vp8Packetizer
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType
from av.video.reformatter import ColorPrimaries, ColorRange, ColorTrc
from av.video.stream import VideoStream

from compositor.drawlist import FrameSize

__all__ = [
    "VIDEO_CODECS",
    "BitrateRange",
    "H264Encoder",
    "VideoEncoder",
    "Vp8Encoder",
    "bitrate_range",
    "open_video_encoder",
]

VIDEO_CODECS = ("H264", "VP8")
"""By preference: equally fast, but x264 follows the viewer's bandwidth without a keyframe."""

_TIME_BASE = Fraction(1, 90_000)
_NEVER = 1 << 30  # frames between keyframes nobody asked for; x264's "infinite"

_START_BITS_PER_S = 2_500_000
_START_PIXELS = 512 * 512
_START_FPS = 30

# Finer than the eye sees (45 dB on the built-in avatar); smaller frames arrive and decode sooner.
_H264_QMIN = "20"
_VP8_QMIN, _VP8_QMAX = 12, 56

_SMPTE170M = 6  # the matrix of BT.601 as H.273 numbers it, which PyAV's Colorspace does not

_RATE_STEP = 0.05  # smaller changes of the target are not worth a call
_REBUILD_FACTOR = 2.0
_REBUILD_AFTER_TICKS = 3 * 90_000  # a change must last 3 s before VP8 pays a keyframe for it


@dataclass(frozen=True, slots=True)
class BitrateRange:
    """Bits a second: where to start and between what to follow the viewer's estimate."""

    low: int
    start: int
    high: int

    def clamp(self, bitrate: int) -> int:
        """The nearest bitrate inside the range."""
        return max(self.low, min(bitrate, self.high))


def bitrate_range(size: FrameSize) -> BitrateRange:
    """Sensible bitrates for a talking head; larger pictures need fewer bits a pixel."""
    pixels = size.width * size.height / _START_PIXELS
    start = int(_START_BITS_PER_S * pixels**0.8)
    return BitrateRange(low=start // 5, start=start, high=start * 2)


class VideoEncoder(Protocol):
    """Turns frames into RTP payloads; `encode` is called on one thread, `set_bitrate` on any."""

    @property
    def target_bitrate(self) -> int:
        """Bits a second that it aims at."""

    def set_bitrate(self, bitrate: int) -> None:
        """Takes the viewer's estimate, bits a second; clamped to what suits the frame size."""

    def encode(self, frame: av.VideoFrame, *, keyframe: bool) -> list[bytes]:
        """Encodes one yuv420p frame whose pts counts 90 kHz ticks; it may change the frame.

        Returns:
            RTP payloads of at most 1300 bytes; empty if the encoder dropped the frame.
        """


class _AvEncoder:
    """What both encoders share: a PyAV codec context opened for the size of the frames."""

    def __init__(self, size: FrameSize) -> None:
        self._range = bitrate_range(size)
        self._target = self._range.start
        self._codec: VideoCodecContext | None = None

    @property
    def target_bitrate(self) -> int:
        """See `VideoEncoder.target_bitrate`."""
        return self._target

    def set_bitrate(self, bitrate: int) -> None:
        """See `VideoEncoder.set_bitrate`."""
        self._target = self._range.clamp(bitrate)

    def _open(self, frame: av.VideoFrame) -> VideoCodecContext:
        raise NotImplementedError

    def _follow(self, codec: VideoCodecContext, frame: av.VideoFrame) -> bool:
        """Applies the target bitrate; False if the codec has to be rebuilt for it."""
        raise NotImplementedError

    def _encode(self, frame: av.VideoFrame, *, keyframe: bool) -> Sequence["Packet[VideoStream]"]:
        codec = self._codec
        if codec is not None and (
            (codec.width, codec.height) != (frame.width, frame.height)
            or not self._follow(codec, frame)
        ):
            codec = None
        if codec is None:
            codec = self._codec = self._open(frame)
            keyframe = True
        frame.time_base = _TIME_BASE
        frame.pict_type = PictureType.I if keyframe else PictureType.NONE
        return codec.encode(frame)


class H264Encoder(_AvEncoder):
    """x264, constrained baseline, no look-ahead, no B-frames: see `VideoEncoder`."""

    def __init__(self, size: FrameSize) -> None:
        super().__init__(size)
        self._packetizer = H264Packetizer()

    def encode(self, frame: av.VideoFrame, *, keyframe: bool) -> list[bytes]:
        """See `VideoEncoder.encode`."""
        packets = self._encode(frame, keyframe=keyframe)
        return [payload for packet in packets for payload in self._packetizer.pack(packet)[0]]

    def _open(self, frame: av.VideoFrame) -> VideoCodecContext:
        codec = av.CodecContext.create("libx264", "w")
        _set_up(codec, frame, self._range.high)
        _say_colours(codec)
        codec.profile = "Baseline"
        codec.options = {
            "preset": "superfast",
            "tune": "zerolatency",
            "forced-idr": "1",  # a requested keyframe must let a new viewer start there
            "sc_threshold": "0",
            "qmin": _H264_QMIN,
            # Without the small coefficients that x264 drops, soft backgrounds break into blocks.
            "x264-params": "no-dct-decimate=1",
            # x264 takes another bitrate later only if it was opened as constant, at the highest.
            "maxrate": str(self._range.high),
            "bufsize": str(self._range.high // 4),
        }
        codec.open()
        self._follow(codec, frame)
        return codec

    def _follow(self, codec: VideoCodecContext, frame: av.VideoFrame) -> bool:  # noqa: ARG002 - the signature of the base class
        if _apart(codec.bit_rate, self._target) > _RATE_STEP:
            codec.bit_rate = self._target  # libavcodec reconfigures x264 at the next frame
        return True


class Vp8Encoder(_AvEncoder):
    """libvpx VP8 at its fastest real-time settings: see `VideoEncoder`."""

    def __init__(self, size: FrameSize) -> None:
        super().__init__(size)
        self._packetizer = Vp8Packetizer()
        self._far_since: int | None = None

    def encode(self, frame: av.VideoFrame, *, keyframe: bool) -> list[bytes]:
        """See `VideoEncoder.encode`."""
        packets = self._encode(frame, keyframe=keyframe)
        return [payload for packet in packets for payload in self._packetizer.pack(packet)[0]]

    def _open(self, frame: av.VideoFrame) -> VideoCodecContext:
        codec = av.CodecContext.create("libvpx", "w")
        _set_up(codec, frame, self._target)
        codec.qmin, codec.qmax = _VP8_QMIN, _VP8_QMAX
        codec.options = {
            "deadline": "realtime",
            "cpu-used": "-16",  # negative: fixed speed, the fastest, instead of adapting to load
            "lag-in-frames": "0",
            "error-resilient": "0",
            "minrate": str(self._target),  # minrate = maxrate = bitrate: constant bitrate
            "maxrate": str(self._target),
            "bufsize": str(self._target),
            "undershoot-pct": "100",
            "overshoot-pct": "15",
            "static-thresh": "1",
        }
        self._far_since = None
        return codec

    def _follow(self, codec: VideoCodecContext, frame: av.VideoFrame) -> bool:
        bitrate, pts = codec.bit_rate or self._target, frame.pts or 0
        if max(bitrate, self._target) < _REBUILD_FACTOR * min(bitrate, self._target):
            self._far_since = None
            return True
        if self._far_since is None:
            self._far_since = pts
        return pts - self._far_since < _REBUILD_AFTER_TICKS


def _set_up(codec: VideoCodecContext, frame: av.VideoFrame, bitrate: int) -> None:
    codec.width, codec.height = frame.width, frame.height
    codec.pix_fmt = "yuv420p"
    codec.bit_rate = bitrate
    codec.framerate = Fraction(_START_FPS, 1)
    codec.time_base = _TIME_BASE
    codec.gop_size = _NEVER
    codec.thread_count = 1  # a second thread costs a frame of delay or slices, and other viewers


def _say_colours(codec: VideoCodecContext) -> None:
    """Says that frames are sRGB as BT.601, since players take silent H.264 for BT.709.

    VP8 needs no word: it is BT.601 by its specification (RFC 6386, 9.2).
    """
    codec.color_range = ColorRange.MPEG
    codec.colorspace = _SMPTE170M
    codec.color_primaries = ColorPrimaries.BT709  # sRGB has its primaries
    codec.color_trc = ColorTrc.IEC61966_2_1


def _apart(bitrate: int | None, target: int) -> float:
    return 1.0 if not bitrate else abs(bitrate - target) / bitrate


def open_video_encoder(codec: str, size: FrameSize) -> VideoEncoder:
    """An encoder for a codec of `VIDEO_CODECS`.

    Raises:
        ValueError: The codec is another one.
    """
    match codec.upper():
        case "H264":
            return H264Encoder(size)
        case "VP8":
            return Vp8Encoder(size)
        case _:
            raise ValueError(f"video codec {codec!r}: expected one of {', '.join(VIDEO_CODECS)}")
