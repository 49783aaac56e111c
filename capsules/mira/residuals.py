"""What a basis adds to the face's shading: folds, furrows, stretched lids and blood."""

import numpy as np

from capsules.mira.face import FACE_SHEET
from capsules.mira.features import CENTRE_X, gap_shift, mirrored
from capsules.mira.raster import Floats, Sheet, curve, floats, gaussian

__all__ = ["RESIDUAL_SCALE", "face_residuals"]

RESIDUAL_SCALE = 0.6
# Shadow in skin takes away blue and green before red; light gives the reverse.
_DARK = np.array([-0.30, -0.42, -0.40], np.float32)
_LIGHT = np.array([0.07, 0.11, 0.12], np.float32)
_WARM = np.array([0.13, 0.10, 0.07], np.float32)
_BLOOD = np.array([0.02, -0.20, -0.17], np.float32)


class _Sketch:
    """A signed picture over the face's texture, drawn at rest positions."""

    def __init__(self) -> None:
        self.sheet: Sheet = FACE_SHEET.at(RESIDUAL_SCALE)
        x, y = self.sheet.grid()
        below = y.copy()
        for _ in range(20):
            below = y - gap_shift(x, below)
        self.x, self.y = x, np.where(y > 482.0, below, y).astype(np.float32)
        self.rgb = np.zeros((*self.sheet.shape, 3), np.float32)

    def spot(
        self,
        tone: Floats,
        at: tuple[float, float],
        size: tuple[float, float],
        turn: float,
        amount: float,
    ) -> None:
        """A soft mark of a tone: its place, size, turn in degrees and amount."""
        self.rgb += amount * tone * gaussian(self.x, self.y, at, size, turn)[..., None]

    def fold(
        self, points: list[tuple[float, float]], side: int, width: float, amount: float
    ) -> None:
        """A crease: dark in the valley, light on its upper outer flank."""
        line = mirrored(curve(points, 40), side)
        line[:, 1] += np.where(line[:, 1] > 484, gap_shift(line[:, 0], line[:, 1]), 0.0)
        widths = (0.3, width, 1.2 * width, width, 0.3)
        amount *= 0.75
        self.rgb += amount * _DARK * self.sheet.stroke(line, widths, blur_px=0.8 * width)[..., None]
        flank = line + floats([side * 1.2 * width, -0.6 * width])
        self.rgb += amount * _LIGHT * self.sheet.stroke(flank, widths, blur_px=width)[..., None]


def _smile(side: int) -> Floats:
    sketch = _Sketch()
    sketch.fold([(540, 436), (551, 446), (562, 458), (569, 472), (570, 484)], side, 4.2, 0.42)
    sketch.fold([(567, 468), (571, 476), (570, 484)], side, 3.2, 0.35)
    sketch.spot(_LIGHT, (CENTRE_X + side * 84, 412), (24, 14), -side * 12, 0.30)
    sketch.spot(_BLOOD, (CENTRE_X + side * 92, 420), (30, 22), 0, 0.18)
    sketch.fold([(556, 371), (574, 379), (596, 380), (616, 372)], side, 3.0, 0.22)
    return sketch.rgb


def _brow_down(side: int) -> Floats:
    sketch = _Sketch()
    sketch.fold([(522, 318), (520, 306), (521, 294), (525, 286)], side, 3.2, 0.60)
    sketch.spot(_DARK, (CENTRE_X + side * 40, 322), (20, 9), side * 14, 0.30)
    sketch.spot(_DARK, (CENTRE_X + side * 74, 322), (34, 7), side * 6, 0.24)
    sketch.spot(_LIGHT, (CENTRE_X + side * 30, 300), (9, 10), 0, 0.30)
    return sketch.rgb


def _brow_inner_up() -> Floats:
    sketch = _Sketch()
    for y, amount in ((262.0, 0.30), (244.0, 0.20), (277.0, 0.18)):
        for side in (-1, 1):
            sketch.fold([(512, y + 3), (530, y), (552, y - 1), (574, y + 5)], side, 3.0, amount)
    return sketch.rgb


def _brow_outer_up(side: int) -> Floats:
    sketch = _Sketch()
    for y, amount in ((266.0, 0.30), (250.0, 0.22)):
        sketch.fold([(566, y + 5), (588, y - 1), (612, y), (632, y + 8)], side, 2.8, amount)
    return sketch.rgb


def _blink(side: int) -> Floats:
    sketch = _Sketch()
    sketch.spot(_WARM, (CENTRE_X + side * 73, 329), (27, 7.0), 0, 0.80)
    sketch.spot(_DARK, (CENTRE_X + side * 100, 333), (12, 6), side * 24, 0.14)
    return sketch.rgb


def _squint(side: int) -> Floats:
    sketch = _Sketch()
    sketch.fold([(630, 349), (638, 346), (646, 341)], side, 2.0, 0.42)
    sketch.fold([(629, 356), (638, 357), (646, 357)], side, 2.0, 0.36)
    sketch.fold([(558, 373), (576, 381), (598, 381), (617, 372)], side, 3.0, 0.36)
    return sketch.rgb


