"""The face's picture: open at lips and lids, soft at its outline, with hidden skin beside it."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from capsules.bake.canvas import (
    BODY_SHEET,
    Floats,
    Numbers,
    Placement,
    Sheet,
    bump,
    disc,
    fill_smoothly,
    smoothstep,
    vector,
)  # fmt: skip
from capsules.bake.eyes import Painted
from capsules.bake.found import Photo
from capsules.bake.mesh import FaceMesh, face_domain
from capsules.bake.topology import SIDES, Anatomy, Eye

__all__ = [
    "HIDDEN_PX", "FaceLayer", "Rect", "Silhouette", "face_alpha", "face_layer",
    "layer_with_hidden_skin",
]  # fmt: skip

_MARGIN_PX = 6.0
_LID_PX, _LIP_PX = 44.0, 18.0  # heights of the strips below the face that hold hidden skin
HIDDEN_PX = _LID_PX + _LIP_PX
"""What a face's sheet needs below the face."""
_PATCH_PAD_PX = 3.0
_MOST_BLUR_PX = 2.5
_LEAST_LIT, _MOST_LIT = 0.74, 1.3  # closed lids are no darker than that to the skin under the eye
_CORNER = 0.07  # how much of the lips' length their corners are, at each end
_CLOSED_PX = 1.5  # lips that are nearer show nothing between them

Rect = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class FaceLayer:
    """The face's picture.

    Attributes:
        sheet: Where it lies; its lowest rows are no part of the face.
        face_rows: How many rows of texels the face takes.
        rgb: (h, w, 3); lips and lids go on under what they bound.
        alpha: (h, w) soft at the outline, open at lips and lids.
        lid_skin: By side, the rectangle (left, top, width, height) in canvas pixels of the sheet
            where the hidden skin of the upper lid is painted: fold above, lashes below.
        lip_skin: Likewise the insides of closed lips, the upper one's first: the lip's edge
            above, the transparent end below; none where the photo shows lips apart.
        tone: (3,) the skin's usual colour.
        normals: (nh, nw, 2) int8 over the whole sheet, as in `capsules.avatar.Part`; None until
            they are known.
    """

    sheet: Sheet
    face_rows: int
    rgb: Floats
    alpha: Floats
    lid_skin: dict[int, Rect]
    lip_skin: tuple[Rect, ...]
    tone: Floats
    normals: NDArray[np.int8] | None = None


@dataclass(frozen=True, slots=True)
class Silhouette:
    """The person's outline on BODY_SHEET.

    Attributes:
        cover: (h, w) coverage in [0, 1].
        cleaning: (h, w, 3) what takes the background out of the photo's colours.
    """

    cover: Floats
    cleaning: Floats


def face_alpha(face: Anatomy, sheet: Sheet, person: Floats) -> Floats:
    """1 on the face, softly 0 at its outline: narrowly at the jaw, widely in the hair."""
    domain = face_domain(face)
    inside = sheet.fill(domain) > 0.5
    away = ndimage.distance_transform_edt(inside).astype(np.float32) / (sheet.scale * face.unit)
    x, y = sheet.grid()
    height = face.local(np.stack([x, y], axis=-1))[..., 1]
    width = np.interp(height, [-0.4, 0.1, 0.7], [0.26, 0.10, 0.052]).astype(np.float32)
    t = np.clip((away - 0.008) / width, 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t) * person, np.float32)


def _sampled(sheet: Sheet, image: Numbers, points: Numbers) -> Floats:
    """Colours (..., 3) of a sheet's image at canvas points (..., 2)."""
    at = sheet.texels(points)
    channels = [
        ndimage.map_coordinates(image[..., c], (at[..., 1], at[..., 0]), order=1, mode="nearest")
        for c in range(3)
    ]
    return np.stack(channels, axis=-1).astype(np.float32)


