"""What lies behind the lips: the dark, the teeth and the tongue."""

import numpy as np

from capsules.mira.features import CENTRE_X, LIP_HALF_WIDTH, lip_line_y
from capsules.mira.raster import Floats, Paint, Sheet, curve, floats, gaussian, smoothstep

__all__ = [
    "TEETH_LINE_Y",
    "paint_cavity",
    "paint_lip_shade",
    "paint_lower_teeth",
    "paint_tongue",
    "paint_tongue_tip",
    "paint_upper_teeth",
]

LIP_SHADE_SHEET = Sheet(456.0, 462.0, 112.0, 32.0, 1.25)
CAVITY_SHEET = Sheet(432.0, 450.0, 160.0, 86.0, 1.25)
UPPER_TEETH_SHEET = Sheet(466.0, 458.0, 92.0, 36.0, 1.5)
TEETH_LINE_Y = 490.4
"""Where the upper teeth end in the middle, canvas pixels."""
LOWER_TEETH_SHEET = Sheet(462.0, 480.0, 100.0, 40.0, 1.5)
TONGUE_SHEET = Sheet(466.0, 484.0, 92.0, 56.0, 1.25)
TONGUE_TIP_SHEET = Sheet(476.0, 480.0, 72.0, 60.0, 1.5)

# Half widths of the upper and the lower teeth from the middle outwards, canvas pixels.
_UPPER = (9.6, 8.0, 8.4, 7.0, 6.0)
_LOWER = (5.8, 6.2, 6.8, 6.4, 5.6)


def _tooth_row(
    paint: Paint, widths: tuple[float, ...], top: float, bottom: tuple[float, ...]
) -> Floats:
    """Paints a row of teeth; `bottom` is each tooth's free edge. Gives back its coverage."""
    sheet = paint.sheet
    x, y = sheet.grid()
    row = np.zeros(sheet.shape, np.float32)
    # The dark of the cavity must not show between teeth: enamel in shadow lies behind them.
    reach, sink = sum(widths) - 2.0, 3.0 if bottom[0] > top else -3.0
    ends = [
        (CENTRE_X + s * (reach * k), bottom[min(round(k * 4), 4)] - sink)
        for s, k in ((-1, 1), (-1, 0.5), (1, 0), (1, 0.5), (1, 1))
    ]
    behind = floats([(CENTRE_X - reach, top), *ends, (CENTRE_X + reach, top)])
    paint.cover("B98F80", sheet.fill(behind, blur_px=0.5))
    for side in (-1, 1):
        at = 0.1
        for k, width in enumerate(widths):
            left, right = at, at + width - 0.25
            edge, mid = bottom[k], (at + at + width) / 2
            sag = 1.3 if edge > top else -1.0
            shape = curve(
                [
                    (left, top),
                    (left + 0.1, edge - sag),
                    (left + 1.6, edge),
                    (right - 1.6, edge),
                    (right - 0.1, edge - sag),
                    (right, top),
                ],
                60,
            )
            shape = shape * floats([side, 1.0]) + floats([CENTRE_X, 0.0])
            mask = sheet.fill(shape, blur_px=0.35)
            paint.cover("F3EAE0", mask)
            paint.multiply(
                "B98C7C",
                mask * gaussian(x, y, (CENTRE_X + side * right, (top + edge) / 2), (0.7, 16)),
                0.34,
            )
            paint.screen(
                "FFFFFF",
                mask
                * gaussian(x, y, (CENTRE_X + side * (mid - 0.6), (top + 2 * edge) / 3), (1.9, 5)),
                0.32,
            )
            paint.multiply("8E5A50", mask, 0.10 * k)
            row = np.maximum(row, mask)
            at += width
    return row


def paint_cavity(oversampling: int = 2) -> Paint:
    """The dark behind the teeth."""
    sheet = CAVITY_SHEET.at(CAVITY_SHEET.scale * oversampling)
    x, y = sheet.grid()
    cavity = sheet.fill(
        curve(
            [
                (438, 472),
                (466, 460),
                (512, 456),
                (558, 460),
                (586, 472),
                (572, 508),
                (546, 526),
                (512, 531),
                (478, 526),
                (452, 508),
            ],
            80,
            closed=True,
        ),
        blur_px=1.0,
    )
    paint = Paint.plain(sheet, "4A1418", cavity)
    paint.multiply("3A1216", gaussian(x, y, (CENTRE_X, 505), (30, 22)), 0.72)
    paint.glaze("A24B4B", smoothstep(474, 462, y) * cavity, 0.9)
    paint.multiply("7A4A48", smoothstep(481, 474, y), 0.55)
    paint.multiply("5C2E2E", smoothstep(22, 46, np.abs(x - CENTRE_X)), 0.62)
    return paint.shrunk(oversampling)


