"""The hand's texture: back of the hand and sleeve as they lie, fingers side by side beside them."""

import numpy as np
from scipy import ndimage

from capsules.bake.hand_rig import MAIN_PX, SHADOW_HALF_PX, SHADOW_LENGTH_PX, Atlas
from capsules.bake.hand_shape import Finger, Frame, fingers
from capsules.mira.body import CLOTH_RAMP
from capsules.mira.raster import (
    Floats,
    Paint,
    Sheet,
    colour,
    curve,
    floats,
    gaussian,
    ramp,
    smoothstep,
)
from capsules.mira.skin import SKIN_RAMP, normal_bytes, normals_of, skin_light

__all__ = ["paint_hand"]

_MAIN_SHEET = Sheet(*MAIN_PX, 1.25)
_SHADOW_DEPTH = 0.44
_SHADOW = "0C1A20"
_MARGIN_PX = 5.0
_ROOT_PX = 26.0


def _bent(normals: Floats, finger: Finger, s: Floats) -> Floats:
    """Normals of a finger drawn straight, as they are at rest, where it is bent."""
    a, b, _ = finger.bones
    flex, turn = np.zeros_like(s), np.full_like(s, finger.heading)
    for k, at in enumerate((0.0, a, a + b)):
        on = smoothstep(at - 9.0, at + 9.0, s)
        flex, turn = flex + finger.rest[k] * on, turn + finger.lean[k] * on
    x, y, z = np.moveaxis(normals, 2, 0)
    c, d = np.cos(np.radians(flex)), np.sin(np.radians(flex))
    y, z = c * y - d * z, c * z + d * y
    c, d = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    return np.stack([c * x - d * y, d * x + c * y, z], axis=-1).astype(np.float32)


def _skin(
    z: Floats, sheet: Sheet, frame: Frame, finger: Finger | None = None
) -> tuple[Floats, Floats]:
    normals = normals_of(z, sheet)
    if finger is not None:
        normals = _bent(normals, finger, -sheet.grid()[1])
    normals = frame.turned(normals)
    light = skin_light(normals)
    hollow = sheet.blurred(z, 4.0) - z
    light = light - 0.020 * np.clip(hollow, -3.0, 5.0)
    return ramp(np.clip(light, 0, 1), SKIN_RAMP), normals


def _nail(paint: Paint, finger: Finger, s: Floats, u: Floats) -> None:
    sheet = paint.sheet
    length, r = finger.length, finger.radii[3]
    tip, root, half = length + 0.50 * r, length - 1.62 * r, 0.76 * r
    points = [
        (-0.80 * half, root + 3.0),
        (-0.92 * half, 0.5 * (tip + root)),
        (-0.86 * half, tip - 3.5),
        (0.0, tip),
        (0.86 * half, tip - 3.5),
        (0.92 * half, 0.5 * (tip + root)),
        (0.80 * half, root + 3.0),
        (0.0, root),
    ]
    shape = curve([(x, -y) for x, y in points], 50, closed=True)
    offset = floats([float(sheet.left + sheet.width / 2), 0.0])
    nail = sheet.fill(shape + offset, blur_px=0.6)
    around = sheet.fill(shape * floats([1.14, 1.0]) + offset, blur_px=1.6)
    paint.multiply("B86A5A", around, 0.36)
    paint.glaze("E9A79C", nail, 0.74)
    paint.multiply("C4726C", nail * smoothstep(0.45 * half, 1.05 * half, np.abs(u)), 0.36)
    paint.multiply("C9786F", nail * smoothstep(root + 4.0, root - 0.5, s), 0.32)
    paint.screen("FFE9E4", nail * smoothstep(tip - 3.0, tip - 0.8, s), 0.26)
    shine = (
        np.exp(-0.5 * ((u + 0.30 * half) / (0.20 * half)) ** 2)
        * smoothstep(root + 2, root + 5, s)
        * smoothstep(tip - 1.5, tip - 5, s)
    )
    paint.screen("FFFFFF", nail * shine.astype(np.float32), 0.36)


def _crease(paint: Paint, finger: Finger, crease: tuple[float, float, float]) -> None:
    """A fold over a joint: where along the finger, how bowed, how strong."""
    at, bow, strength = crease
    u, y = paint.sheet.grid()
    s, r = -y, float(finger.radius(floats([at]))[0])
    line = s - at - bow * (u / r) ** 2
    mask = np.exp(-0.5 * (line / 1.35) ** 2) * smoothstep(0.85, 0.25, np.abs(u) / r)
    paint.multiply("A5604C", mask.astype(np.float32), strength)
    paint.screen(
        "FFE4D0",
        np.exp(-0.5 * ((line - 2.6) / 1.5) ** 2).astype(np.float32)
        * smoothstep(0.8, 0.3, np.abs(u) / r),
        0.5 * strength,
    )


