"""Bases of jaw, lips and cheeks: displacement fields over the head at rest.

The fields follow FACS (Ekman, Friesen and Hager, 2002): each basis moves what its muscle moves.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import spatial

from capsules.mira.features import CENTRE_X, LIP_HALF_WIDTH, jaw_outline, lip_line_y
from capsules.mira.raster import Floats, floats, gaussian, smoothstep

__all__ = ["JAW_DROP_PX", "Place", "jaw_weight", "mouth_bases"]

JAW_DROP_PX = 54.0
_CORNER_Y = 471.6


@dataclass(frozen=True, slots=True)
class Place:
    """Where vertices lie at rest.

    Attributes:
        x: (V,) canvas pixels.
        y: (V,) canvas pixels.
        lower: (V,) whether a vertex belongs to the lower side of the lips.
    """

    x: Floats
    y: Floats
    lower: NDArray[np.bool_]

    def bell(self, cx: float, cy: float, sx: float, sy: float, turn: float = 0.0) -> Floats:
        """A Gaussian about a point."""
        return gaussian(self.x, self.y, (cx, cy), (sx, sy), turn)

    @property
    def across(self) -> Floats:
        """0 in the middle of the mouth, 1 at its corners and beyond."""
        return floats(np.clip(np.abs(self.x - CENTRE_X) / LIP_HALF_WIDTH, 0.0, 1.0))

    @property
    def beyond(self) -> Floats:
        """How far outside the corners, canvas pixels."""
        return floats(np.maximum(np.abs(self.x - CENTRE_X) - LIP_HALF_WIDTH, 0.0))

    def side(self, sign: int) -> Floats:
        """1 on one side of the face, 0 on the other, smooth between."""
        return smoothstep(-26.0, 26.0, sign * (self.x - CENTRE_X))

    def upper_lip(self, reach: float = 17.0) -> Floats:
        """1 on the upper lip, fading upwards and at the corners."""
        rise = np.maximum(lip_line_y(self.x) - self.y, 0.0)
        fade = np.exp(-((np.maximum(rise - 12.0, 0.0) / reach) ** 2))
        arch = (1.0 - self.across**2) ** 0.7
        return np.where(self.lower, 0.0, fade * arch).astype(np.float32)

    def lower_lip(self, reach: float = 17.0) -> Floats:
        """1 on the lower lip, fading downwards and at the corners."""
        drop = np.maximum(self.y - lip_line_y(self.x), 0.0)
        fade = np.exp(-((np.maximum(drop - 16.0, 0.0) / reach) ** 2))
        arch = (1.0 - self.across**2) ** 0.7
        return np.where(self.lower, fade * arch, 0.0).astype(np.float32)

    def corner(
        self, sign: int, width: float = 36.0, height: float = 34.0, power: float = 1.7
    ) -> Floats:
        """1 at a corner of the mouth, easing along the lips towards the middle."""
        toward = np.clip(sign * (self.x - CENTRE_X) / LIP_HALF_WIDTH, 0.0, None)
        along = np.where(toward < 1.0, toward**power, np.exp(-((self.beyond / width) ** 2)))
        lift = np.abs(self.y - _CORNER_Y)
        fade = np.exp(-((np.maximum(lift - 8.0, 0.0) / height) ** 2))
        return floats(along * fade)

    def mouth(self, width: float = 40.0, height: float = 32.0) -> Floats:
        """1 over both lips, fading around them."""
        lift = np.maximum(np.abs(self.y - 484.0) - 20.0, 0.0)
        return floats(np.exp(-((self.beyond / width) ** 2) - (lift / height) ** 2))

    def within(self) -> Floats:
        """0 on the face's outline and outside, 1 well inside: keeps the silhouette in place."""
        away, _ = spatial.cKDTree(jaw_outline(400)).query(np.stack([self.x, self.y], axis=-1))
        return smoothstep(5.0, 40.0, away.astype(np.float32))

    def zero(self) -> Floats:
        """No movement."""
        return np.zeros_like(self.x)


