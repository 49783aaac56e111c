"""A small avatar whose bases have the names of a face's, for tests of what fits them."""

from dataclasses import replace

import numpy as np

from capsules.avatar import Avatar, Basis
from tests.unit.avatars import synthetic_avatar

__all__ = ["NAMES", "face_avatar"]

NAMES = ("jawOpen", "mouthSmileLeft", "mouthSmileRight", "browInnerUp", "mouthLeft", "mouthRight")


def face_avatar() -> Avatar:
    """The synthetic avatar with six bases of a face; the last two are opposite."""
    plain = synthetic_avatar(0.25)
    face = plain.part("face")
    chosen = [face.bases[f"b{number:02d}"] for number in (0, 3, 5, 7, 9)]
    bases = dict(zip(NAMES, chosen, strict=False))
    bases["mouthRight"] = Basis(-bases["mouthLeft"].delta)
    texture = face.texture.copy()
    y, x = np.mgrid[0 : texture.shape[0], 0 : texture.shape[1]]
    # Freckles: without a pattern, much of what moves would not show.
    freckles = 0.75 + 0.25 * np.sin(0.55 * x + 0.2 * y) * np.sin(0.5 * y - 0.1 * x)
    texture[..., :3] = np.round(texture[..., :3] * freckles[..., None])
    parts = (
        replace(part, bases=bases, texture=texture) if part.name == "face" else part
        for part in plain.parts
    )
    return replace(plain, name="faced", parts=tuple(parts))
