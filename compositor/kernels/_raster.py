"""Kernels that draw textured triangles.

numba turns mixed signed and unsigned arithmetic into float64, hence the typed constants.
"""

import numpy as np
from numpy.typing import NDArray

from capsules.kernel import kernel

__all__ = ["draw", "spread"]

_LOW_PAIR = np.uint64(0x00FF00FF)
_HIGH_PAIR = np.uint64(0xFF00FF00)
_LANES = np.uint64(0x00FF00FF00FF00FF)
_HALF = np.uint64(0x0080008000800080)
_SHIFT_8 = np.uint64(8)
_SHIFT_16 = np.uint64(16)
_SHIFT_24 = np.uint64(24)
_SHIFT_48 = np.uint64(48)
_U1 = np.uint64(1)
_U255 = np.uint64(255)
_U256 = np.uint64(256)

_FURTHEST_PX = 1e5  # beyond it a triangle is taken for broken
_STEEPEST = 1e6  # texels a pixel; only slivers are steeper


@kernel
def _spread(pixel: np.uint32) -> np.uint64:
    wide = np.uint64(pixel)
    return (wide & _LOW_PAIR) | ((wide & _HIGH_PAIR) << _SHIFT_24)


@kernel
def _pack(lanes: np.uint64) -> np.uint32:
    return np.uint32((lanes & _LOW_PAIR) | ((lanes >> _SHIFT_24) & _HIGH_PAIR))


@kernel
def spread(picture: NDArray[np.uint32], out: NDArray[np.uint64]) -> None:
    """Writes a picture as a texture of the same shape."""
    for y in range(picture.shape[0]):
        for x in range(picture.shape[1]):
            out[y, x] = _spread(picture[y, x])


@kernel
def _draw_span(
    pixels: NDArray[np.uint32],
    first: np.uint64,
    last: np.uint64,
    u: np.uint64,
    v: np.uint64,
    du: np.uint64,
    dv: np.uint64,
    texels: NDArray[np.uint64],
    stride: np.uint64,
) -> None:
    """Draws pixels [first, last); (u, v) is the first one's texel, 16.16 fixed point.

    Both arrays are flat and all indices unsigned: a row's own view and checks for negative indices
    would cost a twentieth of the time.
    """
    for x in range(first, last):
        at = (v >> _SHIFT_16) * stride + (u >> _SHIFT_16)
        p00, p01 = texels[at], texels[at + _U1]
        at += stride
        p10, p11 = texels[at], texels[at + _U1]
        if p00 | p01 | p10 | p11:
            fx = (u >> _SHIFT_8) & _U255
            fy = (v >> _SHIFT_8) & _U255
            w11 = (fx * fy) >> _SHIFT_8
            w01 = fx - w11
            w10 = fy - w11
            w00 = _U256 - fx - w10
            mixed = p00 * w00 + p01 * w01 + p10 * w10 + p11 * w11
            source = ((mixed + _HALF) >> _SHIFT_8) & _LANES
            alpha = source >> _SHIFT_48
            if alpha != _U255:
                # x / 255 rounded is (x + 128 + (x + 128) / 256) / 256
                under = _spread(pixels[x]) * (_U255 - alpha) + _HALF
                source += ((under + ((under >> _SHIFT_8) & _LANES)) >> _SHIFT_8) & _LANES
            pixels[x] = _pack(source)
        u += du
        v += dv


@kernel
def _along(start: float, step: int, count: int, end: int) -> tuple[np.uint64, np.uint64]:
    """First coordinate and step of a span, 16.16 fixed point, kept inside [0, end) all along.

    They are inside but for rounding, which slivers magnify; outside is foreign memory.
    """
    first = min(max(int(start * 65536.0), 0), end - 1)
    if not 0 <= first + step * (count - 1) < end:
        step = 0
    return np.uint64(first), np.uint64(step)


@kernel
def draw(
    frame: NDArray[np.uint32],
    points: NDArray[np.float64],
    texels: NDArray[np.float64],
    triangles: NDArray[np.int32],
    texture: NDArray[np.uint64],
) -> None:
    """Draws triangles in order, each source-over what is there, sampled bilinearly.

    A pixel belongs to the triangle that its centre lies in; a centre on an edge belongs to the
    triangle to the right of it or below it. Triangles that share an edge therefore neither leave
    a gap nor draw a pixel twice.

    Args:
        frame: Picture (H, W), changed in place.
        points: Vertices (V, 2) in frame pixels, snapped as by `transform`.
        texels: Where the vertices lie in the bordered texture (V, 2), in texels from the centre
            of the first one.
        triangles: Vertex indices (T, 3).
        texture: Bordered texture.
    """
    height, width = frame.shape
    pixels, flat = frame.reshape(-1), texture.reshape(-1)
    stride = np.uint64(texture.shape[1])
    end_u, end_v = (texture.shape[1] - 1) << 16, (texture.shape[0] - 1) << 16
    for t in range(triangles.shape[0]):
        top, middle, bottom = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        if points[middle, 1] < points[top, 1]:
            top, middle = middle, top
        if points[bottom, 1] < points[top, 1]:
            top, bottom = bottom, top
        if points[bottom, 1] < points[middle, 1]:
            middle, bottom = bottom, middle
        ax, ay = points[top, 0], points[top, 1]
        bx, by = points[middle, 0], points[middle, 1]
        cx, cy = points[bottom, 0], points[bottom, 1]
        extent = max(max(abs(ax), abs(bx), abs(cx)), abs(ay), abs(cy))
        if not extent < _FURTHEST_PX:  # NaN fails every comparison
            continue
        first_row = max(int(np.ceil(ay - 0.5)), 0)
        end_row = min(int(np.ceil(cy - 0.5)), height)
        area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
        if first_row >= end_row or area == 0.0:
            continue
        au, av = texels[top, 0], texels[top, 1]
        bu, bv = texels[middle, 0] - au, texels[middle, 1] - av
        cu, cv = texels[bottom, 0] - au, texels[bottom, 1] - av
        dudx = (bu * (cy - ay) - cu * (by - ay)) / area
        dvdx = (bv * (cy - ay) - cv * (by - ay)) / area
        dudy = (cu * (bx - ax) - bu * (cx - ax)) / area
        dvdy = (cv * (bx - ax) - bv * (cx - ax)) / area
        if not (abs(dudx) + abs(dvdx) + abs(dudy) + abs(dvdy) < _STEEPEST):
            continue
        step_u, step_v = int(dudx * 65536.0), int(dvdx * 65536.0)
        far_slope = (cx - ax) / (cy - ay)
        upper_slope = (bx - ax) / (by - ay)  # of a flat edge, no row asks for it
        lower_slope = (cx - bx) / (cy - by)
        for y in range(first_row, end_row):
            centre = y + 0.5
            # Both triangles at an edge compute the very same numbers from its upper end.
            far = ax + (centre - ay) * far_slope
            if centre < by:
                near = ax + (centre - ay) * upper_slope
            else:
                near = bx + (centre - by) * lower_slope
            left, right = (far, near) if area > 0.0 else (near, far)
            first = max(int(np.ceil(left - 0.5)), 0)
            last = min(int(np.ceil(right - 0.5)), width)
            if first >= last:
                continue
            across, down = first + 0.5 - ax, centre - ay
            count = last - first
            u, du = _along(au + dudx * across + dudy * down, step_u, count, end_u)
            v, dv = _along(av + dvdx * across + dvdy * down, step_v, count, end_v)
            start = np.uint64(y * width + first)
            _draw_span(pixels, start, start + np.uint64(count), u, v, du, dv, flat, stride)
