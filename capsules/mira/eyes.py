"""Eyeballs, irises and upper lashes."""

import numpy as np

from capsules.mira.features import CENTRE_X, EYE, eye_lids, mirrored
from capsules.mira.raster import Floats, Paint, Sheet, curve, floats, gaussian, ramp, smoothstep

__all__ = [
    "EYES_SHEET",
    "iris_centre",
    "iris_sheet",
    "lash_sheet",
    "paint_eyes",
    "paint_iris",
    "paint_lashes",
    "paint_lid_shade",
]

_SHADE_PX = 14.0  # how far the shadow of the upper lid reaches down

EYES_SHEET = Sheet(390.0, 314.0, 244.0, 66.0, 1.5)


def iris_centre(side: int) -> tuple[float, float]:
    """Where an iris rests, canvas pixels."""
    return CENTRE_X + side * (EYE.centre[0] - CENTRE_X), EYE.centre[1] - 0.8


def iris_sheet(side: int) -> Sheet:
    """The square about an iris."""
    x, y = iris_centre(side)
    return Sheet(x - 23.0, y - 23.0, 46.0, 46.0, 3.0)


def lash_sheet(side: int) -> Sheet:
    """The rectangle of the upper lashes."""
    left = 544.0 if side > 0 else 2.0 * CENTRE_X - 644.0
    return Sheet(left, 310.0, 100.0, 56.0, 2.4)


def paint_eyes(oversampling: int = 2) -> tuple[Paint, Floats]:
    """Both eyeballs, a little larger than the openings, and their normals (h, w, 3)."""
    sheet = EYES_SHEET.at(EYES_SHEET.scale * oversampling)
    x, y = sheet.grid()
    paint = Paint.plain(sheet, "EFE6E1")
    normals = np.zeros((*sheet.shape, 3), np.float32)
    normals[..., 2] = 1.0
    for side in (-1, 1):
        cx, cy = iris_centre(side)
        near = smoothstep(56, 54, np.abs(x - cx))
        paint.alpha = np.maximum(paint.alpha, near)
        far = np.hypot((x - cx) / 37.0, (y - cy) / 27.0)
        paint.multiply("D7A79B", near * smoothstep(0.5, 1.2, far), 0.66)
        paint.multiply("B9A3A8", near * smoothstep(cy + 2, cy - 21, y), 0.52)
        paint.multiply("CDB2B0", near * smoothstep(cy + 14, cy + 22, y), 0.5)
        paint.screen("FFFFFF", near * gaussian(x, y, (cx - 17, cy + 4), (6, 8)), 0.35)
        tear = (CENTRE_X + side * 41.5, 358.2)
        paint.glaze("DE8E84", gaussian(x, y, tear, (6.0, 4.0)), 0.95)
        paint.screen("FFE3DC", gaussian(x, y, (tear[0] + 0.8, tear[1] - 0.6), (1.6, 1.0)), 0.6)
        normals[..., 0] += near * np.clip((x - cx) / 60.0, -0.7, 0.7)
        normals[..., 1] += near * np.clip((y - cy) / 60.0, -0.7, 0.7)
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    return paint.shrunk(oversampling), normals


