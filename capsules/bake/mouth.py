"""What lies behind the lips: the dark, tongue and teeth."""

from dataclasses import dataclass

import cv2
import numpy as np

from capsules.bake.canvas import Floats, Placement, Sheet, smoothstep
from capsules.bake.eyes import Painted
from capsules.bake.found import Photo
from capsules.bake.teeth import (
    MouthFrame,
    drawn_upper,
    enamel_of,
    light_on_teeth,
    lower_teeth,
    shown_upper,
)
from capsules.bake.topology import Anatomy

__all__ = ["Mouth", "paint_mouth"]

_OPEN = 0.05  # lips that are farther apart show what is behind them, units of the face
_DARK = np.array([0.17, 0.055, 0.055], np.float32)
_TONGUE = np.array([0.74, 0.45, 0.44], np.float32)
_BRIGHTEST = 0.14  # what the photo may show in the dark beside the teeth
_TIP_HALF, _TIP_REACH = 0.185, 0.41  # half width and length of the tongue's tip, units
_LIP_SHADE = 0.052  # how far down the upper lip's shadow reaches, units
_BACK_RISES = 0.20  # how high the tongue's back is over the upper teeth's edge, units
_TIP_SCALE = 1.6  # texels a canvas pixel


@dataclass(frozen=True, slots=True)
class Mouth:
    """The pictures behind the lips.

    Attributes:
        cavity: The dark; at rest with what the photo shows of it.
        tongue: Lying in the lower jaw.
        lower_teeth: Drawn.
        upper_teeth: The photo's or drawn.
        tip: The tongue's tip, which tongueOut unfolds over the lower lip.
        teeth_line_y: Where the upper teeth end in the middle, canvas pixels.
        teeth_shown: Whether the upper teeth are the photo's.
        lip_shade: The upper lip's shadow on drawn teeth; those of a photo have it in the picture.
    """

    cavity: Painted
    tongue: Painted
    lower_teeth: Painted
    upper_teeth: Painted
    tip: Painted
    teeth_line_y: float
    teeth_shown: bool
    lip_shade: Painted | None = None


def _cavity(frame: MouthFrame, dark: Floats) -> Painted:
    """The dark: deepest in the middle, warmer at the cheeks."""
    low = float(frame.lower[:, 1].max()) + 0.20
    first = float(frame.upper[:, 1].min()) - 0.10
    sheet = frame.sheet(0.66, first, low)
    x, y = frame.grid(sheet)
    half = 0.5 * float(frame.upper[-1, 0] - frame.upper[0, 0])
    # Round below, so that it stays behind the lips when they narrow.
    height = np.clip((y - frame.edge(frame.upper, x)) / (low - frame.top), 0.0, 1.0)
    reach = (half + 0.10) * np.sqrt(np.maximum(1.0 - 0.93 * height**2, 0.0))
    alpha = smoothstep(0.0, -0.03, np.abs(x) - reach) * smoothstep(first, first + 0.04, y)
    deep = np.exp(-0.5 * ((x / 0.30) ** 2 + ((y - frame.top - 0.14) / 0.16) ** 2))
    cheek = smoothstep(0.55 * half, half + 0.08, np.abs(x))
    rgb = dark * (1.25 - 0.75 * deep + 0.5 * cheek)[..., None]
    return Painted(sheet, np.asarray(rgb, np.float32), alpha)


def _as_shown(cavity: Painted, frame: MouthFrame, photo: Photo, placement: Placement,
              upper: Painted) -> Painted:  # fmt: skip
    """The dark with a soft hint of what the photo shows beside the teeth.

    Lips and gums that the opening's outline takes in are never so bright there as in the photo.
    """
    sheet = cavity.sheet
    rgb = sheet.photo(photo, placement)
    opened = sheet.fill(np.vstack([frame.face.inner_upper, frame.face.inner_lower[::-1]]))
    at = upper.sheet.texels(np.stack(sheet.grid(), axis=-1))
    alpha = cv2.remap(upper.alpha, at[..., 0], at[..., 1], cv2.INTER_LINEAR)
    shades = cv2.remap(upper.rgb.mean(axis=-1), at[..., 0], at[..., 1], cv2.INTER_LINEAR)
    bright = alpha * smoothstep(0.30, 0.45, shades)
    beside = opened * (1.0 - np.clip(sheet.blurred(bright, 0.02 * frame.unit) * 2.0, 0.0, 1.0))
    spread = 0.022 * frame.unit
    weight = sheet.blurred(beside, spread)[..., None]
    hint = sheet.blurred(rgb * beside[..., None], spread) / np.maximum(weight, 1e-3)
    level = np.minimum(hint.mean(axis=-1, keepdims=True), _BRIGHTEST)
    # Only how light it is: the hue of what is deep in a mouth is that of flesh.
    flesh = cavity.rgb / np.maximum(cavity.rgb.mean(axis=-1, keepdims=True), 1e-3)
    share = np.clip(1.4 * weight, 0.0, 0.8)
    out = share * level * flesh + (1.0 - share) * cavity.rgb
    return Painted(sheet, np.asarray(out, np.float32), cavity.alpha)