def _finger(finger: Finger, frame: Frame, scale: float) -> tuple[Paint, Floats]:
    """A finger drawn upright in its own sheet: base at y = 0, tip upwards."""
    half = max(finger.radii) + _MARGIN_PX
    sheet = Sheet(
        -half,
        -(finger.length + finger.radii[3] + _MARGIN_PX),
        2 * half,
        finger.length + finger.radii[3] + _MARGIN_PX + _ROOT_PX,
        scale,
    )
    x, y = sheet.grid()
    s, u = -y, x
    r = finger.radius(s)
    over = np.clip(
        (s - (finger.length - 0.35 * finger.radii[3])) / (1.32 * finger.radii[3]), 0.0, 1.0
    )
    reach = r * np.sqrt(np.clip(1.0 - over**2.2, 0.0, 1.0))
    side = np.abs(u) / np.maximum(reach, 0.01)
    cover = smoothstep(0.9, -0.9, (np.abs(u) - reach) * 1.0) * (over < 1.0)
    z = (
        r
        * np.sqrt(np.clip(1.0 - over**2.2, 0, 1))
        * np.sqrt(np.clip(1.0 - np.clip(side, 0, 1) ** 2.3, 0.0, 1.0))
    )
    a, b, _ = finger.bones
    for at, lift in ((a, 1.5), (a + b, 0.9)):
        z = z + lift * np.exp(-0.5 * (((s - at) / 7.0) ** 2 + (u / (0.6 * r)) ** 2))
    z = ndimage.gaussian_filter(z, 0.9 * scale).astype(np.float32)
    rgb, normals = _skin(z, sheet, frame, finger)
    paint = Paint(sheet, rgb, cover.astype(np.float32))
    paint.multiply(
        "E88672", np.exp(-0.5 * (((s - a) / 9.0) ** 2)) * smoothstep(1.0, 0.2, side), 0.24
    )
    paint.multiply(
        "E88672", np.exp(-0.5 * (((s - a - b) / 7.0) ** 2)) * smoothstep(1.0, 0.2, side), 0.17
    )
    paint.multiply("EE8F80", smoothstep(finger.length - 14, finger.length + 3, s), 0.24)
    paint.multiply("C4705C", smoothstep(0.55, 1.05, side), 0.30)
    for k, crease in enumerate(
        (
            (a - 2.8, -1.4, 0.13),
            (a + 1.2, 1.0, 0.20),
            (a + b + 0.4, 0.4, 0.17),
        )
    ):
        if finger.name != "Thumb" or k > 1:
            _crease(paint, finger, crease)
    _nail(paint, finger, s, u)
    return paint, normals


def _back_outline() -> Floats:
    points = [
        (-27, 60), (-27, 22), (-28.5, 0), (-37, -32), (-46, -66), (-49, -92), (-44, -108),
        (-30, -119), (-14, -127), (10, -133), (34, -126), (46, -112), (47, -92), (45, -70),
        (44, -48), (38, -22), (29, 0), (27, 22), (27, 60),
    ]  # fmt: skip
    return curve(points, 160, closed=True)


def _back_height(x: Floats, y: Floats, sheet: Sheet) -> Floats:
    # The fingers' roots belong to the form, or the knuckles would end in an edge.
    stubs = []
    for finger in fingers()[1:]:
        turn = np.radians(finger.heading)
        way = floats([[np.sin(turn), -np.cos(turn)]]) * floats([[-6.0], [44.0]])
        stubs.append(sheet.stroke(floats(finger.base) + way, (2.1 * finger.radii[0],) * 2))
    inside = np.maximum(sheet.fill(_back_outline()), np.max(stubs, axis=0))
    depth = ndimage.distance_transform_edt(inside > 0.5) / sheet.scale
    edge = np.minimum(depth / 20.0, 1.0)
    z = 17.0 * np.sqrt(np.clip(1.0 - (1.0 - edge) ** 2, 0, 1))
    z = sheet.blurred(z.astype(np.float32), 2.5)
    for finger in fingers()[1:]:
        bx, by = finger.base
        z = z + 3.6 * gaussian(x, y, (bx, by + 3), (9.5, 9.0))
        t = np.clip((y - by) / (0.0 - by), 0.0, 1.0)
        path = bx + (0.32 * bx - bx) * t
        z = z + (
            1.9
            * np.exp(-0.5 * ((x - path) / 4.2) ** 2)
            * smoothstep(by - 6, by + 16, y)
            * smoothstep(-12, -50, y)
        )
    for left, right in ((1, 2), (2, 3), (3, 4)):
        a, b = fingers()[left].base, fingers()[right].base
        z = z - 3.4 * gaussian(x, y, ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2 - 4), (5.0, 12.0))
    # The thumb's muscle swells between wrist and thumb.
    z = z + 5.0 * gaussian(x, y, (33, -50), (13, 26), 12)
    return np.asarray(sheet.blurred(z.astype(np.float32), 1.2), np.float32)


