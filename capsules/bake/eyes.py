"""The eyes behind the lids: the whites, and irises completed to full discs."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from capsules.bake.canvas import Floats, Placement, Sheet, bump, fill_smoothly, smoothstep, vector
from capsules.bake.found import Photo
from capsules.bake.topology import Anatomy, Eye

__all__ = ["Painted", "eye_sheet", "eye_white", "iris_sheet", "paint_eyes", "paint_iris"]

_ROOM = 0.16  # around the lids, units
_IRIS_ROOM = 1.40  # side of an iris's picture in radii


@dataclass(frozen=True, slots=True)
class Painted:
    """A picture on a sheet.

    Attributes:
        sheet: Where it lies.
        rgb: (h, w, 3) colours in [0, 1].
        alpha: (h, w) coverage in [0, 1].
        normals: (nh, nw, 2) int8 as in `capsules.avatar.Part`; None where it looks straight at the
            viewer.
    """

    sheet: Sheet
    rgb: Floats
    alpha: Floats
    normals: NDArray[np.int8] | None = None


def _resolution(placement: Placement) -> float:
    return float(np.clip(1.0 / placement.scale, 1.0, 2.0))


def eye_sheet(face: Anatomy, placement: Placement) -> Sheet:
    """One sheet for both eyes."""
    lids = np.vstack([line for eye in face.eyes.values() for line in (eye.upper, eye.lower)])
    room = _ROOM * face.unit
    low, high = np.floor(lids.min(axis=0) - room), np.ceil(lids.max(axis=0) + room)
    width, height = high - low
    return Sheet(float(low[0]), float(low[1]), float(width), float(height), _resolution(placement))


def iris_sheet(eye: Eye, placement: Placement) -> Sheet:
    """A square about one iris."""
    half = np.ceil(_IRIS_ROOM * eye.iris_radius)
    left, top = eye.iris - half
    return Sheet(float(left), float(top), float(2 * half), float(2 * half), _resolution(placement))


def paint_eyes(photo: Photo, placement: Placement, face: Anatomy) -> Painted:
    """Both eyes without irises: the photo's whites go on under irises and lids."""
    sheet = eye_sheet(face, placement)
    rgb = sheet.photo(photo, placement)
    x, y = sheet.grid()
    out, alpha = rgb.copy(), np.zeros(sheet.shape, np.float32)
    for eye in face.eyes.values():
        ring = np.vstack([eye.upper, eye.lower[::-1]])
        opened = sheet.fill(ring)
        radius = np.hypot(x - eye.iris[0], y - eye.iris[1]) / eye.iris_radius
        white = _whites(rgb, opened, radius, sheet, face.unit)
        # Shade under lids is warm: light comes through them.
        shade = 1.0 - _ball_shade(eye, face, sheet)[..., None]
        white = white * (1.0 - shade * vector(0.85, 1.05, 1.15))
        # The photo as it is between the lids and just under them; past the iris, the white.
        near = smoothstep(0.15, 0.6, sheet.blurred(opened, 0.8)) * smoothstep(1.08, 1.36, radius)
        painted = near[..., None] * rgb + (1.0 - near[..., None]) * white
        centre = 0.5 * (eye.upper.mean(axis=0) + eye.lower.mean(axis=0))
        reach = np.hypot((x - centre[0]) / (0.30 * face.unit), (y - centre[1]) / (0.24 * face.unit))
        area = smoothstep(1.35, 1.2, reach)
        out = area[..., None] * painted + (1.0 - area[..., None]) * out
        alpha = np.maximum(alpha, area)
    return Painted(sheet, out, alpha)


def eye_white(photo: Photo, placement: Placement, face: Anatomy) -> Floats:
    """The colour (3,) of the eyes' whites, where it is brightest beside the irises."""
    sheet = eye_sheet(face, placement)
    rgb = sheet.photo(photo, placement)
    x, y = sheet.grid()
    whites = np.zeros(sheet.shape, np.bool_)
    for eye in face.eyes.values():
        opened = sheet.fill(np.vstack([eye.upper, eye.lower[::-1]])) > 0.9
        radius = np.hypot(x - eye.iris[0], y - eye.iris[1]) / eye.iris_radius
        whites |= opened & (radius > 1.15)
    if not whites.any():
        return vector(0.80, 0.76, 0.74)
    colours = rgb[whites]
    light = colours.mean(axis=1)
    brightest = colours[light >= np.percentile(light, 65)]
    return np.asarray(np.median(brightest, axis=0), np.float32)