def _lid_skin(
    face: Anatomy, side: int, sheet: Sheet, rgb: Floats, rim: Floats, shape: tuple[int, int],
    tone: Floats,
) -> Floats:  # fmt: skip
    """The upper lid's hidden skin (h, w, 3), painted after the skin above its rim."""
    unit = face.unit
    h, w = shape
    up = -face.axes[:2, 1]
    t = np.linspace(0.0, 1.0, w, dtype=np.float32)
    along = np.stack([np.interp(t, np.linspace(0, 1, len(rim)), rim[:, i]) for i in (0, 1)],
                     axis=-1)  # fmt: skip
    taper = bump(t, 0.5)

    soft = cv2.GaussianBlur(rgb, (0, 0), max(0.6, 0.01 * unit * sheet.scale))
    v = np.linspace(0.0, 1.0, h, dtype=np.float32)
    beside = _sampled(sheet, soft, along)
    # What closed lids show is like the skin above them, but not lit as much as the brow's bone.
    eye = face.eyes[side]
    lifts = eye.lid_from + np.array([-0.020, 0.0, 0.020], np.float32)
    lift = (unit * lifts)[:, None] * taper
    above = _sampled(sheet, soft, along[None] + lift[..., None] * up)
    skin = ndimage.gaussian_filter1d(above.mean(axis=0), 0.10 * w, axis=0, mode="nearest")
    around = ndimage.gaussian_filter1d(beside, 0.16 * w, axis=0, mode="nearest")
    lid = eye.lid_share * skin + (1.0 - eye.lid_share) * around
    lid = _as_skin(0.8 * lid + 0.2 * lid.mean(axis=0), tone)
    # What hides above an eye, as the rims of glasses do, does not darken the lid.
    lid = lid * float(np.clip(_LEAST_LIT * tone.mean() / lid.mean(), 1.0, _MOST_LIT))
    fine = above[1] - ndimage.gaussian_filter1d(above[1], 0.02 * w, axis=0, mode="nearest")
    # At its edges and ends a lid goes over into what is around it without a line.
    share = smoothstep(0.0, 0.28, v) * smoothstep(1.0, 0.75, v)
    share = (share[:, None] * (0.2 + 0.8 * taper))[..., None]
    out = beside + share * (lid - beside + 0.3 * fine)
    round_ = 0.03 * bump(v) - 0.05 * smoothstep(0.45, 0.8, v) * smoothstep(1.0, 0.8, v)
    fold = 0.05 * np.exp(-(((v - 0.14) / 0.09) ** 2))
    shade = 1.0 + ((round_ - fold)[:, None] * taper)[..., None]
    return np.asarray(out * shade, np.float32)


def _tone_about(face: Anatomy, side: int, sheet: Sheet, rgb: Floats, tone: Floats) -> Floats:
    """The skin's colour (3,) under an eye, where it is thin, with half of its usual hue."""
    below = face.eyes[side].lower[3:-3] + 0.15 * face.unit * face.axes[:2, 1]
    about = np.median(_sampled(sheet, cv2.GaussianBlur(rgb, (0, 0), 2.0), below), axis=0)
    hue = 0.5 * (tone / tone.mean() + about / max(float(about.mean()), 0.02))
    return np.asarray(about.mean() * hue, np.float32)


def _as_skin(colours: Floats, tone: Floats) -> Floats:
    """Colours (..., 3) of lids, with the skin's hue where shade or the rims of glasses hide it."""
    level = colours.mean(axis=-1, keepdims=True)
    skin = level * tone / tone.mean()
    away = np.abs(colours - skin).max(axis=-1, keepdims=True) / np.maximum(level, 0.02)
    share = 0.8 * smoothstep(0.06, 0.18, away)
    return np.asarray(share * skin + (1.0 - share) * colours, np.float32)


def _skin_tone(face: Anatomy, sheet: Sheet, rgb: Floats) -> Floats:
    """The skin's usual colour (3,): the median over both cheeks and the forehead's middle."""
    marks = (50, 101, 205, 187, 280, 330, 425, 411, 9, 151)
    points = face.marks[list(marks), :2]
    return np.median(_sampled(sheet, cv2.GaussianBlur(rgb, (0, 0), 3.0), points), axis=0)


