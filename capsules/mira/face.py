"""The face: skin, blush, lids, brows, nose and lips, painted at rest with the mouth closed."""

from dataclasses import replace

import numpy as np
from scipy import ndimage

from capsules.bake.canvas import bump
from capsules.bake.face_layer import HIDDEN_PX, FaceLayer
from capsules.mira.features import (
    CENTRE_X,
    EYE,
    brow,
    eye_lids,
    jaw_outline,
    lip_curves,
    lip_line_y,
    mirrored,
)
from capsules.mira.hair import side_guides
from capsules.mira.raster import (
    Floats,
    Paint,
    Sheet,
    colour,
    curve,
    floats,
    gaussian,
    smoothstep,
)
from capsules.mira.skin import face_height, shade

__all__ = ["FACE_SHEET", "paint_closed_lids", "paint_face"]

_SHADOW = "F6C4B0"  # of the eye shadow

# Below the face is room for what the rig paints of skin that is hidden at rest.
FACE_SHEET = Sheet(340.0, 128.0, 344.0, 444.0 + HIDDEN_PX, 1.5)


def _tones(paint: Paint, x: Floats, y: Floats) -> None:
    for side in (-1, 1):
        paint.multiply(
            "F2857A", gaussian(x, y, (CENTRE_X + side * 90, 412), (36, 25), side * -18), 0.22
        )
        paint.multiply("D98B78", gaussian(x, y, (CENTRE_X + side * 128, 400), (26, 70)), 0.12)
        paint.screen(
            "FFE9D8", gaussian(x, y, (CENTRE_X + side * 80, 383), (26, 9), side * -14), 0.16
        )
        paint.multiply(
            "C98478", gaussian(x, y, (CENTRE_X + side * 70, 372), (30, 7), side * 4), 0.20
        )
    paint.multiply("F59C8C", gaussian(x, y, (CENTRE_X, 428), (17, 12)), 0.30)
    paint.multiply("F2A08E", gaussian(x, y, (CENTRE_X, 543), (26, 14)), 0.16)
    paint.screen("FFE6CF", gaussian(x, y, (CENTRE_X - 18, 232), (62, 34)), 0.16)
    _lower_face(paint, x, y)
    # The hair throws a soft, warm shadow on the forehead and the temples.
    paint.multiply("B06A55", smoothstep(232, 176, y), 0.50)
    for side in (-1, 1):
        edge, _ = side_guides(side)
        rim = edge + floats([-side * 1.0, 1.0])
        paint.multiply("8F5442", paint.sheet.stroke(rim, (20, 26, 22, 18), blur_px=6.0), 0.50)
        paint.multiply("7A4030", paint.sheet.stroke(rim, (10, 12, 10, 8), blur_px=2.2), 0.35)
    paint.multiply(
        "C08070", smoothstep(118, 158, np.abs(x - CENTRE_X)) * smoothstep(540, 420, y), 0.32
    )


def _lower_face(paint: Paint, x: Floats, y: Floats) -> None:
    """The jaw turns away from the light; cheeks and chin keep theirs."""
    inside = paint.sheet.fill(jaw_outline(200))
    deep = 1.0 - smoothstep(0.5, 1.0, paint.sheet.blurred(inside, 15.0))
    low = smoothstep(410, 520, y)
    paint.multiply("B9705C", deep * low, 0.62)
    paint.multiply(
        "A55F50", (1.0 - smoothstep(0.5, 0.9, paint.sheet.blurred(inside, 6.0))) * low, 0.2
    )
    for side in (-1, 1):
        # Below the cheekbone.
        hollow = gaussian(x, y, (CENTRE_X + side * 103, 462), (22, 40), side * 24)
        paint.multiply("D08D78", hollow, 0.26 if side > 0 else 0.20)
    paint.screen("FFE6D2", gaussian(x, y, (CENTRE_X - 5, 536), (20, 11)), 0.15)