def jaw_weight(place: Place) -> Floats:
    """How much a vertex moves with the lower jaw."""
    line = lip_line_y(place.x)
    off = place.x - CENTRE_X
    arch = (1.0 - place.across**2) ** 0.62
    corner = 0.30 * np.exp(-((place.beyond / 46.0) ** 2))
    at_lip = np.where(place.beyond > 0.0, corner, 0.30 + 0.66 * arch)
    at_chin = 0.16 + 0.84 * np.exp(-((np.abs(off) / 104.0) ** 3.2))
    down = smoothstep(0.0, 1.0, (place.y - line) / (548.0 - line))
    below = at_lip + (at_chin - at_lip) * down
    above = (
        0.30
        * np.exp(-((place.beyond / 46.0) ** 2))
        * np.where(place.beyond > 0, 1.0, place.across**2.2)
    )
    above = above * np.exp(-((np.maximum(line - place.y, 0.0) / 34.0) ** 2))
    return floats(np.where(place.lower, below, above))


def _move(dx: Floats, dy: Floats) -> Floats:
    return np.stack([dx, dy], axis=-1).astype(np.float32)


def _jaw_open(p: Place) -> Floats:
    w = jaw_weight(p)
    pull = -4.5 * np.sign(p.x - CENTRE_X) * (p.corner(1) + p.corner(-1))
    narrow = -0.035 * (p.x - CENTRE_X) * smoothstep(470, 540, p.y) * w
    return _move(pull + narrow, JAW_DROP_PX * w)


def _jaw_side(p: Place, sign: int) -> Floats:
    w = jaw_weight(p)
    return _move(
        sign * 12.0 * np.clip(w * 1.05 + 0.25 * p.mouth(), 0, 1),
        -1.5 * sign * np.sign(p.x - CENTRE_X) * w * p.across,
    )


def _jaw_forward(p: Place) -> Floats:
    w = jaw_weight(p)
    return _move(
        0.05 * (p.x - CENTRE_X) * w,
        3.5 * w - 5.0 * p.lower_lip() + 1.6 * p.bell(CENTRE_X, 535, 30, 18),
    )


def _mouth_close(p: Place) -> Floats:
    """Brings the lips together while the jaw is open (ARKit's definition).

    What parts the lips under jawOpen is divided: the lower lip rises by 84 % of it and the upper
    comes down by the rest; below the lip the lift fades into the chin.
    """
    gap = 0.66 * (1.0 - p.across**2) ** 0.62 + 0.30 * (1.0 - p.across**2.2)
    gap = np.where(p.beyond > 0, 0.0, gap)
    drop = np.abs(p.y - lip_line_y(p.x))
    lift = gap * np.exp(-((np.maximum(drop - 5.0, 0.0) / 36.0) ** 2))
    lower = gap * np.exp(-((np.maximum(drop - 7.0, 0.0) / 16.0) ** 2))
    dy = np.where(p.lower, -0.84 * lift, 0.16 * lower)
    return _move(p.zero(), JAW_DROP_PX * dy)


def _smile(p: Place, sign: int) -> Floats:
    c = p.corner(sign, 40.0, 36.0, 1.55)
    cheek = p.bell(CENTRE_X + sign * 90, 420, 38, 28) * smoothstep(366.0, 388.0, p.y)
    lid = p.bell(CENTRE_X + sign * 75, 374, 32, 11)
    lips = p.upper_lip() * p.side(sign)
    low = p.lower_lip() * p.side(sign)
    dx = sign * (13.0 * c + 3.0 * cheek)
    dy = -14.0 * c - 8.5 * cheek - 1.8 * lid + 0.8 * lips - 1.0 * low
    return _move(dx, dy)


