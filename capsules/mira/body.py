"""Neck, shoulders and sweater."""

import numpy as np
from scipy import ndimage

from capsules.mira.features import CENTRE_X, mirrored
from capsules.mira.raster import Floats, Paint, Sheet, curve, floats, gaussian, ramp, smoothstep
from capsules.mira.skin import normals_of, shade

__all__ = ["BODY_SHEET", "CLOTH_RAMP", "paint_body"]

BODY_SHEET = Sheet(-40.0, 470.0, 1104.0, 660.0, 1.2)
CLOTH_RAMP = (
    (0.0, "0E2A33"), (0.25, "1B4650"), (0.5, "2C6870"), (0.75, "4A8E92"), (1.0, "8CC1BE"),
)  # fmt: skip


def _symmetric(points: list[tuple[float, float]], count: int) -> Floats:
    left = [(2 * CENTRE_X - x, y) for x, y in points[::-1] if x != CENTRE_X]
    return curve([*left, *points], count)


def _neck_outline() -> Floats:
    right = curve(
        [(574, 470), (577, 540), (579, 585), (586, 614), (602, 636), (618, 656), (626, 700)], 60
    )
    left = mirrored(right, -1)
    return np.vstack([right, floats([[640, 780], [384, 780]]), left[::-1]])


def _collar() -> Floats:
    """The neckline from left to right."""
    return _symmetric([(512, 716), (544, 710), (574, 692), (594, 664), (602, 630)], 90)


def _torso_outline() -> Floats:
    right = curve(
        [
            (602, 630),
            (630, 644),
            (664, 657),
            (724, 677),
            (790, 703),
            (846, 742),
            (882, 800),
            (902, 880),
            (914, 980),
            (926, 1140),
        ],
        90,
    )
    return np.vstack([_collar(), right, mirrored(right, -1)[::-1]])


def _skin(paint_sheet: Sheet) -> tuple[Floats, Floats]:
    x, y = paint_sheet.grid()
    widen = 80.0 + 1.0 * np.clip(y - 590, 0, 200) ** 1.15
    z = 80.0 * np.sqrt(np.clip(1.0 - (np.abs(x - CENTRE_X) / widen) ** 2.2, 0.0, 1.0))
    for side in (-1, 1):
        tendon = (CENTRE_X + side * 34, 610)
        z += 5.0 * gaussian(x, y, tendon, (7, 70), side * 20)
        z += 7.0 * gaussian(x, y, (CENTRE_X + side * 62, 672), (44, 5.5), side * -9)
        z -= 5.0 * gaussian(x, y, (CENTRE_X + side * 66, 658), (40, 7), side * -9)
    z -= 8.0 * gaussian(x, y, (CENTRE_X, 672), (10, 12))
    return shade(
        ndimage.gaussian_filter(z, 1.5 * paint_sheet.scale).astype(np.float32),
        paint_sheet,
        cavity=0.6,
    )


# Folds on the picture's right side: points from the tight end to the loose, width and depth.
_FOLDS: tuple[tuple[tuple[tuple[float, float], ...], float, float], ...] = (
    # They gather at the armpit and run out over the chest.
    (((800, 806), (776, 776), (742, 756), (700, 748)), 11.0, 0.46),
    (((800, 820), (766, 812), (728, 818), (690, 838)), 12.0, 0.58),
    (((797, 836), (770, 852), (744, 886), (730, 934)), 12.0, 0.52),
    (((796, 850), (782, 890), (772, 940), (770, 1000)), 9.0, 0.34),
    (((799, 812), (806, 780), (824, 750), (850, 734)), 11.0, 0.40),
    # The sleeve bunches towards the elbow.
    (((802, 858), (828, 872), (862, 870), (894, 846)), 11.0, 0.40),
    (((906, 912), (880, 936), (846, 944), (812, 930)), 12.0, 0.46),
    (((802, 962), (836, 990), (872, 994), (906, 974)), 11.0, 0.44),
    (((912, 1020), (884, 1040), (846, 1042), (808, 1026)), 12.0, 0.38),
    # From the collar.
    (((640, 690), (664, 730), (676, 776), (672, 822)), 15.0, 0.22),
    (((556, 746), (574, 792), (580, 850), (572, 912)), 18.0, 0.13),
)