def face_layer(
    photo: Photo, placement: Placement, face: Anatomy, person: Silhouette, mesh: FaceMesh
) -> FaceLayer:
    """Paints the face's picture.

    Args:
        photo: The photo.
        placement: Where it lies on the canvas.
        face: The face in it.
        person: The outline.
        mesh: The face's mesh.
    """
    domain = face_domain(face)
    low, high = domain.min(axis=0) - _MARGIN_PX, domain.max(axis=0) + _MARGIN_PX
    scale = float(np.clip(1.0 / placement.scale, 1.0, 1.4))
    left, top = np.floor(low)
    width, height = (float(n) for n in np.ceil(high) - np.floor(low))
    sheet = Sheet(float(left), float(top), width, height + HIDDEN_PX, scale)
    rgb = sheet.photo(photo, placement)
    at = BODY_SHEET.texels(np.stack(sheet.grid(), axis=-1))
    covered, cleaning = (
        np.asarray(cv2.remap(image, at[..., 0], at[..., 1], cv2.INTER_LINEAR), np.float32)
        for image in (person.cover, person.cleaning)
    )
    rgb = np.clip(rgb + cleaning, 0.0, 1.0)
    alpha = face_alpha(face, sheet, covered)
    blur_px = float(np.clip(placement.scale, 1.0, _MOST_BLUR_PX))
    return layer_with_hidden_skin(Painted(sheet, rgb, alpha), face, mesh, blur_px=blur_px)


def layer_with_hidden_skin(
    paint: Painted, face: Anatomy, mesh: FaceMesh, *, blur_px: float = 1.0
) -> FaceLayer:
    """A face's picture opened at lips and lids, with the hidden skin painted below it.

    Args:
        paint: The face, lids and lips closed over what they bound or painted with it; the lowest
            `HIDDEN_PX` of its sheet are free.
        face: The anatomy.
        mesh: The face's mesh.
        blur_px: How far the picture mixes lips with teeth and lids with eyes, canvas pixels.
    """
    sheet, rgb, alpha = paint.sheet, paint.rgb, paint.alpha.copy()
    bottom, scale = sheet.top + sheet.height - HIDDEN_PX, sheet.scale
    tone = _skin_tone(face, sheet, rgb)
    holes = [(face.inner_upper, face.inner_lower)]
    holes += [_opening(eye) for eye in face.eyes.values()]
    known = np.ones(sheet.shape, np.float32)
    for upper, lower in holes:
        ring = np.vstack([upper, lower[::-1]])
        if np.linalg.norm(lower - upper, axis=1).max() < _CLOSED_PX:
            continue  # closed lips: nothing shows between them
        open_here = sheet.fill(ring, blur_px=0.45)
        alpha *= 1.0 - open_here
        known *= 1.0 - cv2.dilate((open_here > 0.5).astype(np.float32), disc(blur_px * scale))
    rgb = fill_smoothly(rgb, known)
    rows = round((sheet.height - HIDDEN_PX) * scale)
    lids, lips = {}, []
    for k, (side, word) in enumerate(SIDES):
        lids[side] = _rect(sheet, k, bottom, _LID_PX)
        rim = mesh.vertices[mesh.curves[f"lash{word}"]]
        near = _tone_about(face, side, sheet, rgb, tone)
        skin = _lid_skin(face, side, sheet, rgb, rim, _rect_shape(sheet, lids[side]), near)
        _paint_patch(sheet, rgb, alpha, lids[side], skin, None)
    if np.linalg.norm(face.inner_lower - face.inner_upper, axis=1).max() < _CLOSED_PX:
        for k, (edge, border) in enumerate(
            ((face.inner_upper, face.outer_upper), (face.inner_lower, face.outer_lower))
        ):
            lips.append(_rect(sheet, k, bottom + _LID_PX, _LIP_PX))
            shape = _rect_shape(sheet, lips[-1])
            inside, cover = _lip_inside(sheet, rgb, edge, border, shape)
            _paint_patch(sheet, rgb, alpha, lips[-1], inside, cover)
    return FaceLayer(sheet, rows, rgb, alpha, lids, tuple(lips), tone, paint.normals)


