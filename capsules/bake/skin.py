"""The face's final geometry: the mesh, and skin that is hidden at rest.

Hidden skin lies folded where it comes out: under the crease of the upper lids, and inside of lips
that are closed in the photo.
"""

from dataclasses import dataclass

import numpy as np

from capsules.bake.canvas import Floats
from capsules.bake.face_layer import FaceLayer, Rect
from capsules.bake.mesh import FaceMesh, Ints
from capsules.bake.shape import FaceRig
from capsules.bake.topology import SIDES

__all__ = ["Skin", "skin_of"]

_INSIDE = 0.16  # share of an opening over which the inside of each lip comes out
_DEEPEST = 0.045  # units of the face


@dataclass(frozen=True, slots=True)
class Skin:
    """Vertices and triangles of the face's part.

    Attributes:
        source: (V,) vertex of the face's mesh that each vertex is or rides on.
        texture_at: (V, 2) where its texture is taken from, canvas pixels of the face's sheet.
        triangles: (T, 3) skin, then hidden skin, then the rims of the upper lids.
        inside: By lip, +1 for the upper one and -1 for the lower one, the vertices at the end of
            its inside, along the mouth.
    """

    source: Ints
    texture_at: Floats
    triangles: Ints
    inside: dict[int, Ints]

    def moved(self, moves: Floats, rig: FaceRig, *, takes_back: bool = False) -> Floats:
        """The movement of all vertices from that of the mesh's (canvas pixels).

        Where lips part, their insides come out; what `takes_back`, as mouthClose and correctives
        do, brings them in again where it closes lips that others part.
        """
        out = moves[self.source]
        if not self.inside:
            return out
        down = rig.face.axes[:2, 1]
        curves = rig.mesh.curves
        opening = (moves[curves["innerLower"]] - moves[curves["innerUpper"]]) @ down
        deepest = _DEEPEST * rig.face.unit
        least = -deepest if takes_back else 0.0
        depth = np.clip(_INSIDE * opening, least, deepest)
        for sign, index in self.inside.items():
            out[index] += (sign * depth)[:, None] * down
        return np.asarray(out, np.float32)


class _Strips:
    """Strips of hidden skin in the making."""

    def __init__(self, mesh: FaceMesh) -> None:
        self.source = [np.arange(len(mesh.vertices), dtype=np.int32)]
        self.texture_at = [mesh.vertices]
        self.triangles: list[Ints] = []
        self.count = len(mesh.vertices)

    def add(self, first: Ints, last: Ints, rect: Rect, *, turned: bool = False) -> Ints:
        """A strip from a row of vertices to another; gives the second row's new numbers."""
        left, top, width, height = rect
        n = len(first)
        x = left + width * np.linspace(0.0, 1.0, n, dtype=np.float32)
        for line, y in ((first, top), (last, top + height)):
            self.source.append(line)
            self.texture_at.append(np.stack([x, np.full(n, y, np.float32)], axis=-1))
        a = self.count + np.arange(n - 1)
        b = a + n
        faces = np.vstack([np.stack([a, a + 1, b], axis=1), np.stack([a + 1, b + 1, b], axis=1)])
        self.triangles.append((faces[:, [0, 2, 1]] if turned else faces).astype(np.int32))
        self.count += 2 * n
        return np.arange(self.count - n, self.count, dtype=np.int32)


def skin_of(mesh: FaceMesh, layer: FaceLayer) -> Skin:
    """Adds the hidden skin to a face's mesh."""
    strips = _Strips(mesh)
    inside = {}
    for sign, name, rect in zip(
        (1, -1), ("innerUpper", "innerLower"), layer.lip_skin, strict=False
    ):
        edge = mesh.curves[name]
        inside[sign] = strips.add(edge, edge, rect, turned=sign < 0)
    insides = len(strips.triangles)
    rims = np.zeros(len(mesh.triangles), np.bool_)
    for side, word in SIDES:
        fold, rim = mesh.curves[f"fold{word}"], mesh.curves[f"lash{word}"]
        strips.add(fold, rim, layer.lid_skin[side])
        band = np.concatenate([rim, mesh.curves[f"lidUpper{word}"]])
        rims |= np.isin(mesh.triangles, band).all(axis=1)
    triangles = np.vstack(
        [*strips.triangles[:insides], mesh.triangles[~rims], *strips.triangles[insides:],
         mesh.triangles[rims]]
    )  # fmt: skip
    return Skin(np.concatenate(strips.source), np.vstack(strips.texture_at), triangles, inside)
