"""Where the avatar's canvas lies in a recording."""

import numpy as np
from numpy.typing import NDArray

from capsules.avatar import Avatar
from capsules.bake.pose import STABLE_POINTS
from compositor.drawlist import FrameSize
from compositor.geometry import Affine, canvas_to_frame
from engine.framing import framing
from engine.offline.features import similarity

__all__ = ["applied", "framed", "placed"]

Floats = NDArray[np.float64]


def framed(avatar: Avatar, width: int, height: int) -> Affine:
    """As frames of that size show the avatar when they are rendered here."""
    size = FrameSize(width, height)
    return canvas_to_frame(framing(size), size, avatar.canvas_px)


def placed(canvas: Floats, take: Floats) -> Affine:
    """As a face lies that has these landmarks.

    Args:
        canvas: (468, 2 or more) of the avatar at rest, canvas pixels.
        take: (468, 2 or more) of the take's neutral frame, its pixels.
    """
    stable = list(STABLE_POINTS)
    scale, turn, shift = similarity(
        np.asarray(canvas, np.float64)[stable, :2], np.asarray(take, np.float64)[stable, :2]
    )
    (a, b), (d, e) = (scale * turn).tolist()
    return Affine(a, b, float(shift[0]), d, e, float(shift[1]))


def applied(affine: Affine, points: Floats) -> Floats:
    """Points (N, 2) through a transform."""
    matrix = np.array([[affine.a, affine.b], [affine.d, affine.e]])
    return np.asarray(np.asarray(points, np.float64)[:, :2] @ matrix.T + (affine.c, affine.f))
