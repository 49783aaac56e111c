"""Skin: from a height field to a shaded, softly translucent surface."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from capsules.mira.features import CENTRE_X, EYE, jaw_outline
from capsules.mira.raster import Floats, Sheet, floats, gaussian, ramp

__all__ = ["SKIN_RAMP", "face_height", "normal_bytes", "normals_of", "shade", "skin_light"]

_RELIEF = 0.78  # of the slopes: the paint already models the form

SKIN_RAMP: tuple[tuple[float, str], ...] = (
    (0.0, "7E3A2C"),
    (0.18, "A8604B"),
    (0.36, "CF8C71"),
    (0.54, "E5AD91"),
    (0.70, "F1C6AC"),
    (0.85, "F9DAC4"),
    (1.0, "FFEBDA"),
)


def _half_width(y: Floats) -> Floats:
    outline = jaw_outline(400)
    right = outline[outline[:, 0] >= CENTRE_X]
    order = np.argsort(right[:, 1])
    return floats(np.interp(y, right[order, 1], right[order, 0] - CENTRE_X))


def head_height(x: Floats, y: Floats) -> Floats:
    """Height of the head without its features, canvas pixels."""
    half = _half_width(y)
    half = 0.5 * (half + 66.0 + np.sqrt((half - 66.0) ** 2 + 50.0**2))
    across = np.clip(np.abs(x - CENTRE_X) / (half * 0.99), 0.0, 1.0)
    up = np.clip((y - 345.0) / np.where(y < 345.0, 235.0, 252.0), -1.0, 1.0)
    along = np.sqrt(np.clip(1.0 - np.abs(up) ** 2.6, 0.02, 1.0))
    return np.asarray(165.0 * along * np.sqrt(np.clip(1.0 - across**2.5, 0.0, 1.0)), np.float32)


def _nose(x: Floats, y: Floats) -> Floats:
    dx = x - CENTRE_X
    at = [285, 318, 345, 385, 412, 428, 440, 452, 462]
    along = np.interp(y, at, [0, 2.5, 6, 15, 26, 30, 22, 6, 0])
    along = ndimage.gaussian_filter1d(along, 3.0 * len(y) / 472.0, axis=0)
    width = np.interp(y, [285, 330, 360, 400, 430, 462], [20, 13.5, 13, 15.5, 19, 19])
    ridge = along * np.exp(-0.5 * (np.abs(dx) / width) ** 2)
    bump = 12.0 * gaussian(x, y, (CENTRE_X, 425), (14, 12.5))
    for side in (-1, 1):
        bump += 11.0 * gaussian(x, y, (CENTRE_X + side * 22.5, 434), (9.0, 8.0), side * 18)
    return np.asarray(ridge + bump, np.float32)


def face_height(x: Floats, y: Floats) -> Floats:
    """Height of the face towards the viewer, canvas pixels."""
    z = head_height(x, y) + _nose(x, y)
    z += -5.0 * gaussian(x, y, (CENTRE_X, 458), (5, 8)) + 3.0 * gaussian(
        x, y, (CENTRE_X, 470), (44, 12)
    )
    z += 7.0 * gaussian(x, y, (CENTRE_X, 475), (34, 7)) + 8.5 * gaussian(
        x, y, (CENTRE_X, 493), (27, 7)
    )
    z += -5.5 * gaussian(x, y, (CENTRE_X, 513), (26, 9)) + 11.0 * gaussian(
        x, y, (CENTRE_X, 539), (29, 17)
    )
    for side in (-1, 1):
        eye_x = CENTRE_X + side * (EYE.centre[0] - CENTRE_X)
        z += -15.0 * gaussian(x, y, (eye_x - side * 3, 343), (44, 27))
        z += -9.0 * gaussian(x, y, (CENTRE_X + side * 36, 338), (13, 20))
        z += 13.0 * gaussian(x, y, (eye_x, 349), (30, 20))
        z += 6.0 * gaussian(x, y, (eye_x + side * 4, 301), (42, 12), side * 6)
        z += 12.0 * gaussian(x, y, (CENTRE_X + side * 88, 410), (38, 32), side * -20)
        z += -4.0 * gaussian(x, y, (CENTRE_X + side * 58, 452), (9, 24), side * -28)
        z += -4.0 * gaussian(x, y, (CENTRE_X + side * 62, 481), (9, 13))
        z += -3.0 * gaussian(x, y, (CENTRE_X + side * 112, 470), (26, 34))
    return np.asarray(z, np.float32)


def normals_of(z: Floats, sheet: Sheet) -> Floats:
    """Unit normals (h, w, 3) of a height field; x to the right, y down, z to the viewer."""
    dy, dx = np.gradient(z)
    slope = np.stack([-dx * sheet.scale, -dy * sheet.scale, np.ones_like(z)], axis=-1)
    return np.asarray(slope / np.linalg.norm(slope, axis=-1, keepdims=True), np.float32)


def skin_light(normals: Floats) -> Floats:
    """How light the skin is, [0, 1]: a soft key from the upper left, a fill and wrapped shadow."""
    key = np.array([-0.42, -0.52, 0.74], np.float32)
    fill = np.array([0.75, -0.05, 0.55], np.float32)
    lit = normals @ (key / np.linalg.norm(key))
    soft = np.clip((lit + 0.35) / 1.35, 0.0, 1.0) ** 1.1
    side = np.clip(normals @ (fill / np.linalg.norm(fill)), 0.0, 1.0)
    return np.asarray(0.12 + 0.66 * soft + 0.13 * side, np.float32)


def shade(z: Floats, sheet: Sheet, *, cavity: float = 1.0) -> tuple[Floats, Floats]:
    """Skin colours (h, w, 3) and normals of a height field."""
    normals = normals_of(z, sheet)
    light = skin_light(normals)
    # Hollows gather warm shadow: the difference between the surface and its surroundings.
    hollow = sheet.blurred(z, 9.0) - z
    light = light - cavity * 0.012 * np.clip(hollow, -6.0, 9.0)
    return ramp(np.clip(light, 0.0, 1.0), SKIN_RAMP), normals


def normal_bytes(normals: Floats, step: int) -> NDArray[np.int8]:
    """Normals (h, w, 3) as bytes (h / step, w / step, 2), as `capsules.avatar.Part` has them."""
    h, w = (normals.shape[0] // step, normals.shape[1] // step)
    mean = normals[: h * step, : w * step].reshape(h, step, w, step, 3).mean(axis=(1, 3))
    mean /= np.maximum(np.linalg.norm(mean, axis=-1, keepdims=True), 1e-6)
    return np.asarray(np.clip(np.round(mean[..., :2] * (127.0 * _RELIEF)), -127, 127), np.int8)
