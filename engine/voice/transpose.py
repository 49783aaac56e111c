"""Transposing sound by semitones with Signalsmith Stretch (`python-stretch`, MIT)."""

import numpy as np
from numpy.typing import NDArray

from engine.voice.port import SAMPLE_RATE_HZ

__all__ = ["transposed"]

_BLOCK_SAMPLES = 2400  # 50 ms: eight periods of a low voice, and consonants stay sharp enough
_INTERVAL_SAMPLES = 600
_TONALITY_LIMIT = 8000.0 / SAMPLE_RATE_HZ
_SEED = 1


def transposed(samples: NDArray[np.float32], semitones: float) -> NDArray[np.float32]:
    """The sound higher or lower, formants and all; same length, not delayed.

    The library takes each call for a whole sound, with its own start and end, so that sound cannot
    be fed in pieces; and it holds the interpreter's lock all along, about 6 ms a second of sound.

    Args:
        samples: Mono (N,) at `SAMPLE_RATE_HZ`.
        semitones: [-18, 18].
    """
    from python_stretch.Signalsmith import Stretch  # native code: loaded on demand

    stretch = Stretch(_SEED)
    stretch.configure(1, _BLOCK_SAMPLES, _INTERVAL_SAMPLES)
    stretch.setTransposeSemitones(float(semitones), _TONALITY_LIMIT)
    result = np.zeros_like(samples)
    moved = np.asarray(stretch.process(samples[None]), np.float32)[0, : len(samples)]
    result[: len(moved)] = moved
    return result
