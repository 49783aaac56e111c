"""Who is rigged: where the face's features lie, the pictures of all parts, and how they hang.

A portrait is taken apart into this (`capsules.bake.portrait`); a drawing is made as this from the
start. What follows, from meshes to movements, is the same for both (`capsules.bake.rig`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from capsules.bake.canvas import Floats
from capsules.bake.eyes import Painted
from capsules.bake.face_layer import FaceLayer
from capsules.bake.head import Head
from capsules.bake.mesh import FaceMesh
from capsules.bake.mouth import Mouth
from capsules.bake.topology import Anatomy

__all__ = ["Drawn", "Layer", "Pose", "Subject"]

Pose = Callable[[Floats], dict[str, Floats]]
"""The pose bases (V, 2) by name of points (V, 2) of a layer."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A picture that is no part of face, eyes and mouth.

    Attributes:
        name: Of the part it becomes.
        paint: The picture.
        cell_px: Size of its mesh's cells.
        pivot: (2,) the point about which the part turns and scales.
        pose: How it takes part in the movements of head and body; None where it never moves.
        lit: Whether light falls on it.
    """

    name: str
    paint: Painted
    cell_px: float
    pivot: Floats
    pose: Pose | None = None
    lit: bool = True


def _none() -> dict[int, Painted]:
    return {}


@dataclass(frozen=True, slots=True)
class Drawn:
    """What drawings show that photos hold in the picture of the face, or not at all.

    Attributes:
        lashes: By side, upper lashes that ride on the lid and turn over as it closes.
        lid_shade: By side, the upper lid's shadow on the eye.
        lip_shade: The upper lip's shadow on drawn teeth, which keeps a thin opening dark.
        at_rest: Weights that are set into the face's rest: a drawing's lips are straight where a
            face at rest is friendly.
        creases: Strength of the folds and wrinkles that movements draw; smooth drawings have few.
    """

    lashes: Mapping[int, Painted] = field(default_factory=_none)
    lid_shade: Mapping[int, Painted] = field(default_factory=_none)
    lip_shade: Painted | None = None
    at_rest: Mapping[str, float] = field(default_factory=dict)
    creases: float = 1.0


@dataclass(frozen=True, slots=True)
class Subject:
    """Everything that a rig is made from.

    Attributes:
        face: The anatomy.
        mesh: The face's mesh.
        head: The relief.
        layer: The face's picture.
        mouth: The pictures behind the lips.
        eyes: Both eyes without irises.
        irises: By side.
        behind: What is drawn before mouth, eyes and face, the rearmost first.
        before: What is drawn after them.
        glasses: Whether glasses are worn, whose frame should not bend.
        drawn: What is drawn apart from the face.
    """

    face: Anatomy
    mesh: FaceMesh
    head: Head
    layer: FaceLayer
    mouth: Mouth
    eyes: Painted
    irises: Mapping[int, Painted]
    behind: tuple[Layer, ...]
    before: tuple[Layer, ...] = ()
    glasses: bool = False
    drawn: Drawn = field(default_factory=Drawn)
