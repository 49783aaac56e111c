"""Draws lips and lids to where the photo shows them: landmarks alone miss by a tooth's gum."""

from dataclasses import replace

import cv2
import numpy as np
from scipy import ndimage

from capsules.bake.canvas import Floats, Sheet
from capsules.bake.topology import Anatomy

__all__ = ["gap_heights", "snap_lids", "snap_lips"]

_REACH = 0.055  # how far an edge may be drawn, in units of the face
_OPEN = 0.03  # lips that are less apart are closed
_WIDE = 0.10  # lips that are farther apart are open, teeth or not
_SAMPLES = 25


def gap_heights(face: Anatomy) -> Floats:
    """How far the lips' inner edges are apart (N,), canvas pixels."""
    return np.asarray(np.linalg.norm(face.inner_lower - face.inner_upper, axis=1), np.float32)


def _profiles(lab: Floats, sheet: Sheet, line: Floats, way: Floats, reach_px: float) -> Floats:
    """Colours (N, samples, 3) across a line, from `reach` behind it to `reach` ahead."""
    steps = np.linspace(-reach_px, reach_px, _SAMPLES, dtype=np.float32)
    at = sheet.texels(line[:, None] + steps[None, :, None] * way[:, None])
    channels = [
        ndimage.map_coordinates(lab[..., c], (at[..., 1], at[..., 0]), order=1, mode="nearest")
        for c in range(3)
    ]
    return np.stack(channels, axis=-1).astype(np.float32)


def _best_split(profile: Floats) -> tuple[float, float]:
    """Where colours (samples, 3) fall best into two kinds, in [-1, 1], and how well (0..1)."""
    total = float(((profile - profile.mean(axis=0)) ** 2).sum()) + 1e-6
    best, at = -1.0, 0.0
    for k in range(3, len(profile) - 3):
        one, two = profile[:k], profile[k:]
        spread = k * (len(profile) - k) / len(profile)
        value = spread * float(((one.mean(axis=0) - two.mean(axis=0)) ** 2).sum()) / total
        value *= 1.0 - 0.25 * abs(2.0 * k / len(profile) - 1.0)
        if value > best:
            best, at = value, 2.0 * (k - 0.5) / (len(profile) - 1) - 1.0
    return at, best