def _ball_shade(eye: Eye, face: Anatomy, sheet: Sheet) -> Floats:
    """How a ball under lids is lit: darker beneath the upper lid and towards the corners."""
    place = face.local(np.stack(sheet.grid(), axis=-1))
    upper, lower = face.local(eye.upper), face.local(eye.lower)
    left, right = float(upper[0, 0]), float(upper[-1, 0])
    across = np.clip((place[..., 0] - left) / (right - left), 0.0, 1.0)
    top = np.interp(place[..., 0], upper[:, 0], upper[:, 1])
    bottom = np.interp(place[..., 0], lower[:, 0], lower[:, 1])
    under = smoothstep(-0.02, 0.06, place[..., 1] - top)
    over = smoothstep(0.03, -0.02, place[..., 1] - bottom)
    corners = bump(across, 0.45)
    return np.asarray(
        (0.60 + 0.40 * under) * (0.9 + 0.1 * over) * (0.74 + 0.26 * corners), np.float32
    )


def _whites(rgb: Floats, opened: Floats, radius: Floats, sheet: Sheet, unit: float) -> Floats:
    """The white of an eye everywhere: what the photo shows of it, continued smoothly."""
    inner = ndimage.binary_erosion(
        opened > 0.9, iterations=max(1, round(0.012 * unit * sheet.scale))
    )
    usable = inner & (radius > 1.18)
    if usable.sum() < 12:
        usable = inner & (radius > 1.02)
    if not usable.any():
        return np.broadcast_to(vector(0.80, 0.76, 0.74), rgb.shape).copy()
    light = rgb.mean(axis=-1)
    bright = usable & (light >= np.percentile(light[usable], 30))
    filled = fill_smoothly(rgb, bright.astype(np.float32))
    mean = rgb[bright].mean(axis=0)
    grey = mean.mean()
    # Lashes and the skin at the corners tint what is guessed; whites are nearly grey.
    calm = 0.75 * filled + 0.25 * (0.85 * mean + 0.15 * grey)
    return sheet.blurred(np.asarray(calm, np.float32), 0.012 * unit)


def paint_iris(photo: Photo, placement: Placement, face: Anatomy, side: int) -> Painted:
    """One iris as a full disc; what lids hide is taken from what they show."""
    eye = face.eyes[side]
    sheet = iris_sheet(eye, placement)
    rgb = sheet.photo(photo, placement)
    x, y = sheet.grid()
    dx, dy = x - eye.iris[0], y - eye.iris[1]
    radius = np.hypot(dx, dy) / eye.iris_radius
    ring = np.vstack([eye.upper, eye.lower[::-1]])
    opened = sheet.fill(ring)
    margin = max(1, round(0.012 * face.unit * sheet.scale))
    shown = ndimage.binary_erosion(opened > 0.9, iterations=margin)
    completed = _completed(rgb, shown, radius, dy, sheet)
    soft = smoothstep(0.15, 0.6, sheet.blurred(opened, 0.8))[..., None]
    out = soft * rgb + (1.0 - soft) * completed
    # What the photo shows keeps its soft rim; what lids hide ends where the iris does.
    rim = soft[..., 0]
    alpha = rim * smoothstep(1.32, 1.12, radius) + (1.0 - rim) * smoothstep(1.06, 0.98, radius)
    return Painted(sheet, np.asarray(out, np.float32), alpha)


def _completed(
    rgb: Floats, shown: NDArray[np.bool_], radius: Floats, dy: Floats, sheet: Sheet
) -> Floats:
    """Hidden parts of an iris: mirrored from below where that is shown, else by its rings."""
    rings = np.clip((radius * 12).astype(np.int32), 0, 14)
    profile = np.zeros((15, 3), np.float32)
    last = np.median(rgb[shown & (radius < 1.0)], axis=0) if (shown & (radius < 1)).any() else 0.2
    for k in range(15):
        here = shown & (rings == k)
        if here.sum() >= 3:
            last = np.median(rgb[here], axis=0)
        profile[k] = last
    by_ring = np.stack(
        [np.interp(radius, (np.arange(15) + 0.5) / 12, profile[:, c]) for c in range(3)], axis=-1
    ).astype(np.float32)
    h, w = radius.shape
    column, row = np.meshgrid(np.arange(w, dtype=np.float32), np.arange(h, dtype=np.float32))
    mirrored_row = (row - 2.0 * dy * sheet.scale).astype(np.float32)
    seen = cv2.remap(shown.astype(np.float32), column, mirrored_row, cv2.INTER_LINEAR)
    mirrored = cv2.remap(rgb, column, mirrored_row, cv2.INTER_LINEAR,
                         borderMode=cv2.BORDER_REPLICATE)  # fmt: skip
    share = (0.6 * smoothstep(0.5, 1.0, seen))[..., None]
    darker = 0.88  # the upper lid's shadow
    return np.asarray((share * mirrored + (1.0 - share) * by_ring) * darker, np.float32)
