"""Movements of cheeks, nose and tongue by FACS action unit (Ekman, Friesen and Hager, 2002).

Lengths are in units of the face, the distance between the eyes' middles: about 63 mm.
"""

import numpy as np

from capsules.bake.canvas import Floats
from capsules.bake.lips import (
    CHEEK,
    CHEEK_HIGH,
    FOLD,
    WING,
    Lip,
    Move,
    lower_face,
    move_lips,
    opens,
)
from capsules.bake.shape import LIPS, FaceRig
from capsules.bake.topology import SIDES

__all__ = ["cheek_shapes"]

_TONGUE_ROOM = 0.15  # how far lips are apart for the tongue


def _puff(rig: FaceRig) -> Floats:
    """AU 34: the cheeks' outline swells, the lips hold the air."""
    shape = lower_face(rig, 0.6)

    def lips(lip: Lip) -> Move:
        return -0.035 * lip.s, lip.close(0.6), 0.0

    move_lips(shape, rig, lips)
    place = rig.place[rig.mesh.curves["border"]]
    hump = np.exp(-(((place[:, 1] - 0.85) / 0.32) ** 2))
    for side, _ in SIDES:
        shape.marks((CHEEK[side][0], CHEEK[side][2]), side * 0.045, 0.01)
        there = np.asarray(hump * (side * place[:, 0] > 0.2), np.float32)
        shape.curve("border", side * 0.06 * there, 0.0)
    return shape.solve()


def _squint(rig: FaceRig, side: int) -> Floats:
    """AU 6."""
    shape = lower_face(rig, 0.5)
    word = "Left" if side > 0 else "Right"
    share = 0.5 if rig.glasses else 1.0  # of what the frame's lower rim would go along with
    shape.marks(CHEEK_HIGH[side], 0.0, -0.06 * share)
    shape.marks(CHEEK[side][:1], side * 0.01, -0.045 * share)
    s = rig.along(f"rim{word}")
    arch = np.asarray((1.0 - s**2) ** 0.7, np.float32)
    shape.curve(f"rim{word}", 0.0, -0.03 * arch)
    shape.curve(f"lidLower{word}", 0.0, -0.024 * arch)
    shape.hold(*LIPS)
    return shape.solve()


def _sneer(rig: FaceRig, side: int) -> Floats:
    """AU 9."""
    shape = lower_face(rig, 0.4)

    def lips(lip: Lip) -> Move:
        return 0.0, -0.04 * lip.arch() * lip.half(side) * (not lip.lower), 0.0

    move_lips(shape, rig, lips)
    shape.marks(WING[side], side * 0.018, -0.05)
    shape.marks(FOLD[side], side * 0.01, -0.045)
    shape.marks((CHEEK_HIGH[side][1],), 0.0, -0.03)
    return shape.solve()


def _tongue_out(rig: FaceRig) -> Floats:
    """AD 19: lips part for the tongue."""
    shape = lower_face(rig, 0.4)
    # Also lips that are apart: between the teeth there must be room for it.
    wanted = max(opens(rig, _TONGUE_ROOM), 0.6 * _TONGUE_ROOM)

    def lips(lip: Lip) -> Move:
        return 0.0, (0.85 if lip.lower else -0.15) * wanted * lip.arch(0.8), 0.0

    move_lips(shape, rig, lips)
    return shape.solve()


def cheek_shapes(rig: FaceRig) -> dict[str, Floats]:
    """Movements (V, 2) at weight 1, canvas pixels, by ARKit name."""
    out = {"cheekPuff": _puff(rig), "tongueOut": _tongue_out(rig)}
    for side, word in SIDES:
        out[f"cheekSquint{word}"] = _squint(rig, side)
        out[f"noseSneer{word}"] = _sneer(rig, side)
    return out
