"""Shaping a whole utterance in the frequency domain.

A sentence is short and known to its end, so one forward and one inverse transform resample and
equalise it at once, without phase shift and therefore without moving it against its visemes.
"""

from collections.abc import Callable
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

__all__ = ["Curve", "bell_db", "fast_length", "filtered", "resampled", "shelf_db"]

Floats = NDArray[np.float32]
Curve = Callable[[Floats], Floats]  # frequencies in Hz to linear gains

_PADDING_S = 0.02  # keeps what wraps around out of the sound
_LOWEST_HZ = 1.0
_MAX_RATIO_TERM = 250


def fast_length(minimum: int) -> int:
    """The smallest product of 2s, 3s and 5s that is at least `minimum`."""
    best = 1 << (max(minimum, 1) - 1).bit_length()
    five = 1
    while five < best:
        three = five
        while three < best:
            two = three << max(0, (-(-minimum // three) - 1).bit_length())
            best = min(best, two)
            three *= 3
        five *= 5
    return best


def shelf_db(frequencies_hz: Floats, corner_hz: float, gain_db: float) -> Floats:
    """A shelf in decibels: 0 well below the corner, `gain_db` well above, half of it there."""
    octaves = np.log2(np.maximum(frequencies_hz, _LOWEST_HZ) / np.float32(corner_hz))
    return np.asarray(np.float32(gain_db) / (1 + np.exp(-2.5 * octaves)), np.float32)


def bell_db(frequencies_hz: Floats, centre_hz: float, octaves: float, gain_db: float) -> Floats:
    """A bell in decibels: `gain_db` at the centre, 0.6 of it `octaves` away."""
    distance = np.log2(np.maximum(frequencies_hz, _LOWEST_HZ) / np.float32(centre_hz))
    bell = np.exp(-0.5 * (distance / np.float32(octaves)) ** 2)
    return np.asarray(np.float32(gain_db) * bell, np.float32)


def filtered(samples: Floats, rate_hz: float, curve: Curve) -> Floats:
    """The sound with each frequency scaled by the curve; same length."""
    size = fast_length(len(samples) + int(_PADDING_S * rate_hz))
    spectrum = np.fft.rfft(samples, size)
    frequencies = np.linspace(0, rate_hz / 2, len(spectrum), dtype=np.float32)
    spectrum *= curve(frequencies)
    return np.fft.irfft(spectrum, size)[: len(samples)].astype(np.float32, copy=False)


def resampled(samples: Floats, from_hz: float, to_hz: int, curve: Curve) -> Floats:
    """The sound at another, higher rate, shaped by the curve on the way.

    Args:
        samples: Mono (N,) at `from_hz`.
        from_hz: A ratio of small numbers to `to_hz` is fast; it is taken to within 1/1000.
        to_hz: The rate of the result, at least `from_hz`.
        curve: Must fall to 0 at `from_hz / 2`; that is the anti-imaging filter.
    """
    ratio = Fraction(to_hz / from_hz).limit_denominator(_MAX_RATIO_TERM)
    up, down = ratio.numerator, ratio.denominator
    blocks = fast_length(-(-(len(samples) + int(_PADDING_S * from_hz)) // down))
    spectrum = np.fft.rfft(samples, blocks * down)
    frequencies = np.linspace(0, from_hz / 2, len(spectrum), dtype=np.float32)
    spectrum *= curve(frequencies) * np.float32(up / down)
    length = round(len(samples) * up / down)
    return np.fft.irfft(spectrum, blocks * up)[:length].astype(np.float32, copy=False)
