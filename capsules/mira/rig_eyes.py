"""Bases of lids, gaze and brows: displacement fields over the head at rest."""

from collections.abc import Callable

import numpy as np

from capsules.mira.features import CENTRE_X, eye_lids
from capsules.mira.mesh import lid_edges
from capsules.mira.raster import Floats, floats, smoothstep
from capsules.mira.rig_mouth import Place

__all__ = ["eye_bases", "iris_bases", "lid_closure", "lid_rim"]

# Share of the opening that the upper lid closes; the lower lid does the rest.
_UPPER_SHARE = 0.86


def _lids(side: int, x: Floats) -> tuple[Floats, Floats, Floats]:
    """Heights of the upper and lower lid vertices at x, and 1 between the corners."""
    upper, lower = lid_edges(*eye_lids(side, 81))
    order = np.argsort(upper[:, 0])
    up = np.interp(x, upper[order, 0], upper[order, 1])
    order = np.argsort(lower[:, 0])
    low = np.interp(x, lower[order, 0], lower[order, 1])
    inside = (x >= upper[:, 0].min()) & (x <= upper[:, 0].max())
    return up.astype(np.float32), low.astype(np.float32), inside.astype(np.float32)


def lid_closure(p: Place, side: int) -> Floats:
    """Vertical movement that closes an eye."""
    up, low, inside = _lids(side, p.x)
    opening = (low - up) * inside
    above = np.maximum(up - p.y, 0.0)
    below = np.maximum(p.y - low, 0.0)
    upper = _UPPER_SHARE * opening * (1.0 - smoothstep(6.2, 19.0, above))
    lower = (1.0 - _UPPER_SHARE) * opening * (1.0 - smoothstep(3.0, 20.0, below))
    on_upper = p.y <= up + 0.5 * opening + 0.01
    crease = 2.6 * p.bell(CENTRE_X + side * 76, 312, 32, 12) * (above > 0)
    return np.where(on_upper, upper + crease, -lower).astype(np.float32)


def lid_rim(p: Place) -> Floats:
    """1 on the edges of the lids, fading over the skin around them."""
    out = p.zero()
    for side in (-1, 1):
        up, low, inside = _lids(side, p.x)
        away = np.maximum(np.maximum(up - p.y, p.y - low), 0.0)
        out = np.maximum(out, inside * np.exp(-((away / 7.0) ** 2)))
    return floats(out)


def _upper_lid(p: Place, side: int) -> Floats:
    up, low, inside = _lids(side, p.x)
    fall = 1.0 - smoothstep(8.0, 24.0, np.maximum(up - p.y, 0.0))
    arch = ((low - up) / 40.0) ** 0.8 * inside
    return np.where(p.y <= 0.5 * (up + low) + 0.01, fall * arch, 0.0).astype(np.float32)


def _lower_lid(p: Place, side: int) -> Floats:
    up, low, inside = _lids(side, p.x)
    fall = 1.0 - smoothstep(4.0, 22.0, np.maximum(p.y - low, 0.0))
    arch = ((low - up) / 40.0) ** 0.8 * inside
    return np.where(p.y > 0.5 * (up + low) + 0.01, fall * arch, 0.0).astype(np.float32)


def _move(dx: Floats, dy: Floats) -> Floats:
    return np.stack([dx, dy], axis=-1).astype(np.float32)


def _blink(p: Place, side: int) -> Floats:
    return _move(p.zero(), lid_closure(p, side))


def _squint(p: Place, side: int) -> Floats:
    cheek = p.bell(CENTRE_X + side * 80, 390, 36, 16)
    dy = 4.6 * _upper_lid(p, side) - 7.5 * _lower_lid(p, side) - 2.2 * cheek * (p.y > 372)
    return _move(p.zero(), dy)


def _wide(p: Place, side: int) -> Floats:
    brow = p.bell(CENTRE_X + side * 76, 300, 40, 14)
    return _move(p.zero(), -6.8 * _upper_lid(p, side) + 2.2 * _lower_lid(p, side) - 1.6 * brow)


def _look_down(p: Place, side: int) -> Floats:
    return _move(p.zero(), 0.36 * np.maximum(lid_closure(p, side), 0.0) + 1.6 * _lower_lid(p, side))


def _look_up(p: Place, side: int) -> Floats:
    return _move(p.zero(), -4.2 * _upper_lid(p, side) - 1.0 * _lower_lid(p, side))


def _look_aside(p: Place, side: int, direction: int) -> Floats:
    return _move(1.2 * direction * (_upper_lid(p, side) + _lower_lid(p, side)), p.zero())


def _brow_field(p: Place, cx: float, sx: float) -> Floats:
    """1 along the brow, fading over the forehead and stopping short of the lid's edge."""
    across = np.exp(-0.5 * ((p.x - cx) / sx) ** 2)
    up = np.exp(-0.5 * (np.maximum(304.0 - p.y, 0.0) / 44.0) ** 2)
    down = 1.0 - smoothstep(306.0, 330.0, p.y)
    return floats(across * np.where(p.y < 304.0, up, down))


def _brow_down(p: Place, side: int) -> Floats:
    inner = _brow_field(p, CENTRE_X + side * 48, 26)
    outer = _brow_field(p, CENTRE_X + side * 104, 30)
    lid = 2.4 * _upper_lid(p, side)
    return _move(-side * (6.0 * inner + 2.0 * outer), 11.0 * inner + 5.0 * outer + lid)


def _brow_inner_up(p: Place) -> Floats:
    dx, dy = p.zero(), p.zero()
    for side in (-1, 1):
        inner = _brow_field(p, CENTRE_X + side * 40, 26)
        dx = dx - side * 1.6 * inner
        dy = dy - 11.5 * inner - 1.4 * _upper_lid(p, side)
    middle = _brow_field(p, CENTRE_X, 15)
    return _move(dx, dy + 4.0 * middle)


def _brow_outer_up(p: Place, side: int) -> Floats:
    outer = _brow_field(p, CENTRE_X + side * 98, 32)
    return _move(side * 1.5 * outer, -13.0 * outer - 1.2 * _upper_lid(p, side))


def eye_bases() -> dict[str, Callable[[Place], Floats]]:
    """Displacement fields (V, 2) of the skin about the eyes by ARKit name."""
    both: dict[str, Callable[[Place, int], Floats]] = {
        "eyeBlink": _blink, "eyeSquint": _squint, "eyeWide": _wide, "eyeLookDown": _look_down,
        "eyeLookUp": _look_up, "browDown": _brow_down, "browOuterUp": _brow_outer_up,
        "eyeLookIn": lambda p, side: _look_aside(p, side, -side),
        "eyeLookOut": lambda p, side: _look_aside(p, side, side),
    }  # fmt: skip
    out: dict[str, Callable[[Place], Floats]] = {"browInnerUp": _brow_inner_up}
    for name, field in both.items():
        for word, side in (("Left", 1), ("Right", -1)):
            out[name + word] = lambda p, field=field, side=side: field(p, side)  # type: ignore[misc] # defaults bind the loop
    return out


def iris_bases(side: int) -> dict[str, tuple[float, float]]:
    """How far an iris moves for each look, canvas pixels."""
    word = "Left" if side > 0 else "Right"
    return {
        f"eyeLookIn{word}": (-side * 14.5, 0.0),
        f"eyeLookOut{word}": (side * 14.5, 0.0),
        f"eyeLookUp{word}": (0.0, -10.5),
        f"eyeLookDown{word}": (0.0, 10.0),
    }
