"""The studio behind Mira: a soft gradient, a glow, and daylight on the wall."""

import numpy as np

from capsules.mira.raster import Paint, Sheet, gaussian, ramp, smoothstep

__all__ = ["BACKDROP_SHEET", "paint_backdrop"]

BACKDROP_SHEET = Sheet(-160.0, -160.0, 1344.0, 1344.0, 0.25)


def paint_backdrop() -> Paint:
    """An opaque sheet that reaches beyond the canvas, for camera moves."""
    sheet = BACKDROP_SHEET
    x, y = sheet.grid()
    slope = np.clip((0.35 * (x - 512) + y + 160) / 1344.0, 0.0, 1.0).astype(np.float32)
    paint = Paint(
        sheet, ramp(slope, [(0.0, "E4E6EE"), (0.4, "C3CADB"), (0.75, "98A4C0"), (1.0, "7480A2")])
    )
    paint.alpha = np.ones(sheet.shape, np.float32)
    paint.screen("FFF1E0", gaussian(x, y, (400, 300), (330, 330)), 0.55)
    paint.screen("FFCFA8", gaussian(x, y, (930, 360), (210, 330)), 0.34)
    # Daylight from a window out of sight falls across the wall in two broad, blurred bars.
    for offset, width in ((0.0, 90.0), (240.0, 70.0)):
        bar = np.abs(0.80 * (x - 640 - offset) + 0.60 * (y - 300))
        paint.screen(
            "FFEBD2", smoothstep(width + 70, width - 40, bar) * smoothstep(980, 200, y), 0.13
        )
    paint.multiply("5F6C92", smoothstep(470, 1010, np.hypot(x - 512, (y - 400) * 0.9)), 0.45)
    # A trace of grain keeps the gradient from banding once it is encoded.
    rng = np.random.default_rng(3)
    paint.rgb += rng.normal(0.0, 0.0035, paint.rgb.shape).astype(np.float32)
    return paint