def _flesh(frame: MouthFrame, photo: Photo, placement: Placement, light: Floats) -> Floats:
    """The tongue's colour (3,): usual flesh in the photo's light, tinted as the lips are."""
    low = float(frame.face.local(frame.face.outer_lower)[:, 1].max())
    sheet = frame.sheet(0.5, float(frame.upper[:, 1].min()), low)
    rgb = sheet.blurred(sheet.photo(photo, placement), 1.0)
    face = frame.face
    lip = sheet.fill(np.vstack([face.inner_lower, face.outer_lower[::-1]])) > 0.95
    usual = np.asarray(_TONGUE * light, np.float32)
    if lip.sum() < 20:
        return usual
    colour = np.median(rgb[lip], axis=0) * np.array([1.0, 0.86, 0.88], np.float32)
    return np.asarray(0.45 * usual + 0.55 * colour, np.float32)


def _tongue(frame: MouthFrame, line: float, flesh: Floats) -> Painted:
    """Its back rises behind the lower teeth, and goes over into the dark of the throat."""
    sheet = frame.sheet(0.34, line - 0.24, line + 0.26)
    x, y = frame.grid(sheet)
    top = line - _BACK_RISES + 0.16 * (x / 0.30) ** 2
    alpha = smoothstep(-0.01, 0.05, y - top) * smoothstep(0.32, 0.24, np.abs(x))
    lit = smoothstep(0.0, 0.15, y - top)
    shade = (0.20 + 0.62 * lit) * (1.0 - 0.9 * np.abs(x))
    shade = shade * (1.0 - 0.25 * np.exp(-0.5 * (x / 0.020) ** 2) * lit)
    red = 1.0 - (1.0 - lit)[..., None] * np.array([0.0, 0.30, 0.28], np.float32)
    return Painted(sheet, (flesh * red * shade[..., None]).astype(np.float32), alpha)


def _tip(frame: MouthFrame, flesh: Floats) -> Painted:
    """Hangs from the top of its sheet, over its own soft shadow on the lip.

    It comes out of the dark, bends over the lower lip, and ends in a round and flat tip.
    """
    unit = frame.unit
    half, reach, room = _TIP_HALF, _TIP_REACH, 0.05
    sheet = Sheet(0.0, 0.0, 2.0 * (half + room) * unit, (reach + room) * unit, _TIP_SCALE)
    x, y = sheet.grid()
    x, y = x / unit - (half + room), y / unit
    side = _tip_side(x, y)
    root = smoothstep(0.0, 0.035, y - 0.07 * (x / half) ** 2)
    cover = smoothstep(1.0, 0.90, side) * root
    # A flattened dome, darkest where it leaves the mouth, lightest where it bends over the lip.
    height = np.sqrt(np.maximum(1.0 - np.minimum(side, 1.0) ** 2.6, 0.0))
    bend = np.exp(-0.5 * ((y - 0.19) / 0.06) ** 2)
    shade = (0.66 + 0.30 * height + 0.09 * bend) * (0.30 + 0.70 * smoothstep(0.02, 0.16, y))
    shade = shade * (1.0 - 0.16 * smoothstep(0.24, reach, y))
    groove = smoothstep(reach - 0.06, reach - 0.16, y) * smoothstep(0.0, 0.06, y)
    shade = shade * (1.0 - 0.14 * groove * np.exp(-0.5 * (x / 0.017) ** 2))
    shade = shade + 0.045 * groove * np.exp(-0.5 * ((np.abs(x) - 0.045) / 0.025) ** 2)
    grain = np.random.default_rng(5).normal(0.0, 1.0, x.shape).astype(np.float32)
    shade = shade * (1.0 + 0.10 * cv2.GaussianBlur(grain, (0, 0), 0.9 * _TIP_SCALE))
    gloss = np.exp(-0.5 * (((x + 0.065) / 0.030) ** 2 + ((y - 0.21) / 0.035) ** 2))
    gloss = gloss + 0.6 * np.exp(-0.5 * (((x - 0.07) / 0.025) ** 2 + ((y - 0.24) / 0.03) ** 2))
    rgb = 1.04 * flesh * shade[..., None].astype(np.float32)
    # Edges turn away from the light, towards a deeper red.
    rgb = rgb * (1.0 - smoothstep(0.55, 1.0, side)[..., None] * np.array([0.12, 0.22, 0.20]))
    rgb = rgb + 0.07 * gloss[..., None]
    below = _tip_side(x, y - 0.018)
    shadow = 0.24 * smoothstep(1.0 + room / half, 0.80, below) * smoothstep(0.06, 0.14, y)
    alpha = cover + (1.0 - cover) * shadow
    rgb = cover[..., None] * rgb + ((1.0 - cover) * shadow)[..., None] * 0.20 * flesh
    return Painted(sheet, np.asarray(rgb / np.maximum(alpha, 1e-3)[..., None], np.float32), alpha)