def _frown(p: Place, sign: int) -> Floats:
    c = p.corner(sign, 30.0, 30.0, 1.9)
    chin = p.bell(CENTRE_X + sign * 40, 520, 26, 20)
    return _move(sign * (2.5 * c), 12.0 * c + 3.5 * chin - 1.8 * p.lower_lip() * p.side(sign))


def _dimple(p: Place, sign: int) -> Floats:
    c = p.corner(sign, 24.0, 22.0, 2.2)
    return _move(sign * 8.5 * c, -2.5 * c)


def _stretch(p: Place, sign: int) -> Floats:
    c = p.corner(sign, 38.0, 34.0, 1.2)
    low = p.lower_lip() * p.side(sign)
    return _move(
        sign * 14.5 * c, 4.5 * c + 2.2 * low + 2.0 * p.bell(CENTRE_X + sign * 60, 520, 30, 22)
    )


def _press(p: Place, sign: int) -> Floats:
    side = p.side(sign)
    c = p.corner(sign, 22.0, 20.0, 2.4)
    mid = lip_line_y(p.x)
    squeeze = np.where(p.lower, -1.0, 1.0) * np.clip(np.abs(p.y - mid) / 17.0, 0.0, 1.0)
    near = p.mouth(20.0, 12.0)
    return _move(sign * 3.0 * c, 4.6 * squeeze * near * side - 1.0 * c)


def _lower_down(p: Place, sign: int) -> Floats:
    low = p.lower_lip(15.0) * (0.25 + 0.75 * p.side(sign)) * p.side(sign) ** 0.5
    return _move(sign * 2.5 * low, 15.0 * low)


def _upper_up(p: Place, sign: int) -> Floats:
    up = p.upper_lip(14.0) * p.side(sign)
    fold = p.bell(CENTRE_X + sign * 42, 455, 18, 14)
    cheek = p.bell(CENTRE_X + sign * 70, 420, 32, 24)
    return _move(sign * 1.5 * up, -11.5 * up - 3.0 * fold - 3.0 * cheek)


def _rounding(p: Place) -> Floats:
    """Lifts and lowers the flanks of the lips, so that a narrow mouth is round."""
    flank = np.exp(-(((p.across - 0.66) / 0.26) ** 2)) * (p.beyond <= 0)
    away = np.clip((p.y - lip_line_y(p.x)) / 15.0, -1.0, 1.0)
    return floats(flank * away * p.mouth(10.0, 24.0))


def _pucker(p: Place) -> Floats:
    near = p.mouth(34.0, 30.0)
    squeeze = -0.36 * (p.x - CENTRE_X) * near * p.within()
    fuller = 0.20 * (p.y - lip_line_y(p.x)) * p.mouth(16.0, 12.0)
    # The lips come forward over the teeth.
    cover = 4.6 * p.upper_lip(12.0) - 4.6 * p.lower_lip(12.0)
    lower_edge = 5.0 * _rounding(p) + 2.0 * p.bell(CENTRE_X, 515, 30, 12)
    return _move(squeeze, fuller + 0.75 * cover + lower_edge)


def _funnel(p: Place) -> Floats:
    near = p.mouth(34.0, 30.0)
    up, low = p.upper_lip(12.0), p.lower_lip(14.0)
    squeeze = -0.30 * (p.x - CENTRE_X) * near * p.within()
    # The flanks part as well, which squares the opening.
    flank = np.exp(-(((p.across - 0.62) / 0.2) ** 2)) * (p.beyond <= 0) * p.mouth(10.0, 22.0)
    square = np.where(p.lower, 4.0, -2.5) * flank
    return _move(squeeze, -6.0 * up + 10.0 * low + square + 6.0 * _rounding(p))


def _mouth_side(p: Place, sign: int) -> Floats:
    near = p.mouth(46.0, 34.0)
    c = p.corner(sign)
    return _move(sign * 15.0 * near, -2.5 * c)


