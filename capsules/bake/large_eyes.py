"""Eyes that are larger than any person's, as drawings have them: lids where the picture ends them.

The landmark model knows people. Where it is shown a drawing, its lids lie within the drawn eye,
and a blink would leave a sliver of the eye open. Lids that are found on photos of people are kept.
"""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from capsules.bake.canvas import Floats, Numbers, Sheet
from capsules.bake.topology import LID_POINTS, Anatomy, Eye, resampled

__all__ = ["grown_eyes"]

Mask = NDArray[np.bool_]

_BELOW = 0.035  # how far under a found lower lid there is skin, units of the face
_SKIN_AT = (0.20, 0.27)  # where there is skin below a drawn eye, too
_UNLIKE = 0.6  # of the way from the skin's colour to the white's: less is skin
_SHARE = 0.55  # of a lower lid under which there is still eye, when it lies within the eye
_ROOM = (0.17, 0.05, 0.16)  # how far an eye may go on aside, above and below, units
_IRIS = (0.95, 1.55)  # radii between which an iris may end, in found ones
_LASHES = 0.45  # of a white's lightness: what is darker, and no iris, are lashes and lines
_RUGGED = 0.035  # by which an edge may leave a curve of the third degree, units
_BROKEN = 0.12  # of an edge that may leave it farther, as where the rim of glasses crosses it
_ALIKE = 1.25  # the eye that grows more may grow by that much more than the other one
_WIDEST = 1.5  # an eye grows no wider than that


def grown_eyes(face: Anatomy, picture: Floats, sheet: Sheet) -> Anatomy:
    """The same anatomy, with lids and irises as large as drawn ones are.

    Args:
        face: With lids as they were found.
        picture: (h, w, 3) sRGB in [0, 1] on the sheet.
        sheet: Where the picture lies.
    """
    soft = np.clip(sheet.blurred(picture, 0.006 * face.unit), 0.0, 1.0)
    lab = np.asarray(cv2.cvtColor(soft, cv2.COLOR_RGB2Lab), np.float32)
    eyes = {side: _grown(face, eye, lab, sheet) for side, eye in face.eyes.items()}
    # Eyes come in pairs: one that is larger than it was found alone is a shadow or a frame.
    if any(eyes[side] is face.eyes[side] for side in eyes):
        return face
    right, left = (eyes[side].opening / face.eyes[side].opening for side in eyes)
    if max(right, left) > _ALIKE * min(right, left):
        return face
    return replace(face, eyes=eyes)


