"""What is looked for in a take: weights of bases, opposite ones as one signed number."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from capsules.arkit import ARKIT_BLENDSHAPES
from capsules.targets import target

__all__ = ["HEAD_BASES", "OPPOSITES", "Unknowns"]

HEAD_BASES = ("headYaw", "headPitch", "headRoll")

# Nobody looks left and right at once: as two numbers they would cancel out unseen.
OPPOSITES = {
    "mouthLeft": "mouthRight",
    "jawLeft": "jawRight",
    "eyeLookInLeft": "eyeLookOutLeft",
    "eyeLookInRight": "eyeLookOutRight",
    "eyeLookUpLeft": "eyeLookDownLeft",
    "eyeLookUpRight": "eyeLookDownRight",
}
"""Bases that are one signed number here: the first is above 0."""

Floats = NDArray[np.float64]


class Unknowns:
    """A vector of unknowns and the weights that it stands for.

    Args:
        bases: Names of the bases that may move, in any order; those of the face and the head are
            known to it, others are taken as they are.

    Attributes:
        names: Of the unknowns; an opposite pair goes by its first.
        low: Smallest values.
        high: Largest values.
    """

    def __init__(self, bases: Collection[str]) -> None:
        first = [name for name in (*ARKIT_BLENDSHAPES, *HEAD_BASES) if name in bases]
        ordered = [*first, *sorted(set(bases) - set(first))]
        taken = {low for high, low in OPPOSITES.items() if high in bases and low in bases}
        self.names = tuple(name for name in ordered if name not in taken)
        self._pairs = {
            name: low for name in self.names if (low := OPPOSITES.get(name, "")) in taken
        }
        self.low = np.array(
            [-target(self._pairs[name]).maximum if name in self._pairs else target(name).minimum
             for name in self.names]
        )  # fmt: skip
        self.high = np.array([target(name).maximum for name in self.names])

    def __len__(self) -> int:
        return len(self.names)

    def weights(self, values: Floats) -> dict[str, float]:
        """The weights of a vector, without those that are 0."""
        found = {}
        for name, value in zip(self.names, values.tolist(), strict=True):
            if value < 0.0 and name in self._pairs:
                found[self._pairs[name]] = -value
            elif value:
                found[name] = value
        return found

    def vector(self, weights: Mapping[str, float]) -> Floats:
        """The vector of weights; those of other bases are left out."""
        return np.array(
            [
                weights.get(name, 0.0) - weights.get(self._pairs.get(name, ""), 0.0)
                for name in self.names
            ]
        )

    def courses(self, values: Sequence[Floats]) -> dict[str, Floats]:
        """For each basis its weight over time (T,)."""
        rows = [self.weights(one) for one in values]
        names = sorted({name for row in rows for name in row})
        return {name: np.array([row.get(name, 0.0) for row in rows]) for name in names}
