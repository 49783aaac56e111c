"""Puts Mira together: paints every part, meshes it and gives it its bases."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from capsules.avatar import Avatar, Basis, Part, Provenance, Skeleton
from capsules.mira import backdrop, body, eyes, face, hair, hand_paint, mouth
from capsules.mira.features import CENTRE_X, eye_lids, lip_line_y
from capsules.mira.hand_rig import rig_hand
from capsules.mira.mesh import Mesh, face_mesh, grid_mesh, strip_mesh
from capsules.mira.raster import Floats, Paint, floats, smoothstep
from capsules.mira.residuals import face_residuals
from capsules.mira.rig_eyes import eye_bases, iris_bases, lid_rim
from capsules.mira.rig_mouth import JAW_DROP_PX, Place, mouth_bases
from capsules.mira.rig_pose import body_bases, hair_depth, head_bases, head_depth

__all__ = ["build_mira"]

# Movements smaller than this everywhere are no basis of a part.
_LEAST_PX = 0.05
_RELIEF = 0.78
# Neutral is friendly: a trace of a smile, set into the face's rest position.
_AT_REST = {
    "mouthSmileLeft": 0.24,
    "mouthSmileRight": 0.24,
    "cheekSquintLeft": 0.12,
    "cheekSquintRight": 0.12,
    "browInnerUp": 0.10,
}
_HAND_WRISTS = {1: (808.0, 1024.0), -1: (216.0, 1024.0)}


def _bytes_of(normals: Floats, step: int) -> NDArray[np.int8]:
    """Normals at 1/step resolution as int8, flattened: the paint already models the form."""
    h, w = (normals.shape[0] // step, normals.shape[1] // step)
    mean = normals[: h * step, : w * step].reshape(h, step, w, step, 3).mean(axis=(1, 3))
    mean /= np.maximum(np.linalg.norm(mean, axis=-1, keepdims=True), 1e-6)
    return np.asarray(np.clip(np.round(mean[..., :2] * (127.0 * _RELIEF)), -127, 127), np.int8)


def _bases(deltas: dict[str, Floats]) -> dict[str, Basis]:
    return {
        name: Basis(delta.astype(np.float16))
        for name, delta in sorted(deltas.items())
        if np.abs(delta).max() >= _LEAST_PX
    }


def _part(
    name: str,
    mesh: Mesh,
    paint: Paint,
    deltas: dict[str, Floats],
    normals: NDArray[np.int8] | None,
    *,
    pivot: tuple[float, float] = (CENTRE_X, 590.0),
) -> Part:
    return Part(
        name=name,
        vertices=mesh.vertices,
        uv=np.clip(mesh.uv, 0.0, 1.0),
        triangles=mesh.triangles,
        texture=paint.texture(),
        normals=normals,
        pivot=pivot,
        bases=_bases(deltas),
    )


def _pose(vertices: Floats, depth: Floats, follow: Floats | None = None) -> dict[str, Floats]:
    """The pose bases of something that hangs on the head."""
    x, y = vertices.T
    full = np.ones_like(x) if follow is None else follow
    return head_bases(x, y, depth, full) | body_bases(x, y, full)


def _flat_normals(shape: tuple[int, ...], step: int = 4) -> NDArray[np.int8]:
    return np.zeros((max(1, shape[0] // step), max(1, shape[1] // step), 2), np.int8)


def _part_lips(place: Place, deltas: dict[str, Floats]) -> None:
    """Keeps lips that touch at rest from crossing: they press together and move as one.

    mouthClose is the exception: it undoes jawOpen, and means nothing without it.
    """
    line = lip_line_y(place.x)
    fade = np.exp(-((np.abs(place.y - line) / 11.0) ** 2)) * (place.beyond <= 0.0)
    upper, lower = (
        Place(place.x, line, np.full(len(line), low, np.bool_)) for low in (False, True)
    )
    for name, field in mouth_bases().items():
        if name == "mouthClose":
            continue
        above, below = field(upper), field(lower)
        slide = lip_line_y(place.x + below[:, 0] - above[:, 0]) - line
        overlap = np.minimum(below[:, 1] - slide - above[:, 1], 0.0) * fade
        deltas[name][:, 1] += np.where(place.lower, -0.5, 0.5) * overlap


def _untuck(mesh: Mesh, deltas: dict[str, Floats]) -> None:
    """Unfolds the inner lip as a basis opens the mouth, so that its edge stays soft."""
    inner = mesh.tuck != 0.0
    x, tuck = mesh.vertices[inner, 0], mesh.tuck[inner]
    line = lip_line_y(x)
    upper, lower = (Place(x, line, np.full(len(x), low, np.bool_)) for low in (False, True))
    for name, field in mouth_bases().items():
        opening = field(lower)[:, 1] - field(upper)[:, 1]
        least = -1.0 if name == "mouthClose" else 0.0
        share = np.clip(opening / (2.2 * np.abs(tuck) + 6.0), least, 1.0)
        deltas[name][inner, 1] += share * tuck


def _face() -> Part:
    paint, normals = face.paint_face()
    mesh = face_mesh(face.FACE_SHEET)
    place = Place(mesh.vertices[:, 0], mesh.vertices[:, 1], mesh.lower)
    deltas = {name: field(place) for name, field in (mouth_bases() | eye_bases()).items()}
    _part_lips(place, deltas)
    _untuck(mesh, deltas)
    deltas |= _pose(mesh.vertices, head_depth(*mesh.vertices.T))
    smiling = mesh.vertices.copy()
    for name, weight in _AT_REST.items():
        # The lids stay where blinks find them.
        smiling += weight * deltas[name] * (1.0 - lid_rim(place))[:, None]
    mesh = replace(mesh, vertices=np.round(smiling, 2).astype(np.float32))
    part = _part("face", mesh, paint, deltas, _bytes_of(normals, 4))
    bases = dict(part.bases)
    none = np.zeros(mesh.vertices.shape, np.float16)
    for name, image in face_residuals().items():
        residual = np.clip(np.round(image * 127.0), -127, 127).astype(np.int8)
        bases[name] = Basis(bases[name].delta if name in bases else none, residual)
    h, w = part.texture.shape[:2]
    return Part(
        part.name, part.vertices, part.uv, part.triangles, part.texture, part.normals,
        (0, 0, w, h), part.pivot, dict(sorted(bases.items())),
    )  # fmt: skip


def _skin_motion(
    points: Floats, lower: NDArray[np.bool_], names: tuple[str, ...]
) -> dict[str, Floats]:
    place = Place(points[:, 0], points[:, 1], lower)
    fields = mouth_bases() | eye_bases()
    return {name: fields[name](place) for name in names}


def _jaw_motion(share: Floats) -> dict[str, Floats]:
    """What hangs on the lower jaw moves with it as a whole."""
    none = np.zeros_like(share)
    return {
        "jawOpen": np.stack([none, 0.86 * JAW_DROP_PX * share], axis=-1),
        "jawLeft": np.stack([14.0 * share, none], axis=-1),
        "jawRight": np.stack([-14.0 * share, none], axis=-1),
        "jawForward": np.stack([none, 2.0 * share], axis=-1),
    }


def _mouth_parts() -> list[Part]:
    parts = []
    plan = (
        ("mouth", mouth.MOUTH_SHEET, mouth.paint_mouth(), (492.0, 545.0), -6.0),
        ("tongue", mouth.TONGUE_SHEET, mouth.paint_tongue(), (460.0, 540.0), -4.0),
        ("teethLower", mouth.LOWER_TEETH_SHEET, mouth.paint_lower_teeth(), (400.0, 401.0), -2.0),
    )
    for name, sheet, paint, (top, bottom), sunk in plan:
        mesh = grid_mesh(sheet, paint.alpha, 18.0)
        share = smoothstep(top, bottom, mesh.vertices[:, 1])
        deltas = _jaw_motion(share)
        if name != "tongue":
            # Puckered lips come forward over the teeth; a funnel bares where they meet.
            up = -1.0 if name == "mouth" else 1.0
            held = smoothstep(500.0, 488.0, mesh.vertices[:, 1]) if name == "mouth" else share
            deltas["mouthPucker"] = np.stack([0.0 * held, 27.0 * up * held], axis=-1)
            deltas["mouthFunnel"] = np.stack([0.0 * held, -3.0 * held], axis=-1)
        if name == "tongue":
            deltas["tongueOut"] = np.stack([0 * share, -9.0 * share], axis=-1)
        deltas |= _pose(mesh.vertices, head_depth(*mesh.vertices.T) + sunk)
        parts.append(_part(name, mesh, paint, deltas, _flat_normals(paint.alpha.shape)))
    return parts


def _lip_shade() -> Part:
    """The upper lip's shadow on the teeth: it hangs on the lip, so a thin opening is dark."""
    sheet = mouth.LIP_SHADE_SHEET
    mesh = strip_mesh(sheet, mouth.lip_shade_rows())
    x = mesh.vertices[:, 0]
    line = lip_line_y(x)
    upper, lower = (Place(x, line, np.full(len(x), low, np.bool_)) for low in (False, True))
    fields = mouth_bases()
    deltas = {name: field(upper) for name, field in fields.items()}
    hanging = mesh.vertices[:, 1] > line
    for name in fields:
        if name == "mouthClose":
            continue
        # Where lips would cross they meet halfway; what opens wide is lit further up.
        opening = fields[name](lower)[:, 1] - deltas[name][:, 1]
        lit = np.clip(0.3 * opening, 0.0, 8.0) * hanging
        deltas[name][:, 1] += 0.5 * np.minimum(opening, 0.0) - lit
    deltas |= _pose(mesh.vertices, head_depth(*mesh.vertices.T))
    rest = mesh.vertices.copy()
    for name, weight in _AT_REST.items():
        rest += weight * deltas.get(name, 0.0)
    mesh = replace(mesh, vertices=rest.astype(np.float32))
    paint = mouth.paint_lip_shade()
    return _part("lipShade", mesh, paint, deltas, _flat_normals(paint.alpha.shape))