def _back(sheet: Sheet, frame: Frame) -> tuple[Paint, Floats]:
    x, y = sheet.grid()
    rgb, normals = _skin(_back_height(x, y, sheet), sheet, frame)
    cover = sheet.fill(_back_outline(), blur_px=0.6)
    # Towards each finger the back fades out, so that the finger grows out of it.
    fade = np.ones_like(cover)
    for finger in fingers()[1:]:
        turn = np.radians(finger.heading)
        s = (x - finger.base[0]) * np.sin(turn) - (y - finger.base[1]) * np.cos(turn)
        u = (x - finger.base[0]) * np.cos(turn) + (y - finger.base[1]) * np.sin(turn)
        near = smoothstep(finger.radii[0] + 5.0, finger.radii[0] - 1.0, np.abs(u))
        fade = np.minimum(fade, 1.0 - near * smoothstep(-4.0, 9.0, s))
    paint = Paint(sheet, rgb, (cover * fade).astype(np.float32))
    for finger in fingers()[1:]:
        bx, by = finger.base
        paint.multiply("E88672", gaussian(x, y, (bx, by + 1), (10, 9)), 0.26)
        for k in (-1.0, 1.5):
            bend = y - (by + k * 2.2) + 0.02 * (x - bx) ** 2
            paint.multiply(
                "A5604C",
                np.exp(-0.5 * (bend / 0.8) ** 2).astype(np.float32)
                * gaussian(x, y, (bx, by), (6, 9)),
                0.07,
            )
    paint.multiply("C97A66", smoothstep(46, 60, np.hypot(x * 1.15, y + 60) * 0.82), 0.15)
    paint.multiply("EFA492", gaussian(x, y, (-4, -58), (34, 40)), 0.10)
    return paint, normals


def _sleeve(sheet: Sheet, frame: Frame) -> tuple[Paint, Floats]:
    x, y = sheet.grid()
    half = np.interp(
        y, [14, 20, 58, 66, 76, 120, 240, 540], [33.5, 34.5, 36.0, 38.5, 43.5, 50.0, 64.0, 88.0]
    ).astype(np.float32)
    rim = 4.0 * (x / 34.0) ** 2 - 4.0
    across = np.clip(np.abs(x) / half, 0.0, 1.0)
    z = half * np.sqrt(np.clip(1.0 - across**2.1, 0.0, 1.0))
    for fx, fy, length, turn, depth in (
        (-14, 96, 34, 18, 4.0),
        (18, 122, 36, -22, 4.0),
        (-20, 160, 40, 26, 4.5),
        (14, 196, 44, -20, 4.5),
        (-10, 250, 50, 16, 5),
        (22, 300, 50, -24, 5),
        (-24, 360, 60, 22, 5),
        (6, 82, 26, -8, 3.0),
    ):
        z = z + depth * gaussian(x, y, (fx, fy), (length, 6.5), turn)
    z = ndimage.gaussian_filter(z, 1.6 * sheet.scale).astype(np.float32)
    normals = frame.turned(normals_of(z, sheet))
    key = np.array([-0.45, -0.6, 0.66], np.float32)
    lit = np.clip(normals @ (key / np.linalg.norm(key)) * 0.75 + 0.25, 0.0, 1.0)
    light = 0.14 + 0.62 * lit**1.2
    cuff = smoothstep(66, 63, y)
    ribs = np.sin(np.arcsin(np.clip(x / half, -0.999, 0.999)) * 17.0)
    light = (
        light
        + cuff * 0.065 * ribs * (0.4 + 0.6 * lit)
        - 0.10 * np.exp(-0.5 * ((y - 67) / 3.2) ** 2)
    )
    stitch = np.sin(x * 1.9 + 0.9 * np.sin(y * 1.1)) * np.sin(y * 1.1)
    light = light + 0.012 * stitch * (1 - cuff) - 0.10 * smoothstep(0.7, 1.0, across)
    rgb = ramp(np.clip(light, 0, 1), CLOTH_RAMP)
    cover = smoothstep(0.8, -0.8, np.abs(x) - half) * smoothstep(-0.8, 0.8, y - 18.0 - rim)
    return Paint(sheet, rgb, cover.astype(np.float32)), normals


