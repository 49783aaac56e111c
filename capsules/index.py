"""Finds the capsules nearest to an emotion, among thousands, in microseconds.

A k-d tree (Bentley, 1975) over valence, arousal and dominance, kept in flat arrays so that a
compiled query can walk it. Equal distances are ordered by cid: the same library and the same
emotion always give the same capsules.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from capsules.kernel import kernel
from capsules.model import Capsule

__all__ = ["VadIndex"]

# A range of the tree this short is scanned rather than split again.
_LEAF = 8
# So few points are all looked at, which takes a third of what the walk does.
_FEW = 128
# Twice the depth of a balanced tree of 2^30 points is more than the walk ever stacks.
_STACK = 64
# Keeps the weight of a capsule that lies exactly on the emotion finite.
_EPSILON = 0.001

_NOWHERE = np.zeros((2, 3))


class VadIndex:
    """The capsules that carry an emotion, by their place in the VAD cube.

    Capsules without an emotion are left out. Immutable; safe to query from any thread. The
    constructor compiles the query, or loads it from numba's cache, so no query is slow.

    Attributes:
        cids: Their ids, ascending.
    """

    def __init__(self, capsules: Iterable[Capsule]) -> None:
        found = sorted((item.cid, item.emotion) for item in capsules if item.emotion is not None)
        vads = [(at.valence, at.arousal, at.dominance) for _, at in found]
        self._take([cid for cid, _ in found], np.array(vads, dtype=np.float64).reshape(-1, 3))

    @classmethod
    def of_places(cls, cids: Sequence[str], places: NDArray[np.float64]) -> Self:
        """The index of capsules that need not be there yet.

        Args:
            cids: Their ids, ascending.
            places: Valence, arousal, dominance of each, (len(cids), 3).
        """
        index = cls.__new__(cls)
        index._take(list(cids), places)  # noqa: SLF001 - another constructor of its own class
        return index

    def _take(self, cids: list[str], points: NDArray[np.float64]) -> None:
        self.cids = cids
        self._order, self._axis = _build(points)
        self._points = np.ascontiguousarray(points[self._order])
        self._box = np.array([points.min(axis=0), points.max(axis=0)]) if len(points) else _NOWHERE
        self.nearest((0.0, 0.0, 0.0))

    def __len__(self) -> int:
        return len(self.cids)

    def nearest(self, vad: tuple[float, float, float], k: int = 3) -> list[tuple[str, float]]:
        """The `k` nearest capsules with their Euclidean distances, the nearest first.

        Fewer where the index holds fewer.

        Args:
            vad: Valence, arousal, dominance; finite.
            k: At least 1.

        Raises:
            ValueError: `vad` is not finite or `k` is below 1.
        """
        cids = self.cids
        return [(cids[int(rank)], distance) for rank, distance in self.ranked(vad, k).tolist()]

    def ranked(self, vad: tuple[float, float, float], k: int = 3) -> NDArray[np.float64]:
        """The `k` nearest as (ranks in `cids`, distances), (at most k, 2); see `nearest`."""
        if k < 1:
            raise ValueError(f"k is {k}, expected at least 1")
        valence, arousal, dominance = vad
        if not math.isfinite(valence + arousal + dominance):
            raise ValueError(f"vad is {vad}, expected finite numbers")
        # Filled rather than returned: numba hands an array over three times as slowly as it is
        # found in.
        found = np.empty((min(k, len(self.cids)), 2))
        _query(
            self._points,
            self._order,
            self._axis,
            self._box,
            found,
            float(valence),
            float(arousal),
            float(dominance),
        )
        return found

    def blend(self, vad: tuple[float, float, float], k: int = 3) -> list[tuple[str, float]]:
        """The `k` nearest capsules with weights 1 / (distance + 0.001), scaled to sum to 1.

        Raises:
            ValueError: As `nearest`.
        """
        near = self.nearest(vad, k)
        weights = [1.0 / (distance + _EPSILON) for _, distance in near]
        total = sum(weights)
        return [(cid, weight / total) for (cid, _), weight in zip(near, weights, strict=True)]


def _build(points: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
    """Orders points (N, 3) as an implicit tree: the middle of each range splits it.

    Returns:
        order: (N,) row of `points` at each place of the tree; rows are sorted by cid, so the row
            is also the rank that decides between equal distances.
        axis: (N,) axis along which the point at a place splits its range; 0 in leaves.
    """
    order = np.arange(len(points), dtype=np.int64)
    axis = np.zeros(len(points), dtype=np.int8)
    ranges = [(0, len(points))]
    while ranges:
        low, high = ranges.pop()
        if high - low <= _LEAF:
            continue
        rows = order[low:high]
        inside = points[rows]
        split = int(np.argmax(inside.max(axis=0) - inside.min(axis=0)))
        middle = (low + high) // 2
        order[low:high] = rows[np.argpartition(inside[:, split], middle - low)]
        axis[middle] = split
        ranges += [(low, middle), (middle + 1, high)]
    return order, axis


@kernel
def _query(
    points: NDArray[np.float64],
    order: NDArray[np.int64],
    axis: NDArray[np.int8],
    box: NDArray[np.float64],
    found: NDArray[np.float64],
    x: float,
    y: float,
    z: float,
) -> None:  # pragma: no cover - compiled
    """Fills `found` (k, 2) with the k nearest: their ranks and distances, ascending."""
    k = len(found)
    for slot in range(k):
        found[slot, 0], found[slot, 1] = -1.0, np.inf
    if k == 0:
        return
    if len(points) <= _FEW:
        for place in range(len(points)):
            _offer(points, order, place, x, y, z, found)
    else:
        _walk(points, order, axis, box, found, x, y, z)
    for slot in range(k):
        found[slot, 1] = math.sqrt(found[slot, 1])


@kernel
def _walk(
    points: NDArray[np.float64],
    order: NDArray[np.int64],
    axis: NDArray[np.int8],
    box: NDArray[np.float64],
    found: NDArray[np.float64],
    x: float,
    y: float,
    z: float,
) -> None:  # pragma: no cover - compiled
    """Offers every point that may be among the nearest."""
    last = len(found) - 1
    lows = np.empty(_STACK, np.int64)
    highs = np.empty(_STACK, np.int64)
    # How far the query is from a node's cell along each axis (Arya and Mount, 1993).
    aways = np.empty((_STACK, 3))
    lows[0], highs[0] = 0, len(points)
    away = np.empty(3)
    for along, value in enumerate((x, y, z)):
        aways[0, along] = max(box[0, along] - value, value - box[1, along], 0.0)
    depth = 1
    while depth > 0:
        depth -= 1
        low, high = lows[depth], highs[depth]
        away[:] = aways[depth]
        # Not >=: an equal distance on the far side may win by its cid. Summed as distances are,
        # so that rounding never makes a cell seem farther than what is in it.
        if away[0] * away[0] + away[1] * away[1] + away[2] * away[2] > found[last, 1]:
            continue
        while high - low > _LEAF:
            middle = (low + high) // 2
            _offer(points, order, middle, x, y, z, found)
            along = axis[middle]
            offset = (x if along == 0 else y if along == 1 else z) - points[middle, along]
            aways[depth] = away
            aways[depth, along] = max(away[along], abs(offset))
            if offset < 0.0:
                lows[depth], highs[depth] = middle + 1, high
                high = middle
            else:
                lows[depth], highs[depth] = low, middle
                low = middle + 1
            depth += 1
        for place in range(low, high):
            _offer(points, order, place, x, y, z, found)


@kernel
def _offer(
    points: NDArray[np.float64],
    order: NDArray[np.int64],
    place: int,
    x: float,
    y: float,
    z: float,
    found: NDArray[np.float64],
) -> None:  # pragma: no cover - compiled
    """Puts the point at `place` where it belongs in `found`: rank and squared distance."""
    dx, dy, dz = points[place, 0] - x, points[place, 1] - y, points[place, 2] - z
    square = dx * dx + dy * dy + dz * dz
    rank = float(order[place])
    slot = len(found)
    while slot > 0 and (
        square < found[slot - 1, 1] or (square == found[slot - 1, 1] and rank < found[slot - 1, 0])
    ):
        slot -= 1
    if slot == len(found):
        return
    for later in range(len(found) - 1, slot, -1):
        found[later, 0], found[later, 1] = found[later - 1, 0], found[later - 1, 1]
    found[slot, 0], found[slot, 1] = rank, square
