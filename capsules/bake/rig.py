"""From a photo and what was found in it to an avatar."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from capsules.avatar import Avatar, Basis, Part, Provenance, Skeleton
from capsules.bake.biharmonic import Biharmonic
from capsules.bake.canvas import (
    BACKGROUND_SHEET,
    BODY_SHEET,
    CANVAS_PX,
    Floats,
    Placement,
    Sheet,
    place,
    smoothstep,
    vector,
)
from capsules.bake.eyes import Painted, eye_white, paint_eyes, paint_iris
from capsules.bake.facs_cheeks import cheek_shapes
from capsules.bake.facs_eyes import eye_shapes, iris_shapes
from capsules.bake.facs_jaw import JAW_DROP, jaw_shapes
from capsules.bake.facs_lips import lip_shapes
from capsules.bake.found import FoundFace, Photo
from capsules.bake.glasses import wears_glasses
from capsules.bake.hands import clothing_colour, recoloured_hands
from capsules.bake.head import Head, head_of
from capsules.bake.layers import Layers, layers_of, premultiplied
from capsules.bake.mesh import FaceMesh, Mesh, face_mesh, grid_mesh
from capsules.bake.mouth import Mouth, paint_mouth
from capsules.bake.residuals import face_residuals
from capsules.bake.shape import FaceRig
from capsules.bake.skin import skin_of
from capsules.bake.snap import snap_lids, snap_lips
from capsules.bake.together import unfolded_moves
from capsules.bake.topology import SIDES, Anatomy, anatomy

__all__ = ["RigOptions", "build_rig", "face_rig"]

_LEAST_PX = 0.05  # movements smaller than this everywhere are no basis of a part
_NORMAL_STEP = 4
_RELIEF = 0.7


@dataclass(frozen=True, slots=True)
class RigOptions:
    """What may be chosen about an avatar.

    Attributes:
        name: The avatar's name: letters, digits, '_' and '-'.
        consent: Who agreed and when; "not a real person" for a drawn one.
        generator: Tool and version, for the provenance.
        hands_from: The avatar whose drawn hands are taken over in the person's colours, such as
            the built-in one; None for an avatar without hands.
    """

    name: str
    consent: str
    generator: str = "capsulecast bake 1"
    hands_from: Avatar | None = None


def _bases(moves: dict[str, Floats], residuals: dict[str, NDArray[np.int8]]) -> dict[str, Basis]:
    out = {}
    for name in sorted(set(moves) | set(residuals)):
        move, residual = moves[name], residuals.get(name)
        if residual is not None or np.abs(move).max() >= _LEAST_PX:
            out[name] = Basis(np.round(move, 2).astype(np.float16), residual)
    return out


def _part(
    name: str, mesh: Mesh, texture: NDArray[np.uint8], moves: dict[str, Floats],
    normals: NDArray[np.int8] | None, pivot: Floats,
) -> Part:  # fmt: skip
    return Part(
        name=name,
        vertices=np.round(mesh.vertices, 2).astype(np.float32),
        uv=np.clip(mesh.uv, 0.0, 1.0).astype(np.float32),
        triangles=mesh.triangles,
        texture=texture,
        normals=normals,
        pivot=(float(pivot[0]), float(pivot[1])),
        bases=_bases(moves, {}),
    )


def _flat(sheet: Sheet) -> NDArray[np.int8]:
    h, w = sheet.shape
    return np.zeros((max(1, h // _NORMAL_STEP), max(1, w // _NORMAL_STEP), 2), np.int8)


@dataclass(frozen=True, slots=True)
class _Build:
    """What all parts are made from."""

    photo: Photo
    placement: Placement
    face: Anatomy
    mesh: FaceMesh
    rig: FaceRig
    head: Head
    layers: Layers
    mouth: Mouth

    def on_head(self, points: Floats, sunk: float = 0.0) -> dict[str, Floats]:
        """Pose bases of what is part of the head, some canvas pixels behind its surface."""
        return self.head.pose(points, self.head.depth(points) - sunk, self.head.follow(points))

    def simple(
        self, name: str, paint: Painted, moves: dict[str, Floats], sunk: float, mesh: Mesh
    ) -> Part:
        """A part on the head with movements of its own."""
        texture = premultiplied(paint.rgb, paint.alpha)
        both = moves | self.on_head(mesh.vertices, sunk)
        return _part(name, mesh, texture, both, _flat(paint.sheet), self.head.chin)


def face_rig(face: Anatomy, mesh: FaceMesh, *, glasses: bool = False) -> FaceRig:
    """What the movements of a face are authored on."""
    gap = np.linalg.norm(face.inner_lower - face.inner_upper, axis=1) / face.unit
    place_ = face.local(mesh.vertices)
    corners = face.local(face.outer_upper[[0, -1]])
    half = 0.5 * float(corners[1, 0] - corners[0, 0])
    return FaceRig(
        face=face,
        mesh=mesh,
        plate=Biharmonic(mesh.vertices, mesh.triangles),
        place=place_,
        gap=gap.astype(np.float32),
        half_width=half,
        smile=float(np.clip((half - 0.42) / 0.11, 0.0, 1.0)),
        glasses=glasses,
    )


def _background(build: _Build) -> Part:
    h, w = BACKGROUND_SHEET.shape
    mesh = grid_mesh(BACKGROUND_SHEET, np.ones((h, w), np.float32), 700.0)
    texture = premultiplied(build.layers.background, np.ones((h, w), np.float32))
    return _part("background", mesh, texture, {}, None, vector(512.0, 512.0))


def _body(build: _Build) -> Part:
    layers, head = build.layers, build.head
    mesh = grid_mesh(BODY_SHEET, layers.person, 27.0)
    points = mesh.vertices
    follow = head.follow(points)
    moves = head.pose(points, head.depth(points, behind=True), follow, on_body=1.0 - follow)
    texture = premultiplied(layers.body, layers.person)
    small = cv2.resize(layers.person, head.front.shape[::-1], interpolation=cv2.INTER_AREA)
    normals = head.normals(BODY_SHEET.at(1 / _NORMAL_STEP), small, relief=_RELIEF, behind=True)
    return _part("body", mesh, texture, moves, normals, vector(512.0, 1024.0))


def _jaw_moves(build: _Build, share: Floats) -> dict[str, Floats]:
    """What hangs on the lower jaw moves with it as a whole."""

    def moved(dx: float, dy: float, dz: float = 0.0) -> Floats:
        return share[:, None] * build.face.on_canvas(np.array([dx, dy, dz], np.float32))

    return {
        "jawOpen": moved(0.0, 0.90 * JAW_DROP),
        "jawLeft": moved(0.105, 0.0),
        "jawRight": moved(-0.105, 0.0),
        "jawForward": moved(0.0, 0.01, -0.10),
    }


def _mouth_parts(build: _Build) -> list[Part]:
    mouth, face = build.mouth, build.face
    cell = 0.13 * face.unit
    mesh = grid_mesh(mouth.cavity.sheet, mouth.cavity.alpha, cell)
    height = face.local(mesh.vertices)[:, 1]
    low = float(face.local(face.inner_lower)[:, 1].max())
    line = (mouth.teeth_line_y - face.origin[1]) / face.unit
    moves = _jaw_moves(build, smoothstep(line - 0.02, low + 0.12, height))
    parts = [build.simple("mouth", mouth.cavity, moves, 0.10 * face.unit, mesh)]
    for name, paint, share, sunk in (
        ("tongue", mouth.tongue, 0.93, 0.08),
        ("teethLower", mouth.lower_teeth, 1.0, 0.05),
        ("teethUpper", mouth.upper_teeth, 0.0, 0.04),
    ):
        mesh = grid_mesh(paint.sheet, paint.alpha, cell)
        moves = _jaw_moves(build, np.full(len(mesh.vertices), share, np.float32)) if share else {}
        if name != "tongue":
            # Puckered lips come forward over the teeth.
            aside = np.array([0.0, 0.12 if name == "teethLower" else -0.12, 0.0], np.float32)
            moves["mouthPucker"] = np.tile(face.on_canvas(aside), (len(mesh.vertices), 1))
        if name == "tongue":
            out = np.array([0.0, -0.05, 0.0], np.float32)
            moves["tongueOut"] = np.tile(face.on_canvas(out), (len(mesh.vertices), 1))
        parts.append(build.simple(name, paint, moves, sunk * face.unit, mesh))
    return parts


def _tongue_tip(build: _Build) -> Part:
    """Folded away on the lower lip's edge at rest; tongueOut unfolds it."""
    paint, face = build.mouth.tip, build.face
    sheet = paint.sheet
    shape = grid_mesh(sheet, paint.alpha, 0.09 * face.unit)
    across = (shape.vertices[:, 0] - 0.5 * sheet.width) / face.unit
    down = shape.vertices[:, 1] / face.unit
    middle = face.inner_lower[len(face.inner_lower) // 2].copy()
    middle[1] = min(float(middle[1]), build.mouth.teeth_line_y) - 0.04 * face.unit

    def at(x: Floats, y: Floats) -> Floats:
        return np.asarray(middle + face.on_canvas(np.stack([x, y, 0 * x], axis=-1)), np.float32)

    rest = at(0.8 * across, 0.0 * down)
    moves = _jaw_moves(build, np.full(len(rest), 0.6, np.float32))
    moves["tongueOut"] = at(0.95 * across, 0.95 * down) - rest
    return build.simple("tongueTip", paint, moves, 0.0, Mesh(rest, shape.uv, shape.triangles))


def _eye_parts(build: _Build) -> list[Part]:
    face = build.face
    paint = paint_eyes(build.photo, build.placement, face)
    mesh = grid_mesh(paint.sheet, paint.alpha, 0.16 * face.unit)
    parts = [build.simple("eyes", paint, {}, 0.03 * face.unit, mesh)]
    for side, word in SIDES:
        iris = paint_iris(build.photo, build.placement, face, side)
        mesh = grid_mesh(iris.sheet, iris.alpha, 0.6 * iris.sheet.width)
        moves = {
            name: np.tile(move, (len(mesh.vertices), 1))
            for name, move in iris_shapes(build.rig, side).items()
        }
        parts.append(build.simple(f"iris{word}", iris, moves, 0.03 * face.unit, mesh))
    return parts


def _face(build: _Build) -> Part:
    layer, mesh, head = build.layers.face, build.mesh, build.head
    rig = build.rig
    moves = jaw_shapes(rig) | lip_shapes(rig) | cheek_shapes(rig) | eye_shapes(rig)
    moves |= head.pose(mesh.vertices, head.depth(mesh.vertices), head.follow(mesh.vertices))
    moves = unfolded_moves(mesh, moves)
    residuals = face_residuals(rig, layer)
    still = np.zeros_like(mesh.vertices)
    skin = skin_of(mesh, layer)
    geometry = Mesh(mesh.vertices[skin.source], layer.sheet.uv(skin.texture_at), skin.triangles)
    small = cv2.resize(build.layers.person, head.front.shape[::-1], interpolation=cv2.INTER_AREA)
    sheet = layer.sheet.at(layer.sheet.scale / _NORMAL_STEP)
    normals = head.normals(sheet, small, relief=_RELIEF, behind=False)
    texture = premultiplied(layer.rgb, layer.alpha)
    part = _part("face", geometry, texture, {}, normals, head.chin)
    every = {name: moves.get(name, still) for name in moves | residuals}
    bases = _bases({n: skin.moved(n, move, rig) for n, move in every.items()}, residuals)
    rect = (0, 0, layer.sheet.shape[1], layer.face_rows)
    return replace(part, bases=bases, residual_rect=rect)


def build_rig(photo: Photo, face: FoundFace, mask: Floats, options: RigOptions) -> Avatar:
    """Makes an avatar of the person in a photo.

    The same input gives the same avatar, bit by bit.

    Args:
        photo: The photo.
        face: The face in it.
        mask: (H, W) float32, coverage of the person in [0, 1].
        options: Name and provenance.
    """
    placement = place(face)
    found = anatomy(face, placement)
    picture = BODY_SHEET.photo(photo, placement)
    found = snap_lids(snap_lips(found, picture, BODY_SHEET), picture, BODY_SHEET)
    mesh = face_mesh(found)
    layers = layers_of(photo, mask, placement, found, mesh)
    build = _Build(
        photo=photo,
        placement=placement,
        face=found,
        mesh=mesh,
        rig=face_rig(found, mesh, glasses=wears_glasses(found, picture, BODY_SHEET)),
        head=head_of(found, BODY_SHEET),
        layers=layers,
        mouth=paint_mouth(
            photo, placement, found, layers.face.tone, eye_white(photo, placement, found)
        ),
    )
    parts = (
        _background(build), _body(build), *_mouth_parts(build), *_eye_parts(build), _face(build),
        _tongue_tip(build),
    )  # fmt: skip
    bones: Mapping[str, Skeleton] = {}
    if options.hands_from is not None:
        cloth = clothing_colour(layers.body, layers.person, found, layers.face.tone)
        hands, bones = recoloured_hands(options.hands_from, layers.face.tone, cloth)
        parts = (*parts, *hands)
    provenance = Provenance(
        source="photo",
        generator=options.generator,
        sha256=photo.sha256,
        consent=options.consent,
        synthetic=True,
    )
    return Avatar(options.name, CANVAS_PX, parts, provenance, bones)
