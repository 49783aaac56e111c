"""Mira's relief: how far face and hair stand out towards the viewer."""

import numpy as np

from capsules.mira.features import CENTRE_X
from capsules.mira.raster import Floats, smoothstep

__all__ = ["hair_depth", "head_depth"]


def head_depth(x: Floats, y: Floats) -> Floats:
    """Depth of the face towards the viewer over the axis of the neck, canvas pixels."""
    dx = x - CENTRE_X
    base = 128.0 * (1.0 - (np.abs(dx) / 186.0) ** 2.2) * (1.0 - (np.abs(y - 375.0) / 330.0) ** 2.4)
    ridge = np.interp(y, [290, 330, 400, 428, 446, 460], [0, 6, 30, 40, 14, 0])
    nose = ridge * np.exp(-0.5 * (dx / 20.0) ** 2)
    lips = 8.0 * np.exp(-0.5 * ((dx / 34.0) ** 2 + ((y - 484.0) / 20.0) ** 2))
    chin = 10.0 * np.exp(-0.5 * ((dx / 34.0) ** 2 + ((y - 540.0) / 22.0) ** 2))
    return np.asarray(base + nose + lips + chin, np.float32)


def hair_depth(x: Floats, y: Floats, *, back: bool) -> Floats:
    """Depth of the hair: in front it follows the head, behind it lies beyond the axis."""
    if back:
        # At the crown it meets the hair in front.
        return np.asarray(26.0 - 60.0 * smoothstep(100.0, 300.0, y), np.float32)
    dx = np.abs(x - CENTRE_X)
    cap = 138.0 * (1.0 - (dx / 205.0) ** 2.2) * (1.0 - (np.abs(y - 350.0) / 300.0) ** 2.0)
    # The sides are full: where the head turns away, more of the hair's thickness shows.
    full = 14.0 * smoothstep(90.0, 240.0, y)
    cap = full + np.logaddexp(0.0, (cap - full) / 14.0) * 14.0
    hang = 20.0 * smoothstep(430.0, 620.0, y)
    return np.asarray(cap + hang, np.float32)
