"""Movements of the lips by FACS action unit (Ekman, Friesen and Hager, 2002).

Lengths are in units of the face, the distance between the eyes' middles: about 63 mm. Where the
photo shows a smile, what adds to it moves less, and what undoes it moves more.
"""

from collections.abc import Callable

import numpy as np

from capsules.bake.canvas import Floats
from capsules.bake.lips import (
    BELOW,
    BESIDE,
    CHEEK,
    FOLD,
    NOSE,
    WING,
    Lip,
    Move,
    lower_face,
    move_lips,
    touching,
)
from capsules.bake.shape import FaceRig, Shape
from capsules.bake.topology import SIDES

__all__ = ["lip_shapes"]

_THIN_ENDS = 1.5  # exponent of `Lip.arch`
_SMALL_MOUTH = 0.08  # how much less than others a small mouth narrows
_CHIN_BOSS = (199, 200, 208, 428)


def _smile(rig: FaceRig, side: int) -> Floats:
    """AU 12."""
    shape = lower_face(rig, 0.62)
    k = 1.0 - 0.42 * rig.smile

    def lips(lip: Lip) -> Move:
        c = lip.toward(side, 1.5)
        flat = 0.012 * lip.arch() * lip.half(side) * (-1.0 if lip.lower else 1.0) * lip.outer
        return side * 0.115 * k * c, -0.105 * k * c + flat, 0.05 * c

    move_lips(shape, rig, lips)
    shape.marks(BESIDE[side], side * 0.10 * k, -0.105 * k, 0.03)
    shape.marks(FOLD[side], side * 0.05 * k, -0.07 * k)
    shape.marks(CHEEK[side], side * 0.03 * k, -0.07 * k)
    shape.marks(BELOW[side], side * 0.05 * k, -0.05 * k)
    shape.marks(WING[side][:2], side * 0.012, -0.01)
    rim = "rimLeft" if side > 0 else "rimRight"
    s = rig.along(rim)
    shape.curve(rim, 0.0, -0.016 * k * np.asarray((1.0 - s**2) ** 0.7, np.float32))
    return shape.solve()


def _frown(rig: FaceRig, side: int) -> Floats:
    """AU 15."""
    shape = lower_face(rig, 0.5)
    down = 0.085 + 0.06 * rig.smile

    def lips(lip: Lip) -> Move:
        c = lip.toward(side, 1.5)
        dy = (
            down * c
            + lip.close((0.40 + 0.25 * lip.corner()) * lip.half(side))
            - 0.012 * lip.lower * lip.arch(_pushed(rig, 0.7))
        )
        return side * (0.015 - 0.07 * rig.smile) * c, dy, 0.0

    move_lips(shape, rig, lips)
    shape.marks(BESIDE[side], -side * 0.03 * rig.smile, 0.8 * down)
    shape.marks(BELOW[side], 0.0, 0.5 * down)
    return shape.solve()


def _dimple(rig: FaceRig, side: int) -> Floats:
    """AU 14."""
    shape = lower_face(rig, 0.42)
    k = 1.0 - 0.4 * rig.smile

    def lips(lip: Lip) -> Move:
        c = lip.toward(side, 2.0)
        return side * 0.07 * k * c, -0.02 * c, 0.05 * c

    move_lips(shape, rig, lips)
    shape.marks(BESIDE[side], side * 0.05 * k, -0.015)
    return shape.solve()


def _stretch(rig: FaceRig, side: int) -> Floats:
    """AU 20."""
    shape = lower_face(rig, 0.5)
    k = 1.0 - 0.45 * rig.smile

    def lips(lip: Lip) -> Move:
        c = lip.toward(side, 1.3)
        low = 0.018 * lip.lower * lip.arch() * lip.half(side)
        return side * 0.125 * k * c, 0.03 * c + low, 0.04 * c

    move_lips(shape, rig, lips)
    shape.marks(BESIDE[side], side * 0.09 * k, 0.02)
    shape.marks(BELOW[side], side * 0.06 * k, 0.04)
    return shape.solve()


