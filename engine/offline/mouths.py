"""Mouth shapes as places to begin from: what mouths mostly do, they do in speech."""

from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import NDArray

from engine.offline.unknowns import Unknowns

__all__ = ["Mouths"]

Floats = NDArray[np.float64]

_SHARES = (0.4, 0.8)  # of a shape: in fluent speech few are reached


class Mouths:
    """The shapes of speech, for a vector of unknowns.

    Args:
        unknowns: What is looked for.
        shapes: For each shape the weights of bases, such as `Library.viseme_weights` has them.
    """

    def __init__(self, unknowns: Unknowns, shapes: Collection[Mapping[str, float]]) -> None:
        vectors = [unknowns.vector(shape) for shape in shapes]
        self._shapes = [vector for vector in vectors if vector.any()]
        self._is_mouth = np.any(self._shapes, axis=0) if self._shapes else np.False_

    def starts(self, weights: Floats) -> list[Floats]:
        """The same face (K,) with another mouth each."""
        return [
            np.where(self._is_mouth, share * shape, weights)
            for shape in self._shapes
            for share in _SHARES
        ]