def _freckles(paint: Paint, rng: np.random.Generator) -> None:
    """A few faint freckles and the skin's own grain, against a look of plastic."""
    sheet = paint.sheet
    for _ in range(84):
        side = rng.choice((-1, 1))
        x, y = CENTRE_X + side * abs(rng.normal(46, 30)), rng.normal(403, 13)
        angle = np.linspace(0.0, 2 * np.pi, 12, endpoint=False)
        radius = rng.uniform(0.6, 1.25)
        dot = np.stack([x + radius * np.cos(angle), y + 0.85 * radius * np.sin(angle)], axis=1)
        paint.multiply("B5714F", sheet.fill(floats(dot), blur_px=0.35), rng.uniform(0.10, 0.24))
    grain = ndimage.gaussian_filter(rng.normal(size=sheet.shape), 0.45 * sheet.scale)
    paint.rgb += (0.0045 * grain / grain.std())[..., None].astype(np.float32)


def _nose(paint: Paint, x: Floats, y: Floats) -> None:
    sheet = paint.sheet
    paint.screen("FFF1E4", gaussian(x, y, (CENTRE_X - 3.0, 421.5), (5.4, 4.4)), 0.46)
    paint.screen("FFF1E4", gaussian(x, y, (CENTRE_X - 2.5, 392), (3.6, 18)), 0.10)
    under = curve(
        [
            (493, 440),
            (501, 442),
            (512, 446),
            (523, 442),
            (531, 440),
            (524, 448),
            (512, 451.5),
            (500, 448),
        ],
        60,
        closed=True,
    )
    paint.multiply("B4675A", sheet.fill(under, blur_px=3.0), 0.50)
    for side in (-1, 1):
        nostril = curve(
            [
                (517.5, 443.6),
                (521, 440.8),
                (526.5, 440.2),
                (529.6, 442.2),
                (526, 444.2),
                (521, 445),
            ],
            40,
            closed=True,
        )
        paint.multiply("6E2C24", sheet.fill(mirrored(nostril, side), blur_px=1.1), 0.72)
        wing = curve([(537.5, 428), (540.6, 434), (539.8, 440.4), (534.4, 444)], 30)
        paint.multiply(
            "B06A5A", sheet.stroke(mirrored(wing, side), (0.2, 2.4, 3.0, 0.6), blur_px=1.8), 0.55
        )
        cast = gaussian(x, y, (CENTRE_X + side * 22, 352), (8, 24), side * -10)
        paint.multiply("C58571", cast, 0.26 if side > 0 else 0.12)
    paint.multiply("C07C69", gaussian(x, y, (CENTRE_X + 7, 454), (14, 5.0)), 0.30)


def _lid(paint: Paint, side: int) -> None:
    sheet = paint.sheet
    x, y = sheet.grid()
    upper, lower = eye_lids(side, 60)
    eye_x = CENTRE_X + side * (EYE.centre[0] - CENTRE_X)
    # Eye shadow, warm and soft, strongest at the outer corner.
    paint.multiply("AE7163", gaussian(x, y, (eye_x + side * 6, 333), (33, 12), side * 2), 0.42)
    paint.multiply("8F5348", gaussian(x, y, (eye_x + side * 30, 337), (14, 9), side * 12), 0.36)
    paint.screen("FFE3D0", gaussian(x, y, (eye_x + side * 6, 313), (26, 5.5), side * 5), 0.24)
    paint.screen("FFE8DA", gaussian(x, y, (eye_x - side * 3, 329), (12, 3.4)), 0.20)
    crease = curve(
        [
            (552, 345),
            (562, 334.5),
            (576, 326.4),
            (590, 323.4),
            (606, 325.4),
            (620, 331.5),
            (632, 338),
        ],
        60,
    )
    paint.multiply(
        "7A463B",
        sheet.stroke(mirrored(crease, side), (0.2, 1.6, 2.2, 2.2, 2.0, 0.2), blur_px=1.0),
        0.56,
    )
    paint.multiply(
        "B0705F",
        sheet.stroke(
            mirrored(crease, side) + floats([0, -1.8]), (0.2, 3, 5, 5, 4, 0.3), blur_px=2.2
        ),
        0.32,
    )
    below = curve([(551, 363), (566, 371), (586, 375), (606, 371), (621, 358)], 40)
    paint.multiply(
        "BC7B69", sheet.stroke(mirrored(below, side), (0.3, 2, 2.4, 2.2, 0.3), blur_px=2.0), 0.30
    )
    # The waterline and the lower lashes' root.
    water = lower + floats([0, 0.9])
    paint.glaze("F0B7A8", sheet.stroke(water, (0.5, 2.2, 2.6, 2.2, 0.5), blur_px=0.6), 0.70)
    root = lower[10:] + floats([0, 2.2])
    paint.multiply("5A2C26", sheet.stroke(root, (0.1, 0.5, 1.0, 1.9, 2.2), blur_px=0.6), 0.72)
    # The upper lash line, with a small wing.
    wing = upper[-1:] + floats([[side * 3.0, -2.2], [side * 6.5, -5.6]])
    line = np.vstack([upper, wing]) + floats([0.0, -1.2])
    paint.glaze(
        "2B1512", sheet.stroke(line, (0.6, 2.2, 3.2, 3.9, 4.6, 5.0, 0.3), blur_px=0.45), 0.96
    )
    paint.multiply(
        "6B3D33",
        sheet.stroke(line + floats([0, -2.6]), (0.3, 2, 3, 4, 4, 0.3), blur_px=1.6),
        0.45,
    )


