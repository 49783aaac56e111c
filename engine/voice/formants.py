"""Moving formants without the pitch.

The spectral envelope of each short frame is found by the cepstrum (low quefrencies are the vocal
tract, high ones the voice's pitch; Oppenheim and Schafer, Discrete-Time Signal Processing, ch. 13),
stretched along frequency, and put in the place of the old one.
"""

import numpy as np
from numpy.typing import NDArray

from engine.voice.port import SAMPLE_RATE_HZ

__all__ = ["shift_formants"]

_FRAME = 1536  # 32 ms
_HOP = 384
_QUEFRENCY_S = 0.0017  # shorter than the period of any voice here
_LIMIT_NEPER = 2.0  # 17 dB: no frame's gaps are torn up
_FLOOR = 1e-5

Floats = NDArray[np.float32]


def shift_formants(samples: Floats, semitones: float) -> Floats:
    """The sound with its formants moved; same pitch, same length.

    Args:
        samples: Mono (N,) at `SAMPLE_RATE_HZ`.
        semitones: [-18, 18].
    """
    window = np.hanning(_FRAME + 1)[:-1].astype(np.float32)
    frames = -(-len(samples) // _HOP) + _FRAME // _HOP
    padded = np.zeros((frames - 1) * _HOP + _FRAME, np.float32)
    lead = _FRAME - _HOP
    padded[lead : lead + len(samples)] = samples
    view = np.lib.stride_tricks.sliding_window_view(padded, _FRAME)[::_HOP]
    spectrum = np.fft.rfft(view * window, axis=1)
    spectrum *= _gains(np.abs(spectrum), 2 ** (semitones / 12))
    shaped = np.fft.irfft(spectrum, _FRAME, axis=1) * window
    result = np.zeros_like(padded)
    for phase in range(_FRAME // _HOP):  # frames this far apart do not overlap: add them at once
        part = shaped[phase :: _FRAME // _HOP].reshape(-1)
        result[phase * _HOP : phase * _HOP + len(part)] += part
    overlap = np.float32(np.sum(window**2) / _HOP)
    return np.asarray(result[lead : lead + len(samples)] / overlap, np.float32)


def _gains(magnitude: Floats, ratio: float) -> Floats:
    """Linear gains (frames, bins) that move each frame's envelope by the ratio."""
    log = np.log(magnitude + np.float32(_FLOOR))
    cepstrum = np.fft.irfft(log, _FRAME, axis=1)
    keep = int(_QUEFRENCY_S * SAMPLE_RATE_HZ)
    cepstrum[:, keep : _FRAME - keep + 1] = 0
    envelope = np.fft.rfft(cepstrum, axis=1).real
    last = envelope.shape[1] - 1
    source = np.minimum(np.arange(last + 1) / ratio, last)
    below = np.minimum(source.astype(np.int64), last - 1)
    part = (source - below).astype(np.float32)
    moved = envelope[:, below] * (1 - part) + envelope[:, below + 1] * part
    return np.asarray(np.exp(np.clip(moved - envelope, -_LIMIT_NEPER, _LIMIT_NEPER)), np.float32)