def _tip_side(x: Floats, y: Floats) -> Floats:
    """How far up the tip's side a place (units) is: 0 on the ridge, 1 at the edge."""
    start = _TIP_REACH - 0.95 * _TIP_HALF
    half = _TIP_HALF * (0.86 + 0.14 * smoothstep(0.0, 0.16, y))
    past = np.maximum(y - start, 0.0) / (_TIP_REACH - start)
    return np.asarray((np.abs(x / half) ** 2.2 + past**2.2) ** (1.0 / 2.2), np.float32)


def _lip_shade(frame: MouthFrame, dark: Floats) -> Painted:
    """The upper lip's shadow on teeth, which goes on into the corners of the mouth."""
    upper = frame.upper[:, 1]
    sheet = frame.sheet(0.56, float(upper.min()) - 0.08, float(upper.max()) + 0.10)
    x, y = frame.grid(sheet)
    below = y - frame.edge(frame.upper, x)
    across = np.abs(x) / (0.5 * float(frame.upper[-1, 0] - frame.upper[0, 0]))
    deep = smoothstep(_LIP_SHADE, 0.2 * _LIP_SHADE, below)
    ends = smoothstep(0.50, 0.95, across) * smoothstep(_LIP_SHADE, 0.7 * _LIP_SHADE, below)
    alpha = np.maximum(0.55 * deep, 0.85 * ends)
    rgb = np.broadcast_to(dark, (*sheet.shape, 3)).astype(np.float32)
    return Painted(sheet, rgb, np.asarray(alpha, np.float32))


def paint_mouth(
    photo: Photo, placement: Placement, face: Anatomy, tone: Floats, white: Floats
) -> Mouth:
    """Paints what opening lips will show.

    Args:
        photo: The photo.
        placement: Where it lies on the canvas.
        face: The anatomy, with lips snapped to the picture.
        tone: (3,) the skin's colour.
        white: (3,) the colour of the eyes' whites, which tells the light.
    """
    frame, light = MouthFrame(face, placement), light_on_teeth(white, tone)
    shown = shown_upper(frame, photo, placement, tone) if frame.gap > _OPEN else None
    upper, line = shown if shown is not None else drawn_upper(frame, light)
    dark = np.asarray(_DARK * light, np.float32)
    cavity = _cavity(frame, dark)
    if shown is not None:
        cavity = _as_shown(cavity, frame, photo, placement, upper)
    flesh = _flesh(frame, photo, placement, light)
    return Mouth(
        cavity=cavity,
        tongue=_tongue(frame, line, flesh),
        lower_teeth=lower_teeth(frame, line, light if shown is None else enamel_of(upper)),
        upper_teeth=upper,
        tip=_tip(frame, flesh),
        teeth_line_y=float(face.origin[1] + line * face.unit),
        teeth_shown=shown is not None,
        lip_shade=_lip_shade(frame, dark) if shown is None else None,
    )
