"""Which bases a take needs: those without which its pictures would not be explained as well.

Wald's test (Wald, "Tests of Statistical Hypotheses Concerning Several Parameters When the Number of
Observations is Large", 1943), as backward elimination: the basis that is missed least goes first,
the others move into its place, and all are looked at again.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Witness", "needed"]

Floats = NDArray[np.float64]
Group = NDArray[np.intp]

# A basis stays if without it so much more would be left of the pictures: of what is left anyway,
_ALL_THROUGH = 0.018  # over the whole take,
_IN_A_ROW, _ROW = 0.065, 3  # or over so many frames
_RIDGE = 1e-9
_LEAST_LEFT = 1e-12


@dataclass(frozen=True, slots=True)
class Witness:
    """What one frame says of its weights.

    Attributes:
        weights: (K,) as they were found; what is 0 does not move.
        gram: (K, K) products of the slopes there; a long take has thousands of them.
        left: Size of what is left of the picture, squared.
    """

    weights: Floats
    gram: NDArray[np.float32]
    left: float

    def missed(self, groups: Sequence[Group]) -> Floats:
        """By how much more would be left without each group, if the others did what they can."""
        moving, inverse = self._inverse()
        found = np.zeros(len(groups))
        for number, group in enumerate(groups):
            inside = np.isin(moving, group)
            if inside.any():
                own = self.weights[moving[inside]]
                found[number] = own @ np.linalg.solve(inverse[np.ix_(inside, inside)], own)
        return found

    def without(self, group: Group, low: Floats, high: Floats) -> "Witness":
        """The same frame when a group has gone, and the others have moved into its place."""
        moving, inverse = self._inverse()
        inside = np.isin(moving, group)
        if not inside.any():
            return self
        own = self.weights[moving[inside]]
        pull = np.linalg.solve(inverse[np.ix_(inside, inside)], own)
        weights = self.weights.copy()
        weights[moving] -= inverse[:, inside] @ pull
        weights = np.clip(weights, low, high)
        weights[group] = 0.0
        return Witness(weights, self.gram, self.left)

    def _inverse(self) -> tuple[NDArray[np.intp], Floats]:
        moving = np.flatnonzero(self.weights)
        gram = self.gram[np.ix_(moving, moving)].astype(np.float64)
        return moving, np.asarray(np.linalg.inv(gram + _RIDGE * np.eye(len(moving))))


def needed(
    witnesses: Sequence[Witness], groups: Sequence[Group], low: Floats, high: Floats
) -> tuple[list[Group], list[Floats]]:
    """The groups of unknowns that a take cannot do without, and its weights without the others.

    Args:
        witnesses: Of every frame.
        groups: What stays or goes together, such as both sides of a face; no unknown twice.
        low: (K,) smallest weights.
        high: (K,) largest weights.
    """
    kept, seen = list(groups), list(witnesses)
    left = np.array([max(one.left, _LEAST_LEFT) for one in seen])
    while kept:
        missed = np.array([one.missed(kept) for one in seen])
        row = min(_ROW, len(seen))
        shares = np.apply_along_axis(np.convolve, 0, missed / left[:, None], np.ones(row), "valid")
        scores = np.maximum(
            missed.sum(axis=0) / (_ALL_THROUGH * left.sum()), shares.max(axis=0) / (_IN_A_ROW * row)
        )
        least = int(scores.argmin())
        if scores[least] >= 1.0:
            break
        group = kept.pop(least)
        seen = [one.without(group, low, high) for one in seen]
    return kept, [one.weights for one in seen]
