"""The photo taken apart: what is behind the person, the person without the jaw, and the face."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from capsules.bake.canvas import (
    BACKGROUND_SHEET,
    BODY_SHEET,
    CANVAS_PX,
    Floats,
    Placement,
    Sheet,
    disc,
    fill_smoothly,
    smoothstep,
)
from capsules.bake.face_layer import FaceLayer, Silhouette, face_alpha, face_layer
from capsules.bake.found import Photo
from capsules.bake.matte import foreground
from capsules.bake.mesh import FaceMesh, face_domain
from capsules.bake.progress import Share, untold
from capsules.bake.topology import Anatomy

__all__ = ["Layers", "layers_of", "premultiplied"]


def premultiplied(rgb: Floats, alpha: Floats) -> NDArray[np.uint8]:
    """Premultiplied RGBA bytes of colours (h, w, 3) and coverage (h, w) in [0, 1]."""
    image = np.dstack([rgb * alpha[..., None], alpha])
    return np.asarray(np.round(np.clip(image, 0.0, 1.0) * 255.0), np.uint8)


@dataclass(frozen=True, slots=True)
class Layers:
    """Pictures of all that is no part of the eyes or the mouth.

    Attributes:
        background: (h, w, 3) on BACKGROUND_SHEET.
        body: (h, w, 3) on BODY_SHEET: the whole person, but neck where the jaw will move.
        person: (h, w) coverage of the person on BODY_SHEET.
        face: The face.
    """

    background: Floats
    body: Floats
    person: Floats
    face: FaceLayer


def _blurred_beyond(image: Floats, away: Floats, sheet: Sheet) -> Floats:
    """An image that grows softer with the distance from the photo's edge (h, w), canvas pixels."""
    out = image
    for sigma, low, high in ((3.0, 0.0, 14.0), (9.0, 8.0, 40.0), (26.0, 30.0, 110.0)):
        if away.max() <= low:
            break
        share = smoothstep(low, high, away)[..., None]
        out = (1.0 - share) * out + share * sheet.blurred(image, sigma)
    return out


def _background(photo: Photo, mask: Floats, placement: Placement, unit: float) -> Floats:
    """What is behind the person, guessed smoothly where the person hides it."""
    sheet = BACKGROUND_SHEET
    rgb = sheet.photo(photo, placement, mirrored=True)
    person = sheet.mask(mask, placement, mirrored=True)
    wide = cv2.dilate((person > 0.12).astype(np.uint8), disc(0.085 * unit * sheet.scale))
    known = np.asarray(1.0 - wide, np.float32)
    filled = fill_smoothly(rgb, known)
    # Soft at the border of what is known, so that no outline of the person remains.
    soft = sheet.blurred(cv2.erode(known, disc(6.0)), 3.0)[..., None]
    out = soft * rgb + (1.0 - soft) * filled
    out = _blurred_beyond(out, np.hypot(*sheet.beyond(photo, placement)), sheet)
    noise = np.random.default_rng(7).normal(0.0, 1.0, rgb.shape[:2])
    grain = np.asarray(cv2.GaussianBlur(noise.astype(np.float32), (0, 0), 0.9), np.float32)
    detail = (rgb - cv2.GaussianBlur(rgb, (0, 0), 2.0))[known > 0.5]
    amount = min(0.012, float(np.median(np.abs(detail))) * 1.5) if len(detail) else 0.0
    return np.asarray(out + (1.0 - soft) * amount * 2.0 * grain[..., None], np.float32)


def _continued(image: Floats, photo: Photo, placement: Placement) -> Floats:
    """A picture of the person, carried on beyond the photo: shoulders fall, a trunk widens."""
    sheet = BODY_SHEET
    aside, upright = sheet.beyond(photo, placement)
    x, y = sheet.grid()
    bottom = placement.y + photo.rgb.shape[0] * placement.scale
    below = np.where(y > bottom, upright, 0.0).astype(np.float32)
    if not aside.any() and not below.any():
        return image
    middle = np.float32(0.5 * CANVAS_PX)
    wider = middle + (x - middle) / (1.0 + 0.0035 * np.minimum(below, 260.0))
    fallen = y - (0.7 * aside + 0.006 * aside**2)
    at = sheet.texels(np.stack([wider, fallen], axis=-1))
    border = cv2.BORDER_REPLICATE
    out = cv2.remap(image, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=border)
    return np.asarray(out, np.float32)


