"""A soft ceiling for sound."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["CEILING", "limited"]

CEILING = float(10 ** (-1 / 20))  # -1 dBFS leaves room for what the audio codec adds
_KNEE = 0.65


def limited(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """The sound with no peak above -1 dBFS.

    Below 0.65 nothing changes; above, peaks are bent by a tanh that never reaches the ceiling.
    Returns the very array it was given where no peak is that high.
    """
    magnitude = np.abs(samples)
    loud = np.flatnonzero(magnitude > _KNEE)
    if len(loud) == 0:
        return samples
    room = CEILING - _KNEE
    bent = _KNEE + room * np.tanh((magnitude[loud] - _KNEE) / room)
    result = samples.copy()
    result[loud] = np.copysign(bent, samples[loud])
    return result
