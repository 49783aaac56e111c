"""A facial movement in the making: where it takes named curves and landmarks of the face."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import spatial

from capsules.bake.biharmonic import Biharmonic
from capsules.bake.canvas import Floats
from capsules.bake.mesh import FaceMesh
from capsules.bake.topology import Anatomy

__all__ = ["LIPS", "FaceRig", "Shape"]

LIPS = ("innerUpper", "outerUpper", "innerLower", "outerLower")


@dataclass(frozen=True, slots=True)
class FaceRig:
    """What movements of one face are authored on.

    Attributes:
        face: The anatomy.
        mesh: The face's mesh.
        plate: Solves movements over the mesh.
        place: (V, 2) vertices in the head's axes, units from between the eyes.
        gap: (N,) by how much the lips' inner edges are apart at rest, units.
        half_width: Half the distance of the lips' corners, units.
        smile: How much of a smile the photo shows, [0, 1], by the width of the mouth.
        glasses: Whether glasses are worn, whose frame should not bend.
    """

    face: Anatomy
    mesh: FaceMesh
    plate: Biharmonic
    place: Floats
    gap: Floats
    half_width: float
    smile: float
    glasses: bool = False

    def along(self, curve: str) -> Floats:
        """Where a curve's vertices lie along it: -1 at the picture's left end, 1 at its right."""
        return np.linspace(-1.0, 1.0, len(self.mesh.curves[curve]), dtype=np.float32)


class Shape:
    """Collects what a movement takes where; solves the rest."""

    def __init__(self, rig: FaceRig, reach: float) -> None:
        """Starts with nothing moved; nothing moves farther than `reach` (units) from what is."""
        self._rig, self._reach = rig, reach
        count = len(rig.mesh.vertices)
        self._moves = np.zeros((count, 2), np.float32)
        self._given = np.zeros(count, np.bool_)

    def curve(
        self, name: str, dx: Floats | float, dy: Floats | float, dz: Floats | float = 0.0
    ) -> None:
        """Moves a curve's vertices, in units along the head's axes; adds to earlier moves."""
        index = self._rig.mesh.curves[name]
        n = len(index)
        moves = np.stack([np.broadcast_to(np.asarray(d, np.float32), n) for d in (dx, dy, dz)], -1)
        self.px(index, self._rig.face.on_canvas(moves))

    def marks(self, numbers: tuple[int, ...], dx: float, dy: float, dz: float = 0.0) -> None:
        """Moves the vertices at landmarks that no curve moves already."""
        index = np.unique(self._rig.mesh.marks[list(numbers)])
        index = index[~self._given[index]]
        moves = np.broadcast_to(np.array([dx, dy, dz], np.float32), (len(index), 3))
        self.px(index, self._rig.face.on_canvas(moves))

    def px(self, index: NDArray[np.int32], moves: Floats) -> None:
        """Moves vertices by canvas pixels (N, 2); adds to earlier moves."""
        self._moves[index] += moves
        self._given[index] = True

    def hold(self, *names: str) -> None:
        """Keeps curves where they are, unless something moves them."""
        for name in names:
            self._given[self._rig.mesh.curves[name]] = True

    def hold_marks(self, numbers: tuple[int, ...]) -> None:
        """Keeps vertices at landmarks where they are, unless something moves them."""
        self._given[self._rig.mesh.marks[list(numbers)]] = True

    def solve(self) -> Floats:
        """The movement (V, 2) of every vertex, canvas pixels."""
        moving = self._given & (np.abs(self._moves).max(axis=1) > 0.02)
        if not moving.any():
            return np.zeros_like(self._moves)
        place = self._rig.place
        away = spatial.cKDTree(place[moving]).query(place)[0]
        return self._rig.plate.solve(self._given | (away > self._reach), self._moves)
