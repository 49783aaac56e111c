"""Teeth: the photo's own where it shows them, drawn where it does not."""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from capsules.bake.canvas import Floats, Numbers, Placement, Sheet, smoothstep, vector
from capsules.bake.eyes import Painted
from capsules.bake.found import Photo
from capsules.bake.topology import Anatomy

__all__ = ["MouthFrame", "drawn_upper", "enamel_of", "light_on_teeth", "lower_teeth",
           "shown_upper", "teeth_in"]  # fmt: skip

Mask = NDArray[np.bool_]

# Widths of teeth from the middle outwards as the front shows them, units of the face.
_UPPER_WIDTHS = (0.132, 0.104, 0.108, 0.080, 0.064, 0.050)
_LOWER_WIDTHS = (0.082, 0.088, 0.096, 0.082, 0.066, 0.050)
_UPPER_LENGTH, _LOWER_LENGTH = 0.150, 0.120
_BACK = 0.12  # how far teeth go on beyond those that the photo shows, until the dark has them
_EVEN = 0.03  # by how much one side of a row may be the longer one
_ROUNDED = 0.045  # of a row's end is the rounding of its last tooth
_BACK_LENGTH = 0.085  # of teeth at the sides
_SHOWN_AT_REST = 0.035  # of the upper teeth below a closed upper lip
_DRAWN_SCALE = 1.6  # texels a canvas pixel of what no photo limits
_WITHIN = 0.9  # of the light on a face falls on what is behind its lips
_ENAMEL = np.array([0.93, 0.89, 0.83], np.float32)
_GUM = np.array([0.66, 0.37, 0.36], np.float32)
_USUAL_WHITE = np.array([0.80, 0.76, 0.74], np.float32)  # of eyes in a well-lit photo


