"""Smooth deformation of a triangle mesh: some vertices are moved, the others follow.

The movement minimises the integral of its squared Laplacian (cotangent weights, lumped mass;
Botsch and Kobbelt, "An Intuitive Framework for Real-Time Freeform Modeling", 2004), so it is as
smooth as a bent thin plate, also across the vertices that are held.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import linalg

from capsules.bake.canvas import Floats

__all__ = ["Biharmonic"]

_LEAST_ANGLE_COT = 8.0  # slivers are no stiffer than this


def _laplacian(
    vertices: NDArray[np.float64], triangles: NDArray[np.int32]
) -> tuple[sparse.csr_matrix, NDArray[np.float64]]:
    """Cotangent Laplacian (V, V) and each vertex's share of the area (V,)."""
    count = len(vertices)
    rows, columns, weights = [], [], []
    corners = vertices[triangles]
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        one, two = corners[:, j] - corners[:, i], corners[:, k] - corners[:, i]
        dot = np.einsum("ij,ij->i", one, two)
        cross = np.abs(one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0])
        cot = np.clip(dot / np.maximum(cross, 1e-9), -1.0, _LEAST_ANGLE_COT)
        rows += [triangles[:, j], triangles[:, k]]
        columns += [triangles[:, k], triangles[:, j]]
        weights += [0.5 * cot, 0.5 * cot]
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = 0.5 * np.abs(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0])
    mass = np.bincount(triangles.ravel(), np.repeat(area / 3.0, 3), count)
    joined = sparse.coo_matrix(
        (np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns))), (count, count)
    ).tocsr()
    joined = joined.maximum(1e-4 * (joined != 0))
    degree = np.asarray(joined.sum(axis=1)).ravel()
    return sparse.diags(degree).tocsr() - joined, np.maximum(mass, 1e-6)


class Biharmonic:
    """The thin plate of one mesh."""

    def __init__(self, vertices: Floats, triangles: NDArray[np.int32]) -> None:
        """Takes (V, 2) rest positions and (T, 3) triangles that all have an area."""
        laplacian, mass = _laplacian(np.asarray(vertices, np.float64), triangles)
        self._energy = (laplacian.T @ sparse.diags(1.0 / mass) @ laplacian).tocsc()
        self._count = len(vertices)

    def solve(self, held: NDArray[np.bool_], moves: Floats) -> Floats:
        """The movement (V, 2) of all vertices.

        Args:
            held: (V,) whose movement is given.
            moves: (V, 2) the given movements; what is not held is not read.
        """
        out = np.where(held[:, None], moves, 0.0).astype(np.float64)
        free = ~held
        if free.any():
            rows = self._energy[free]
            system = rows[:, free].tocsc()
            known = rows[:, held] @ out[held]
            factors = linalg.splu(
                system, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True}
            )
            out[free] = factors.solve(-known)
        return np.asarray(out, np.float32)
