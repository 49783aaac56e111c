"""Movements of lids and brows by FACS action unit (Ekman, Friesen and Hager, 2002).

Lengths are in units of the face, the distance between the eyes' middles: about 63 mm.
"""

from collections.abc import Callable

import numpy as np

from capsules.bake.canvas import Floats
from capsules.bake.shape import FaceRig, Shape
from capsules.bake.topology import BROWS, SIDES

__all__ = ["eye_shapes", "iris_shapes"]

_UPPER_SHARE = 0.88  # of the opening that the upper lid closes; the lower one does the rest
_OVERLAP_PX = 3.4  # by which closed lids lap over each other, so that nothing shines through
_RIM_RIDES = ((0, 1, 2, 3, 4), (0.0, 0.45, 0.75, 0.92, 1.0))  # share by vertices from the corner
_BEHIND_GLASSES = 0.4  # of a brow's movement, which the frame would go along with
_BETWEEN_BROWS = (9, 8, 168)
_FOREHEAD = (10, 67, 109, 338, 297, 54, 284)


def _words(side: int) -> str:
    return "Left" if side > 0 else "Right"


def _arch(rig: FaceRig, name: str, power: float = 0.6) -> Floats:
    s = rig.along(name)
    return np.asarray((1.0 - s**2) ** power, np.float32)


def _closing(rig: FaceRig, side: int) -> tuple[Floats, Floats]:
    """Movements (N, 2) of the upper and of the lower lid that close an eye, canvas pixels."""
    eye = rig.face.eyes[side]
    between = eye.lower - eye.upper
    down = rig.face.axes[:2, 1]
    lap = 0.5 * _OVERLAP_PX * _arch(rig, f"lidUpper{_words(side)}", 0.4)[:, None] * down
    return (
        np.asarray(_UPPER_SHARE * between + lap, np.float32),
        np.asarray((_UPPER_SHARE - 1.0) * between - lap, np.float32),
    )


def _lids(
    rig: FaceRig, side: int, upper: Floats, lower: Floats, fold: Floats | None = None
) -> Shape:
    """A movement of lids (N, 2): rims go with their edges.

    The fold above the lashes goes as told, and bares hidden skin where it lags behind; where
    nothing is told it goes with the lashes, for so little skin would only be a thin line.
    """
    word, curves = _words(side), rig.mesh.curves
    shape = Shape(rig, 0.26)
    inner = slice(1, -1)
    shape.px(curves[f"lidUpper{word}"][inner], upper[inner])
    # Next to the corners, which stay, the rim has no room to go along as a whole.
    last = len(upper) - 1
    from_corner = np.minimum(np.arange(last + 1), np.arange(last, -1, -1))
    ride = np.interp(from_corner, *_RIM_RIDES).astype(np.float32)[:, None]
    shape.px(curves[f"lash{word}"][inner], (ride * upper)[inner])
    shape.px(curves[f"fold{word}"][inner], (ride * upper if fold is None else fold)[inner])
    shape.px(curves[f"lidLower{word}"][inner], lower[inner])
    shape.px(curves[f"rim{word}"][inner], 0.8 * lower[inner])
    shape.hold(f"lidUpper{word}")
    shape.hold_marks(tuple(BROWS[side][1]))
    return shape


def _blink(rig: FaceRig, side: int) -> Floats:
    upper, lower = _closing(rig, side)
    return _lids(rig, side, upper, lower, 0.10 * upper).solve()


def _look_down(rig: FaceRig, side: int) -> Floats:
    upper, lower = _closing(rig, side)
    return _lids(rig, side, 0.38 * upper, -0.15 * lower, 0.07 * upper).solve()


def _shift(rig: FaceRig, side: int, upper: float, lower: float, *, dx: float = 0.0) -> Floats:
    """Lids moved by units along the head's axes, most in the middle."""
    arch = _arch(rig, f"lidUpper{_words(side)}")[:, None]

    def moved(dy: float) -> Floats:
        return rig.face.on_canvas(np.array([dx, dy, 0.0], np.float32)) * arch

    return _lids(rig, side, moved(upper), moved(lower)).solve()


def _opening(rig: FaceRig, side: int) -> float:
    return rig.face.eyes[side].opening / rig.face.unit