def _shows_teeth(face: Anatomy, lab: Floats, sheet: Sheet) -> bool:
    """Whether something pale or dark lies between the lips, rather than lips."""
    gap = gap_heights(face)
    if gap.max() > _WIDE * face.unit:
        return True
    middle = slice(len(gap) // 4, -(len(gap) // 4))
    between = 0.5 * (face.inner_upper + face.inner_lower)[middle]
    lips = np.vstack([0.5 * (face.inner_upper + face.outer_upper)[middle],
                      0.5 * (face.inner_lower + face.outer_lower)[middle]])  # fmt: skip

    def colours(points: Floats) -> Floats:
        at = sheet.texels(points)
        return np.stack(
            [ndimage.map_coordinates(lab[..., c], (at[:, 1], at[:, 0]), order=1) for c in range(3)],
            axis=-1,
        )

    inside, skin = np.median(colours(between), axis=0), np.median(colours(lips), axis=0)
    return bool(inside[0] > skin[0] + 6.0 and inside[1] < skin[1] - 4.0)


def _closed(face: Anatomy, light: Floats, sheet: Sheet) -> Anatomy:
    """Closed lips: both edges on the darkest line between them."""
    line = 0.5 * (face.inner_upper + face.inner_lower)
    down = face.axes[:2, 1]
    steps = np.linspace(-1.0, 1.0, 33, dtype=np.float32)
    reach = 0.5 * gap_heights(face).max() + 0.03 * face.unit
    at = sheet.texels(line[:, None] + (reach * steps)[None, :, None] * down)
    rows = ndimage.map_coordinates(light, (at[..., 1], at[..., 0]), order=1, mode="nearest")
    rows = ndimage.gaussian_filter1d(rows, 1.5, axis=0, mode="nearest")
    shift = steps[(rows + 6.0 * steps**2).argmin(axis=1)] * reach
    shift = ndimage.median_filter(shift, 7, mode="nearest")
    shift = ndimage.gaussian_filter1d(shift, 1.5, mode="nearest")
    shift = shift * np.minimum(1.0, 4.0 * np.sin(np.linspace(0.0, np.pi, len(shift))))
    line = np.asarray(line + shift[:, None] * down, np.float32)
    return replace(face, inner_upper=line, inner_lower=line.copy())


def snap_lips(face: Anatomy, picture: Floats, sheet: Sheet) -> Anatomy:
    """The same anatomy with the inner edges of open lips where colours change.

    Args:
        face: With the edges from the landmarks.
        picture: (h, w, 3) sRGB in [0, 1] on the sheet.
        sheet: Where the picture lies.
    """
    gap = gap_heights(face)
    lab = sheet.blurred(cv2.cvtColor(picture, cv2.COLOR_RGB2Lab), 0.008 * face.unit)
    if gap.max() < _OPEN * face.unit or not _shows_teeth(face, lab, sheet):
        return _closed(face, lab[..., 0], sheet)
    lab[..., 0] *= 0.5  # the lips' redness tells more than their shine
    down = (face.inner_lower - face.inner_upper)[1:-1]
    down /= np.maximum(np.linalg.norm(down, axis=1, keepdims=True), 1e-3)
    middle = np.sin(np.linspace(0.0, np.pi, len(gap)))[1:-1].astype(np.float32)
    edges = []
    for line in (face.inner_upper, face.inner_lower):
        reach = _REACH * face.unit
        profiles = _profiles(lab, sheet, line[1:-1], down, reach)
        found = np.array([_best_split(profile) for profile in profiles], np.float32)
        shift = np.where(found[:, 1] > 0.45, found[:, 0] * reach, 0.0)
        shift = ndimage.median_filter(shift, 5, mode="nearest")
        shift = ndimage.gaussian_filter1d(shift, 1.2, mode="nearest")
        moved = line.copy()
        moved[1:-1] += (shift * np.minimum(1.0, 3.0 * middle))[:, None] * down
        edges.append(moved)
    upper, lower = edges
    # Edges keep their order.
    height = np.einsum("ij,ij->i", (lower - upper)[1:-1], down)
    push = np.maximum(0.5 - height, 0.0)[:, None] * down
    lower[1:-1] += push
    return replace(face, inner_upper=upper, inner_lower=lower)


_RIM = (0.034, 0.085)  # least and greatest height of the lash line, units of the face


def snap_lids(face: Anatomy, picture: Floats, sheet: Sheet) -> Anatomy:
    """The same anatomy with the upper lids' rims as high as lashes and make-up are dark."""
    light = cv2.GaussianBlur(picture.mean(axis=-1), (0, 0), 0.006 * face.unit * sheet.scale)
    heights = np.linspace(0.012, 0.115, 52, dtype=np.float32)
    up = -face.axes[:2, 1]
    eyes = {}
    for side, eye in face.eyes.items():
        middle = eye.upper[len(eye.upper) // 4 : -(len(eye.upper) // 4)]
        at = sheet.texels(middle[None] + (heights * face.unit)[:, None, None] * up)
        rows = ndimage.map_coordinates(light, (at[..., 1], at[..., 0]), order=1, mode="nearest")
        level = rows.mean(axis=1)
        darkest = int(level[:25].argmin())
        bright = level.max()
        above = level[darkest:] > level[darkest] + 0.80 * (bright - level[darkest])
        rim = float(heights[darkest + int(above.argmax())])
        eyes[side] = replace(eye, rim=float(np.clip(rim, *_RIM)))
    return replace(face, eyes=eyes)