def _roll(p: Place, *, lower: bool) -> Floats:
    mid = lip_line_y(p.x)
    if lower:
        near = p.lower_lip(10.0)
        in_lip = np.clip((p.y - mid) / 20.0, 0.0, 1.0)
        return _move(p.zero(), near * (-11.5 * in_lip - 0.6))
    near = p.upper_lip(10.0)
    in_lip = np.clip((mid - p.y) / 14.0, 0.0, 1.0)
    return _move(p.zero(), near * (8.2 * in_lip + 0.6))


def _shrug_lower(p: Place) -> Floats:
    near = p.lower_lip(16.0)
    chin = p.bell(CENTRE_X, 530, 34, 22)
    both = np.where(p.lower, 0.0, p.upper_lip(12.0))
    return _move(p.zero(), -6.0 * near - 6.0 * chin - 4.6 * both)


def _shrug_upper(p: Place) -> Floats:
    both = np.where(p.lower, p.lower_lip(10.0) * 0.8, p.upper_lip(14.0))
    return _move(p.zero(), -5.6 * both)


def _cheek_puff(p: Place) -> Floats:
    dx, dy = p.zero(), p.zero()
    for sign in (-1, 1):
        cheek = p.bell(CENTRE_X + sign * 104, 455, 44, 46)
        dx = dx + sign * 10.0 * cheek
        dy = dy + 1.5 * cheek
    return _move(dx - 0.10 * (p.x - CENTRE_X) * p.mouth(18, 14), dy)


def _cheek_squint(p: Place, sign: int) -> Floats:
    cheek = p.bell(CENTRE_X + sign * 84, 402, 38, 24) * smoothstep(366.0, 388.0, p.y)
    lid = p.bell(CENTRE_X + sign * 75, 375, 34, 11)
    return _move(sign * 1.0 * cheek, -8.0 * cheek - 1.5 * lid)


def _sneer(p: Place, sign: int) -> Floats:
    wing = p.bell(CENTRE_X + sign * 24, 433, 15, 13)
    fold = p.bell(CENTRE_X + sign * 44, 425, 26, 26)
    up = p.upper_lip(12.0) * p.side(sign)
    brow = p.bell(CENTRE_X + sign * 34, 312, 22, 18)
    return _move(sign * 3.0 * wing, -6.5 * wing - 4.0 * fold - 5.5 * up + 3.5 * brow)


def _tongue_out(p: Place) -> Floats:
    low, up = p.lower_lip(16.0), p.upper_lip(12.0)
    return _move(p.zero(), 11.0 * low - 2.5 * up)


def mouth_bases() -> dict[str, Callable[[Place], Floats]]:
    """Displacement fields (V, 2) by ARKit name."""
    both: dict[str, Callable[[Place, int], Floats]] = {
        "mouthSmile": _smile, "mouthFrown": _frown, "mouthDimple": _dimple,
        "mouthStretch": _stretch, "mouthPress": _press, "mouthLowerDown": _lower_down,
        "mouthUpperUp": _upper_up, "cheekSquint": _cheek_squint, "noseSneer": _sneer,
        "jaw": _jaw_side, "mouth": _mouth_side,
    }  # fmt: skip
    out: dict[str, Callable[[Place], Floats]] = {
        "jawOpen": _jaw_open, "jawForward": _jaw_forward, "mouthClose": _mouth_close,
        "mouthPucker": _pucker, "mouthFunnel": _funnel,
        "mouthRollLower": lambda p: _roll(p, lower=True),
        "mouthRollUpper": lambda p: _roll(p, lower=False),
        "mouthShrugLower": _shrug_lower, "mouthShrugUpper": _shrug_upper,
        "cheekPuff": _cheek_puff, "tongueOut": _tongue_out,
    }  # fmt: skip
    for name, field in both.items():
        # The avatar's left is the picture's right.
        for word, sign in (("Left", 1), ("Right", -1)):
            out[name + word] = lambda p, field=field, sign=sign: field(p, sign)  # type: ignore[misc] # defaults bind the loop
    return out