def _opening(eye: Eye) -> tuple[Floats, Floats]:
    """The lids' edges between which the eye shows."""
    ends = []
    for corner, beside in ((0, 1), (-1, -2)):
        middle = 0.5 * (eye.upper[beside] + eye.lower[beside])
        ends.append((1.0 - eye.corner) * eye.upper[corner] + eye.corner * middle)
    upper, lower = (np.vstack([ends[0], lid[1:-1], ends[1]]) for lid in (eye.upper, eye.lower))
    return upper.astype(np.float32), lower.astype(np.float32)


def _rect(sheet: Sheet, column: int, top: float, height: float) -> Rect:
    """The left or right half of a strip of the face's sheet, but for a margin."""
    pad = _PATCH_PAD_PX
    left = sheet.left + pad + 0.5 * column * sheet.width
    return float(left), float(top + pad), 0.45 * sheet.width, height - 2 * pad


def _rect_shape(sheet: Sheet, rect: Rect) -> tuple[int, int]:
    return round(rect[3] * sheet.scale), round(rect[2] * sheet.scale)


def _lip_inside(
    sheet: Sheet, rgb: Floats, edge: Floats, border: Floats, shape: tuple[int, int]
) -> tuple[Floats, Floats]:
    """The moist inside of a lip (h, w, 3) and its coverage (h, w), which ends softly."""
    h, w = shape
    t = np.linspace(0.0, 1.0, w, dtype=np.float32)
    lines = [
        np.stack([np.interp(t, np.linspace(0, 1, len(line)), line[:, i]) for i in (0, 1)], axis=-1)
        for line in (edge, edge + 0.35 * (border - edge))
    ]
    soft = cv2.GaussianBlur(rgb, (0, 0), 0.8 * sheet.scale)
    start, lip = (_sampled(sheet, soft, line) for line in lines)
    # At the corners of the mouth lips are too thin to be told from the skin.
    inner = slice(round(_CORNER * w), w - round(_CORNER * w))
    lip = np.pad(lip[inner], ((inner.start, w - inner.stop), (0, 0)), mode="edge")
    lip = ndimage.gaussian_filter1d(lip, 0.04 * w, axis=0, mode="nearest")
    v = np.linspace(0.0, 1.0, h, dtype=np.float32)[:, None, None]
    # It lies in the shade of the lips: a lighter seam would be seen as a line between them.
    inside = lip * vector(0.74, 0.56, 0.56) * (1.0 - 0.5 * v)
    share = smoothstep(0.0, 0.6, v)
    ends = smoothstep(0.0, _CORNER, np.minimum(t, 1.0 - t))
    cover = smoothstep(1.0, 0.45, v[..., 0]) * ends
    return np.asarray((1.0 - share) * start + share * inside, np.float32), cover


def _paint_patch(
    sheet: Sheet, rgb: Floats, alpha: Floats, rect: Rect, patch: Floats, cover: Floats | None
) -> None:
    """Paints a rectangle of a sheet, and a little around it; covered throughout if not told."""
    corner = sheet.texels(np.array(rect[:2], np.float32)) + 0.5
    x, y = round(float(corner[0])), round(float(corner[1]))
    edge = round(2 * sheet.scale)
    h, w = patch.shape[:2]
    pad = ((edge, edge), (edge, edge))
    opaque = np.ones((h, w), np.float32) if cover is None else cover
    area = slice(y - edge, y + h + edge), slice(max(x - edge, 0), x + w + edge)
    rows, columns = rgb[area].shape[:2]
    rgb[area] = np.pad(patch, (*pad, (0, 0)), mode="edge")[:rows, :columns]
    alpha[area] = np.pad(opaque, pad, mode="edge")[:rows, :columns]
