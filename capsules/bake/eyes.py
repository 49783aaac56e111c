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
_LID_EDGE = 0.007  # of what lies between the lids, units: wet edges and the roots of lashes
_RIM_BLUR = (1.08, 1.30)  # radii between which a photo mixes iris and white
_IRIS_END = 0.96  # radii up to which it shows the iris alone
_FEWEST = 12  # texels that tell a colour
_MOST_TINT = 0.05  # by which a white may differ from its usual hue
_LIGHT_HUE = 0.5  # power of the skin's hue that is the light's
_PLAIN = 0.8  # of the skin's brightness: a white that is as bright shows its own hue


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


def paint_eyes(photo: Photo, placement: Placement, face: Anatomy, tone: Floats) -> Painted:
    """Both eyes without irises: the photo's whites go on under irises and lids.

    Args:
        photo: The photo.
        placement: Where it lies on the canvas.
        face: The anatomy.
        tone: (3,) the skin's colour, which tells that of the light.
    """
    sheet = eye_sheet(face, placement)
    rgb = sheet.photo(photo, placement)
    x, y = sheet.grid()
    out, alpha = rgb.copy(), np.zeros(sheet.shape, np.float32)
    light = np.asarray(tone.mean() * (tone / tone.mean()) ** _LIGHT_HUE, np.float32)
    for eye in face.eyes.values():
        opened, shown = _shown(eye, sheet, face.unit)
        radius = np.hypot(x - eye.iris[0], y - eye.iris[1]) / eye.iris_radius
        shade = _ball_shade(eye, face, sheet)
        # What the photo shows is in that shade already: only what it hides goes deeper into it.
        white = shade * sheet.blurred(_whites(rgb / shade, shown, radius, light), 0.01 * face.unit)
        # The photo as it is between the lids; past the iris and its blurred rim, the white.
        near = smoothstep(0.15, 0.6, sheet.blurred(opened, 0.8))
        near = (near * smoothstep(*_RIM_BLUR, radius))[..., None]
        painted = near * rgb + (1.0 - near) * white
        centre = 0.5 * (eye.upper.mean(axis=0) + eye.lower.mean(axis=0))
        reach = np.hypot((x - centre[0]) / (0.30 * face.unit), (y - centre[1]) / (0.24 * face.unit))
        area = smoothstep(1.35, 1.2, reach)
        out = area[..., None] * painted + (1.0 - area[..., None]) * out
        alpha = np.maximum(alpha, area)
    return Painted(sheet, out, alpha)


def _shown(eye: Eye, sheet: Sheet, unit: float) -> tuple[Floats, NDArray[np.bool_]]:
    """The opening between the lids (h, w), and where in it no wet edge and no lash is."""
    opened = sheet.fill(np.vstack([eye.upper, eye.lower[::-1]]))
    margin = max(1, round(_LID_EDGE * unit * sheet.scale))
    return opened, np.asarray(ndimage.binary_erosion(opened > 0.9, iterations=margin), np.bool_)


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
    """How a ball under lids is lit (h, w, 3): darker beneath the lids and towards the corners.

    Such shade is warm, for light comes through the lids, and most so beside the nose.
    """
    place = face.local(np.stack(sheet.grid(), axis=-1))
    upper, lower = face.local(eye.upper), face.local(eye.lower)
    left, right = float(upper[0, 0]), float(upper[-1, 0])
    across = np.clip((place[..., 0] - left) / (right - left), 0.0, 1.0)
    top = np.interp(place[..., 0], upper[:, 0], upper[:, 1])
    bottom = np.interp(place[..., 0], lower[:, 0], lower[:, 1])
    under = smoothstep(0.055, -0.02, place[..., 1] - top)
    over = smoothstep(-0.02, 0.03, place[..., 1] - bottom)
    corners = 1.0 - bump(across, 0.45)
    inner = across if eye.side < 0 else 1.0 - across
    tear = smoothstep(0.72, 1.0, inner)
    shade = 1.0 - (1.0 - 0.22 * under) * (1.0 - 0.10 * over) * (1.0 - 0.22 * corners)
    warm = shade[..., None] * vector(0.88, 1.04, 1.08) + tear[..., None] * vector(0.0, 0.10, 0.09)
    return np.asarray(1.0 - warm, np.float32)


def _whites(rgb: Floats, shown: NDArray[np.bool_], radius: Floats, light: Floats) -> Floats:
    """The white of an eye everywhere: what the photo shows of it, continued smoothly."""
    for least in (_RIM_BLUR[1], _RIM_BLUR[0], 1.02):
        usable = shown & (radius > least)
        if usable.sum() >= _FEWEST:
            break
    if not usable.any():
        return np.broadcast_to(light, rgb.shape).copy()
    level = rgb.mean(axis=-1)
    bright = usable & (level >= np.percentile(level[usable], 55))
    calm = fill_smoothly(rgb, bright.astype(np.float32))
    # Lashes and the skin at the corners tint what is guessed. A white has its own hue, or the
    # light's where all that the photo shows of it is shade.
    own = np.median(rgb[bright], axis=0)
    hue = own if own.mean() > _PLAIN * light.mean() else light
    grey = calm.mean(axis=-1, keepdims=True) * hue / hue.mean()
    tint = np.abs(calm - grey).max(axis=-1, keepdims=True) / np.maximum(grey, 0.02)
    share = np.minimum(1.0, _MOST_TINT / np.maximum(tint, 1e-3))
    return np.asarray(grey + share * (calm - grey), np.float32)


def paint_iris(photo: Photo, placement: Placement, face: Anatomy, side: int) -> Painted:
    """One iris as a full disc; what lids hide is taken from what they show."""
    eye = face.eyes[side]
    sheet = iris_sheet(eye, placement)
    rgb = sheet.photo(photo, placement)
    x, y = sheet.grid()
    dx, dy = x - eye.iris[0], y - eye.iris[1]
    radius = np.hypot(dx, dy) / eye.iris_radius
    opened, shown = _shown(eye, sheet, face.unit)
    completed = _completed(rgb, shown, radius, dy, sheet)
    soft = smoothstep(0.1, 0.6, sheet.blurred(shown.astype(np.float32), 1.0))[..., None]
    out = soft * rgb + (1.0 - soft) * completed
    # What the photo shows keeps its soft rim; what lids hide ends where the iris does.
    rim = smoothstep(0.15, 0.6, sheet.blurred(opened, 0.8))
    alpha = rim * smoothstep(*_RIM_BLUR[::-1], radius)
    alpha = alpha + (1.0 - rim) * smoothstep(1.16, 1.02, radius)
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
    # Beyond the iris goes on its dark rim, for it is soft.
    at = np.minimum(radius, _IRIS_END)
    by_ring = np.stack(
        [np.interp(at, (np.arange(15) + 0.5) / 12, profile[:, c]) for c in range(3)], axis=-1
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