def _tongue_tip() -> Part:
    """Folded away on the lip line at rest; tongueOut unfolds it."""
    sheet, paint = mouth.TONGUE_TIP_SHEET, mouth.paint_tongue_tip()
    mesh = grid_mesh(sheet, paint.alpha, 12.0)
    shape = mesh.vertices
    rest = np.stack(
        [CENTRE_X + 0.72 * (shape[:, 0] - CENTRE_X), np.full(len(shape), 483.5)], axis=1
    )
    rest = rest.astype(np.float32)
    out = (
        np.stack(
            [CENTRE_X + 0.86 * (shape[:, 0] - CENTRE_X), 478.0 + 0.86 * (shape[:, 1] - 480.0)],
            axis=1,
        )
        - rest
    )
    share = np.full(len(shape), 0.66, np.float32)
    deltas = _jaw_motion(share) | {"tongueOut": out.astype(np.float32)}
    deltas |= _pose(rest, head_depth(*rest.T) + 2.0)
    return _part(
        "tongueTip",
        Mesh(rest, mesh.uv, mesh.triangles, mesh.lower, mesh.tuck),
        paint,
        deltas,
        _flat_normals(paint.alpha.shape),
    )


def _eyes() -> list[Part]:
    paint, normals = eyes.paint_eyes()
    mesh = grid_mesh(eyes.EYES_SHEET, paint.alpha, 20.0)
    depth = head_depth(*mesh.vertices.T) - 7.0
    parts = [_part("eyes", mesh, paint, _pose(mesh.vertices, depth), _bytes_of(normals, 4))]
    for side, word in ((-1, "Right"), (1, "Left")):
        iris = eyes.paint_iris(side)
        mesh = grid_mesh(eyes.iris_sheet(side), iris.alpha, 15.0)
        deltas = _pose(mesh.vertices, head_depth(*mesh.vertices.T) - 4.0)
        for name, move in iris_bases(side).items():
            deltas[name] = np.broadcast_to(floats(move), mesh.vertices.shape)
        parts.append(_part(f"iris{word}", mesh, iris, deltas, _flat_normals(iris.alpha.shape)))
    return parts


