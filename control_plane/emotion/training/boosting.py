"""Gradient boosting of symmetric trees (Friedman, 2001; Prokhorenkova et al., "CatBoost", 2018).

All nodes of one level of a symmetric tree ask the same question, so that a tree is a few pairs of
feature and threshold and a table of leaves: small to ship and quick to read. No random numbers:
which features a tree may look at follows from a checksum, so the same data give the same trees.
"""

import zlib
from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

__all__ = ["BoostingOptions", "Trees", "boost"]

Floats = npt.NDArray[np.float64]
_MAX_BINS = 32


@dataclass(frozen=True, slots=True)
class BoostingOptions:
    """How trees are grown.

    Attributes:
        trees: How many.
        depth: Questions a tree; it has 2**depth leaves.
        rate: What each tree adds of what it found, (0, 1].
        share: Share of the features that a tree may look at, (0, 1].
        penalty: Samples' worth of zeros in each leaf, which keeps small leaves small.
        seed: Begins the checksums by which features are chosen.
    """

    trees: int = 300
    depth: int = 4
    rate: float = 0.05
    share: float = 0.3
    penalty: float = 20.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Trees:
    """Symmetric trees whose sum is the answer.

    Attributes:
        features: int32 (trees, depth): what each level asks about.
        thresholds: float64 (trees, depth): the answer is whether the feature is above.
        leaves: float64 (trees, 2**depth): by the answers as bits, the first level's the highest.
    """

    features: npt.NDArray[np.int32]
    thresholds: Floats
    leaves: Floats

    def predict(self, table: Floats) -> Floats:
        """The sums for rows of features (samples, features)."""
        depth = self.features.shape[1]
        powers = 1 << np.arange(depth - 1, -1, -1)
        total = np.zeros(len(table))
        for features, thresholds, leaves in zip(
            self.features, self.thresholds, self.leaves, strict=True
        ):
            total += leaves[(table[:, features] > thresholds) @ powers]
        return total


def boost(table: Floats, target: Floats, options: BoostingOptions) -> Trees:
    """Fits trees to `target` (samples,), which should have a mean of zero."""
    edges = [_edges(column) for column in table.T]
    binned = np.empty(table.shape, dtype=np.uint8)
    for index, cuts in enumerate(edges):
        binned[:, index] = np.searchsorted(cuts, table[:, index], side="left")
    binned = np.ascontiguousarray(binned.T)
    usable = [index for index, cuts in enumerate(edges) if cuts.size]
    rest = target.astype(np.float64).copy()
    features = np.zeros((options.trees, options.depth), dtype=np.int32)
    thresholds = np.zeros((options.trees, options.depth))
    leaves = np.zeros((options.trees, 1 << options.depth))
    for tree in range(options.trees):
        chosen = _chosen(usable, tree, options)
        node = np.zeros(len(rest), dtype=np.int64)
        for level in range(options.depth):
            row, cut = _best_split(binned, chosen, node, rest, 1 << level, options.penalty)
            feature = int(chosen[row])
            features[tree, level] = feature
            thresholds[tree, level] = edges[feature][min(cut, edges[feature].size - 1)]
            node = 2 * node + (table[:, feature] > thresholds[tree, level])
        sums = np.bincount(node, weights=rest, minlength=1 << options.depth)
        counts = np.bincount(node, minlength=1 << options.depth)
        leaves[tree] = options.rate * sums / (counts + options.penalty)
        rest -= leaves[tree][node]
    return Trees(features, thresholds, leaves)


def _edges(column: Floats) -> Floats:
    """Where to cut: at most 31 places, of as many samples between them as can be."""
    places = np.quantile(column, np.linspace(0.0, 1.0, _MAX_BINS + 1)[1:-1], method="lower")
    values = np.unique(places)
    below: Floats = values[values < column.max()]
    return below


def _chosen(usable: list[int], tree: int, options: BoostingOptions) -> npt.NDArray[np.int64]:
    count = max(1, round(options.share * len(usable)))
    by_checksum = sorted(
        usable, key=lambda feature: zlib.crc32(f"{options.seed}/{tree}/{feature}".encode())
    )
    return np.array(sorted(by_checksum[:count]), dtype=np.int64)


@numba.njit(cache=True)
def _best_split(
    binned: npt.NDArray[np.uint8],
    chosen: npt.NDArray[np.int64],
    node: npt.NDArray[np.int64],
    rest: Floats,
    nodes: int,
    penalty: float,
) -> tuple[int, int]:
    """The row of `chosen` and the bin after which to cut, where the squares fall most."""
    best_gain, best_row, best_cut = -1.0, 0, 0
    sums = np.zeros((nodes, 32))
    counts = np.zeros((nodes, 32))
    for row in range(chosen.size):
        sums[:] = 0.0
        counts[:] = 0.0
        bins = binned[chosen[row]]
        for sample in range(rest.size):
            sums[node[sample], bins[sample]] += rest[sample]
            counts[node[sample], bins[sample]] += 1.0
        gains = np.zeros(32)
        for one in range(nodes):
            total, count = sums[one].sum(), counts[one].sum()
            left, left_count = 0.0, 0.0
            for cut in range(31):
                left += sums[one, cut]
                left_count += counts[one, cut]
                right, right_count = total - left, count - left_count
                gains[cut] += left * left / (left_count + penalty)
                gains[cut] += right * right / (right_count + penalty)
        for cut in range(31):
            if gains[cut] > best_gain + 1e-12:
                best_gain, best_row, best_cut = gains[cut], row, cut
    return best_row, best_cut