def paint_hand(frame: Frame, oversampling: int = 2) -> Atlas:
    """Paints one hand's atlas."""
    scale = _MAIN_SHEET.scale * oversampling
    main = _MAIN_SHEET.at(scale)
    back, back_normals = _back(main, frame)
    sleeve, sleeve_normals = _sleeve(main, frame)
    x, y = main.grid()
    back.multiply("7A3E34", smoothstep(-4.0, 19.0, y) * smoothstep(40, 20, np.abs(x)), 0.55)
    back.over(
        np.concatenate([sleeve.rgb * sleeve.alpha[..., None], sleeve.alpha[..., None]], axis=2)
    )
    normals = back_normals + (sleeve_normals - back_normals) * sleeve.alpha[..., None]
    sprites = [_finger(finger, frame, scale) for finger in fingers()]
    return _packed(main, back, normals, sprites, oversampling)


def _packed(
    main: Sheet,
    back: Paint,
    normals: Floats,
    sprites: list[tuple[Paint, Floats]],
    oversampling: int,
) -> Atlas:
    """Lays the fingers out beside the back of the hand, in a column each."""
    # Two columns of fingers: the sleeve is long enough for three rows.
    spots, slots = [], []
    column, top = main.left + main.width, main.top
    for k, (paint, _) in enumerate(sprites):
        if k == 3:
            column, top = column + 48.0, main.top
        spots.append((column, top))
        slots.append((column - paint.sheet.left, top - paint.sheet.top))
        top += np.ceil(paint.sheet.height) + 2.0
    sheet = Sheet(main.left, main.top, main.width + 96.0, main.height, main.scale)
    all_over = Paint.plain(sheet, "C98A70")
    all_normals = np.zeros((*sheet.shape, 3), np.float32)
    all_normals[..., 2] = 1.0
    pieces = [(back, normals, (main.left, main.top))]
    pieces += [(p, n, spot) for (p, n), spot in zip(sprites, spots, strict=True)]
    for paint, piece, (left, upper) in pieces:
        i, j = round((upper - sheet.top) * sheet.scale), round((left - sheet.left) * sheet.scale)
        h, w = paint.alpha.shape
        all_over.rgb[i : i + h, j : j + w] = paint.rgb
        all_over.alpha[i : i + h, j : j + w] = paint.alpha
        all_normals[i : i + h, j : j + w] = piece
    shadow = _cast_shadow(all_over, column + 24.0, top + 4.0)
    paint = all_over.shrunk(oversampling)
    return Atlas(paint.painted(normal_bytes(all_normals, 4)), tuple(slots), shadow)


def _cast_shadow(paint: Paint, x: float, y: float) -> tuple[float, float]:
    """A soft finger without details, which the mesh lays behind the hand as its shadow."""
    sheet = paint.sheet
    half, foot = SHADOW_HALF_PX, y + SHADOW_LENGTH_PX
    line = np.linspace([x, y + 1.5 * half], [x, foot + 40.0], 40)
    round_end = sheet.fill(_disc(x, y + 1.5 * half, 0.55 * half))
    body = np.maximum(sheet.stroke(floats(line), (1.1 * half,) * 2), round_end)
    soft = sheet.blurred(body, 0.26 * half)
    gx, gy = sheet.grid()
    inside = (np.abs(gx - x) <= half + 1.0) & (gy >= y - 1.0) & (gy <= foot + 1.0)
    edge = smoothstep(half, 0.8 * half, np.abs(gx - x)) * smoothstep(y, y + 3.0, gy)
    paint.rgb[inside] = colour(_SHADOW)
    paint.alpha = np.where(inside, _SHADOW_DEPTH * soft * edge, paint.alpha).astype(np.float32)
    return x, y


def _disc(x: float, y: float, radius: float) -> Floats:
    turn = np.linspace(0.0, 2.0 * np.pi, 40, endpoint=False)
    return floats(np.stack([x + radius * np.cos(turn), y + radius * np.sin(turn)], axis=1))
