"""What a movement adds to the face's shading: folds, furrows, dimples and blood, by skin tone.

Where the photo shows a smile, its folds are already there: then less is drawn, and movements that
undo a smile take the photo's own folds away.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from capsules.bake.canvas import Floats, Sheet, smoothstep, vector
from capsules.bake.correctives import corrective_name
from capsules.bake.face_layer import FaceLayer
from capsules.bake.shape import FaceRig
from capsules.bake.topology import SIDES, resampled

__all__ = ["face_residuals"]

_SCALE = 0.5  # texels a canvas pixel
# What a full shadow, a full light and a full flush change of the skin's own colour.
_SHADOW = np.array([-0.25, -0.40, -0.46], np.float32)
_LIGHT = np.array([0.09, 0.11, 0.12], np.float32)
_FLUSH = np.array([0.02, -0.20, -0.15], np.float32)
# Landmarks of the fold from nose to mouth, and of the one under the eye; right side, then left.
_FOLD = {-1: (203, 206, 216, 212), 1: (423, 426, 436, 432)}
_UNDER_EYE = {-1: (31, 228, 229, 230, 231), 1: (261, 448, 449, 450, 451)}
_CHEEK = {-1: 205, 1: 425}
_APPLE = {-1: 50, 1: 280}
_WING = {-1: 129, 1: 358}


class _Sketch:
    """A signed picture over the face, drawn at rest positions; lengths in units of the face."""

    def __init__(self, rig: FaceRig, sheet: Sheet, tone: Floats, creases: float) -> None:
        self.rig, self.sheet, self.tone, self.creases = rig, sheet, tone, creases
        self.rgb = np.zeros((*sheet.shape, 3), np.float32)

    def mark(self, number: int) -> Floats:
        """A landmark (2,) on the canvas."""
        return self.rig.face.marks[number, :2]

    def at(self, x: float, y: float) -> Floats:
        """A place in the head's upright axes, units from between the eyes, on the canvas."""
        move = self.rig.face.on_canvas(np.array([x, y, 0.0], np.float32))
        return np.asarray(self.rig.face.origin + move, np.float32)

    def spot(self, kind: Floats, at: Floats, size: tuple[float, float], amount: float) -> None:
        """A soft mark: half axes in units."""
        x, y = self.sheet.grid()
        unit = self.rig.face.unit
        bell = np.exp(-0.5 * (((x - at[0]) / (size[0] * unit)) ** 2
                              + ((y - at[1]) / (size[1] * unit)) ** 2))  # fmt: skip
        self.rgb += (amount * bell)[..., None] * kind * self.tone

    def fold(
        self, points: Floats, width: float, amount: float, flank: Floats | None = None
    ) -> None:
        """A crease: dark in the valley, lighter on its flank (units towards it); ends fade."""
        line = resampled(np.asarray(points, np.float32), 48)
        unit = self.rig.face.unit
        share = np.sin(np.linspace(0.0, np.pi, len(line))) ** 0.7
        marks = [(_SHADOW, vector(0.0, 0.0), 1.0)]
        if flank is not None:
            marks.append((_LIGHT, np.asarray(flank * unit, np.float32), 1.4))
        for tint, offset, spread in marks:
            canvas = np.zeros(self.sheet.shape, np.float32)
            at = np.round(self.sheet.texels(line + offset)).astype(int)
            for (x, y), weight in zip(at, share, strict=True):
                if 0 <= y < canvas.shape[0] and 0 <= x < canvas.shape[1]:
                    canvas[y, x] = max(canvas[y, x], weight)
            sigma = max(0.7, spread * width * unit * self.sheet.scale)
            soft = cv2.GaussianBlur(canvas, (0, 0), sigma)
            peak = float(soft.max())
            if peak > 0.0:
                self.rgb += (self.creases * amount * soft / peak)[..., None] * tint * self.tone