def _lashes(side: int) -> Part:
    """The lashes ride on the lid's edge and turn over as it closes."""
    word = "Left" if side > 0 else "Right"
    paint = eyes.paint_lashes(side)
    root, _ = eye_lids(side, eyes.LASH_COLUMNS)
    t = np.linspace(0.0, 1.0, len(root), dtype=np.float32)
    heights = (-5.0, 0.0, 8.0, 19.0)
    rows = []
    for height in heights:
        aside = side * (-3.0 + 19.0 * t) * height / 19.0
        rows.append(root + np.stack([aside, np.full_like(t, -height)], axis=1))
    mesh = strip_mesh(eyes.lash_sheet(side), [row.astype(np.float32) for row in rows])
    names = [
        f"{kind}{word}"
        for kind in (
            "eyeBlink",
            "eyeSquint",
            "eyeWide",
            "eyeLookUp",
            "eyeLookDown",
            "eyeLookIn",
            "eyeLookOut",
            "browDown",
            "browOuterUp",
        )
    ]
    at_root = np.vstack([root] * len(rows)).astype(np.float32)
    deltas = _skin_motion(at_root, np.zeros(len(at_root), np.bool_), (*names, "browInnerUp"))
    level = np.repeat(floats(heights), len(root))
    arch = np.tile(np.sin(np.pi * np.clip(t, 0.06, 0.84)) ** 0.5, len(rows))
    turn = np.stack([np.zeros_like(level), (1.85 * level - 3.0) * arch], axis=-1)
    deltas[f"eyeBlink{word}"] = deltas[f"eyeBlink{word}"] + turn
    deltas[f"eyeLookDown{word}"] = deltas[f"eyeLookDown{word}"] + 0.36 * turn
    deltas |= _pose(mesh.vertices, head_depth(*at_root.T) + 3.0)
    return _part(f"lashes{word}", mesh, paint, deltas, _flat_normals(paint.alpha.shape))