def _person(photo: Photo, mask: Floats, placement: Placement) -> Floats:
    """Coverage of the person: the segmentation with firmer edges."""
    sheet = BODY_SHEET
    soft = sheet.mask(mask, placement, mirrored=False)
    aside, _ = sheet.beyond(photo, placement)
    if aside.any():
        # Only what the side cuts broadly goes on, not what merely touches it.
        broad = cv2.morphologyEx(soft, cv2.MORPH_OPEN, np.ones((91, 1), np.uint8))
        soft = np.where(aside > 0.0, np.asarray(broad, np.float32), soft)
    return smoothstep(0.18, 0.82, sheet.blurred(_continued(soft, photo, placement), 1.2))


def _like_skin(rgb: Floats, alpha: Floats) -> NDArray[np.bool_]:
    """Which texels (h, w) have the hue of the face, and are not much darker; no collar, no hair."""
    usual = np.median(rgb[alpha > 0.98], axis=0)
    level = np.maximum(rgb.mean(axis=-1, keepdims=True), 0.02)
    hue = np.abs(rgb / level - usual / usual.mean()).max(axis=-1)
    return np.asarray((hue < 0.28) & (level[..., 0] > 0.35 * usual.mean()), np.bool_)


def _body(rgb: Floats, person: Floats, face: Anatomy, alpha: Floats) -> Floats:
    """The person with neck and surroundings continued to where the jaw covers them at rest."""
    sheet = BODY_SHEET
    x, y = sheet.grid()
    place = face.local(np.stack([x, y], axis=-1))
    low = smoothstep(0.50, 0.62, place[..., 1])
    lowest = float(face.local(face.marks[152, :2])[1])
    outside = sheet.fill(face_domain(face)) < 0.5
    away = ndimage.distance_transform_edt(outside) / face.unit
    known = (away > 0.0) & (person > 0.9) & (place[..., 1] > 0.35)
    if not known.any():
        return rgb
    # Next to the jaw goes on what is there, be it collar or shade; further in, only bright skin.
    gone, beside = ndimage.distance_transform_edt(~known, return_indices=True)
    nearest = sheet.blurred(rgb[tuple(beside)], 2.5)
    skin = known & (away < 0.15) & _like_skin(rgb, alpha)
    if skin.any():
        deep = smoothstep(0.02, 0.10, gone / face.unit)[..., None]
        filled = (1.0 - deep) * nearest + deep * fill_smoothly(rgb, skin.astype(np.float32))
    else:
        filled = nearest
    # Under the chin it is darker than in the light.
    filled = filled * (1.0 - 0.08 * smoothstep(lowest, lowest - 0.35, place[..., 1]))[..., None]
    # Also where the face has all but ended, or the chin's shade would stay behind as a line; only
    # at a silhouette, where the photo changes, no farther than the face hides it at rest.
    alike = smoothstep(0.35, 0.12, np.abs(sheet.blurred(filled - rgb, 1.5)).max(axis=-1))
    share = alike * smoothstep(0.0, 0.3, alpha) + (1.0 - alike) * smoothstep(0.3, 1.0, alpha)
    share = (low * share)[..., None]
    return np.asarray(share * filled + (1.0 - share) * rgb, np.float32)


def layers_of(
    photo: Photo, mask: Floats, placement: Placement, face: Anatomy, mesh: FaceMesh,
    tell: Share = untold,
) -> Layers:  # fmt: skip
    """Takes a photo apart.

    Args:
        photo: The photo.
        mask: (H, W) coverage of the person in [0, 1].
        placement: Where the photo lies on the canvas.
        face: The face in it.
        mesh: The face's mesh.
        tell: Told how much is done.
    """
    person = _person(photo, mask, placement)
    rgb = _continued(BODY_SHEET.photo(photo, placement), photo, placement)
    rgb = _blurred_beyond(rgb, np.hypot(*BODY_SHEET.beyond(photo, placement)), BODY_SHEET)
    tell(0.25)
    # The face is always the person's, whatever the segmentation says.
    person = np.maximum(person, _sure_face(face))
    alpha = face_alpha(face, BODY_SHEET, person)
    clean = foreground(rgb, person, BODY_SHEET)
    tell(0.45)
    background = _background(photo, mask, placement, face.unit)
    tell(0.70)
    body = _body(clean, person, face, alpha)
    tell(0.90)
    return Layers(
        background=background,
        body=body,
        person=person,
        face=face_layer(photo, placement, face, Silhouette(person, clean - rgb), mesh),
    )


def _sure_face(face: Anatomy) -> Floats:
    centre = face.oval.mean(axis=0)
    return BODY_SHEET.fill((centre + 0.9 * (face.oval - centre)).astype(np.float32), blur_px=2.0)