def paint_upper_teeth(oversampling: int = 2) -> Paint:
    """The upper teeth and their gum."""
    sheet = UPPER_TEETH_SHEET.at(UPPER_TEETH_SHEET.scale * oversampling)
    x, y = sheet.grid()
    gum = curve([(470, 474), (486, 462), (512, 460), (538, 462), (554, 474), (512, 478)], 60,
                closed=True)  # fmt: skip
    paint = Paint.plain(sheet, "A24B4B", sheet.fill(gum, blur_px=1.4))
    _tooth_row(paint, _UPPER, 464.0, (TEETH_LINE_Y, 489.2, 489.8, 488.0, 486.0))
    paint.multiply("7A4A48", smoothstep(481, 474, y), 0.55)
    paint.multiply("5C2E2E", smoothstep(22, 46, np.abs(x - CENTRE_X)), 0.62)
    return paint.shrunk(oversampling)


def paint_lip_shade(oversampling: int = 2) -> Paint:
    """The shadow of the upper lip on the teeth."""
    sheet = LIP_SHADE_SHEET.at(LIP_SHADE_SHEET.scale * oversampling)
    x, y = sheet.grid()
    below = y - lip_line_y(x)
    across = np.abs(x - CENTRE_X) / LIP_HALF_WIDTH
    deep = smoothstep(10.0, 4.4, below) * smoothstep(0.98, 0.86, across)
    return Paint.plain(sheet, "582225", (0.96 * deep).astype(np.float32)).shrunk(oversampling)


def paint_lower_teeth(oversampling: int = 2) -> Paint:
    """The lower teeth and their gum."""
    sheet = LOWER_TEETH_SHEET.at(LOWER_TEETH_SHEET.scale * oversampling)
    x, y = sheet.grid()
    gum = sheet.fill(
        curve(
            [
                (470, 503),
                (490, 499),
                (512, 498),
                (534, 499),
                (554, 503),
                (546, 516),
                (512, 519),
                (478, 516),
            ],
            60,
            closed=True,
        ),
        blur_px=1.4,
    )
    paint = Paint.plain(sheet, "9C4A4A", gum)
    _tooth_row(paint, _LOWER, 505.0, (485.6, 485.8, 486.4, 487.6, 489.6))
    paint.multiply("7A4440", smoothstep(490, 503, y), 0.55)
    # The upper teeth stand in front and darken the edge of the lower.
    paint.multiply("6E3A36", smoothstep(489.5, 486.0, y), 0.62)
    paint.multiply("5C2E2E", smoothstep(12, 34, np.abs(x - CENTRE_X)), 0.62)
    paint.multiply("C9A79C", np.ones_like(x), 0.45)
    return paint.shrunk(oversampling)


def paint_tongue(oversampling: int = 2) -> Paint:
    """The tongue as it lies behind the lower teeth."""
    sheet = TONGUE_SHEET.at(TONGUE_SHEET.scale * oversampling)
    x, y = sheet.grid()
    shape = curve(
        [
            (474, 520),
            (484, 502),
            (500, 495),
            (512, 497),
            (524, 495),
            (540, 502),
            (550, 520),
            (538, 534),
            (512, 538),
            (486, 534),
        ],
        80,
        closed=True,
    )
    paint = Paint.plain(sheet, "B9565A", sheet.fill(shape, blur_px=1.3))
    paint.screen("E39A96", gaussian(x, y, (CENTRE_X - 12, 506), (12, 6)), 0.42)
    paint.screen("E39A96", gaussian(x, y, (CENTRE_X + 13, 506), (11, 6)), 0.28)
    paint.multiply("7A2F38", gaussian(x, y, (CENTRE_X, 512), (2.6, 18)), 0.55)
    paint.multiply("5E2029", smoothstep(24, 42, np.abs(x - CENTRE_X)), 0.7)
    paint.multiply("6E2A32", smoothstep(505, 492, y), 0.45)
    return paint.shrunk(oversampling)


def paint_tongue_tip(oversampling: int = 2) -> Paint:
    """The tongue as it shows beyond the teeth, hanging; the part lies folded away at rest."""
    sheet = TONGUE_TIP_SHEET.at(TONGUE_TIP_SHEET.scale * oversampling)
    x, y = sheet.grid()
    shape = curve(
        [
            (489, 485),
            (501, 481.6),
            (512, 480.8),
            (523, 481.6),
            (535, 485),
            (539.5, 504),
            (532, 526),
            (512, 537),
            (492, 526),
            (484.5, 504),
        ],
        80,
        closed=True,
    )
    root = y - 480.5 - 0.011 * (x - CENTRE_X) ** 2
    cover = sheet.fill(shape, blur_px=0.9) * smoothstep(0.0, 9.0, root)
    paint = Paint.plain(sheet, "CF686A", cover)
    paint.multiply("6E2530", smoothstep(508, 484, y), 0.42)
    paint.multiply("8A343E", gaussian(x, y, (CENTRE_X, 505), (2.2, 15)), 0.42)
    paint.multiply("9C434A", smoothstep(15, 27, np.abs(x - CENTRE_X)), 0.60)
    paint.multiply("9C434A", smoothstep(523, 536, y), 0.5)
    paint.screen("FFC7C0", gaussian(x, y, (CENTRE_X - 9, 516), (6.5, 7)), 0.42)
    paint.screen("FFC7C0", gaussian(x, y, (CENTRE_X + 11, 516), (4.5, 6)), 0.28)
    return paint.shrunk(oversampling)
