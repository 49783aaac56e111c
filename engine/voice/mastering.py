"""Raw eSpeak sound made pleasant: 48 kHz, a warmer balance, an even level, soft ends."""

import numpy as np
from numpy.typing import NDArray

from engine.voice.limiter import limited
from engine.voice.port import SAMPLE_RATE_HZ
from engine.voice.spectrum import bell_db, resampled, shelf_db

__all__ = ["active_rms", "faded", "mastered", "sound_bounds"]

_TARGET_RMS = np.float32(10 ** (-18 / 20))  # -18 dBFS while there is voice
_MAX_GAIN = np.float32(20.0)
_GATE_SHARE = 0.1  # a block this much quieter than the loudest is a pause
_BLOCK_S = 0.02
_FADE_S = 0.005
_AUDIBLE = 40  # of 32,768
_LEAD_S = 0.005
_TAIL_S = 0.03


def sound_bounds(pcm: NDArray[np.int16], rate_hz: float) -> tuple[int, int]:
    """First and one-past-last sample worth keeping: the audible part and a short margin."""
    audible = np.flatnonzero(np.abs(pcm.astype(np.int32)) > _AUDIBLE)
    if len(audible) == 0:
        return 0, 0
    start = max(0, int(audible[0]) - int(_LEAD_S * rate_hz))
    end = min(len(pcm), int(audible[-1]) + 1 + int(_TAIL_S * rate_hz))
    return start, end


def active_rms(samples: NDArray[np.float32], rate_hz: int = SAMPLE_RATE_HZ) -> float:
    """RMS over the blocks that hold voice, pauses left out; 0 for silence."""
    size = int(_BLOCK_S * rate_hz)
    count = len(samples) // size
    if count == 0:
        return float(np.sqrt(np.mean(np.square(samples)))) if len(samples) else 0.0
    power = np.mean(np.square(samples[: count * size].reshape(count, size)), axis=1)
    voiced = power[power >= np.max(power) * _GATE_SHARE**2]
    return float(np.sqrt(np.mean(voiced)))


def mastered(pcm: NDArray[np.int16], rate_hz: float) -> NDArray[np.float32]:
    """Sound for listening, at `SAMPLE_RATE_HZ`.

    Args:
        pcm: Mono (N,) at `rate_hz`, already trimmed.
        rate_hz: At most `SAMPLE_RATE_HZ`.

    Returns:
        Mono (M,) with M = N x 48,000 / `rate_hz`: about -18 dBFS RMS where there is voice, peaks
        at -1 dBFS or less, 5 ms fades at both ends.
    """
    if len(pcm) == 0:
        return np.zeros(0, np.float32)
    edge_hz = rate_hz / 2

    def curve(frequencies_hz: NDArray[np.float32]) -> NDArray[np.float32]:
        decibels = 2.5 - shelf_db(frequencies_hz, 320.0, 2.5)  # warmth
        decibels += bell_db(frequencies_hz, 3400.0, 0.45, -2.5)  # the rasp of formant synthesis
        decibels += shelf_db(frequencies_hz, 6500.0, -3.0)  # hiss of its fricatives
        gains = np.power(np.float32(10), decibels / 20)
        gains *= np.clip((frequencies_hz - 20) / 50, 0, 1)  # no rumble
        gains *= np.clip((edge_hz - frequencies_hz) / (0.06 * edge_hz), 0, 1)  # no images
        return np.asarray(gains, np.float32)

    samples = resampled(pcm.astype(np.float32) / np.float32(32768), rate_hz, SAMPLE_RATE_HZ, curve)
    level = active_rms(samples)
    if level > 0:
        samples *= min(_TARGET_RMS / np.float32(level), _MAX_GAIN)
    return faded(limited(samples))


def faded(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same array, faded in place over 5 ms at both ends so that nothing clicks."""
    count = min(int(_FADE_S * SAMPLE_RATE_HZ), len(samples) // 2)
    ramp = np.linspace(0, 1, count, endpoint=False, dtype=np.float32)
    samples[:count] *= ramp
    samples[len(samples) - count :] *= ramp[::-1]
    return samples