def _cloth_height(sheet: Sheet) -> Floats:
    x, y = sheet.grid()
    low = sheet.at(0.25)
    inside = low.fill(_torso_outline()) > 0.5
    depth = np.minimum(ndimage.distance_transform_edt(inside) / low.scale, 150.0) / 150.0
    dome = 95.0 * np.sqrt(np.clip(1.0 - (1.0 - depth) ** 2, 0.0, 1.0))
    dome = ndimage.gaussian_filter(dome, 14.0 * low.scale)
    z = ndimage.zoom(dome, np.array(sheet.shape) / dome.shape, order=1).astype(np.float32)
    for side in (-1, 1):
        z += 26.0 * gaussian(x, y, (CENTRE_X + side * 116, 905), (88, 84))
        # The arm hangs before the side of the chest; a soft valley parts them.
        arm = curve([(792, 816), (789, 900), (784, 1000), (782, 1140)], 40)
        z -= 17.0 * sheet.stroke(mirrored(arm, side), (10, 26, 30, 30), blur_px=8.0)
    return np.asarray(z, np.float32)


def _folds(paint: Paint) -> None:
    sheet, cover = paint.sheet, paint.alpha
    for side in (-1, 1):
        for points, width, depth in _FOLDS:
            line = mirrored(curve(points, 40), side)
            shape = (0.3, 0.9 * width, width, 0.7 * width, 0.4 * width, 0.2)
            core = sheet.stroke(line, shape, blur_px=0.75 * width) * cover
            thin = (0.2, 0.34 * width, 0.3 * width, 0.16 * width, 0.1)
            valley = sheet.stroke(line, thin, blur_px=0.26 * width) * cover
            crest = sheet.stroke(
                line + floats([-0.25 * width, -0.9 * width]), shape, blur_px=0.7 * width
            )
            foot = sheet.stroke(
                line + floats([0.2 * width, 0.95 * width]), shape, blur_px=0.8 * width
            )
            paint.multiply("1D4C55", core, 0.8 * depth)
            paint.multiply("17424B", valley, 0.55 * depth)
            paint.screen("7FBDBB", crest * cover, 0.42 * depth)
            paint.screen("5FA2A4", foot * cover, 0.22 * depth)
        arm = mirrored(curve([(793, 818), (789, 900), (784, 1000), (782, 1140)], 40), side)
        paint.multiply("123A43", sheet.stroke(arm, (2, 6, 7, 6), blur_px=2.4) * cover, 0.62)


def _knit(x: Floats, y: Floats) -> Floats:
    """Stocking stitch, [-1, 1]: columns of small Vs."""
    column = np.abs(np.mod(x / 6.4, 1.0) - 0.5)
    stitch = np.sin(2.0 * np.pi * (y / 5.2 - 1.3 * column))
    return np.asarray(stitch * smoothstep(0.0, 0.16, 0.5 - column) - 0.5 * (column > 0.44))


def _sweater(sheet: Sheet) -> tuple[Paint, Floats]:
    x, y = sheet.grid()
    normals = normals_of(_cloth_height(sheet), sheet)
    key = np.array([-0.45, -0.6, 0.66], np.float32)
    lit = np.clip(normals @ (key / np.linalg.norm(key)) * 0.75 + 0.25, 0.0, 1.0)
    light = 0.12 + 0.60 * lit**1.2 - 0.12 * smoothstep(780, 1060, y)
    rng = np.random.default_rng(9)
    grain = ndimage.gaussian_filter(
        rng.normal(size=sheet.shape), (1.1 * sheet.scale, 0.3 * sheet.scale)
    )
    light = light + 0.008 * (grain / grain.std()) + 0.020 * _knit(x, y)
    paint = Paint(
        sheet, ramp(np.clip(light, 0, 1), CLOTH_RAMP), sheet.fill(_torso_outline(), blur_px=0.9)
    )
    _folds(paint)
    edge = np.clip(paint.alpha - sheet.blurred(paint.alpha, 5.0), 0.0, 1.0)
    paint.screen("FFD2A6", edge * smoothstep(640, 800, x), 0.60)
    paint.screen("C9E2F0", edge * smoothstep(390, 230, x), 0.35)
    _ribbing(paint, x, y)
    return paint, normals


