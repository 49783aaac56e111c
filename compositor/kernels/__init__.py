"""The numba kernels of the CPU backend: pure functions over arrays, one core, no GIL.

Pictures are (h, w) uint32, one pixel each, R in the low byte, then G, B and A, premultiplied.
Textures are (h, w) uint64: R, B, G and A in lanes of 16 bits, the lowest first, which lets one
multiplication weight all four (half the time of unpacking bytes). They carry a border of `BORDER`
repeated texels on every side, so that sampling needs no clamping.
"""

import numpy as np

from compositor.kernels._accumulate import accumulate, add_residual, transform
from compositor.kernels._convert import grade, i420
from compositor.kernels._output import compose, grade_covered, i420_covered
from compositor.kernels._raster import ADDITIVE, MULTIPLY, OVERRIDE, draw, overlay, spread
from compositor.kernels._shade import BORDER, relight, retouch

__all__ = [
    "ADDITIVE",
    "BORDER",
    "MULTIPLY",
    "OVERRIDE",
    "accumulate",
    "add_residual",
    "compose",
    "draw",
    "grade",
    "grade_covered",
    "i420",
    "i420_covered",
    "overlay",
    "relight",
    "retouch",
    "spread",
    "transform",
    "warm",
]


def warm() -> None:
    """Compiles every kernel for the types that the CPU backend uses."""
    picture = np.zeros((8, 8), np.uint32)
    texture, changed = np.zeros((8, 8), np.uint64), np.zeros((8, 8), np.uint64)
    rest = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]], np.float32)
    points = np.zeros((3, 2), np.float64)
    indices, weights = np.zeros(1, np.int64), np.ones(1, np.float32)
    accumulate(rest, np.zeros((1, 3, 2), np.float32), indices, weights, rest.copy())
    residual = np.zeros((1, 1, 3), np.float32)
    add_residual(np.zeros((1, 1, 3), np.int8), 0, 0, 1.0, residual)
    transform(rest, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, points)
    spread(picture, texture)
    draw(picture, points, points, np.array([[0, 1, 2]], np.int32), texture)
    overlay(
        picture, texture, texture, BORDER, np.zeros((2, 2, 3)), np.zeros(2, np.uint64), OVERRIDE
    )
    retouch(texture, residual, (0.0, 0.0, 4.0, 4.0), changed)
    relight(texture, np.zeros((2, 8, 8), np.int8), np.zeros((3, 9), np.float32), changed)
    lut = np.zeros((3, 256), np.uint8)
    lut.flags.writeable = False  # as `grade_lut` makes them, which to numba is a type of its own
    grade(picture, lut)
    frame, covered = np.zeros((12, 8), np.uint8), np.zeros((12, 16), np.uint8)
    i420(picture, frame)
    grade_covered(picture, lut)
    i420_covered(picture, frame, covered)
    compose(covered, frame, frame.copy())