class _Artist:
    """Draws all residuals of one face."""

    def __init__(self, rig: FaceRig, layer: FaceLayer, creases: float) -> None:
        face_height = layer.face_rows / layer.sheet.scale
        whole = layer.sheet
        self.rig, self.creases = rig, creases
        self.sheet = Sheet(whole.left, whole.top, whole.width, face_height, _SCALE)
        size = self.sheet.shape[::-1]
        rgb = layer.rgb[: layer.face_rows]
        self.rgb = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.float32)
        alpha = cv2.resize(layer.alpha[: layer.face_rows], size, interpolation=cv2.INTER_AREA)
        self.tone = layer.tone
        self.skin = self._skin() * np.asarray(alpha, np.float32)
        self.more = 1.0 - 0.55 * rig.smile  # how much of a smile's folds is still to be drawn

    def _skin(self) -> Floats:
        """1 where the picture has the skin's colour, 0 on hair and glasses."""
        soft = cv2.GaussianBlur(self.rgb, (0, 0), 2.0)
        level = np.maximum(soft.mean(axis=-1, keepdims=True), 0.02)
        hue = np.abs(soft / level - self.tone / self.tone.mean()).max(axis=-1)
        dark = soft.mean(axis=-1) / float(self.tone.mean())
        likely = smoothstep(0.42, 0.22, hue) * smoothstep(0.40, 0.62, dark)
        return np.asarray(cv2.GaussianBlur(likely, (0, 0), 1.5), np.float32)

    def sketch(self) -> _Sketch:
        """An empty picture."""
        return _Sketch(self.rig, self.sheet, self.tone, self.creases)

    def smile(self, side: int) -> Floats:
        """AU 12."""
        sketch = self.sketch()
        line = np.stack([sketch.mark(n) for n in _FOLD[side]])
        flank = vector(side * 0.05, -0.03)
        sketch.fold(line, 0.020, 0.50 * self.more, flank)
        sketch.spot(_LIGHT, sketch.mark(_APPLE[side]), (0.16, 0.10), 0.55 * self.more)
        sketch.spot(_FLUSH, sketch.mark(_CHEEK[side]), (0.20, 0.15), 0.20)
        self._under_eye(sketch, side, 0.22)
        self._crows_feet(sketch, side, 0.16)
        return sketch.rgb

    def _under_eye(self, sketch: _Sketch, side: int, amount: float) -> None:
        line = np.stack([sketch.mark(n) for n in _UNDER_EYE[side]])
        sketch.fold(line, 0.014, amount, vector(0.0, 0.035))

    def _crows_feet(self, sketch: _Sketch, side: int, amount: float) -> None:
        eye = self.rig.face.eyes[side]
        corner = eye.upper[-1] if side > 0 else eye.upper[0]
        for start, end in (((0.07, -0.035), (0.17, -0.075)), ((0.075, 0.005), (0.19, 0.01)),
                           ((0.07, 0.045), (0.17, 0.10))):  # fmt: skip
            ends = np.array([[side * start[0], start[1]], [side * end[0], end[1]]], np.float32)
            middle = ends.mean(axis=0) + vector(0.0, 0.006)
            path = np.stack([ends[0], middle, ends[1]]) * self.rig.face.unit + corner
            sketch.fold(path, 0.012, 0.62 * amount)

    def cheek_squint(self, side: int) -> Floats:
        """AU 6."""
        sketch = self.sketch()
        self._under_eye(sketch, side, 0.40)
        self._crows_feet(sketch, side, 0.40)
        sketch.spot(_LIGHT, sketch.mark(_APPLE[side]), (0.15, 0.08), 0.6)
        return sketch.rgb

    def eye_squint(self, side: int) -> Floats:
        """AU 7."""
        sketch = self.sketch()
        self._under_eye(sketch, side, 0.30)
        self._crows_feet(sketch, side, 0.22)
        return sketch.rgb

    def brow_down(self, side: int) -> Floats:
        """AU 4: one of the two furrows between the brows, and shade under the brow."""
        sketch = self.sketch()
        path = np.stack([sketch.at(side * x, y) for x, y in
                         ((0.125, -0.12), (0.095, -0.24), (0.105, -0.38))])  # fmt: skip
        sketch.fold(path, 0.03, 0.34, vector(-side * 0.06, 0.0))
        inner = 0.5 * (sketch.mark(55 if side < 0 else 285) + sketch.mark(65 if side < 0 else 295))
        sketch.spot(_SHADOW, inner + vector(0, 0.06 * self.rig.face.unit), (0.13, 0.035), 0.28)
        return sketch.rgb

    def _forehead(self, sketch: _Sketch, low: float, high: float, amount: float) -> None:
        brow = float(self.rig.face.local(sketch.mark(105)[None])[0, 1])
        for lift, strength in ((0.13, 0.8), (0.22, 1.0), (0.31, 0.7)):
            xs = np.linspace(low, high, 6)
            path = np.stack([sketch.at(x, brow - lift + 0.03 * np.cos(6.0 * x)) for x in xs])
            sketch.fold(path, 0.011, amount * strength, vector(0.0, -0.03))

    def brow_inner_up(self) -> Floats:
        """AU 1."""
        sketch = self.sketch()
        self._forehead(sketch, -0.42, 0.42, 0.34)
        return sketch.rgb

    def brow_outer_up(self, side: int) -> Floats:
        """AU 2."""
        sketch = self.sketch()
        low, high = sorted((side * 0.22, side * 0.72))
        self._forehead(sketch, low, high, 0.30)
        return sketch.rgb

    def sneer(self, side: int) -> Floats:
        """AU 9."""
        sketch = self.sketch()
        for dy in (-0.02, 0.05):
            path = np.stack([sketch.at(side * x, y + dy) for x, y in
                             ((0.07, 0.24), (0.11, 0.17), (0.13, 0.10))])  # fmt: skip
            sketch.fold(path, 0.012, 0.28)
        line = np.stack([sketch.mark(n) for n in (_WING[side], *_FOLD[side][:2])])
        sketch.fold(line, 0.017, 0.40, vector(side * 0.045, -0.02))
        return sketch.rgb

    def upper_up(self, side: int) -> Floats:
        """AU 10."""
        sketch = self.sketch()
        line = np.stack([sketch.mark(n) for n in _FOLD[side][:3]])
        sketch.fold(line, 0.018, 0.36 * self.more, vector(side * 0.045, -0.03))
        return sketch.rgb

    def _corner(self, side: int) -> Floats:
        line = self.rig.face.outer_upper
        return np.asarray(line[-1] if side > 0 else line[0], np.float32)

    def _by_corner(self, side: int, path: tuple[tuple[float, float], ...]) -> Floats:
        moves = np.array([(side * x, y) for x, y in path], np.float32)
        return np.asarray(self._corner(side) + moves * self.rig.face.unit, np.float32)

    def frown(self, side: int) -> Floats:
        """AU 15."""
        sketch = self.sketch()
        path = self._by_corner(side, ((0.02, 0.02), (0.055, 0.09), (0.06, 0.17), (0.04, 0.25)))
        sketch.fold(path, 0.015, 0.34, vector(side * 0.04, 0.0))
        return sketch.rgb + 0.45 * self.unfold(side)

    def dimple(self, side: int) -> Floats:
        """AU 14."""
        sketch = self.sketch()
        path = self._by_corner(side, ((0.05, -0.06), (0.075, 0.0), (0.06, 0.06)))
        sketch.fold(path, 0.016, 0.50, vector(side * 0.05, 0.0))
        return sketch.rgb

    def stretch(self, side: int) -> Floats:
        """AU 20."""
        sketch = self.sketch()
        path = self._by_corner(side, ((0.06, -0.05), (0.09, 0.04), (0.08, 0.14)))
        sketch.fold(path, 0.016, 0.28 * self.more, vector(side * 0.05, 0.0))
        return sketch.rgb

    def press(self, side: int) -> Floats:
        """AU 24."""
        sketch = self.sketch()
        path = self._by_corner(side, ((0.015, -0.045), (0.03, 0.0), (0.015, 0.045)))
        sketch.fold(path, 0.014, 0.24)
        return sketch.rgb + 0.25 * self.unfold(side)

    def shrug_lower(self) -> Floats:
        """AU 17: the chin's boss dimples, the fold under the lip deepens."""
        sketch = self.sketch()
        face = self.rig.face
        below = face.outer_lower[len(face.outer_lower) // 2] + vector(0, 0.06 * face.unit)
        sketch.spot(_SHADOW, below, (0.16, 0.03), 0.34)
        rng = np.random.default_rng(4)
        # The boss, whether the chin is long or short. On smooth skin dimples soon look like dirt.
        chin, depth = 0.5 * (below + sketch.mark(152)), 0.16 * self.creases**2
        for _ in range(22):
            at = chin + rng.normal(0.0, 1.0, 2) * vector(0.09, 0.05) * face.unit
            sketch.spot(_SHADOW, at.astype(np.float32), (0.018, 0.016), depth)
        return sketch.rgb

    def jaw_open(self) -> Floats:
        """AU 26: cheeks hollow."""
        sketch = self.sketch()
        for side, _ in SIDES:
            at = 0.5 * (sketch.mark(_CHEEK[side]) + sketch.mark(187 if side < 0 else 411))
            sketch.spot(_SHADOW, at + vector(0, 0.10 * self.rig.face.unit), (0.10, 0.26), 0.16)
        return sketch.rgb + 0.35 * (self.unfold(-1) + self.unfold(1))

    def round_lips(self, share: float) -> Floats:
        """AU 18, 22: the lower lip shines, what a smile folded is smooth."""
        sketch = self.sketch()
        face = self.rig.face
        lip = 0.5 * (face.inner_lower + face.outer_lower)[len(face.outer_lower) // 2]
        sketch.spot(_LIGHT, lip, (0.10, 0.025), 0.35)
        under = face.outer_lower[len(face.outer_lower) // 2] + vector(0, 0.05 * face.unit)
        sketch.spot(_SHADOW, under, (0.14, 0.03), 0.25)
        return sketch.rgb + share * (self.unfold(-1) + self.unfold(1))

    def puff(self) -> Floats:
        """AU 34."""
        sketch = self.sketch()
        for side, _ in SIDES:
            at = 0.5 * (sketch.mark(_CHEEK[side]) + self._corner(side))
            sketch.spot(_LIGHT, at + vector(side * 0.1 * self.rig.face.unit, 0), (0.2, 0.2), 0.7)
        return sketch.rgb + 0.8 * (self.unfold(-1) + self.unfold(1))

    def blush(self) -> Floats:
        """Blood in the cheeks."""
        sketch = self.sketch()
        for side, _ in SIDES:
            at = 0.5 * (sketch.mark(_CHEEK[side]) + sketch.mark(_APPLE[side]))
            sketch.spot(_FLUSH, at, (0.28, 0.20), 0.75)
        sketch.spot(_FLUSH, sketch.mark(1), (0.13, 0.09), 0.35)
        return sketch.rgb

    def unfold(self, side: int) -> Floats:
        """Takes the photo's own fold from nose to mouth away, where there is one."""
        rig = self.rig
        sigma = 0.075 * rig.face.unit * self.sheet.scale
        weight = self.skin[..., None] + 1e-3
        blurred = cv2.GaussianBlur(self.rgb * weight, (0, 0), sigma)
        shares = cv2.GaussianBlur(np.repeat(weight, 3, axis=2), (0, 0), sigma)
        level = np.asarray(blurred, np.float32) / np.asarray(shares, np.float32)
        darker = np.maximum(level - self.rgb, 0.0)
        marks = rig.face.marks[:, :2]
        line = resampled(np.stack([marks[n] for n in _FOLD[side]]), 32)
        near = self.sheet.line(line, 0.20 * rig.face.unit, 0.04 * rig.face.unit)
        lips = np.vstack([rig.face.outer_upper, rig.face.outer_lower[::-1]])
        near = near * (1.0 - self.sheet.fill(lips, blur_px=0.03 * rig.face.unit))
        # No nostril is a fold.
        x, y = self.sheet.grid()
        wing = marks[_WING[side]]
        away = np.hypot(x - wing[0], y - wing[1]) / rig.face.unit
        near = near * smoothstep(0.05, 0.13, away)
        return np.asarray(near[..., None] * darker, np.float32)

    def finished(self, image: Floats) -> NDArray[np.int8]:
        """As bytes, on skin only."""
        out = image * self.skin[..., None]
        return np.asarray(np.clip(np.round(out * 127.0), -127, 127), np.int8)


def face_residuals(
    rig: FaceRig, layer: FaceLayer, *, creases: float = 1.0
) -> dict[str, NDArray[np.int8]]:
    """Residuals (h, w, 3) of the face by basis name, over the face's rows of its sheet.

    Args:
        rig: The face.
        layer: Its picture.
        creases: Strength of folds and wrinkles relative to a grown person's.
    """
    artist = _Artist(rig, layer, creases)
    out = {
        "browInnerUp": artist.brow_inner_up(), "jawOpen": artist.jaw_open(),
        "mouthPucker": artist.round_lips(0.9), "mouthFunnel": artist.round_lips(0.75),
        "mouthShrugLower": artist.shrug_lower(), "cheekPuff": artist.puff(),
        "blush": artist.blush(),
        # A fold that both take away is gone once.
        corrective_name(("mouthFunnel", "mouthPucker")): -artist.round_lips(0.7),
    }  # fmt: skip
    sided = {
        "mouthSmile": artist.smile, "browDown": artist.brow_down, "noseSneer": artist.sneer,
        "browOuterUp": artist.brow_outer_up, "eyeSquint": artist.eye_squint,
        "cheekSquint": artist.cheek_squint, "mouthUpperUp": artist.upper_up,
        "mouthFrown": artist.frown, "mouthDimple": artist.dimple, "mouthStretch": artist.stretch,
        "mouthPress": artist.press,
    }  # fmt: skip
    for name, draw in sided.items():
        for side, word in SIDES:
            out[name + word] = draw(side)
    return {name: artist.finished(image) for name, image in out.items()}