def _wide(rig: FaceRig, side: int) -> Floats:
    return _shift(rig, side, -0.034, 0.010)


def _squint(rig: FaceRig, side: int) -> Floats:
    opening = _opening(rig, side)
    return _shift(rig, side, 0.16 * opening, -0.24 * opening)


def _look_up(rig: FaceRig, side: int) -> Floats:
    return _shift(rig, side, -0.03, -0.008)


def _look_aside(rig: FaceRig, side: int, way: int) -> Floats:
    return _shift(rig, side, 0.0, 0.0, dx=0.008 * way)


def _brow(
    rig: FaceRig, moves: dict[int, tuple[tuple[float, float], ...]], between: float, lid: float
) -> Floats:
    """Brows moved landmark by landmark from the nose outwards, and upper lids by `lid`, units."""
    shape = Shape(rig, 0.55)
    share = _BEHIND_GLASSES if rig.glasses else 1.0
    for side, each in moves.items():
        for row in BROWS[side]:
            for number, (dx, dy) in zip(row, each, strict=True):
                shape.marks((number,), share * dx, share * dy)
    if between:
        shape.marks(_BETWEEN_BROWS[:1], 0.0, share * between)
        shape.marks(_BETWEEN_BROWS[1:2], 0.0, 0.7 * share * between)
    for side, word in SIDES:
        arch = _arch(rig, f"lidUpper{word}") * (1.0 if side in moves else 0.0)
        for name in ("lidUpper", "lash", "fold"):
            shape.curve(f"{name}{word}", 0.0, lid * arch)
        shape.hold(f"lidLower{word}", f"rim{word}")
    shape.hold_marks((_BETWEEN_BROWS[2], *_FOREHEAD))
    return shape.solve()


def _brow_down(rig: FaceRig, side: int) -> Floats:
    inward = -side
    moves = tuple(
        (inward * dx, dy)
        for dx, dy in ((0.035, 0.070), (0.03, 0.062), (0.018, 0.048), (0.01, 0.032), (0.0, 0.016))
    )
    return _brow(rig, {side: moves}, 0.03, 0.03)


def _brow_inner_up(rig: FaceRig) -> Floats:
    heights = (-0.115, -0.095, -0.05, -0.015, 0.0)
    return _brow(rig, {s: tuple((-s * 0.008, dy) for dy in heights) for s, _ in SIDES}, -0.045, 0.0)


def _brow_outer_up(rig: FaceRig, side: int) -> Floats:
    heights = (-0.025, -0.065, -0.095, -0.10, -0.08)
    return _brow(rig, {side: tuple((side * 0.008, dy) for dy in heights)}, 0.0, 0.0)


def eye_shapes(rig: FaceRig) -> dict[str, Floats]:
    """Movements (V, 2) of the skin about the eyes at weight 1, canvas pixels, by ARKit name."""
    both: dict[str, Callable[[FaceRig, int], Floats]] = {
        "eyeBlink": _blink, "eyeLookDown": _look_down, "eyeWide": _wide, "eyeSquint": _squint,
        "eyeLookUp": _look_up, "browDown": _brow_down, "browOuterUp": _brow_outer_up,
        "eyeLookIn": lambda rig, side: _look_aside(rig, side, -side),
        "eyeLookOut": lambda rig, side: _look_aside(rig, side, side),
    }  # fmt: skip
    out = {"browInnerUp": _brow_inner_up(rig)}
    for name, make in both.items():
        for side, word in SIDES:
            out[name + word] = make(rig, side)
    return out


def iris_shapes(rig: FaceRig, side: int) -> dict[str, Floats]:
    """How far (2,) an iris moves for each look, canvas pixels."""
    word = _words(side)
    looks = {
        f"eyeLookIn{word}": (-side * 0.088, 0.0, 0.0),
        f"eyeLookOut{word}": (side * 0.088, 0.0, 0.0),
        f"eyeLookUp{word}": (0.0, -0.058, 0.0),
        f"eyeLookDown{word}": (0.0, 0.058, 0.0),
    }
    return {name: rig.face.on_canvas(np.array(move, np.float32)) for name, move in looks.items()}