def _ribbing(paint: Paint, x: Floats, y: Floats) -> None:
    sheet, line = paint.sheet, _collar()
    band = sheet.stroke(line + floats([0, 9]), (22, 22, 22), blur_px=0.8) * paint.alpha
    angle = np.arctan2(y - 610.0, x - CENTRE_X)
    ribs = (0.5 + 0.5 * np.sin(angle * 92.0)).astype(np.float32)
    paint.screen("5FA3A4", band * ribs, 0.30)
    paint.multiply("123640", band * (1 - ribs), 0.45)
    under = sheet.stroke(line + floats([0, 22]), (3, 6, 6, 3), blur_px=2.6)
    paint.multiply("0E2B33", under * paint.alpha, 0.55)
    paint.screen(
        "A9D6D2", sheet.stroke(line + floats([0, 1.6]), (1, 2.4, 2.4, 1), blur_px=1.0), 0.32
    )


def _necklace(paint: Paint) -> None:
    """A fine chain with a small drop, following the neck."""
    sheet = paint.sheet
    chain = _symmetric([(512, 688), (536, 678), (558, 658), (577, 628), (590, 592)], 80)
    paint.multiply("8A5040", sheet.stroke(chain + floats([1.2, 2.0]), (2.2, 2.2), blur_px=1.2), 0.5)
    paint.glaze("B98238", sheet.stroke(chain, (1.7, 1.7), blur_px=0.3), 0.95)
    links = [chain[i : i + 2] for i in range(0, 79, 2)]
    paint.glaze("F7DC9A", sheet.strokes(links, (1.0, 1.0), blur_px=0.3), 0.8)
    x, y = sheet.grid()
    drop = gaussian(x, y, (CENTRE_X, 693.5), (3.2, 3.8))
    paint.multiply("8A5040", gaussian(x, y, (CENTRE_X + 1.6, 696.5), (4, 4)), 0.45)
    paint.glaze("C08A3C", smoothstep(0.35, 0.6, drop), 1.0)
    paint.glaze(
        "FFF0C4", smoothstep(0.5, 0.95, gaussian(x, y, (CENTRE_X - 1.0, 692.2), (1.5, 1.6))), 0.9
    )


def paint_body(oversampling: int = 1) -> tuple[Paint, Floats]:
    """Neck and sweater in one sheet, and normals (h, w, 3)."""
    sheet = BODY_SHEET.at(BODY_SHEET.scale * oversampling)
    x, y = sheet.grid()
    rgb, skin_normals = _skin(sheet)
    paint = Paint(sheet, rgb, sheet.fill(_neck_outline(), blur_px=0.9))
    # The head's shadow on the neck, and the hair's on its sides.
    jaw = curve(
        [
            (440, 470),
            (584, 470),
            (592, 560),
            (574, 606),
            (540, 634),
            (508, 640),
            (478, 628),
            (452, 594),
            (436, 540),
        ],
        80,
        closed=True,
    )
    paint.multiply("A25C49", sheet.fill(jaw, blur_px=9.0), 0.72)
    paint.multiply("7C3A2E", sheet.fill(jaw - floats([0, 34]), blur_px=10.0), 0.5)
    paint.multiply(
        "A56A58", smoothstep(38, 76, np.abs(x - CENTRE_X)) * smoothstep(680, 600, y), 0.5
    )
    paint.multiply("B9705A", smoothstep(60, 118, np.abs(x - CENTRE_X)), 0.42)
    paint.multiply("F0A08C", gaussian(x, y, (CENTRE_X, 690), (50, 24)), 0.18)
    _necklace(paint)
    cloth, cloth_normals = _sweater(sheet)
    shadow = sheet.stroke(_collar() + floats([0, -3]), (4, 10, 12, 10, 4), blur_px=4.0)
    paint.multiply("8A4838", shadow, 0.55)
    lay = np.concatenate([cloth.rgb * cloth.alpha[..., None], cloth.alpha[..., None]], axis=2)
    paint.over(lay.astype(np.float32))
    normals = skin_normals + (cloth_normals - skin_normals) * cloth.alpha[..., None]
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    # Under the hair on both shoulders.
    for side in (-1, 1):
        paint.multiply("1A2426", gaussian(x, y, (CENTRE_X + side * 178, 655), (52, 34)), 0.5)
    return (paint.shrunk(oversampling) if oversampling > 1 else paint), normals.astype(np.float32)