def _hair(*, back: bool) -> Part:
    paint = hair.paint_hair_back() if back else hair.paint_hair_front()
    sheet = hair.HAIR_BACK_SHEET if back else hair.HAIR_FRONT_SHEET
    mesh = grid_mesh(sheet, paint.alpha, 42.0 if back else 27.0)
    x, y = mesh.vertices.T
    follow = 1.0 - 0.55 * smoothstep(440.0, 720.0, y)
    deltas = _pose(mesh.vertices, hair_depth(x, y, back=back), follow)
    # What lies on the shoulders stays there when the head tilts.
    lying = 1.0 - 0.94 * smoothstep(500.0, 715.0, y)
    sinking = 1.0 - 0.94 * smoothstep(430.0, 690.0, y)
    deltas["headRoll"] *= np.stack([lying, sinking], axis=-1) / follow[:, None]
    normals = hair.hair_normals(sheet.at(0.25))
    return _part("hairBack" if back else "hairFront", mesh, paint, deltas, _bytes_of(normals, 1))


def _body() -> Part:
    paint, normals = body.paint_body()
    mesh = grid_mesh(body.BODY_SHEET, paint.alpha, 40.0)
    x, y = mesh.vertices.T
    neck = smoothstep(720.0, 560.0, y) * smoothstep(190.0, 70.0, np.abs(x - CENTRE_X))
    depth = 36.0 + 30.0 * (1.0 - ((x - CENTRE_X) / 90.0) ** 2).clip(-0.5, 1.0)
    deltas = head_bases(x, y, depth.astype(np.float32), 0.9 * neck) | body_bases(x, y, 0.35 * neck)
    return _part("body", mesh, paint, deltas, _bytes_of(normals, 2), pivot=(CENTRE_X, 1024.0))


def _background() -> Part:
    paint = backdrop.paint_backdrop()
    mesh = grid_mesh(backdrop.BACKDROP_SHEET, paint.alpha, 700.0)
    return _part("background", mesh, paint, {}, None, pivot=(CENTRE_X, 512.0))


def _hand(side: int) -> tuple[Part, Skeleton]:
    name = "handLeft" if side > 0 else "handRight"
    frame = hand_paint.Frame(side, _HAND_WRISTS[side])
    atlas = hand_paint.paint_hand(frame)
    rig = rig_hand(frame, atlas)
    deltas = dict(rig.deltas)
    moved = rig.vertices - floats([CENTRE_X, 1180.0])
    ones = np.ones(len(moved), np.float32)
    common = {
        "bodyLean": 0.075 * moved,
        "bodySway": np.stack([14.0 * ones, 0 * ones], axis=-1),
        "shoulderShrug": np.stack([0 * ones, -14.0 * ones], axis=-1),
        "breath": np.stack([0 * ones, -3.0 * ones], axis=-1),
    }
    deltas |= common
    mesh = Mesh(rig.vertices, rig.uv, rig.triangles, np.zeros(len(moved), np.bool_), 0 * ones)
    pivot = frame.to_canvas(floats([[0.0, 120.0, 0.0]]))[0]
    part = _part(
        name,
        mesh,
        atlas.paint,
        deltas,
        _bytes_of(atlas.normals, 4),
        pivot=(float(pivot[0]), float(pivot[1])),
    )
    keys = dict(rig.keypoint_deltas)
    keys["bodyLean"] = 0.075 * (rig.keypoints - floats([CENTRE_X, 1180.0]))
    for basis, move in (
        ("bodySway", (14.0, 0.0)),
        ("shoulderShrug", (0.0, -14.0)),
        ("breath", (0.0, -3.0)),
    ):
        keys[basis] = np.broadcast_to(floats(move), (21, 2)).copy()
    skeleton = Skeleton(
        name, rig.keypoints, {k: v.astype(np.float32) for k, v in sorted(keys.items())}
    )
    return part, skeleton


def _source_digest() -> str:
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def build_mira() -> Avatar:
    """Draws and rigs Mira. Takes about twenty seconds of one core."""
    right, right_bones = _hand(-1)
    left, left_bones = _hand(1)
    parts = (
        _background(), _hair(back=True), _body(), *_mouth_parts(), _lip_shade(), *_eyes(), _face(),
        _tongue_tip(), _lashes(-1), _lashes(1), _hair(back=False), right, left,
    )  # fmt: skip
    provenance = Provenance(
        source="drawn by code",
        generator="capsules.mira 1",
        sha256=_source_digest(),
        consent="not a real person",
        synthetic=True,
    )
    bones = {"handLeft": left_bones, "handRight": right_bones}
    return Avatar("mira", 1024, parts, provenance, bones)
