"""Movements of the jaw by FACS action unit (Ekman, Friesen and Hager, 2002).

Lengths are in units of the face, the distance between the eyes' middles: about 63 mm.
"""

import numpy as np
from numpy.typing import NDArray

from capsules.bake.canvas import Floats, smoothstep
from capsules.bake.lips import CHIN, NOSE, Lip, Move, lower_face, move_lips, touching
from capsules.bake.mesh import FRINGE_PX
from capsules.bake.shape import FaceRig

__all__ = ["JAW_DROP", "jaw_shapes"]

JAW_DROP = 0.40
"""How far the chin drops at jawOpen 1."""

_HINGE = 0.42  # height of the jaw's joint below the eyes
_CORNER_BACK, _CORNER_REACH = 0.6, 0.30  # closing lips take the corners back, and what is near
_ABOVE_LIP = 0.26  # how far above the upper lip closing is felt
_BENT = 0.2  # share of closing that bends the skin about the lips
_FAR = 9.0  # farther than any vertex


def _bone_weights(rig: FaceRig) -> Floats:
    """How much each vertex would follow the jaw if it were bone: 0 at the joint, 1 at the chin."""
    chin = float(rig.face.local(rig.face.marks[152, :2])[1])
    down = np.clip((rig.place[:, 1] - _HINGE) / (chin - _HINGE), 0.0, 1.2)
    return np.asarray(np.minimum(down, 1.0) ** 1.7 * np.maximum(1.0, down), np.float32)


def _bone(rig: FaceRig) -> NDArray[np.int32]:
    """Vertices of the jaw's outline and of the chin."""
    border = rig.mesh.curves["border"]
    low = border[rig.place[border, 1] > _HINGE]
    return np.unique(np.concatenate([low, rig.mesh.marks[list(CHIN)]])).astype(np.int32)


def _jaw_open(rig: FaceRig) -> Floats:
    """AU 26, 27: lower lip, chin and jaw line go down, the corners of the mouth give way."""
    shape = lower_face(rig, _FAR, bone=True)
    shape.hold_marks(NOSE)
    corner = 0.115

    def lips(lip: Lip) -> Move:
        pull = -0.045 * np.sign(lip.s) * np.abs(lip.s) ** 2
        if lip.lower:
            arch = lip.arch(0.55 if lip.outer else 0.62)
            return pull, corner + (0.97 * JAW_DROP - corner) * arch, 0.0
        return pull, corner * np.abs(lip.s) ** 2.6 - 0.012 * lip.arch(), 0.0

    move_lips(shape, rig, lips)
    bone, weights = _bone(rig), _bone_weights(rig)
    moves = np.zeros((len(bone), 3), np.float32)
    moves[:, 0] = -0.05 * rig.place[bone, 0] * weights[bone]
    moves[:, 1] = JAW_DROP * weights[bone]
    shape.px(bone, rig.face.on_canvas(moves))
    return shape.solve()


def _jaw_side(rig: FaceRig, side: int) -> Floats:
    """AU 30. Closed lips keep together; only the skin below them goes all the way."""
    shape = lower_face(rig, _FAR, bone=True)
    shape.hold_marks(NOSE)
    slide = 0.07 * (1.0 - touching(rig))

    def lips(lip: Lip) -> Move:
        most = (0.065 if lip.outer else slide) if lip.lower else 0.0
        dx = side * (0.035 + 0.02 * np.abs(lip.s) + most * lip.arch())
        return dx, -0.008 * side * lip.s, 0.0

    move_lips(shape, rig, lips)
    bone, weights = _bone(rig), _bone_weights(rig)
    moves = np.zeros((len(bone), 3), np.float32)
    moves[:, 0] = side * 0.115 * weights[bone]
    shape.px(bone, rig.face.on_canvas(moves))
    return shape.solve()


def _jaw_forward(rig: FaceRig) -> Floats:
    """AU 29."""
    shape = lower_face(rig, _FAR, bone=True)
    shape.hold_marks(NOSE)

    def lips(lip: Lip) -> Move:
        if not lip.lower:
            return 0.0, 0.0, 0.0
        return 0.02 * lip.s, -0.035 * lip.arch(), -0.10

    move_lips(shape, rig, lips)
    bone, weights = _bone(rig), _bone_weights(rig)
    moves = np.zeros((len(bone), 3), np.float32)
    moves[:, 0] = 0.05 * rig.place[bone, 0] * weights[bone]
    moves[:, 1] = 0.025 * weights[bone]
    moves[:, 2] = -0.10 * weights[bone]
    shape.px(bone, rig.face.on_canvas(moves))
    return shape.solve()