def _brow(paint: Paint, side: int, rng: np.random.Generator) -> None:
    sheet = paint.sheet
    line, width = brow(side, 40)
    paint.multiply(
        "7A4A38",
        sheet.stroke(
            line, list(0.86 * width * smoothstep(-3.0, 4.0, np.arange(40.0))), blur_px=1.7
        ),
        0.80,
    )
    hairs_dark: list[Floats] = []
    hairs_light: list[Floats] = []
    hairs_front: list[Floats] = []
    for _ in range(210):
        t = float(rng.beta(1.0, 1.15))
        i = min(int(t * 38), 37)
        along = line[i + 1] - line[i]
        along = along / np.linalg.norm(along)
        up = np.array([along[1], -along[0]])
        if up[1] > 0:
            up = -up
        off = rng.uniform(-0.5, 0.5)
        start = line[i] + up * off * width[i] + along * rng.uniform(0, 3)
        lean = np.interp(t, [0, 0.25, 0.7, 1.0], [1.25, 0.62, 0.1, -0.05]) - 0.75 * off * np.interp(
            t, [0, 0.3, 1], [0.2, 0.8, 1.0]
        )
        length = np.interp(t, [0, 0.3, 1.0], [6.5, 9.5, 7.0]) * rng.uniform(0.75, 1.1)
        tip = start + (along + up * lean) / np.hypot(1.0, lean) * length
        mid = (start + tip) / 2 + up * rng.uniform(0.1, 0.9)
        hair = curve([tuple(start), tuple(mid), tuple(tip)], 7)
        kind = hairs_dark if rng.random() < 0.72 else hairs_light
        (hairs_front if t < 0.07 + 0.05 * rng.random() else kind).append(hair)
    paint.glaze("4A291D", sheet.strokes(hairs_dark, (0.8, 0.95, 0.12)), 0.60)
    paint.glaze("6B4230", sheet.strokes(hairs_front, (0.8, 1.0, 0.12)), 0.62)
    paint.glaze("7C4C33", sheet.strokes(hairs_light, (0.8, 0.9, 0.15)), 0.6)


