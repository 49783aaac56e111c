"""Parts of an avatar: a mesh, a picture and movements put together."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from capsules.avatar import Basis, Part
from capsules.bake.canvas import Floats
from capsules.bake.eyes import Painted
from capsules.bake.layers import premultiplied
from capsules.bake.mesh import Mesh
from capsules.bake.shape import FaceRig
from capsules.bake.subject import Subject

__all__ = ["NORMAL_STEP", "Build", "bases_of", "normals_of", "part_of"]

_LEAST_PX = 0.05  # movements smaller than this everywhere are no basis of a part
NORMAL_STEP = 4
"""Texels a normal, along each side."""


def bases_of(
    moves: Mapping[str, Floats],
    residuals: Mapping[str, NDArray[np.int8]],
    drivers: Mapping[str, tuple[str, ...]],
) -> dict[str, Basis]:
    """Bases by name; none that do nothing.

    Args:
        moves: (V, 2) canvas pixels.
        residuals: Of some of them.
        drivers: Of those that are correctives.
    """
    out = {}
    for name in sorted(set(moves) | set(residuals)):
        move, residual = moves[name], residuals.get(name)
        if residual is not None or np.abs(move).max() >= _LEAST_PX:
            delta = np.round(move, 2).astype(np.float16)
            out[name] = Basis(delta, residual, drivers.get(name, ()))
    return out


def part_of(
    name: str, mesh: Mesh, texture: NDArray[np.uint8], moves: Mapping[str, Floats],
    normals: NDArray[np.int8] | None, pivot: Floats,
    drivers: Mapping[str, tuple[str, ...]] | None = None,
) -> Part:  # fmt: skip
    """A part without residuals.

    Args:
        name: Its name.
        mesh: Its mesh.
        texture: Premultiplied RGBA (h, w, 4).
        moves: (V, 2) by basis name, canvas pixels.
        normals: (nh, nw, 2) over the texture; None for what no light falls on.
        pivot: (2,) the point about which it turns and scales.
        drivers: Of those movements that are correctives.
    """
    return Part(
        name=name,
        vertices=np.round(mesh.vertices, 2).astype(np.float32),
        uv=np.clip(mesh.uv, 0.0, 1.0).astype(np.float32),
        triangles=mesh.triangles,
        texture=texture,
        normals=normals,
        pivot=(float(pivot[0]), float(pivot[1])),
        bases=bases_of(moves, {}, drivers or {}),
    )


def normals_of(paint: Painted) -> NDArray[np.int8]:
    """A picture's normals; straight at the viewer where it has none."""
    if paint.normals is not None:
        return paint.normals
    h, w = paint.alpha.shape
    return np.zeros((max(1, h // NORMAL_STEP), max(1, w // NORMAL_STEP), 2), np.int8)


@dataclass(frozen=True, slots=True)
class Build:
    """What all parts are made from.

    Attributes:
        subject: Whose.
        rig: What the movements of the face are authored on.
        moves: (V, 2) movements of the face's mesh by basis name, canvas pixels, none of which
            folds it; correctives among them.
        drivers: Of each corrective.
    """

    subject: Subject
    rig: FaceRig
    moves: Mapping[str, Floats]
    drivers: Mapping[str, tuple[str, ...]]

    def on_head(self, points: Floats, sunk: float = 0.0) -> dict[str, Floats]:
        """Pose bases of what is part of the head, some canvas pixels behind its surface."""
        head = self.subject.head
        return head.pose(points, head.depth(points) - sunk, head.follow(points))

    def at_rest(self, moves: Mapping[str, Floats]) -> Floats:
        """What of movements (V, 2) is set into the rest."""
        rest = np.zeros_like(next(iter(moves.values())))
        for name, weight in self.subject.drawn.at_rest.items():
            rest += weight * moves[name]
        return rest

    def simple(
        self, name: str, paint: Painted, moves: Mapping[str, Floats], sunk: float, mesh: Mesh
    ) -> Part:
        """A part on the head with movements of its own."""
        texture = premultiplied(paint.rgb, paint.alpha)
        both = dict(moves) | self.on_head(mesh.vertices, sunk)
        chin = self.subject.head.chin
        return part_of(name, mesh, texture, both, normals_of(paint), chin, self.drivers)