def _mouth_close(rig: FaceRig, opened: Floats) -> Floats:
    """Brings the lips together while the jaw is open (ARKit's definition), whatever parts them.

    Alone it takes the lips past each other. So that it does not turn triangles over even then, it
    is mostly a shear: each place goes up or down by what the lips above or below it need.
    """
    edge = rig.mesh.vertices + opened
    curves = rig.mesh.curves
    apart = edge[curves["innerLower"]] - edge[curves["innerUpper"]]
    s = rig.along("innerUpper")
    # The mesh's edges reach into the opening, transparent: closed lips lap by as much.
    lap = (2.0 * FRINGE_PX + 1.2) * (1.0 - s**2) ** 0.4
    apart = apart + lap[:, None] * rig.face.axes[:2, 1]
    bent, sheared = _closing_bent(rig, opened, apart), _closing_sheared(rig, opened, apart)
    return np.asarray((1.0 - _BENT) * sheared + _BENT * bent, np.float32)


def _closing_sheared(rig: FaceRig, opened: Floats, apart: Floats) -> Floats:
    """Lips closed by moving each column of the face by itself; the mouth's corners go back."""
    curves, place = rig.mesh.curves, rig.place
    down = rig.face.axes[:2, 1]
    chin = float(rig.face.local(rig.face.marks[152, :2])[1])
    corners = curves["outerUpper"][[0, -1]], curves["innerUpper"][[0, -1]]
    out = np.zeros_like(rig.mesh.vertices)
    for name, share in (("innerLower", -0.86), ("innerUpper", 0.14)):
        lower = share < 0.0
        x, order = place[curves[name], 0], np.argsort(place[curves[name], 0])
        wanted = np.maximum(apart @ down, 0.0)[order]
        amount = np.interp(place[:, 0], x[order], wanted, left=0.0, right=0.0)
        line = np.interp(place[:, 0], x[order], place[curves[name], 1][order])
        away = (place[:, 1] - line) if lower else (line - place[:, 1])
        end = 0.92 * np.maximum(chin - line, 0.1) if lower else np.full_like(line, _ABOVE_LIP)
        fade = 1.0 - smoothstep(0.0, 1.0, np.clip(away / end, 0.0, 1.0))
        here = (rig.mesh.lower == lower) & (away > -1e-4)
        here[np.concatenate(corners)] = False
        out += (share * amount * fade * here)[:, None] * down
    for corner in corners[0]:
        reach = np.linalg.norm(place - place[corner], axis=1) / _CORNER_REACH
        out += np.exp(-(reach**2))[:, None] * (-_CORNER_BACK * opened[corner])
    return np.asarray(out, np.float32)


def _closing_bent(rig: FaceRig, opened: Floats, apart: Floats) -> Floats:
    """Lips closed as a bent plate follows them."""
    shape = lower_face(rig, 0.42)
    curves = rig.mesh.curves
    s = rig.along("innerUpper")
    shares = {"innerUpper": 0.14, "outerUpper": 0.12, "innerLower": -0.86, "outerLower": -0.82}
    for name, share in shares.items():
        at = rig.along(name)
        moves = share * np.stack([np.interp(at, s, apart[:, i]) for i in (0, 1)], axis=-1)
        inner = slice(1, -1)
        shape.px(curves[name][inner], moves[inner].astype(np.float32))
    for name in ("innerUpper", "outerUpper"):
        ends = curves[name][[0, -1]]
        shape.px(ends, -_CORNER_BACK * opened[ends])
    shape.hold_marks(CHIN)
    return shape.solve()


def jaw_shapes(rig: FaceRig) -> dict[str, Floats]:
    """Movements (V, 2) at weight 1, canvas pixels, by ARKit name."""
    opened = _jaw_open(rig)
    return {
        "jawOpen": opened,
        "jawForward": _jaw_forward(rig),
        "jawLeft": _jaw_side(rig, 1),
        "jawRight": _jaw_side(rig, -1),
        "mouthClose": _mouth_close(rig, opened),
    }