class MouthFrame:
    """The mouth's own coordinates: units from the middle of the lips, along the head's axes."""

    def __init__(self, face: Anatomy, placement: Placement) -> None:
        self.face, self.unit = face, face.unit
        self.scale = float(np.clip(1.0 / placement.scale, 1.0, 1.5))
        inner = 0.5 * (face.inner_upper + face.inner_lower)
        self.middle = inner[len(inner) // 2]
        self.upper = face.local(face.inner_upper)
        self.lower = face.local(face.inner_lower)
        centre = face.local(self.middle[None])[0]
        # The teeth's middle is the face's, not that of a crooked smile.
        self.centre = np.array(
            [0.5 * (self.upper[0, 0] + self.upper[-1, 0]), centre[1]], np.float32
        )
        self.top = float(self.upper[len(inner) // 2, 1])
        self.gap = float((self.lower - self.upper)[:, 1].max())

    def sheet(
        self, half: float, above: float, below: float, *, scale: float | None = None
    ) -> Sheet:
        """A sheet from `above` to `below` (units, heights of `local`), `half` wide each way."""
        x, unit = float(self.middle[0]), self.unit
        origin = float(self.face.origin[1])
        lean = abs(float(self.face.axes[1, 0])) * half * unit
        top = np.floor(origin + above * unit - lean)
        bottom = np.ceil(origin + below * unit + lean)
        left, right = np.floor(x - half * unit), np.ceil(x + half * unit)
        return Sheet(float(left), float(top), float(right - left), float(bottom - top),
                     self.scale if scale is None else scale)  # fmt: skip

    def grid(self, sheet: Sheet) -> tuple[Floats, Floats]:
        """Each texel's place: units to the right of the middle, and heights of `local`."""
        place = self.face.local(np.stack(sheet.grid(), axis=-1))
        # Teeth stand below the nose: the vertical axis leans with the head already.
        return place[..., 0] - self.centre[0], place[..., 1]

    def edge(self, curve: Floats, x: Floats) -> Floats:
        """A lip's height at places right of the middle."""
        return np.interp(x, curve[:, 0] - self.centre[0], curve[:, 1]).astype(np.float32)


def _tooth_row(
    x: Floats, depth: Floats, widths: tuple[float, ...], length: float
) -> tuple[Floats, Floats]:
    """A row of teeth: colours (h, w, 3) and coverage.

    Args:
        x: Units from the middle.
        depth: Units from the gums towards the free edge.
        widths: Of each tooth.
        length: Of the teeth in the middle.
    """
    bounds = np.concatenate([[0.0], np.cumsum(widths)])
    tooth = np.clip(np.searchsorted(bounds, np.abs(x)) - 1, 0, len(widths) - 1)
    across = 2.0 * (np.abs(x) - bounds[tooth]) / np.asarray(widths)[tooth] - 1.0
    lengths = length * np.array([1.0, 0.93, 1.0, 0.90, 0.84, 0.8])[tooth]
    edge = lengths - 0.022 * np.abs(across) ** 3.5
    soft = 0.010
    cover = smoothstep(1.0, 0.0, (depth - edge) / soft + 0.5)
    cover = cover * smoothstep(bounds[-1], bounds[-1] - 0.02, np.abs(x))
    along = np.clip(depth / length, 0.0, 1.0)
    shade = 1.0 - 0.34 * np.clip(np.abs(across), 0, 1) ** 7 - 0.055 * tooth
    shade = shade * (0.90 + 0.12 * np.sin(np.pi * np.clip(along, 0.05, 0.95)))
    rgb = _ENAMEL * shade[..., None].astype(np.float32)
    gum = smoothstep(0.30, 0.10, along + 0.10 * (1.0 - np.abs(across) ** 2))[..., None]
    rgb = (1.0 - gum) * rgb + gum * _GUM
    return np.asarray(rgb, np.float32), np.asarray(cover, np.float32)


def enamel_of(upper: Painted) -> Floats:
    """The colour of the teeth that the photo shows, relative to `_ENAMEL`."""
    teeth = upper.rgb[upper.alpha > 0.9]
    level = teeth.mean(axis=-1)
    bright = teeth[level >= np.percentile(level, 60)]
    # Gums and the lip that they go on with are bright, too, but redder.
    redness = _redness(bright)
    enamel = bright[redness <= np.percentile(redness, 40)].mean(axis=0)
    return np.asarray(np.clip(enamel / _ENAMEL, 0.3, 1.1), np.float32)


def light_on_teeth(white: Floats, tone: Floats) -> Floats:
    """The light (3,) that what is drawn is seen in.

    The eyes' whites tell it, unless they are no brighter than the skin, as behind dark glasses.
    """
    if white.mean() > 0.9 * tone.mean():
        return np.asarray(_WITHIN * np.clip(white / _USUAL_WHITE, 0.3, 1.08), np.float32)
    level = _WITHIN * float(np.clip(0.62 + 0.5 * tone.max(), 0.72, 1.04))
    return np.asarray(level * (tone / tone.mean()) ** 0.3, np.float32)


def drawn_upper(frame: MouthFrame, light: Floats) -> tuple[Painted, float]:
    """Upper teeth behind closed lips, and the height of `local` where they end."""
    line = frame.top + _SHOWN_AT_REST
    sheet = frame.sheet(0.56, line - _UPPER_LENGTH - 0.12, line + 0.02,
                        scale=_DRAWN_SCALE)  # fmt: skip
    x, y = frame.grid(sheet)
    rgb, alpha = _tooth_row(x, y - (line - _UPPER_LENGTH), _UPPER_WIDTHS, _UPPER_LENGTH)
    rgb = rgb * light * _cheek_shade(x, 0.66)
    return Painted(sheet, np.asarray(rgb, np.float32), alpha), line


def _cheek_shade(x: Floats, most: float, end: float = 0.44) -> Floats:
    """What is left (h, w, 3) of the light along a row: cheeks shade its ends, in a warm hue."""
    dark = most * smoothstep(0.10, end, np.abs(x))[..., None]
    return np.asarray(1.0 - dark * np.array([0.86, 1.08, 1.18], np.float32), np.float32)


def shown_upper(
    frame: MouthFrame, photo: Photo, placement: Placement, tone: Floats
) -> tuple[Painted, float] | None:
    """The photo's upper teeth, gone on with above the lip; None where there are none to see."""
    top = float(frame.upper[:, 1].min()) - 0.15
    sheet = frame.sheet(0.62, top, float(frame.lower[:, 1].max()) + 0.05)
    rgb = sheet.photo(photo, placement)
    x, y = frame.grid(sheet)
    upper, lower = frame.edge(frame.upper, x), frame.edge(frame.lower, x)
    half = 0.5 * float(frame.upper[-1, 0] - frame.upper[0, 0])
    opened = (y > upper + 0.004) & (y < lower - 0.004) & (np.abs(x) < half)
    bright = teeth_in(rgb, opened, tone)
    if bright.sum() < 0.12 * opened.sum() or bright.sum() < 40:
        return None
    bottoms, ends = _bottoms(frame, sheet, bright)
    edge = np.interp(x, bottoms[:, 0], bottoms[:, 1]).astype(np.float32)
    # Above the lip the picture goes on upwards with what is just below it, and turns into gum.
    column, row = np.meshgrid(np.arange(x.shape[1], dtype=np.float32),
                              np.arange(x.shape[0], dtype=np.float32))  # fmt: skip
    per_unit = frame.unit * sheet.scale
    start = row + (np.maximum(upper + 0.016 - y, 0.0)) * per_unit
    stop = np.minimum(start, row + np.minimum(edge - 0.018 - y, 0.0) * per_unit)
    source = np.where(y < edge - 0.018, start, stop).astype(np.float32)
    out = cv2.remap(rgb, column, source, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    gum = smoothstep(0.03, 0.09, upper - y)[..., None]
    tint = _GUM * float(np.clip(out[bright].max(axis=-1).mean(), 0.5, 1.0))
    out = (1.0 - 0.8 * gum) * out + 0.8 * gum * tint
    out, edge, ends = _evened(out, edge, ends, frame, sheet)
    beyond = np.maximum(ends[0] - x, x - ends[1])
    past = np.maximum(beyond, 0.0)
    shown = smoothstep(0.03, -0.07, beyond)[..., None]
    back, edge = _back_teeth(past, y, edge, np.median(out[bright], axis=0))
    out = shown * out + (1.0 - shown) * back
    alpha = smoothstep(0.006, -0.006, y - edge) * smoothstep(_BACK, 0.2 * _BACK, past)
    line = float(np.interp(0.0, bottoms[:, 0], bottoms[:, 1]))
    return Painted(sheet, np.asarray(out, np.float32), np.asarray(alpha, np.float32)), line


def _evened(
    rgb: Floats, edge: Floats, ends: tuple[float, float], frame: MouthFrame, sheet: Sheet
) -> tuple[Floats, Floats, tuple[float, float]]:
    """A row of which the photo shows more on one side, gone on with on the other.

    What follows there is the longer side's, mirrored and in the shade, so that a mouth that opens
    does not show a row that breaks off.

    Args:
        rgb: (h, w, 3) the row.
        edge: (h, w) where it ends below, heights of `local`.
        ends: Where it ends left and right, units.
        frame: The mouth.
        sheet: Where the row lies.
    """
    short = 1 if ends[1] < -ends[0] else -1
    end, far = (ends[1], -ends[0]) if short > 0 else (-ends[0], ends[1])
    if far - end < _EVEN:
        return rgb, edge, ends
    x, y = frame.grid(sheet)
    end -= _ROUNDED
    per_unit = frame.unit * sheet.scale
    column, row = np.meshgrid(np.arange(x.shape[1], dtype=np.float32),
                              np.arange(x.shape[0], dtype=np.float32))  # fmt: skip
    # Back by twice the distance from the middle; up or down as the edges differ.
    other = np.asarray(column - 2.0 * x * per_unit, np.float32)
    there = cv2.remap(edge, other, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    at_end = np.abs(x - short * end) < 1.0 / per_unit
    step = float(np.median((edge - there)[at_end])) if at_end.any() else 0.0
    past = np.asarray(short * x - end, np.float32)
    wanted = np.where(past > 0.0, there + step, edge).astype(np.float32)
    source = np.asarray(row + (there - wanted) * per_unit, np.float32)
    mirrored = cv2.remap(rgb, other, source, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    gum = smoothstep(_BACK_LENGTH, _BACK_LENGTH + 0.05, wanted - y)[..., None]
    mirrored = (1.0 - gum) * mirrored + gum * _GUM * mirrored.max(axis=-1, keepdims=True)
    shade = 1.0 - 0.70 * smoothstep(-0.03, 0.14, past)[..., None] * vector(0.9, 1.05, 1.12)
    share = smoothstep(-0.02, 0.03, past)[..., None]
    evened = share * mirrored * shade + (1.0 - share) * rgb
    return np.asarray(evened, np.float32), wanted, (-far, far)


def _back_teeth(past: Floats, y: Floats, edge: Floats, colour: Floats) -> tuple[Floats, Floats]:
    """What follows where the photo's row ends: teeth that sink into the dark, and their edge.

    Args:
        past: (h, w) units beyond the end of the row.
        y: (h, w) heights of `local`.
        edge: (h, w) where the row ends below.
        colour: (3,) of the teeth that are shown.
    """
    lower = edge - 0.5 * past - 0.04 * smoothstep(0.0, 0.03, past)
    across = 2.0 * np.mod(past / 0.085, 1.0) - 1.0
    # In the shade of the cheeks, whose blood tints what light there is.
    shade = (1.0 - 0.25 * np.abs(across) ** 4) * (0.03 + 0.30 * smoothstep(0.8 * _BACK, 0.0, past))
    gum = smoothstep(0.05, 0.11, lower - y)[..., None]
    rgb = (1.0 - gum) * colour + gum * 0.7 * _GUM * colour.max()
    tint = np.array([1.0, 0.74, 0.64], np.float32)
    return np.asarray(rgb * tint * shade[..., None], np.float32), np.asarray(lower, np.float32)


def _redness(rgb: Numbers) -> Floats:
    """How much redder than grey colours (..., 3) are, relative to their brightness."""
    others = 0.5 * (rgb[..., 1] + rgb[..., 2])
    return np.asarray((rgb[..., 0] - others) / np.maximum(rgb.mean(axis=-1), 0.02), np.float32)


def teeth_in(rgb: Floats, opened: Mask, tone: Floats) -> Mask:
    """Which pixels of an open mouth are teeth: bright, and less red than skin, lips and gums."""
    if not opened.any():
        return np.zeros(opened.shape, np.bool_)
    light = rgb.mean(axis=-1)
    level = float(np.percentile(light[opened], 92))
    if level < 0.7 * float(tone.mean()):
        return np.zeros(opened.shape, np.bool_)
    pale = _redness(rgb) < 0.86 * float(_redness(tone)) + 0.03
    teeth = opened & (light > 0.56 * level) & pale
    return np.asarray(ndimage.binary_opening(teeth, iterations=1), np.bool_)


def _bottoms(frame: MouthFrame, sheet: Sheet, bright: Mask) -> tuple[Floats, tuple[float, float]]:
    """The teeth's lower edge (N, 2) and where the row ends left and right, in units."""
    x, y = frame.grid(sheet)
    columns = np.flatnonzero(bright.any(axis=0))
    last = _first_run_ends(bright[:, columns], round(0.02 * frame.unit * sheet.scale))
    at_x, at_y = x[last, columns], y[last, columns]
    limit = frame.edge(frame.lower, at_x)
    # Where teeth reach the lip they go on behind it.
    at_y = np.where(limit - at_y < 0.03, limit + 0.008, at_y + 0.004)
    at_y = ndimage.median_filter(at_y, 9, mode="nearest")
    at_y = ndimage.gaussian_filter1d(at_y, 0.012 * frame.unit * sheet.scale, mode="nearest")
    order = np.argsort(at_x)
    line = np.stack([at_x[order], at_y[order]], axis=-1).astype(np.float32)
    return line, (float(at_x.min()), float(at_x.max()))


def _first_run_ends(bright: Mask, least_gap: int) -> NDArray[np.int64]:
    """The last row of the first run in each column; a gap shorter than that does not end it.

    What is bright again below a gap are the lower teeth.
    """
    closed = ndimage.binary_closing(bright, np.ones((max(least_gap, 2), 1), np.bool_))
    first = (closed | bright).argmax(axis=0)
    rows = np.arange(len(bright))[:, None]
    dark = ~(closed | bright) & (rows > first)
    dark[-1] = True
    return np.asarray(np.maximum(dark.argmax(axis=0) - 1, first), np.int64)


def lower_teeth(frame: MouthFrame, line: float, light: Floats) -> Painted:
    """The lower row, drawn in the colour of the upper one.

    Args:
        frame: The mouth.
        line: Where the upper teeth end, height of `local`.
        light: (3,) the teeth's colour relative to usual enamel.
    """
    top = line - 0.055
    sheet = frame.sheet(0.50, top - 0.02, top + 0.30, scale=_DRAWN_SCALE)
    x, y = frame.grid(sheet)
    arch = 0.02 * (x / 0.4) ** 2
    rgb, alpha = _tooth_row(x, top + _LOWER_LENGTH + arch - y, _LOWER_WIDTHS, _LOWER_LENGTH)
    # Gums and floor below the teeth fade into the dark.
    alpha = alpha * smoothstep(0.30, 0.20, y - top)
    return Painted(
        sheet, np.asarray(1.04 * rgb * light * _cheek_shade(x, 0.80, 0.36), np.float32), alpha
    )
