"""The audio track: 20 ms frames read from the session's sound by absolute time.

Frame n is sent when the session's clock reaches start + n * 20 ms and holds the 20 ms of sound
that begin there: there is no queue to run dry or to flush, nothing drifts, and a session that
stood still goes on in the present. Both tracks' RTP times come from that one clock.
"""

import asyncio
from fractions import Fraction
from typing import Protocol

import av
import numpy as np
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame
from av.audio.codeccontext import AudioCodecContext
from numpy.typing import NDArray

from engine.clock import NS_PER_MS, Clock
from engine.timer import Timer
from engine.voice.port import SAMPLE_RATE_HZ

__all__ = ["LIP_DELAY_NS", "OpusEncoder", "SoundSource", "SoundTrack"]

LIP_DELAY_NS = 80 * NS_PER_MS
"""By how much lips follow the sound's place on the session's clock.

With `playout-delay` 0,0 a viewer shows a picture on arrival, but sound passes its jitter buffer
(45 to 70 ms in Chromium on loopback) and its output device (30 ms), while a picture waits 15 ms
for the screen. `python -m benchmarks soak` measures what is left. Lips wait rather than sound
running ahead: sound read early would start in the past for short notice, and could not be taken
back when speech is interrupted.

A viewer without `playout-delay` holds pictures back until their sound is due, so that nothing
but this delay is left between the two: its sound is read as much later (`SoundTrack`'s
`delay_ns`).
"""

_FRAME_MS = 20
_SAMPLES = SAMPLE_RATE_HZ * _FRAME_MS // 1000
_TIME_BASE = Fraction(1, SAMPLE_RATE_HZ)
_BITS_PER_S = 64_000


class SoundSource(Protocol):
    """Sound by time: `engine.voice.timeline.SpeechTimeline`."""

    def read(self, start_ns: int, n_samples: int) -> NDArray[np.float32]:
        """Mono (n_samples,) float32 in [-1, 1] at 48 kHz from a moment of the clock."""


class SoundTrack(MediaStreamTrack):
    """20 ms frames, mono, s16, 48 kHz, paced by the session's clock.

    Args:
        sound: Read at each frame's own time.
        start_ns: Moment of the clock that pts counts from; the video track's too.
        clock: The session's clock.
        timer: Waits on it.
        delay_ns: By how much sound follows its place on the clock.
    """

    kind = "audio"

    def __init__(
        self, sound: SoundSource, start_ns: int, *, clock: Clock, timer: Timer, delay_ns: int = 0
    ) -> None:
        super().__init__()
        self._sound = sound
        self._start_ns = start_ns
        self._clock = clock
        self._timer = timer
        self._delay_ns = delay_ns
        self._index = -1
        self._ended = asyncio.Event()

    async def recv(self) -> AudioFrame:
        """The next frame, when it is due; frames whose time has passed are left out.

        Raises:
            MediaStreamError: The track has ended.
        """
        passed = (self._clock.now_ns() - self._start_ns) // (_FRAME_MS * NS_PER_MS)
        self._index = max(self._index + 1, passed)
        due_ns = self._start_ns + self._index * _FRAME_MS * NS_PER_MS
        while self._clock.now_ns() < due_ns and not self._ended.is_set():
            await self._timer.wait(due_ns, self._ended)
        if self.readyState != "live":
            raise MediaStreamError
        return self._frame(due_ns)

    def stop(self) -> None:
        """Ends the track; safe twice."""
        super().stop()
        self._ended.set()

    def _frame(self, due_ns: int) -> AudioFrame:
        sound = self._sound.read(due_ns - self._delay_ns, _SAMPLES)
        samples = np.clip(sound * 32767.0, -32768.0, 32767.0).astype(np.int16)
        frame = AudioFrame.from_ndarray(samples[np.newaxis], format="s16", layout="mono")
        frame.sample_rate = SAMPLE_RATE_HZ
        frame.time_base = _TIME_BASE
        frame.pts = self._index * _SAMPLES
        return frame


class OpusEncoder:
    """Opus in frames of 20 ms, tuned for speech; one thread calls it."""

    def __init__(self) -> None:
        self._codec: AudioCodecContext | None = None

    def encode(self, frame: AudioFrame, *, keyframe: bool) -> list[bytes]:  # noqa: ARG002 - sound has none
        """One RTP payload a frame."""
        if self._codec is None:
            self._codec = self._open()
        return [bytes(packet) for packet in self._codec.encode(frame)]

    def set_bitrate(self, bitrate: int) -> None:
        """Does nothing: speech needs little."""

    def _open(self) -> AudioCodecContext:
        codec = av.CodecContext.create("libopus", "w")
        codec.format = "s16"
        codec.layout = "mono"
        codec.sample_rate = SAMPLE_RATE_HZ
        codec.time_base = _TIME_BASE
        codec.bit_rate = _BITS_PER_S
        codec.options = {"application": "voip", "frame_duration": str(_FRAME_MS)}
        return codec