def _press(rig: FaceRig, side: int) -> Floats:
    """AU 24."""
    shape = lower_face(rig, 0.32)

    def lips(lip: Lip) -> Move:
        half, c = lip.half(side), lip.toward(side, 2.2)
        thin = (-0.16 if lip.lower else 0.16) * lip.outer * lip.height() * lip.arch(1.3)
        # Lips have little room to pass each other at their corners: rolls close nothing there.
        share = (0.86 + 0.40 * lip.corner()) * half
        return side * 0.02 * c, lip.close(share) + thin * half - 0.01 * c, 0.0

    move_lips(shape, rig, lips)
    return shape.solve()


def _lower_down(rig: FaceRig, side: int) -> Floats:
    """AU 16."""
    shape = lower_face(rig, 0.34)

    def lips(lip: Lip) -> Move:
        p = lip.arch(0.9) * lip.half(side) * lip.lower
        return side * 0.02 * p, (0.10 if lip.outer else 0.105) * p, 0.0

    move_lips(shape, rig, lips)
    shape.hold_marks((152, 175))
    return shape.solve()


def _upper_up(rig: FaceRig, side: int) -> Floats:
    """AU 10."""
    shape = lower_face(rig, 0.4)
    k = 1.0 - 0.35 * rig.smile

    def lips(lip: Lip) -> Move:
        p = lip.arch(0.9) * lip.half(side) * (not lip.lower)
        return side * 0.01 * p, -0.085 * k * p, 0.0

    move_lips(shape, rig, lips)
    shape.marks(FOLD[side], side * 0.01, -0.045 * k)
    shape.marks(WING[side], side * 0.006, -0.018)
    shape.marks(CHEEK[side][:1], 0.0, -0.03)
    return shape.solve()


def _rounded(rig: FaceRig, lip: Lip, scale: float, share: float) -> tuple[Floats, Floats]:
    """Movement across and down that draws the lips together, and closes a share of the gap."""
    middle = rig.place[rig.mesh.curves["outerUpper"][[0, -1]]].mean(axis=0)
    name = ("outer" if lip.outer else "inner") + ("Lower" if lip.lower else "Upper")
    across = rig.place[rig.mesh.curves[name], 0] - middle[0]
    # A smile's raised corners come down to the height of the lips' middle.
    lift = 0.075 * rig.smile * np.abs(lip.s) ** 1.5
    return (
        np.asarray(across * (scale - 1.0), np.float32),
        np.asarray(lift + lip.close(share), np.float32),
    )


def _pushed(rig: FaceRig, power: float) -> float:
    """How steeply what pushes lips together ends at their corners.

    Lips that touch have no room to be pushed at their thin ends.
    """
    return power + (_THIN_ENDS - power) * touching(rig)


def _narrowed(rig: FaceRig, share: float, least: float) -> float:
    """The factor by which rounded lips narrow: to no less than `least`, but small mouths too."""
    return float(np.clip(least / rig.half_width, share, share + _SMALL_MOUTH))


def _cheeks_follow(rig: FaceRig, shape: Shape, scale: float) -> None:
    """Cheeks follow rounded lips; the nose does not."""
    width = rig.half_width * (1.0 - scale)
    for side, _ in SIDES:
        shape.marks(BESIDE[side], -side * 0.62 * width, 0.03 * rig.smile)
        shape.marks(FOLD[side], -side * 0.28 * width, 0.02 * rig.smile)
        shape.marks(BELOW[side], -side * 0.45 * width, 0.0)
    shape.hold_marks(NOSE)


def _pucker(rig: FaceRig) -> Floats:
    """AU 18."""
    shape = lower_face(rig, 0.6)
    scale = _narrowed(rig, 0.60, 0.25)

    def lips(lip: Lip) -> Move:
        dx, dy = _rounded(rig, lip, scale, 1.1)
        thick = (0.30 * lip.height() + 0.02) * lip.arch() * lip.outer
        return dx, dy + (thick if lip.lower else -thick), -0.12

    move_lips(shape, rig, lips)
    _cheeks_follow(rig, shape, scale)
    return shape.solve()


