"""Voice deltas applied to sound: pitch, formants, vibrato, breath, tension, gain.

Nothing here changes the sound's length or moves it by more than 2 ms, so visemes stay where they
are. Rate is the engine's: it alone can speak faster without smearing, and it times the visemes.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.voice.formants import shift_formants
from engine.voice.limiter import limited
from engine.voice.mastering import active_rms, faded
from engine.voice.port import SAMPLE_RATE_HZ, VoiceDelta
from engine.voice.spectrum import fast_length, filtered, shelf_db
from engine.voice.transpose import transposed

__all__ = ["NEUTRAL", "apply_delta", "clamped"]

NEUTRAL = VoiceDelta()

_LEAST_ST = 0.05
_LEAST = 0.01
_TENSION_CORNER_HZ = 1400.0
_TENSION_DB = 8.0
_BREATH_LOSS = 0.45
_BREATH_LEVEL = 0.3
_BREATH_BAND_HZ = (900.0, 9000.0)
_ENVELOPE_S = 0.012
_NOISE_SEED = 7

Floats = NDArray[np.float32]


def clamped(delta: VoiceDelta) -> VoiceDelta:
    """The delta with every value brought into the range `VoiceDelta` documents."""
    return VoiceDelta(
        pitch_st=min(max(delta.pitch_st, -12.0), 12.0),
        formant_st=min(max(delta.formant_st, -6.0), 6.0),
        rate=min(max(delta.rate, 0.5), 2.0),
        gain_db=min(max(delta.gain_db, -24.0), 12.0),
        vibrato_depth_st=min(max(delta.vibrato_depth_st, 0.0), 1.0),
        vibrato_rate_hz=min(max(delta.vibrato_rate_hz, 0.0), 9.0),
        breathiness=min(max(delta.breathiness, 0.0), 1.0),
        tension=min(max(delta.tension, -1.0), 1.0),
    )


def apply_delta(samples: Floats, delta: VoiceDelta) -> Floats:
    """The sound in a changed voice; `delta.rate` is ignored.

    Takes up to 15 ms a second of sound and mostly releases the interpreter: call it from a worker
    thread. The same input gives the same output.

    Args:
        samples: Mono (N,) float32 at `SAMPLE_RATE_HZ`; not changed.
        delta: Values within the ranges of `VoiceDelta`.

    Returns:
        (N,) float32 with peaks at -1 dBFS or less; `samples` itself for a delta that changes
        nothing.
    """
    if len(samples) == 0 or replace(delta, rate=1.0, vibrato_rate_hz=5.5) == NEUTRAL:
        return samples
    level = active_rms(samples)
    result = _with_vibrato(samples, delta.vibrato_depth_st, delta.vibrato_rate_hz)
    result = _with_pitch(result, delta.pitch_st, delta.formant_st)
    if abs(delta.tension) > _LEAST:
        result = _with_tension(result, delta.tension)
    if delta.breathiness > _LEAST:
        result = _with_breath(result, delta.breathiness)
    gain = 10 ** (delta.gain_db / 20)
    if result is not samples and (changed := active_rms(result)) > 0:
        gain *= level / changed  # only gain_db makes it louder
    return faded(limited(result * np.float32(gain)))


def _with_pitch(samples: Floats, pitch_st: float, formant_st: float) -> Floats:
    """Transposing carries the formants along; they are then put where they belong."""
    result = samples
    if abs(pitch_st) > _LEAST_ST:
        result = transposed(result, pitch_st)
    if abs(formant_st - pitch_st) > _LEAST_ST:
        result = shift_formants(result, formant_st - pitch_st)
    return result


def _with_vibrato(samples: Floats, depth_st: float, rate_hz: float) -> Floats:
    """Reads the sound at a swinging position: x(t + a sin(wt)) has its pitch bent by that slope."""
    if depth_st < _LEAST or rate_hz < _LEAST:
        return samples
    omega = 2 * np.pi * rate_hz / SAMPLE_RATE_HZ
    swing = (2 ** (depth_st / 12) - 1) / omega
    time = np.arange(len(samples), dtype=np.float32)
    offset = np.float32(swing) * np.sin(np.float32(omega) * time)
    whole = np.floor(offset)
    part = offset - whole
    at = np.arange(len(samples)) + whole.astype(np.int64)
    last = len(samples) - 1
    before, first, second, after = (samples[np.clip(at + step, 0, last)] for step in (-1, 0, 1, 2))
    # Catmull-Rom through the four neighbours.
    slope = 0.5 * (second - before)
    bend = before - 2.5 * first + 2 * second - 0.5 * after
    twist = 0.5 * (after - before) + 1.5 * (first - second)
    result = ((twist * part + bend) * part + slope) * part + first
    return np.asarray(result, np.float32)


def _with_tension(samples: Floats, tension: float) -> Floats:
    """A pressed voice is bright, a lax one dark: a tilt of the spectrum."""

    def curve(frequencies_hz: Floats) -> Floats:
        decibels = shelf_db(frequencies_hz, _TENSION_CORNER_HZ, _TENSION_DB * tension)
        return np.asarray(np.power(np.float32(10), decibels / 20), np.float32)

    return filtered(samples, SAMPLE_RATE_HZ, curve)


def _with_breath(samples: Floats, breathiness: float) -> Floats:
    """Mixes in band-limited noise that follows the voice's own envelope."""
    size = fast_length(len(samples))
    frequencies = np.linspace(0, SAMPLE_RATE_HZ / 2, size // 2 + 1, dtype=np.float32)
    low_hz, high_hz = _BREATH_BAND_HZ
    shape = shelf_db(frequencies, low_hz, 1.0) * (1 - shelf_db(frequencies, high_hz, 1.0))
    random = np.random.default_rng(_NOISE_SEED)
    noise = random.standard_normal(size, dtype=np.float32)
    noise = np.fft.irfft(np.fft.rfft(noise) * shape, size)[: len(samples)].astype(np.float32)
    noise /= np.float32(np.sqrt(np.mean(np.square(noise))))
    breath = noise * _envelope(samples) * np.float32(_BREATH_LEVEL * breathiness)
    return samples * np.float32(1 - _BREATH_LOSS * breathiness) + breath


def _envelope(samples: Floats) -> Floats:
    """RMS over a sliding 12 ms."""
    width = int(_ENVELOPE_S * SAMPLE_RATE_HZ)
    total = np.concatenate(([0.0], np.cumsum(np.square(samples), dtype=np.float64)))
    half = width // 2
    index = np.arange(len(samples))
    upper = np.minimum(index + half, len(samples))
    lower = np.maximum(index - half, 0)
    mean = (total[upper] - total[lower]) / width
    return np.asarray(np.sqrt(np.maximum(mean, 0)), np.float32)
