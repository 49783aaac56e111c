"""Drawn hands in the person's colours.

Portraits rarely show hands. The built-in avatar's, which are drawn, are taken over: their skin in
the tone of the face, their sleeves in the colour of the clothing, and both in the light of the
photo. They lie a little higher, so that their cuffs show.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from capsules.avatar import Avatar, Part, Skeleton
from capsules.bake.canvas import BODY_SHEET, Floats, smoothstep, vector
from capsules.bake.lighting import lit
from capsules.bake.topology import Anatomy
from capsules.targets import HAND_PARTS

__all__ = ["clothing_colour", "recoloured_hands"]

_LIFT_PX = 70.0  # by which hands lie higher than drawn ones: their cuffs show at rest
_DRAWN_SLANT = vector(-0.09, -0.11)  # of the light that the drawn hands are painted in
_COARSE = 16  # levels a channel when the commonest colour is looked for


def clothing_colour(body: Floats, person: Floats, face: Anatomy, skin: Floats) -> Floats:
    """The commonest colour (3,) of the person below the neck that is not skin.

    Args:
        body: (h, w, 3) on BODY_SHEET.
        person: (h, w) coverage there.
        face: The anatomy.
        skin: (3,) the skin's tone.
    """
    x, y = BODY_SHEET.grid()
    chin = float(face.marks[152, 1])
    middle = float(face.oval[:, 0].mean())
    # Sleeves are what the shoulders wear, not what the neck does.
    low = (person > 0.95) & (y > chin + 1.2 * face.unit) & (np.abs(x - middle) > 0.9 * face.unit)
    colours = body[low]
    if len(colours) < 100:
        return np.asarray(0.35 * skin, np.float32)
    hue = np.abs(colours / np.maximum(colours.mean(axis=1, keepdims=True), 0.02)
                 - skin / skin.mean()).max(axis=1)  # fmt: skip
    bright = colours.mean(axis=1) > 0.55 * skin.mean()
    cloth = colours[~((hue < 0.14) & bright)]
    if len(cloth) < 0.1 * len(colours):
        cloth = colours
    coarse = (cloth * (_COARSE - 1e-3)).astype(np.int64)
    keys = (coarse[:, 0] * _COARSE + coarse[:, 1]) * _COARSE + coarse[:, 2]
    commonest = np.bincount(keys).argmax()
    return np.asarray(np.median(cloth[keys == commonest], axis=0), np.float32)


def recoloured_hands(
    drawn: Avatar, skin: Floats, cloth: Floats, slant: Floats | None = None
) -> tuple[tuple[Part, ...], Mapping[str, Skeleton]]:
    """The hands of a drawn avatar in other colours, and their skeletons.

    Args:
        drawn: An avatar with hands in a green or blue sleeve, as the built-in one has them.
        skin: (3,) sRGB in [0, 1].
        cloth: (3,) sRGB in [0, 1].
        slant: (2,) of the photo's light, as `slant_of` tells it; None leaves them as drawn.
    """
    more = vector(0.0, 0.0) if slant is None else np.asarray(slant - _DRAWN_SLANT, np.float32)
    parts = [part for part in drawn.parts if part.name in HAND_PARTS]
    hands = tuple(
        replace(
            part,
            vertices=np.asarray(part.vertices - vector(0.0, _LIFT_PX), np.float32),
            pivot=(part.pivot[0], part.pivot[1] - _LIFT_PX),
            texture=_in_light(_recoloured(part.texture, skin, cloth), part, more),
        )
        for part in parts
    )
    return hands, {part.name: _lifted(drawn.skeletons[part.name]) for part in parts}


def _in_light(texture: NDArray[np.uint8], part: Part, slant: Floats) -> NDArray[np.uint8]:
    return texture if part.normals is None else lit(texture, part.normals, slant)


def _lifted(bones: Skeleton) -> Skeleton:
    return replace(bones, keypoints=np.asarray(bones.keypoints - vector(0.0, _LIFT_PX), np.float32))


def _saturation(colour: Floats) -> float:
    """Of a colour (3,) in the HSV model, [0, 1]."""
    return float((colour.max() - colour.min()) / max(float(colour.max()), 1e-3))


def _recoloured(texture: NDArray[np.uint8], skin: Floats, cloth: Floats) -> NDArray[np.uint8]:
    alpha = texture[..., 3:].astype(np.float32) / 255.0
    rgb = texture[..., :3].astype(np.float32) / 255.0 / np.maximum(alpha, 1e-3)
    rgb = np.clip(rgb, 0.0, 1.0)
    coolness = (rgb[..., 2] - rgb[..., 0])[..., None]
    sleeve = smoothstep(0.0, 0.08, coolness)
    light = rgb.mean(axis=-1, keepdims=True)
    solid = alpha[..., 0] > 0.95
    # The colour that a part of the drawing has in the light becomes the wanted colour.
    out = rgb
    for share, colour in ((1.0 - sleeve, skin), (sleeve, cloth)):
        area = solid & (share[..., 0] > 0.9) & (light[..., 0] > 0.15)
        if not area.any():
            continue
        usual = np.median(rgb[area], axis=0)
        if colour is skin:
            relative = np.clip(rgb / usual, 0.0, 1.6)
            level = relative.mean(axis=-1, keepdims=True)
            # Knuckles and finger tips are redder by as much as this skin is coloured: on a
            # photo in grey, not at all.
            share_of_hue = min(1.0, _saturation(skin) / max(_saturation(usual), 1e-3))
            tinted = (level + share_of_hue * (relative - level)) * colour
        else:
            # Dark cloth shows its folds too.
            relative = np.clip(light / usual.mean(), 0.0, 1.6)
            tinted = colour * relative + 0.06 * (relative - 1.0)
        shadow = light < 0.12  # what is drawn black is shade, not skin or cloth
        out = np.where(shadow, out, share * tinted + (1.0 - share) * out)
    image = np.concatenate([np.clip(out, 0.0, 1.0) * alpha, alpha], axis=-1)
    return np.asarray(np.round(image * 255.0), np.uint8)