def _funnel(rig: FaceRig) -> Floats:
    """AU 22."""
    shape = lower_face(rig, 0.6)
    scale = _narrowed(rig, 0.64, 0.28)
    rest = np.linspace(-1.0, 1.0, len(rig.gap))

    def lips(lip: Lip) -> Move:
        dx, dy = _rounded(rig, lip, scale, 0.5)
        missing = 0.16 * lip.arch(0.5) - 0.5 * np.interp(lip.s, rest, rig.gap)
        part = (0.66 if lip.lower else -0.34) * missing
        thick = (0.02 if lip.lower else -0.015) * lip.arch() * lip.outer
        return dx, dy + part + thick, -0.12

    move_lips(shape, rig, lips)
    _cheeks_follow(rig, shape, scale)
    return shape.solve()


def _mouth_side(rig: FaceRig, side: int) -> Floats:
    """The whole mouth drawn to one side."""
    shape = lower_face(rig, 0.55)

    def lips(lip: Lip) -> Move:
        return side * (0.115 - 0.02 * side * lip.s), -0.025 * lip.toward(side, 1.5), 0.0

    move_lips(shape, rig, lips)
    for each, _ in SIDES:
        shape.marks(BESIDE[each], side * 0.085, 0.0)
    shape.hold_marks(NOSE)
    return shape.solve()


def _roll(rig: FaceRig, *, lower: bool) -> Floats:
    """AU 28: one lip rolls inwards over the teeth, the other comes to meet it."""
    shape = lower_face(rig, 0.26)

    def lips(lip: Lip) -> Move:
        inner = 1.0 - touching(rig) * lip.corner()
        if lip.lower != lower:
            return 0.0, lip.close(0.30 * inner), 0.0
        thin = (-0.40 if lower else 0.40) * lip.height() * lip.outer * lip.arch(1.3)
        return 0.0, lip.close(0.50 * inner) + thin, 0.04

    move_lips(shape, rig, lips)
    return shape.solve()


def _shrug_lower(rig: FaceRig) -> Floats:
    """AU 17: the chin's boss pushes the lower lip up."""
    shape = lower_face(rig, 0.4)

    def lips(lip: Lip) -> Move:
        lift = (0.055 if lip.lower else 0.045 * touching(rig)) * lip.arch(_pushed(rig, 0.9))
        return 0.0, lip.close(0.30) - lift, -0.02

    move_lips(shape, rig, lips)
    shape.marks(_CHIN_BOSS, 0.0, -0.055)
    shape.marks((152, 148, 377), 0.0, -0.02)
    return shape.solve()


def _shrug_upper(rig: FaceRig) -> Floats:
    """The upper lip pushed up; a closed lower lip goes along."""
    shape = lower_face(rig, 0.35)

    def lips(lip: Lip) -> Move:
        return (
            0.0,
            -(0.035 * touching(rig) if lip.lower else 0.045) * lip.arch(_pushed(rig, 0.9)),
            0.0,
        )

    move_lips(shape, rig, lips)
    return shape.solve()


def lip_shapes(rig: FaceRig) -> dict[str, Floats]:
    """Movements (V, 2) at weight 1, canvas pixels, by ARKit name."""
    out = {
        "mouthPucker": _pucker(rig), "mouthFunnel": _funnel(rig),
        "mouthRollLower": _roll(rig, lower=True), "mouthRollUpper": _roll(rig, lower=False),
        "mouthShrugLower": _shrug_lower(rig), "mouthShrugUpper": _shrug_upper(rig),
    }  # fmt: skip
    both: dict[str, Callable[[FaceRig, int], Floats]] = {
        "mouth": _mouth_side, "mouthSmile": _smile, "mouthFrown": _frown, "mouthDimple": _dimple,
        "mouthStretch": _stretch, "mouthPress": _press, "mouthLowerDown": _lower_down,
        "mouthUpperUp": _upper_up,
    }  # fmt: skip
    for name, make in both.items():
        for side, word in SIDES:
            out[name + word] = make(rig, side)
    return out