def _lips(paint: Paint, x: Floats, y: Floats) -> None:
    sheet = paint.sheet
    upper, line, lower = lip_curves(49)
    top = sheet.fill(np.vstack([upper, line[::-1]]), blur_px=0.75)
    bottom = sheet.fill(np.vstack([line, lower[::-1]]), blur_px=0.75)
    whole = np.clip(top + bottom, 0, 1)
    halo = sheet.fill(np.vstack([upper, lower[::-1]]), blur_px=3.2)
    paint.multiply("DE9284", halo, 0.26)
    paint.glaze("BC5652", top, 0.82)
    paint.glaze("D06C66", bottom, 0.82)
    d = (x - CENTRE_X) / 53.0
    # Volume: the upper lip turns away from the light, the lower lip catches it.
    mid = lip_line_y(x)
    paint.multiply("8E3B3B", top * smoothstep(-12, 0, y - mid), 0.48)
    paint.multiply("A84A48", bottom * smoothstep(11, 19, y - mid), 0.40)
    paint.multiply("8B3A3A", whole * smoothstep(0.62, 1.0, np.abs(d)), 0.38)
    paint.screen("F6B3A6", top * gaussian(x, y, (CENTRE_X - 14, 470), (13, 2.6), -8), 0.34)
    paint.screen("F2A99C", top * gaussian(x, y, (CENTRE_X + 15, 470), (12, 2.4), 8), 0.22)
    paint.screen("FFD3C6", bottom * gaussian(x, y, (CENTRE_X - 4, 490), (20, 3.4)), 0.42)
    paint.screen("FFF0EA", bottom * gaussian(x, y, (CENTRE_X - 7, 489), (9, 1.8)), 0.42)
    creases = 0.5 + 0.5 * np.sin(x * 1.45 + 0.05 * (y - 480) * d * 10)
    paint.multiply(
        "B0524F", whole * creases.astype(np.float32) * smoothstep(18, 4, np.abs(y - mid)), 0.055
    )
    # Cupid's bow and the lower border catch a fine light; a soft shadow sits under the lip.
    paint.screen(
        "FFE7DA",
        sheet.stroke(upper[10:39] + floats([0, -1.8]), (0.1, 1.4, 1.8, 1.4, 0.1), blur_px=0.9),
        0.40,
    )
    paint.multiply("B06355", gaussian(x, y, (CENTRE_X + 2, 509), (25, 5.4)), 0.53)
    paint.multiply("C98270", gaussian(x, y, (CENTRE_X + 3, 515), (34, 8.5)), 0.19)
    paint.multiply(
        "4A1618", sheet.stroke(line, (1.2, 1.5, 1.3, 1.7, 1.3, 1.5, 1.2), blur_px=0.8), 0.74
    )
    for side in (-1, 1):
        corner = gaussian(x, y, (CENTRE_X + side * 54.5, 471.2), (3.6, 3.0), side * -30)
        paint.multiply("9A5044", corner, 0.50)
        cheek = curve([(548, 446), (560, 456), (568, 468), (570, 480)], 30)
        paint.multiply(
            "C9826F", sheet.stroke(mirrored(cheek, side), (0.5, 5, 6, 0.5), blur_px=3.4), 0.22
        )


def paint_closed_lids(layer: FaceLayer) -> FaceLayer:
    """Eye shadow on the skin that only closed lids show."""
    rgb, sheet = layer.rgb.copy(), layer.sheet
    x, y = sheet.grid()
    for left, top, width, height in layer.lid_skin.values():
        across, down = (x - left) / width, (y - top) / height
        within = (np.abs(across - 0.5) < 0.52) & (np.abs(down - 0.5) < 0.53)
        soft = bump(down, 0.7)
        tint = 1.0 + (colour(_SHADOW) / colour(_SHADOW).max() - 1.0) * (0.22 * soft[..., None])
        light = 1.0 + 0.07 * soft
        rgb[within] *= (tint * light[..., None])[within]
    return replace(layer, rgb=np.clip(rgb, 0.0, 1.0).astype(np.float32))


def paint_face(oversampling: int = 2) -> tuple[Paint, Floats]:
    """The face, and its normals (h, w, 3); eyes and lips are still to be cut open."""
    sheet = FACE_SHEET.at(FACE_SHEET.scale * oversampling)
    x, y = sheet.grid()
    rgb, normals = shade(face_height(x, y), sheet)
    paint = Paint(sheet, rgb, sheet.fill(jaw_outline(200), blur_px=0.8))
    rng = np.random.default_rng(52)
    _tones(paint, x, y)
    _freckles(paint, np.random.default_rng(30))
    _nose(paint, x, y)
    _lips(paint, x, y)
    for side in (-1, 1):
        _lid(paint, side)
        _brow(paint, side, rng)
    # Warm light from the window grazes the jaw on the picture's right.
    rim = np.clip(paint.alpha - sheet.blurred(paint.alpha, 4.0), 0.0, 1.0) * smoothstep(585, 630, x)
    paint.screen("FFCFA6", rim * smoothstep(400, 450, y), 0.75)
    return paint.shrunk(oversampling), normals
