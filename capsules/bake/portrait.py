"""A portrait taken apart into a subject that can be rigged."""

from dataclasses import replace

import cv2
import numpy as np

from capsules.bake.canvas import BACKGROUND_SHEET, BODY_SHEET, Floats, place, vector
from capsules.bake.eyes import Painted, eye_white, paint_eyes, paint_iris
from capsules.bake.found import FoundFace, Photo
from capsules.bake.glasses import wears_glasses
from capsules.bake.head import Head, head_of
from capsules.bake.jawline import snap_jaw
from capsules.bake.large_eyes import grown_eyes
from capsules.bake.layers import Layers, layers_of
from capsules.bake.mesh import face_mesh
from capsules.bake.mouth import paint_mouth
from capsules.bake.parts import NORMAL_STEP
from capsules.bake.progress import Share, part_of_work, untold
from capsules.bake.snap import snap_lids, snap_lips
from capsules.bake.subject import Drawn, Layer, Subject
from capsules.bake.topology import SIDES, anatomy

__all__ = ["portrait_of"]

_RELIEF = 0.7
_BACKGROUND_CELL_PX, _BODY_CELL_PX = 700.0, 27.0


def _background(layers: Layers) -> Layer:
    opaque = np.ones(BACKGROUND_SHEET.shape, np.float32)
    paint = Painted(BACKGROUND_SHEET, layers.background, opaque)
    return Layer("background", paint, _BACKGROUND_CELL_PX, vector(512.0, 512.0), lit=False)


def _body(layers: Layers, head: Head, small: Floats) -> Layer:
    sheet = BODY_SHEET.at(1 / NORMAL_STEP)
    normals = head.normals(sheet, small, relief=_RELIEF, behind=True)
    paint = Painted(BODY_SHEET, layers.body, layers.person, normals)

    def pose(points: Floats) -> dict[str, Floats]:
        follow = head.follow(points)
        return head.pose(points, head.depth(points, behind=True), follow, on_body=1.0 - follow)

    return Layer("body", paint, _BODY_CELL_PX, vector(512.0, 1024.0), pose)


def portrait_of(
    photo: Photo, face: FoundFace, mask: Floats, tell: Share = untold
) -> tuple[Subject, Layers]:
    """The person in a photo, and the photo's layers.

    Args:
        photo: The photo.
        face: The face in it.
        mask: (H, W) float32, coverage of the person in [0, 1].
        tell: Told how much is done.
    """
    placement = place(face)
    found = anatomy(face, placement)
    picture = BODY_SHEET.photo(photo, placement)
    for snap in (snap_lips, grown_eyes, snap_lids, snap_jaw):
        found = snap(found, picture, BODY_SHEET)
    mesh = face_mesh(found)
    tell(0.1)
    layers = layers_of(photo, mask, placement, found, mesh, part_of_work(tell, 0.1, 0.9))
    tell(0.9)
    head = head_of(found, BODY_SHEET)
    size = head.front.shape[::-1]
    small = np.asarray(cv2.resize(layers.person, size, interpolation=cv2.INTER_AREA), np.float32)
    sheet = layers.face.sheet.at(layers.face.sheet.scale / NORMAL_STEP)
    normals = head.normals(sheet, small, relief=_RELIEF, behind=False)
    white = eye_white(photo, placement, found)
    mouth = paint_mouth(photo, placement, found, layers.face.tone, white)
    subject = Subject(
        face=found,
        mesh=mesh,
        head=head,
        layer=replace(layers.face, normals=normals),
        mouth=mouth,
        eyes=paint_eyes(photo, placement, found, layers.face.tone),
        irises={side: paint_iris(photo, placement, found, side) for side, _ in SIDES},
        behind=(_background(layers), _body(layers, head, small)),
        glasses=wears_glasses(found, picture, BODY_SHEET),
        drawn=Drawn(lip_shade=mouth.lip_shade),
    )
    return subject, layers