def paint_iris(side: int, oversampling: int = 2) -> Paint:
    """An iris with limbal ring, fibres, pupil and catchlights."""
    sheet = iris_sheet(side)
    sheet = sheet.at(sheet.scale * oversampling)
    x, y = sheet.grid()
    cx, cy = iris_centre(side)
    dx, dy = x - cx, y - cy
    r = np.hypot(dx, dy) / EYE.iris_radius
    angle = np.arctan2(dy, dx)
    rng = np.random.default_rng(7)
    fibres = np.zeros_like(r)
    for k in (17, 29, 43, 67, 90):
        fibres += np.sin(k * angle + rng.uniform(0, 6.3) + 2.2 * r * rng.uniform(-1, 1)) / 5.0
    warp = r + 0.035 * fibres
    rgb = ramp(
        warp,
        [
            (0.30, "24150C"),
            (0.42, "6B3F1A"),
            (0.54, "8C6630"),
            (0.67, "6E6436"),
            (0.80, "4C5A36"),
            (0.90, "2C3A28"),
            (0.99, "171C16"),
        ],
    )
    paint = Paint(sheet, rgb, smoothstep(1.03, 0.955, r))
    paint.screen(
        "E8C987", np.clip(fibres, 0, 1) * smoothstep(0.38, 0.5, r) * smoothstep(0.92, 0.7, r), 0.50
    )
    paint.multiply(
        "4A3A20", np.clip(-fibres, 0, 1) * smoothstep(0.38, 0.5, r) * smoothstep(0.95, 0.8, r), 0.45
    )
    # Light enters from the upper left and leaves through the lower right of the iris.
    paint.screen(
        "D9C27A", gaussian(dx, dy, (3.5, 8.0), (9.0, 5.2)) * smoothstep(0.36, 0.5, r), 0.52
    )
    paint.multiply("2A2320", smoothstep(-3.0, -15.0, dy), 0.72)
    paint.glaze("0D0908", smoothstep(0.435, 0.375, r), 0.98)
    window = gaussian(dx, dy, (-5.7, -5.9), (2.8, 3.2), -14)
    paint.glaze("FFFFFF", smoothstep(0.36, 0.62, window), 0.95)
    paint.glaze("FFFFFF", smoothstep(0.40, 0.7, gaussian(dx, dy, (6.0, 6.2), (1.5, 1.3))), 0.45)
    paint.screen("BFD3E6", gaussian(dx, dy, (3.0, -8.2), (6.0, 3.0)), 0.20)
    return paint.shrunk(oversampling)


def paint_lashes(side: int, oversampling: int = 2) -> Paint:
    """Upper lashes that fan outwards from the lid edge, longest outside."""
    sheet = lash_sheet(side)
    sheet = sheet.at(sheet.scale * oversampling)
    upper, _ = eye_lids(1, 121)
    rng = np.random.default_rng(11)
    hairs = []
    for k in range(27):
        t = 0.24 + 0.76 * (k / 26.0) ** 0.92
        length = float(np.interp(t, [0.2, 0.5, 0.85, 1.0], [2.5, 5.5, 11.0, 12.0]))
        lean = float(np.interp(t, [0.2, 0.5, 0.8, 1.0], [-92, -72, -44, -20]))
        place = float(np.clip(t + rng.uniform(-0.01, 0.01), 0.0, 1.0))
        root = upper[round(place * 120)] + floats([0.0, -1.2])
        turn, reach = np.radians(lean + rng.uniform(-9, 9)), length * rng.uniform(0.7, 1.1)
        tip = root + reach * floats([np.cos(turn), np.sin(turn)])
        bend = (root + tip) / 2 + floats([0.17, 0.18]) * reach
        hairs.append(mirrored(curve([tuple(root), tuple(bend), tuple(tip)], 9), side))
    cover = sheet.strokes(hairs, (1.7, 1.1, 0.15))
    return Paint.plain(sheet, "2A1511", cover * 0.88).shrunk(oversampling)


def paint_lid_shade(side: int, oversampling: int = 2) -> Paint:
    """The upper lid's shadow on the eyeball, softly ending below."""
    sheet = lash_sheet(side)
    sheet = sheet.at(0.5 * sheet.scale * oversampling)
    upper, _ = eye_lids(side, 80)
    paint = Paint.plain(sheet, "3A1A1A")
    for drop, blur, strength in ((1.6, 1.5, 0.52), (5.0, 4.0, 0.34)):
        band = sheet.stroke(upper + floats([0, drop]), (1, 4, 5, 5, 4, 1), blur_px=blur)
        paint.cover_shadow(band * strength, "3A1A1A")
    # Nothing is left of it where its mesh ends.
    x, y = sheet.grid()
    order = np.argsort(upper[:, 0])
    below = y - np.interp(x, upper[order, 0], upper[order, 1])
    paint.alpha *= smoothstep(_SHADE_PX, 0.6 * _SHADE_PX, below)
    return paint.shrunk(oversampling)
