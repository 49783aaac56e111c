"""Movements of the jaw by FACS action unit (Ekman, Friesen and Hager, 2002).

Lengths are in units of the face, the distance between the eyes' middles: about 63 mm.
"""

import numpy as np
from numpy.typing import NDArray

from capsules.bake.canvas import Floats
from capsules.bake.lips import CHIN, NOSE, Lip, Move, lower_face, move_lips, touching
from capsules.bake.mesh import FRINGE_PX
from capsules.bake.shape import LIPS, FaceRig, Shape

__all__ = ["JAW_DROP", "jaw_shapes"]

JAW_DROP = 0.40
"""How far the chin drops at jawOpen 1."""

_HINGE = 0.42  # height of the jaw's joint below the eyes
# Of closed lips over an open jaw: how far the line where they meet sinks, at its ends and between.
_CLOSED_CORNER, _CLOSED_LINE = 0.03, 0.05
_CLOSED_DROP = 0.55  # of the chin's way that is left to a jaw over which lips close
_LAP_PX = 1.2
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
    corner = 0.14

    def lips(lip: Lip) -> Move:
        pull = -0.075 * np.sign(lip.s) * np.abs(lip.s) ** 2
        if lip.lower:
            arch = lip.arch(0.74 if lip.outer else 0.88)
            return pull, corner + (0.97 * JAW_DROP - corner) * arch, 0.0
        return pull, corner * np.abs(lip.s) ** 2.2 - 0.012 * lip.arch(), 0.0

    move_lips(shape, rig, lips)
    _drop_bone(shape, rig)
    return shape.solve()


def _drop_bone(shape: Shape, rig: FaceRig, share: float = 1.0) -> None:
    """Takes the jaw's outline and the chin down, a share of the way."""
    bone, weights = _bone(rig), _bone_weights(rig)
    moves = np.zeros((len(bone), 3), np.float32)
    moves[:, 0] = -0.05 * rig.place[bone, 0] * weights[bone]
    moves[:, 1] = JAW_DROP * weights[bone]
    shape.px(bone, share * rig.face.on_canvas(moves))


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

    It is the pose with the jaw down and the lips closed, less the open jaw. Where weights are
    resolved it is never more than jawOpen, for it would take lips past each other.
    """
    shape = lower_face(rig, _FAR, bone=True)
    shape.hold_marks(NOSE)
    curves, vertices = rig.mesh.curves, rig.mesh.vertices
    s, down = rig.along("innerUpper"), rig.face.axes[:2, 1]
    # The mesh's edges reach into the opening, transparent: closed lips lap by as much.
    lap = (2.0 * FRINGE_PX + _LAP_PX) * (1.0 - s**2) ** 0.4
    apart = vertices[curves["innerLower"]] - vertices[curves["innerUpper"]] + lap[:, None] * down
    for name in LIPS:
        lip = Lip(rig, name.endswith("Lower"), name.startswith("outer"), rig.along(name))
        sunk = _CLOSED_CORNER * np.abs(lip.s) ** 2.6 + _CLOSED_LINE * lip.arch()
        moves = np.outer(rig.face.unit * sunk, down).astype(np.float32)
        if lip.lower:
            rise = np.stack([np.interp(lip.s, s, apart[:, i]) for i in (0, 1)], axis=-1)
            # A lip that comes up to the other one gets no thicker than it must.
            moves -= (0.9 if lip.outer else 1.0) * rise
        inner = slice(1, -1) if lip.lower else slice(None)
        shape.px(curves[name][inner], moves[inner].astype(np.float32))
    # The skin of a chin is not so long that lips could meet over a jaw that is wide open.
    _drop_bone(shape, rig, _CLOSED_DROP)
    return np.asarray(shape.solve() - opened, np.float32)


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