def _cheek_squint(side: int) -> Floats:
    sketch = _Sketch()
    sketch.fold([(554, 376), (574, 386), (600, 386), (622, 376)], side, 3.4, 0.34)
    sketch.spot(_LIGHT, (CENTRE_X + side * 84, 402), (26, 10), -side * 10, 0.45)
    return sketch.rgb


def _sneer(side: int) -> Floats:
    sketch = _Sketch()
    sketch.fold([(526, 378), (532, 366), (534, 354)], side, 3.4, 0.30)
    sketch.fold([(523, 392), (530, 382), (536, 372)], side, 3.2, 0.26)
    sketch.fold([(541, 428), (549, 436), (556, 448), (560, 460)], side, 4.0, 0.44)
    return sketch.rgb


def _upper_up(side: int) -> Floats:
    sketch = _Sketch()
    sketch.fold([(541, 432), (550, 443), (558, 456), (563, 468)], side, 4.0, 0.36)
    return sketch.rgb


def _frown(side: int) -> Floats:
    sketch = _Sketch()
    sketch.fold([(566, 478), (572, 488), (574, 500), (571, 512)], side, 3.2, 0.42)
    sketch.spot(_DARK, (CENTRE_X, 513), (20, 5), 0, 0.06)
    return sketch.rgb


def _dimple(side: int) -> Floats:
    sketch = _Sketch()
    sketch.fold([(570, 466), (574, 474), (573, 484)], side, 3.4, 0.55)
    return sketch.rgb


def _stretch(side: int) -> Floats:
    sketch = _Sketch()
    sketch.fold([(566, 466), (575, 478), (577, 492)], side, 3.2, 0.30)
    return sketch.rgb


def _jaw_open() -> Floats:
    sketch = _Sketch()
    for side in (-1, 1):
        sketch.fold([(546, 444), (558, 458), (566, 476), (570, 496)], side, 4.0, 0.22)
        sketch.spot(_DARK, (CENTRE_X + side * 96, 472), (18, 38), -side * 14, 0.16)
    return sketch.rgb


def _pucker() -> Floats:
    sketch = _Sketch()
    for side in (-1, 1):
        sketch.spot(_DARK, (CENTRE_X + side * 50, 482), (8, 14), 0, 0.24)
    sketch.spot(_LIGHT, (CENTRE_X - 3, 492), (14, 4), 0, 0.5)
    sketch.spot(_DARK, (CENTRE_X, 510), (20, 4.5), 0, 0.18)
    return sketch.rgb


def _shrug_lower() -> Floats:
    sketch = _Sketch()
    sketch.spot(_DARK, (CENTRE_X, 514), (26, 4.6), 0, 0.24)
    rng = np.random.default_rng(4)
    for _ in range(16):
        at = (CENTRE_X + rng.normal(0, 13), 534 + rng.normal(0, 7))
        sketch.spot(_DARK, at, (3.2, 2.8), 0, 0.09)
    return sketch.rgb


def _puff() -> Floats:
    sketch = _Sketch()
    for side in (-1, 1):
        sketch.spot(_LIGHT, (CENTRE_X + side * 96 - 8, 448), (22, 22), 0, 0.55)
        sketch.spot(_DARK, (CENTRE_X + side * 62, 470), (7, 22), -side * 10, 0.22)
    return sketch.rgb


def _press(side: int) -> Floats:
    sketch = _Sketch()
    sketch.spot(_DARK, (CENTRE_X + side * 56, 478), (5, 7), 0, 0.26)
    sketch.spot(_LIGHT, (CENTRE_X + side * 24, 461), (20, 4), 0, 0.22)
    return sketch.rgb


def _blush() -> Floats:
    sketch = _Sketch()
    for side in (-1, 1):
        sketch.spot(_BLOOD, (CENTRE_X + side * 88, 412), (38, 27), -side * 14, 0.70)
    sketch.spot(_BLOOD, (CENTRE_X, 426), (18, 12), 0, 0.34)
    return sketch.rgb


def face_residuals() -> dict[str, Floats]:
    """Signed residuals (h, w, 3) of the face by basis name, at `RESIDUAL_SCALE`."""
    out = {
        "browInnerUp": _brow_inner_up(), "jawOpen": _jaw_open(), "mouthPucker": _pucker(),
        "mouthShrugLower": _shrug_lower(), "cheekPuff": _puff(), "blush": _blush(),
    }  # fmt: skip
    sided = {
        "mouthSmile": _smile, "browDown": _brow_down, "browOuterUp": _brow_outer_up,
        "eyeBlink": _blink, "eyeSquint": _squint, "cheekSquint": _cheek_squint,
        "noseSneer": _sneer, "mouthUpperUp": _upper_up, "mouthFrown": _frown,
        "mouthDimple": _dimple, "mouthStretch": _stretch, "mouthPress": _press,
    }  # fmt: skip
    for name, draw in sided.items():
        out[f"{name}Left"], out[f"{name}Right"] = draw(1), draw(-1)
    return out