def _grown(face: Anatomy, eye: Eye, lab: Floats, sheet: Sheet) -> Eye:
    down = face.axes[:2, 1]
    middle = eye.lower[len(eye.lower) // 5 : -(len(eye.lower) // 5)]
    below = np.vstack([middle + away * face.unit * down for away in _SKIN_AT])
    skin = np.median(_at(lab, sheet, below), axis=0)
    opened = sheet.fill(np.vstack([eye.upper, eye.lower[::-1]])) > 0.9
    x, y = sheet.grid()
    out = np.hypot(x - eye.iris[0], y - eye.iris[1]) > 1.35 * eye.iris_radius
    shown = lab[opened & out]
    if len(shown) < 20:
        return eye
    white = np.median(shown[shown[:, 0] >= np.percentile(shown[:, 0], 50)], axis=0)
    if not _tells(white, skin):
        return eye
    lid = _like(_at(lab, sheet, middle + _BELOW * face.unit * down), skin, white)
    if (lid > _UNLIKE).mean() < _SHARE:
        return eye
    radius = _iris_radius(face, eye, lab, sheet, white)
    unlike = (_like(lab, skin, white) > _UNLIKE) & (lab[..., 0] > _LASHES * white[0])
    inside = _eye_mask(face, eye, radius, unlike, sheet)
    return _from_mask(face, replace(eye, iris_radius=radius), inside, sheet) or eye


def _tells(white: Floats, skin: Floats) -> bool:
    """Whether the white of an eye is told from the skin by its lightness and its lack of hue."""
    paler = float(np.hypot(*white[1:])) < 0.6 * float(np.hypot(*skin[1:]))
    return paler and float(white[0]) > 0.85 * float(skin[0])


def _at(lab: Floats, sheet: Sheet, points: Numbers) -> Floats:
    at = sheet.texels(points)
    return np.stack(
        [ndimage.map_coordinates(lab[..., c], (at[:, 1], at[:, 0]), order=1, mode="nearest")
         for c in range(3)], axis=-1,
    )  # fmt: skip


def _like(lab: Floats, skin: Floats, white: Floats) -> Floats:
    """How far colours (..., 3) are from the skin's, relative to how far the white is.

    Hue counts more than light: the skin about an eye is shaded.
    """
    weights = np.array([0.35, 1.0, 1.0], np.float32)
    scale = max(float(np.linalg.norm((white - skin) * weights)), 4.0)
    return np.asarray(np.linalg.norm((lab - skin) * weights, axis=-1) / scale, np.float32)


def _iris_radius(face: Anatomy, eye: Eye, lab: Floats, sheet: Sheet, white: Floats) -> float:
    """Where an iris ends to its sides: the strongest change towards the white."""
    steps = np.linspace(*_IRIS, 25, dtype=np.float32)
    across = face.axes[:2, 0]
    found = []
    for way in (-1.0, 1.0):
        line = eye.iris + way * (eye.iris_radius * steps)[:, None] * across
        away = np.linalg.norm(_at(lab, sheet, line) - white, axis=1)
        change = -np.gradient(ndimage.gaussian_filter1d(away, 1.0))
        found.append(float(steps[int(change.argmax())]))
    return eye.iris_radius * 0.5 * (found[0] + found[1])


def _eye_mask(face: Anatomy, eye: Eye, radius: float, unlike: Mask, sheet: Sheet) -> Mask:
    """The eye (h, w): what is unlike skin and joined to what was found, lashes left out."""
    x, y = sheet.grid()
    place = face.local(np.stack([x, y], axis=-1)) - face.local(eye.middle[None])[0]
    upper = face.local(eye.upper) - face.local(eye.middle[None])[0]
    lower = face.local(eye.lower) - face.local(eye.middle[None])[0]
    aside, above, beneath = _ROOM
    across = place[..., 0]
    top = np.interp(across, upper[:, 0], upper[:, 1])
    bottom = float(lower[:, 1].max())
    window = (across > upper[0, 0] - aside) & (across < upper[-1, 0] + aside)
    window &= (place[..., 1] > top - above) & (place[..., 1] < bottom + beneath)
    iris = (np.hypot(x - eye.iris[0], y - eye.iris[1]) < radius) & (place[..., 1] > top - 0.02)
    return _joined((unlike | iris) & window, eye, sheet)


def _joined(mask: Mask, eye: Eye, sheet: Sheet) -> Mask:
    """The part of a mask that a found eye is in, without threads such as lashes and lines."""
    calm = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    labels, _ = ndimage.label(calm)
    at = np.round(sheet.texels(eye.iris[None]))[0].astype(int)
    number = labels[at[1], at[0]]
    found = sheet.fill(np.vstack([eye.upper, eye.lower[::-1]])) > 0.5
    joined = (labels == number) if number else found
    return np.asarray(ndimage.binary_fill_holes(joined | found), np.bool_)


def _from_mask(face: Anatomy, eye: Eye, inside: Mask, sheet: Sheet) -> Eye | None:
    """The eye whose lids bound a mask; None where its edges are not shaped like lids."""
    origin, unit = eye.middle, face.unit
    across, down = face.axes[:2, 0], face.axes[:2, 1]
    across = across / np.linalg.norm(across)
    down = np.array([-across[1], across[0]], np.float32)
    y, x = np.nonzero(inside)
    points = np.stack([x, y], axis=-1) / sheet.scale + (0.5 / sheet.scale)
    points = points + np.array([sheet.left, sheet.top]) - origin
    u, v = points @ across, points @ down
    wide = float(np.linalg.norm(eye.upper[-1] - eye.upper[0]))
    low, high = max(u.min(), -0.5 * _WIDEST * wide), min(u.max(), 0.5 * _WIDEST * wide)
    stations = np.linspace(low, high, 41)
    step = 0.6 * (stations[1] - stations[0]) + 0.75
    near = [np.abs(u - station) <= step for station in stations]
    top = np.array([v[n].min() if n.any() else 0.0 for n in near])
    bottom = np.array([v[n].max() if n.any() else 0.0 for n in near])
    arches = [_arch(stations, edge, _RUGGED * unit) for edge in (top, bottom)]
    if arches[0] is None or arches[1] is None:
        return None
    end = np.sin(np.linspace(0.0, np.pi, 41)) ** 0.25
    line = np.interp(stations, stations[[0, -1]], 0.5 * (top + bottom)[[0, -1]])
    curves = []
    for edge in arches:
        smooth = ndimage.gaussian_filter1d(ndimage.median_filter(edge, 5, mode="nearest"), 1.6)
        smooth = end * smooth + (1.0 - end) * line
        flat = origin + stations[:, None] * across + smooth[:, None] * down
        curves.append(resampled(flat.astype(np.float32), LID_POINTS))
    upper, lower = curves
    lower[[0, -1]] = upper[[0, -1]]
    return replace(eye, upper=upper, lower=lower)


def _arch(stations: Numbers, edge: Numbers, most: float) -> NDArray[np.float64] | None:
    """An edge that follows a curve of the third degree where it leaves it too far.

    None where too much of it does.
    """
    kept = np.ones(len(edge), np.bool_)
    curve = np.asarray(edge, np.float64)
    for _ in range(4):
        fit = np.polyfit(stations[kept], edge[kept], 3)
        curve = np.asarray(np.polyval(fit, stations), np.float64)
        off = np.abs(edge - curve)
        kept = off <= max(most, float(np.median(off)))
    if (~kept).mean() > _BROKEN:
        return None
    return np.asarray(np.where(kept, edge, curve), np.float64)
