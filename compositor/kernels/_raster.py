"""Kernels that draw textured triangles, and frames of clips.

numba turns mixed signed and unsigned arithmetic into float64, hence the typed constants.
"""

import numpy as np
from numpy.typing import NDArray

from capsules.kernel import kernel

__all__ = ["ADDITIVE", "MULTIPLY", "OVERRIDE", "draw", "overlay", "spread"]

OVERRIDE, ADDITIVE, MULTIPLY = 0, 1, 2
"""Modes of `overlay`."""

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
_U511 = np.uint64(511)
_COLOURS = np.uint64(0x0000FFFFFFFFFFFF)

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


@kernel
def _inside(start: float, step: float, low: float, high: float, count: int) -> tuple[int, int]:
    """First and end of the numbers x in [0, count) for which low <= start + x step < high."""
    if abs(step) < 1e-12:
        return (0, count) if low <= start < high else (0, 0)
    one, other = (low - start) / step, (high - start) / step
    if step > 0.0:
        first, end = np.ceil(one), np.ceil(other)
    else:
        first, end = np.floor(other) + 1.0, np.floor(one) + 1.0
    return int(max(first, 0.0)), int(max(min(end, float(count)), 0.0))


@kernel
def _frame_span(
    texture: NDArray[np.uint64], border: int, texels: NDArray[np.float64], y: int, width: int
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64, np.uint64, np.uint64]:
    """Where a frame covers row y of a picture: first, end, and u, v, du, dv of its first pixel.

    Where it does not, the first is `width` and the end 0.

    Args:
        texture: The bordered frame.
        border: Texels of its border.
        texels: From pixels to its texels (2, 3), from the centre of the first one.
        y: The row.
        width: Of the picture.
    """
    start_u = texels[0, 0] * 0.5 + texels[0, 1] * (y + 0.5) + texels[0, 2]
    start_v = texels[1, 0] * 0.5 + texels[1, 1] * (y + 0.5) + texels[1, 2]
    edge, rows, columns = border - 0.5, texture.shape[0], texture.shape[1]
    first_u, end_u = _inside(start_u, texels[0, 0], edge, columns - border - 0.5, width)
    first_v, end_v = _inside(start_v, texels[1, 0], edge, rows - border - 0.5, width)
    first, end = max(first_u, first_v), min(end_u, end_v)
    nothing = np.uint64(0)
    if first >= end:
        return np.uint64(width), nothing, nothing, nothing, nothing, nothing
    count = end - first
    step_u, step_v = int(texels[0, 0] * 65536.0), int(texels[1, 0] * 65536.0)
    u, du = _along(start_u + first * texels[0, 0], step_u, count, (columns - 1) << 16)
    v, dv = _along(start_v + first * texels[1, 0], step_v, count, (rows - 1) << 16)
    return np.uint64(first), np.uint64(end), u, v, du, dv


@kernel
def _sampled(
    texels: NDArray[np.uint64], u: np.uint64, v: np.uint64, stride: np.uint64
) -> np.uint64:
    """What a flat texture is at (u, v), 16.16 fixed point, bilinearly."""
    at = (v >> _SHIFT_16) * stride + (u >> _SHIFT_16)
    fx = (u >> _SHIFT_8) & _U255
    fy = (v >> _SHIFT_8) & _U255
    w11 = (fx * fy) >> _SHIFT_8
    w01 = fx - w11
    w10 = fy - w11
    w00 = _U256 - fx - w10
    mixed = texels[at] * w00 + texels[at + _U1] * w01
    at += stride
    mixed += texels[at] * w10 + texels[at + _U1] * w11
    sampled: np.uint64 = ((mixed + _HALF) >> _SHIFT_8) & _LANES
    return sampled


@kernel
def _over_255(products: np.uint64) -> np.uint64:
    """Products of two bytes in each lane, over 255 and rounded."""
    sums = products + _HALF
    return ((sums + ((sums >> _SHIFT_8) & _LANES)) >> _SHIFT_8) & _LANES


@kernel
def _added(below: np.uint64, source: np.uint64) -> np.uint64:
    """The colours of `source` added to what is covered below, up to its alpha."""
    alpha = below >> _SHIFT_48
    sums = below + _over_255((source & _COLOURS) * alpha)
    result = alpha << _SHIFT_48
    for lane in range(3):
        shift = np.uint64(16 * lane)
        result |= min((sums >> shift) & _U511, alpha) << shift
    return result


@kernel
def _multiplied(below: np.uint64, source: np.uint64) -> np.uint64:
    """The colours below times 1 - alpha + colour of `source`."""
    result = below & ~_COLOURS
    open_share = _U255 - (source >> _SHIFT_48)
    for lane in range(3):
        shift = np.uint64(16 * lane)
        factor = min(open_share + ((source >> shift) & _U255), _U255)
        result |= _over_255(((below >> shift) & _U255) * factor) << shift
    return result


@kernel
def overlay(
    picture: NDArray[np.uint32],
    one: NDArray[np.uint64],
    other: NDArray[np.uint64],
    border: int,
    texels: NDArray[np.float64],
    shares: NDArray[np.uint64],
    mode: int,
) -> None:
    """Lays two frames of clips over a picture as one layer; see `compositor.drawlist.Overlay`.

    A pixel belongs to a frame if its centre lies in it.

    Args:
        picture: Picture (H, W), changed in place.
        one: The first frame, a bordered texture.
        other: The second frame.
        border: Texels of their borders.
        texels: From pixels to each frame's texels (2, 2, 3), from the centre of the first one.
        shares: Of each frame, in 256ths; together at most 256.
        mode: `OVERRIDE`, `ADDITIVE` or `MULTIPLY`.
    """
    height, width = picture.shape
    pixels, flat, other_flat = picture.reshape(-1), one.reshape(-1), other.reshape(-1)
    stride, other_stride = np.uint64(one.shape[1]), np.uint64(other.shape[1])
    share, other_share = shares[0], shares[1]
    nothing = np.uint64(0)
    for y in range(height):
        first, end, u, v, du, dv = _frame_span(one, border, texels[0], y, width)
        other_first, other_end, other_u, other_v, other_du, other_dv = _frame_span(
            other, border, texels[1], y, width
        )
        start, last = min(first, other_first), max(end, other_end)
        if start >= last:
            continue
        row = np.uint64(y * width)
        for x in range(start, last):
            mixed = nothing
            if first <= x < end:
                mixed += _sampled(flat, u, v, stride) * share
                u += du
                v += dv
            if other_first <= x < other_end:
                mixed += _sampled(other_flat, other_u, other_v, other_stride) * other_share
                other_u += other_du
                other_v += other_dv
            source = ((mixed + _HALF) >> _SHIFT_8) & _LANES
            if source == nothing:
                continue
            below = _spread(pixels[row + x])
            if mode == OVERRIDE:
                source += _over_255(below * (_U255 - (source >> _SHIFT_48)))
            elif mode == ADDITIVE:
                source = _added(below, source)
            else:
                source = _multiplied(below, source)
            pixels[row + x] = _pack(source)
