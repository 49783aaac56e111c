"""Where Mira's features lie: the curves that the drawing, the meshes and the bases share.

The face is symmetrical about x = 512 at rest; `side` is +1 for the picture's right (the avatar's
left) and -1 for the other.
"""

from dataclasses import dataclass

import numpy as np
from scipy import interpolate

from capsules.mira.raster import Floats, curve, floats

__all__ = [
    "CENTRE_X",
    "EYE",
    "LIP_HALF_WIDTH",
    "brow",
    "eye_lids",
    "jaw_outline",
    "lip_curves",
    "lip_line_y",
    "mirrored",
]

CENTRE_X = 512.0
LIP_HALF_WIDTH = 53.0


@dataclass(frozen=True, slots=True)
class _Eye:
    """Of the picture's right eye, canvas pixels."""

    centre: tuple[float, float] = (585.5, 349.6)
    iris_radius: float = 19.6


EYE = _Eye()


def mirrored(points: Floats, side: int) -> Floats:
    """Points of the picture's right side, moved to the other for side -1."""
    out = points.copy()
    if side < 0:
        out[:, 0] = 2.0 * CENTRE_X - out[:, 0]
    return out


def eye_lids(side: int, count: int = 25) -> tuple[Floats, Floats]:
    """Upper and lower lid edge (count, 2), both from the inner to the outer corner."""
    upper = curve(
        [
            (548.5, 358.5),
            (555, 349.5),
            (568, 338),
            (586, 333),
            (604, 335),
            (617, 340.5),
            (626, 346),
        ],
        count,
    )
    lower = curve(
        [
            (548.5, 358.5),
            (557, 361.8),
            (572, 366.8),
            (588, 368.4),
            (604, 364.6),
            (617, 356),
            (626, 346),
        ],
        count,
    )
    return mirrored(upper, side), mirrored(lower, side)


def brow(side: int, count: int = 24) -> tuple[Floats, Floats]:
    """Centre line of a brow (count, 2) from the inside out, and its width at each point."""
    line = curve(
        [(547, 307.5), (562, 301.5), (584, 295), (606, 293), (625, 298), (641, 309)], count
    )
    t = np.linspace(0.0, 1.0, count)
    width = np.interp(t, [0.0, 0.08, 0.3, 0.6, 0.85, 1.0], [6.0, 10.0, 11.0, 8.6, 4.8, 1.2])
    return mirrored(line, side), width.astype(np.float32)


def lip_line_y(x: Floats) -> Floats:
    """Height of the line where the closed lips meet, for any x."""
    d = np.clip(np.abs(x - CENTRE_X) / LIP_HALF_WIDTH, 0.0, 1.0)
    at = [0.0, 0.12, 0.3, 0.55, 0.8, 0.93, 1.0]
    y = [483.4, 482.6, 481.8, 482.0, 478.6, 474.6, 471.6]
    return floats(interpolate.PchipInterpolator(at, y)(d))


def lip_curves(count: int = 33) -> tuple[Floats, Floats, Floats]:
    """Upper border, meeting line and lower border of the lips, left to right in the picture."""
    x = np.linspace(-1.0, 1.0, count)
    # Denser towards the corners, where the curves close in on each other.
    x = np.sin(x * np.pi / 2.0) * 0.8 + x * 0.2
    xs = (CENTRE_X + x * LIP_HALF_WIDTH).astype(np.float32)
    d = np.abs(x)
    upper = np.interp(
        d,
        [0, 0.06, 0.17, 0.25, 0.5, 0.75, 0.92, 1],
        [469.6, 468.8, 466.0, 466.0, 468.6, 470.9, 471.5, 471.6],
    )
    lower = np.interp(
        d, [0, 0.2, 0.4, 0.6, 0.8, 0.93, 1], [502.2, 501.8, 499.4, 493.8, 484.9, 476.7, 471.6]
    )
    smooth = np.array([0.25, 0.5, 0.25])
    for row in (upper, lower):
        row[1:-1] = np.convolve(row, smooth, mode="valid")
    line = lip_line_y(xs)
    line[0] = line[-1] = 471.6
    return (
        np.stack([xs, upper], 1).astype(np.float32),
        np.stack([xs, line], 1).astype(np.float32),
        np.stack([xs, lower], 1).astype(np.float32),
    )


def jaw_outline(count: int = 120) -> Floats:
    """The face's outline, closed, from the top of the forehead clockwise."""
    right = [
        (512, 138),
        (572, 146),
        (622, 176),
        (651, 228),
        (659, 290),
        (658, 345),
        (653, 395),
        (642, 440),
        (624, 482),
        (598, 518),
        (566, 546),
        (536, 559.5),
        (512, 562),
    ]
    left = [(2 * CENTRE_X - x, y) for x, y in right[-2:0:-1]]
    return curve([*right, *left], count, closed=True)
