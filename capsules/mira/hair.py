"""Hair: ribbons of strands between guide curves, behind the head and in front of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from capsules.mira.features import CENTRE_X
from capsules.mira.raster import Floats, Paint, Sheet, curve, floats, gaussian, ramp, smoothstep

__all__ = [
    "HAIR_BACK_SHEET",
    "HAIR_FRONT_SHEET",
    "hair_normals",
    "paint_hair_back",
    "paint_hair_front",
    "side_guides",
]

HAIR_FRONT_SHEET = Sheet(236.0, 70.0, 552.0, 680.0, 1.4)
HAIR_BACK_SHEET = Sheet(262.0, 76.0, 500.0, 664.0, 1.0)

_RAMP = (
    (0.0, "1C0E0A"), (0.2, "351B11"), (0.42, "5A301D"), (0.62, "824B2B"),
    (0.8, "B0733F"), (1.0, "E3B377"),
)  # fmt: skip
_SAMPLES = 64


@dataclass(frozen=True, slots=True)
class _Lock:
    """A ribbon of hair.

    Attributes:
        inner: Guide curve (n, 2) from root to tip.
        outer: The other guide.
        seed: Of its strands.
        gloss: (where along, width, strength) of the bands of light.
        light: Overall lightness.
        wave_px: Amplitude of its waves.
        phase: Of its waves.
        fray: How ragged the tips are, [0, 1].
    """

    inner: Floats
    outer: Floats
    seed: int
    gloss: Sequence[tuple[float, float, float]] = ((0.2, 0.09, 0.5), (0.62, 0.09, 0.26))
    light: float = 0.36
    wave_px: float = 0.0
    phase: float = 0.0
    fray: float = 0.5


def _strand_noise(rng: np.random.Generator, across: int, along: int, fineness: float) -> Floats:
    noise = rng.normal(size=(along, across))
    noise = ndimage.gaussian_filter(noise, (along / 3.0, fineness), mode="wrap")
    return np.asarray(noise / noise.std(), np.float32)


def _lock_texture(lock: _Lock, scale: float) -> NDArray[np.uint8]:
    """Strands (h, w) of straight RGBA: u across, v along from the root.

    It is as wide as the lock on the sheet, so that no strand is thinner than a pixel.
    """
    rng = np.random.default_rng(lock.seed)
    width = float(np.linalg.norm(lock.outer - lock.inner, axis=1).mean()) * scale
    along, across = 512, int(np.clip(width, 24, 320))
    v, u = np.mgrid[0:along, 0:across].astype(np.float32)
    u, v = (u + 0.5) / across, (v + 0.5) / along
    coarse = _strand_noise(rng, across, along, 0.055 * across)
    middle = _strand_noise(rng, across, along, max(1.2, 0.018 * across))
    fine = _strand_noise(rng, across, along, 0.9)
    round_shape = np.sin(np.pi * np.clip(u, 0.02, 0.98)) ** 0.7
    tone = lock.light - 0.20 + 0.24 * round_shape + 0.050 * coarse + 0.045 * middle + 0.035 * fine
    shift = 0.05 * coarse + 0.03 * middle + 0.07 * (u - 0.5)
    for at, width, strength in lock.gloss:
        band = np.exp(-0.5 * ((v - at + shift) / width) ** 2)
        tone += strength * band * (0.62 + 0.20 * middle + 0.16 * fine) * (0.35 + 0.65 * round_shape)
    tone -= 0.16 * smoothstep(0.10, 0.0, v) + 0.08 * smoothstep(0.8, 1.0, v)
    rgb = ramp(np.clip(tone, 0.0, 1.0), _RAMP)
    edge = np.minimum(u, 1.0 - u) + 0.016 * middle + 0.014 * fine
    # Strands end at different lengths, and the lock narrows towards its tip.
    ends = 0.5 + 0.22 * coarse + 0.16 * middle + 0.14 * fine
    tip = 1.0 - v - (0.03 + 0.15 * lock.fray) * np.clip(ends, 0.0, 1.2)
    narrow = 0.03 + 0.34 * lock.fray * smoothstep(0.66, 1.0, v)
    alpha = smoothstep(narrow - 0.025, narrow + 0.03, edge) * smoothstep(0.0, 0.03, tip)
    # The mesh ends where nothing is painted any more: its own edge is not smooth.
    alpha = alpha * smoothstep(0.006, 0.05, np.minimum(u, 1.0 - u))
    # Roots fade, so that both sides of the parting grow into each other.
    alpha = alpha * smoothstep(0.0, 0.028, v)
    rgba = np.concatenate([rgb, alpha[..., None]], axis=2)
    return np.asarray(np.round(rgba * 255.0), np.uint8)


def _waved(line: Floats, lock: _Lock) -> Floats:
    t = np.linspace(0.0, 1.0, len(line), dtype=np.float32)
    offset = lock.wave_px * smoothstep(0.35, 0.75, t) * np.sin(2 * np.pi * (1.9 * t + lock.phase))
    out = line.copy()
    out[:, 0] += offset
    return out


def _ribbon_mesh(lock: _Lock) -> tuple[Floats, Floats, NDArray[np.int32]]:
    inner, outer = _waved(lock.inner, lock), _waved(lock.outer, lock)
    columns = 7
    s = np.linspace(0.0, 1.0, columns, dtype=np.float32)[None, :, None]
    points = inner[:, None] * (1 - s) + outer[:, None] * s
    v, u = np.meshgrid(np.linspace(0, 1, len(inner)), np.linspace(0, 1, columns), indexing="ij")
    uv = np.stack([u, v], axis=-1).reshape(-1, 2).astype(np.float32)
    i, j = np.meshgrid(np.arange(len(inner) - 1), np.arange(columns - 1), indexing="ij")
    a = (i * columns + j).ravel()
    triangles = np.concatenate(
        [np.stack([a, a + 1, a + columns], 1), np.stack([a + 1, a + columns + 1, a + columns], 1)]
    )
    return points.reshape(-1, 2).astype(np.float32), uv, triangles.astype(np.int32)


def _draw(paint: Paint, lock: _Lock, *, shadow: float = 0.5) -> None:
    points, uv, triangles = _ribbon_mesh(lock)
    texture = _lock_texture(lock, paint.sheet.scale)
    # Colour and coverage are drawn apart: premultiplied bytes would stain thin strands.
    solid, cover = texture.copy(), np.repeat(texture[..., 3:], 4, axis=2)
    solid[..., 3], cover[..., 3] = 255, 255
    image = paint.sheet.textured(points, uv, triangles, solid)
    shape = paint.sheet.textured(points, uv, triangles, cover)[..., :1]
    image = np.concatenate([image[..., :3] * shape, shape], axis=2)
    cast = paint.sheet.blurred(image[..., 3], 5.0)
    paint.multiply("2A120C", cast * paint.alpha, shadow)
    paint.over(image)


def _between(a: Floats, b: Floats, low: float, high: float) -> tuple[Floats, Floats]:
    return a * (1 - low) + b * low, a * (1 - high) + b * high


def side_guides(side: int) -> tuple[Floats, Floats]:
    """Inner and outer guide of the hair on one side of the parting, root to tip."""
    if side < 0:
        inner = [
            (556, 160),
            (522, 170),
            (468, 194),
            (416, 238),
            (386, 298),
            (374, 366),
            (368, 436),
            (352, 506),
            (350, 590),
            (390, 712),
        ]
        outer = [
            (552, 92),
            (490, 84),
            (404, 100),
            (340, 164),
            (306, 252),
            (292, 350),
            (288, 440),
            (272, 524),
            (264, 620),
            (300, 736),
        ]
    else:
        inner = [
            (546, 160),
            (572, 168),
            (612, 190),
            (641, 228),
            (653, 292),
            (654, 366),
            (658, 440),
            (672, 510),
            (676, 590),
            (640, 712),
        ]
        outer = [
            (538, 93),
            (582, 86),
            (646, 106),
            (700, 170),
            (724, 255),
            (734, 350),
            (738, 440),
            (754, 524),
            (762, 620),
            (726, 736),
        ]
    return curve(inner, _SAMPLES), curve(outer, _SAMPLES)


def _side_locks(side: int) -> list[tuple[_Lock, float]]:
    inner, outer = side_guides(side)
    lit = 0.05 if side < 0 else 0.0
    plan = (
        # low, high, light, wave, phase, shadow, fray
        (0.00, 1.00, 0.27, 9.0, 0.10, 0.0, 0.3),
        (0.58, 1.03, 0.31, 13.0, 0.30, 0.30, 0.5),
        (0.30, 0.78, 0.35, 13.0, 0.14, 0.40, 0.4),
        (-0.02, 0.44, 0.36, 12.0, 0.02, 0.45, 0.5),
        (0.66, 0.92, 0.38, 15.0, 0.44, 0.35, 0.7),
        (0.40, 0.62, 0.41, 16.0, 0.24, 0.35, 0.6),
        (0.14, 0.34, 0.41, 14.0, 0.10, 0.40, 0.6),
        (-0.04, 0.12, 0.38, 12.0, 0.00, 0.40, 0.7),
        (0.86, 1.00, 0.37, 14.0, 0.58, 0.30, 0.8),
        (0.50, 0.58, 0.46, 17.0, 0.34, 0.20, 0.9),
        (0.22, 0.29, 0.45, 16.0, 0.18, 0.20, 0.9),
        (0.74, 0.81, 0.43, 16.0, 0.50, 0.20, 0.9),
    )
    locks = []
    for k, (low, high, light, wave, phase, shadow, fray) in enumerate(plan):
        a, b = _between(inner, outer, low, high)
        seed = 100 + 17 * k + (5 if side > 0 else 0)
        crest = 0.58 + 0.05 * ((k * 5) % 4)
        gloss = ((0.19, 0.07, 0.44), (crest, 0.07, 0.24), (0.86, 0.06, 0.10))
        lock = _Lock(
            a, b, seed, gloss, light + lit, wave, phase + (0.06 if side > 0 else 0.0), fray
        )
        locks.append((lock, shadow))
    return locks


def paint_hair_front(oversampling: int = 2) -> Paint:
    """The hair that frames the face."""
    sheet = HAIR_FRONT_SHEET.at(HAIR_FRONT_SHEET.scale * oversampling)
    paint = Paint.plain(sheet, "3A1E13")
    part = curve([(551, 163), (549, 142), (545, 116), (542, 96)], 20)
    paint.cover("2B150E", sheet.stroke(part, (6, 34, 40, 30), blur_px=2.5))
    for side in (1, -1):
        for lock, shadow in _side_locks(side):
            _draw(paint, lock, shadow=shadow)
    _strays(paint)
    x, y = sheet.grid()
    # The parting, and rim light from the right and from the window on the left.
    paint.multiply("2A120A", sheet.stroke(part, (1.5, 5, 6, 2), blur_px=2.6), 0.70)
    paint.glaze("C58B6C", sheet.stroke(part[:16], (0.4, 1.2, 0.8, 0.1), blur_px=0.9), 0.35)
    edge = paint.alpha - sheet.blurred(paint.alpha, 7.0)
    rim = np.clip(edge * 2.0, 0, 1) * paint.alpha
    paint.screen("FFD9A8", rim * smoothstep(690, 740, x) * smoothstep(660, 420, y), 0.55)
    paint.screen("CFE0F2", rim * smoothstep(330, 285, x) * smoothstep(660, 420, y), 0.30)
    return paint.shrunk(oversampling)


def _strays(paint: Paint) -> None:
    """Single hairs, which keep the outline from looking cut out."""
    rng = np.random.default_rng(77)
    dark: list[Floats] = []
    light: list[Floats] = []
    for side in (-1, 1):
        inner, outer = side_guides(side)
        for k in range(60):
            at = rng.uniform(0.0, 0.985)
            line = _waved(
                inner * (1 - at) + outer * at,
                _Lock(inner, outer, 0, wave_px=12.0, phase=rng.uniform(0, 0.4)),
            )
            start = int(rng.uniform(0, 30))
            piece = line[start : int(rng.uniform(start + 16, _SAMPLES))].copy()
            t = np.linspace(0, 1, len(piece), dtype=np.float32)
            piece[:, 0] += rng.normal(0, 4) * t**2
            (light if k % 3 else dark).append(piece)
        tips = [inner * (1 - at) + outer * at for at in rng.uniform(0.02, 0.98, 16)]
        for tip in tips:
            piece = _waved(tip, _Lock(inner, outer, 0, wave_px=14.0, phase=rng.uniform(0, 0.5)))[
                44:
            ].copy()
            piece[:, 1] += np.linspace(0, rng.uniform(4, 18), len(piece))
            dark.append(piece)
        # Baby hairs at the hairline, short and fine.
        for _ in range(26):
            at = int(rng.uniform(3, 26))
            root = inner[at] + rng.normal(0, 1.0, 2)
            along = inner[at + 4] - inner[at]
            inward = floats([-side * 0.25, 0.5]) * rng.uniform(0.3, 1.0)
            tip = root + along * rng.uniform(0.6, 1.2) + inward * 9.0
            dark.append(curve([tuple(root), tuple((root + tip) / 2 + inward), tuple(tip)], 8))
    paint.cover("A56A3C", paint.sheet.strokes(light, (0.15, 0.8, 0.15)), 0.42)
    paint.cover("3A1E12", paint.sheet.strokes(dark, (0.2, 0.9, 0.1)), 0.5)


def paint_hair_back(oversampling: int = 2) -> Paint:
    """The hair behind neck and head."""
    sheet = HAIR_BACK_SHEET.at(HAIR_BACK_SHEET.scale * oversampling)
    paint = Paint.plain(sheet, "2A140D")
    left = curve(
        [(500, 110), (400, 130), (330, 230), (300, 360), (293, 470), (284, 580), (330, 730)],
        _SAMPLES,
    )
    right = curve(
        [(524, 110), (624, 130), (694, 230), (724, 360), (731, 470), (740, 580), (694, 730)],
        _SAMPLES,
    )
    for k, (low, high) in enumerate(
        ((0, 1), (0.0, 0.3), (0.7, 1.0), (0.2, 0.5), (0.5, 0.8), (0.34, 0.66))
    ):
        a, b = _between(left, right, low, high)
        lock = _Lock(
            a,
            b,
            seed=300 + k,
            gloss=((0.75, 0.1, 0.08),),
            light=0.17 if k else 0.13,
            wave_px=6.0,
            phase=0.13 * k,
            fray=0.3,
        )
        _draw(paint, lock, shadow=0.3 if k else 0.0)
    x, y = sheet.grid()
    paint.multiply("1E0D09", gaussian(x, y, (CENTRE_X, 560), (90, 90)), 0.6)
    return paint.shrunk(oversampling)


def hair_normals(sheet: Sheet) -> Floats:
    """Normals (h, w, 3) of the head's and the locks' broad roundness."""
    x, y = sheet.grid()
    nx = np.clip((x - CENTRE_X) / 260.0, -0.85, 0.85)
    ny = np.clip((y - 330.0) / 330.0, -0.8, 0.35)
    n = np.stack([nx, ny, np.full_like(nx, 0.75)], axis=-1)
    return np.asarray(n / np.linalg.norm(n, axis=-1, keepdims=True), np.float32)
