"""From a subject, a portrait or a drawing, to an avatar: the one way to make a rig."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from capsules.avatar import Avatar, Part, Provenance, Skeleton
from capsules.bake.biharmonic import Biharmonic
from capsules.bake.canvas import CANVAS_PX, Floats, smoothstep
from capsules.bake.correctives import corrective_shapes, exact_lids
from capsules.bake.edges import lash_parts, lid_shades, lip_shade
from capsules.bake.facs_cheeks import cheek_shapes
from capsules.bake.facs_eyes import eye_shapes, iris_shapes
from capsules.bake.facs_jaw import JAW_DROP, jaw_shapes
from capsules.bake.facs_lips import lip_shapes
from capsules.bake.found import FoundFace, Photo
from capsules.bake.hands import clothing_colour, recoloured_hands
from capsules.bake.layers import premultiplied
from capsules.bake.lighting import slant_of
from capsules.bake.mesh import FaceMesh, Mesh, grid_mesh
from capsules.bake.parts import Build, bases_of, normals_of, part_of
from capsules.bake.portrait import portrait_of
from capsules.bake.progress import Share, part_of_work, untold
from capsules.bake.residuals import face_residuals
from capsules.bake.shape import FaceRig
from capsules.bake.skin import skin_of
from capsules.bake.subject import Layer, Subject
from capsules.bake.together import unfolded_alone, unfolded_sums
from capsules.bake.topology import SIDES, Anatomy

__all__ = ["RigOptions", "build_rig", "face_rig", "rigged"]

_TONGUE_BACK = 0.17  # down, units: rounded lips open on the dark, not on the tongue
_TEETH_BACK = 0.25  # of what puckered lips do to teeth that funnelled ones do
_TONGUE_ROOT = -0.045  # where a tongue that is out begins, units below the upper teeth's edge
_TONGUE_HANGS = 0.5  # its share of the jaw's movement
_PORTRAIT_SHARE = 0.8  # of the work; the rest is the rig


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


def _jaw_moves(build: Build, share: Floats) -> dict[str, Floats]:
    """What hangs on the lower jaw moves with it as a whole."""

    def moved(dx: float, dy: float, dz: float = 0.0) -> Floats:
        return share[:, None] * build.subject.face.on_canvas(np.array([dx, dy, dz], np.float32))

    return {
        "jawOpen": moved(0.0, 0.90 * JAW_DROP),
        "jawLeft": moved(0.105, 0.0),
        "jawRight": moved(-0.105, 0.0),
        "jawForward": moved(0.0, 0.01, -0.10),
    }


def _mouth_parts(build: Build) -> list[Part]:
    mouth, face = build.subject.mouth, build.subject.face
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
            for rounds, part in (("mouthPucker", 1.0), ("mouthFunnel", _TEETH_BACK)):
                moves[rounds] = np.tile(face.on_canvas(part * aside), (len(mesh.vertices), 1))
        if name == "tongue":
            out = np.array([0.0, -0.05, 0.0], np.float32)
            moves["tongueOut"] = np.tile(face.on_canvas(out), (len(mesh.vertices), 1))
            back = np.array([0.0, _TONGUE_BACK, 0.0], np.float32)
            moves["mouthPucker"] = np.tile(face.on_canvas(back), (len(mesh.vertices), 1))
        parts.append(build.simple(name, paint, moves, sunk * face.unit, mesh))
    return parts


def _tongue_tip(build: Build) -> Part:
    """Folded away on the lower lip's edge at rest; tongueOut unfolds it.

    It comes from behind the lower teeth: over them and the lower lip, and below the upper teeth.
    """
    mouth, face = build.subject.mouth, build.subject.face
    paint = mouth.tip
    sheet = paint.sheet
    shape = grid_mesh(sheet, paint.alpha, 0.06 * face.unit)
    across = (shape.vertices[:, 0] - 0.5 * sheet.width) / face.unit
    down = shape.vertices[:, 1] / face.unit
    middle = face.inner_lower[len(face.inner_lower) // 2]

    def at(x: Floats, y: Floats) -> Floats:
        return np.asarray(middle + face.on_canvas(np.stack([x, y, 0 * x], axis=-1)), np.float32)

    rest = at(0.8 * across, 0.0 * down)
    root = (mouth.teeth_line_y - float(middle[1])) / face.unit + _TONGUE_ROOT
    moves = _jaw_moves(build, np.full(len(rest), _TONGUE_HANGS, np.float32))
    moves["tongueOut"] = at(across, root + down) - rest
    return build.simple("tongueTip", paint, moves, 0.0, Mesh(rest, shape.uv, shape.triangles))


def _eye_parts(build: Build) -> list[Part]:
    subject = build.subject
    paint, sunk = subject.eyes, 0.03 * subject.face.unit
    mesh = grid_mesh(paint.sheet, paint.alpha, 0.16 * subject.face.unit)
    parts = [build.simple("eyes", paint, {}, sunk, mesh)]
    for side, word in SIDES:
        iris = subject.irises[side]
        mesh = grid_mesh(iris.sheet, iris.alpha, 0.6 * iris.sheet.width)
        moves = {
            name: np.tile(move, (len(mesh.vertices), 1))
            for name, move in iris_shapes(build.rig, side).items()
        }
        parts.append(build.simple(f"iris{word}", iris, moves, sunk, mesh))
    return parts


def _moves_together(
    rig: FaceRig, moves: dict[str, Floats], at_rest: Mapping[str, float]
) -> tuple[dict[str, Floats], dict[str, tuple[str, ...]]]:
    """A face's movements with its correctives, none of which folds it; the correctives' drivers."""
    alone = unfolded_alone(rig.mesh, moves)
    correctives = corrective_shapes(rig, alone)
    drivers = {name: one.drivers for name, one in correctives.items()}
    added = {name: one.move for name, one in correctives.items()}
    together = unfolded_sums(rig.mesh, alone | added, drivers, at_rest)
    return together | exact_lids(rig, together, drivers), drivers


def _build(subject: Subject) -> Build:
    face, mesh, head = subject.face, subject.mesh, subject.head
    rig = face_rig(face, mesh, glasses=subject.glasses)
    moves = jaw_shapes(rig) | lip_shapes(rig) | cheek_shapes(rig) | eye_shapes(rig)
    moves |= head.pose(mesh.vertices, head.depth(mesh.vertices), head.follow(mesh.vertices))
    together, drivers = _moves_together(rig, moves, subject.drawn.at_rest)
    return Build(subject, rig, together, drivers)


def _face(build: Build) -> Part:
    subject, rig, drivers = build.subject, build.rig, build.drivers
    layer, mesh, moves = subject.layer, subject.mesh, dict(build.moves)
    residuals = face_residuals(rig, layer, creases=subject.drawn.creases)
    still = np.zeros_like(mesh.vertices)
    skin = skin_of(mesh, layer)
    texture = premultiplied(layer.rgb, layer.alpha)
    every = {name: moves.get(name, still) for name in moves | residuals}
    moved = {
        name: skin.moved(move, rig, takes_back=name in drivers or name == "mouthClose")
        for name, move in every.items()
    }
    rest = build.at_rest(moves)
    rest[mesh.twins[:, 1]] = rest[mesh.twins[:, 0]]  # hidden skin stays hidden
    vertices = (mesh.vertices + rest)[skin.source]
    geometry = Mesh(vertices, layer.sheet.uv(skin.texture_at), skin.triangles)
    part = part_of("face", geometry, texture, {}, layer.normals, subject.head.chin)
    rect = (0, 0, layer.sheet.shape[1], layer.face_rows)
    return replace(part, bases=bases_of(moved, residuals, drivers), residual_rect=rect)


def _layer(layer: Layer) -> Part:
    paint = layer.paint
    mesh = grid_mesh(paint.sheet, paint.alpha, layer.cell_px)
    moves = {} if layer.pose is None else layer.pose(mesh.vertices)
    texture = premultiplied(paint.rgb, paint.alpha)
    normals = normals_of(paint) if layer.lit else None
    return part_of(layer.name, mesh, texture, moves, normals, layer.pivot)


def rigged(subject: Subject, tell: Share = untold) -> tuple[Part, ...]:
    """All parts of a subject but its hands, in z-order.

    The same subject gives the same parts, bit by bit.

    Args:
        subject: Who is rigged.
        tell: Told how much is done.
    """
    build = _build(subject)
    tell(0.6)
    return (
        *map(_layer, subject.behind), *_mouth_parts(build), *lip_shade(build),
        *_eye_parts(build), *lid_shades(build), _face(build), _tongue_tip(build),
        *lash_parts(build), *map(_layer, subject.before),
    )  # fmt: skip


def build_rig(
    photo: Photo, face: FoundFace, mask: Floats, options: RigOptions, tell: Share = untold
) -> Avatar:
    """Makes an avatar of the person in a photo.

    The same input gives the same avatar, bit by bit.

    Args:
        photo: The photo.
        face: The face in it.
        mask: (H, W) float32, coverage of the person in [0, 1].
        options: Name and provenance.
        tell: Told how much is done.
    """
    subject, layers = portrait_of(photo, face, mask, part_of_work(tell, 0.0, _PORTRAIT_SHARE))
    parts = rigged(subject, part_of_work(tell, _PORTRAIT_SHARE, 1.0))
    bones: Mapping[str, Skeleton] = {}
    if options.hands_from is not None:
        cloth = clothing_colour(layers.body, layers.person, subject.face, subject.layer.tone)
        hands, bones = recoloured_hands(
            options.hands_from, subject.layer.tone, cloth, slant_of(subject.layer)
        )
        parts = (*parts, *hands)
    provenance = Provenance(
        source="photo",
        generator=options.generator,
        sha256=photo.sha256,
        consent=options.consent,
        synthetic=True,
    )
    return Avatar(options.name, CANVAS_PX, parts, provenance, bones)
