"""What a text-to-speech engine is to the body."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["SAMPLE_RATE_HZ", "Speech", "SpeechViseme", "TextToSpeech", "VoiceDelta"]

SAMPLE_RATE_HZ = 48_000


@dataclass(frozen=True, slots=True)
class VoiceDelta:
    """How speech differs from the engine's plain voice; the defaults change nothing.

    Attributes:
        pitch_st: Semitones, [-12, 12].
        formant_st: Semitones, [-6, 6].
        rate: Speaking rate as a factor, [0.5, 2].
        gain_db: Decibels, [-24, 12].
        vibrato_depth_st: Semitones, [0, 1].
        vibrato_rate_hz: Hertz, [0, 9].
        breathiness: [0, 1].
        tension: [-1, 1]; pressed above 0, lax below.
    """

    pitch_st: float = 0.0
    formant_st: float = 0.0
    rate: float = 1.0
    gain_db: float = 0.0
    vibrato_depth_st: float = 0.0
    vibrato_rate_hz: float = 5.5
    breathiness: float = 0.0
    tension: float = 0.0


@dataclass(frozen=True, slots=True)
class SpeechViseme:
    """A mouth shape (index into `capsules.arkit.VISEMES`) from `start_ms` for `duration_ms`."""

    viseme: int
    start_ms: float
    duration_ms: float


@dataclass(frozen=True, slots=True)
class Speech:
    """A finished piece of speech.

    Attributes:
        text: What is said.
        samples: Mono (N,) float32 in [-1, 1] at `SAMPLE_RATE_HZ`.
        visemes: Ascending, without gaps, from 0 ms to the end.
        stresses_ms: Where its stressed vowels begin, ascending; empty where the engine does not
            tell.
    """

    text: str
    samples: NDArray[np.float32]
    visemes: tuple[SpeechViseme, ...]
    stresses_ms: tuple[float, ...] = ()

    @property
    def duration_ms(self) -> float:
        """Length in milliseconds."""
        return len(self.samples) * 1000.0 / SAMPLE_RATE_HZ


class TextToSpeech(Protocol):
    """Makes speech of text. Used from the event loop; does its work elsewhere."""

    async def synthesize(self, text: str, delta: VoiceDelta) -> Speech:
        """Says one sentence.

        Raises:
            VoiceError: The engine failed; `VoiceUnavailableError` where there is none.
        """

    async def aclose(self) -> None:
        """Releases the engine; safe twice and before the first use."""
