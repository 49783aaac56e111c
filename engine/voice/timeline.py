"""Sound placed on the session's clock.

Every listener's audio track reads the same timeline by time, so nothing is queued anywhere and an
interruption is one call.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.clock import NS_PER_S
from engine.voice.port import SAMPLE_RATE_HZ, Speech

__all__ = ["SpeechTimeline"]

_FADE_SAMPLES = 8 * SAMPLE_RATE_HZ // 1000  # 8 ms: short enough to feel instant, too long to click


@dataclass(frozen=True, slots=True)
class _Segment:
    start: int  # samples since the clock's zero
    samples: NDArray[np.float32]

    @property
    def end(self) -> int:
        return self.start + len(self.samples)


def _to_sample(time_ns: int) -> int:
    return (time_ns * SAMPLE_RATE_HZ + NS_PER_S // 2) // NS_PER_S


class SpeechTimeline:
    """All speech of one session by absolute time; silence elsewhere.

    It keeps no clock and never changes what it has been given. One thread writes; any thread may
    read, since every change puts a new tuple in the place of the old.
    """

    def __init__(self) -> None:
        self._segments: tuple[_Segment, ...] = ()

    def place(self, speech: Speech, onset_ns: int) -> None:
        """Puts speech so that its first sample sounds at `onset_ns`; what overlaps is mixed."""
        if len(speech.samples) > 0:
            self._segments = (*self._segments, _Segment(_to_sample(onset_ns), speech.samples))

    def read(self, start_ns: int, n_samples: int) -> NDArray[np.float32]:
        """Sound from `start_ns` on: a fresh mono (n_samples,) float32 at `SAMPLE_RATE_HZ`.

        Reading is by time alone: twice gives the same, late gives what was placed there until
        `drop_before`.
        """
        result = np.zeros(n_samples, np.float32)
        start = _to_sample(start_ns)
        for segment in self._segments:
            first = max(segment.start, start)
            last = min(segment.end, start + n_samples)
            if first < last:
                part = segment.samples[first - segment.start : last - segment.start]
                result[first - start : last - start] += part
        return result

    def cut(self, now_ns: int) -> None:
        """Ends all sound: what plays at `now_ns` fades out within 8 ms, what follows is gone."""
        now = _to_sample(now_ns)
        self._segments = tuple(
            segment if segment.end <= now else _cut(segment, now)
            for segment in self._segments
            if segment.start < now
        )

    def drop_before(self, time_ns: int) -> None:
        """Forgets speech that ended before `time_ns`."""
        limit = _to_sample(time_ns)
        self._segments = tuple(segment for segment in self._segments if segment.end >= limit)


def _cut(segment: _Segment, now: int) -> _Segment:
    """The segment up to `now` and a fade; a copy, since the sound may be somebody else's."""
    kept = segment.samples[: now - segment.start + _FADE_SAMPLES].copy()
    fade = kept[now - segment.start :]
    fade *= np.linspace(1, 0, _FADE_SAMPLES, endpoint=False, dtype=np.float32)[: len(fade)]
    return replace(segment, samples=kept)
