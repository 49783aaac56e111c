"""Small differences between micro-capsules, from a seed and their numbers alone."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["uniform"]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


def uniform(seed: int, count: int, columns: int) -> NDArray[np.float64]:
    """Numbers in [-1, 1), shape (count, columns); a row depends on the seed and its number alone.

    SplitMix64 (Steele, Lea & Flood 2014), the state being the place in the table.
    """
    places = np.arange(1, count * columns + 1, dtype=np.uint64).reshape(count, columns)
    with np.errstate(over="ignore"):
        mixed = (places + np.uint64(seed % 2**32) * np.uint64(0x1_0000_0001)) * _GOLDEN
        mixed = (mixed ^ (mixed >> np.uint64(30))) * _FIRST
        mixed = (mixed ^ (mixed >> np.uint64(27))) * _SECOND
        mixed ^= mixed >> np.uint64(31)
    return (mixed >> np.uint64(11)).astype(np.float64) * 2.0**-52 - 1.0
