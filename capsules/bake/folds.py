"""Keeps triangles from turning over, whatever a movement asks for."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from capsules.bake.canvas import Floats
from capsules.bake.mesh import signed_areas

__all__ = ["flipped", "unfolded"]

_LEAST_AREA = 0.22  # of the area at rest: two movements together turn nothing over either
_ROUNDS = 250


def flipped(
    vertices: Floats, triangles: NDArray[np.int32], moves: Floats, *, least: float = _LEAST_AREA
) -> NDArray[np.int64]:
    """Triangles of which a movement (V, 2) leaves less than `least` of their area at rest."""
    rest = signed_areas(vertices, triangles)
    moved = signed_areas(vertices + moves, triangles)
    return np.flatnonzero((rest > 0.0) & (moved < least * rest))


def unfolded(
    vertices: Floats,
    triangles: NDArray[np.int32],
    moves: Floats,
    *,
    least: float = _LEAST_AREA,
    held: NDArray[np.bool_] | None = None,
    yielding: bool = True,
) -> Floats:
    """The same movement, smoothed about triangles that it would turn over.

    Smoothing spreads only as far as it must; the movement stays as it is elsewhere, and where it is
    `held` (V,) as long as the others can give way; unless that is `yielding`, always, though some
    triangles may then stay turned over.
    """
    if not len(flipped(vertices, triangles, moves, least=least)):
        return moves
    links = _links(triangles, len(vertices))
    for fixed in (held, None) if held is not None and yielding else (held,):
        out = moves.astype(np.float64)
        bad = flipped(vertices, triangles, moves, least=least)
        for _ in range(_ROUNDS if fixed is None else _ROUNDS // 2):
            at = np.zeros(len(vertices))
            at[np.unique(triangles[bad])] = 1.0
            share = np.minimum(1.0, at + 0.5 * (links @ at))[:, None]
            if fixed is not None:
                share[fixed] = 0.0
            out = (1.0 - 0.7 * share) * out + 0.7 * share * (links @ out)
            bad = flipped(vertices, triangles, out.astype(np.float32), least=least)
            if not len(bad):
                return np.asarray(out, np.float32)
    if not yielding:
        return np.asarray(out, np.float32)
    return _stiffened(vertices, triangles, out, least)


def _links(triangles: NDArray[np.int32], count: int) -> sparse.csr_matrix:
    """(V, V) which gives each vertex the mean of its neighbours."""
    pairs = np.vstack([triangles[:, [i, (i + 1) % 3]] for i in range(3)])
    pairs = np.vstack([pairs, pairs[:, ::-1]])
    links = sparse.coo_matrix((np.ones(len(pairs)), pairs.T), (count, count)).tocsr()
    links = (links > 0).astype(np.float64)
    means = sparse.diags(1.0 / np.maximum(np.asarray(links.sum(axis=1)).ravel(), 1.0))
    return (means @ links).tocsr()


def _stiffened(
    vertices: Floats, triangles: NDArray[np.int32], moves: NDArray[np.float64], least: float
) -> Floats:
    """Moves the triangles that are still turned over as a whole, without changing their shape."""
    out = moves.copy()
    stiff = np.zeros(len(triangles), np.bool_)
    for _ in range(_ROUNDS):
        bad = flipped(vertices, triangles, out.astype(np.float32), least=least)
        if not len(bad):
            break
        stiff[bad] = True
        corners = triangles[stiff]
        total, count = np.zeros_like(out), np.zeros(len(out))
        np.add.at(total, corners, out[corners].mean(axis=1, keepdims=True))
        np.add.at(count, corners, 1.0)
        there = count > 0
        out[there] = total[there] / count[there, None]
    return np.asarray(out, np.float32)
