"""Draws the jaw's outline to where the photo shows it: landmarks alone miss by a finger's width.

What lies within the outline moves with the jaw, and what lies beyond is neck. An outline that cuts
through the chin would leave the chin's edge behind on the neck when the jaw moves.
"""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from capsules.bake.canvas import Floats, Sheet, smoothstep
from capsules.bake.topology import Anatomy, resampled

__all__ = ["snap_jaw"]

_INWARD, _OUTWARD = 0.07, 0.15  # how far the outline may be drawn, units of the face
_STEPS = 45
_FROM = (0.52, 0.88)  # heights between which the outline comes to be the photo's
_SIDE = 0.045  # what is compared on either side of an edge, units
_CALM = 0.9  # what it costs to lead the outline by a step to one side, from point to point
_FAR = 26.0  # what it costs to lead it a whole unit away, per unit
_DARKER = 1.6  # under a jaw there is shade more often than light


def snap_jaw(face: Anatomy, picture: Floats, sheet: Sheet) -> Anatomy:
    """The same anatomy with the jaw's outline where colours change, as smooth as a jaw is.

    The way of the least cost from ear to ear is found by dynamic programming (Amini, Weymouth and
    Jain, "Using Dynamic Programming for Solving Variational Problems in Vision", 1990).

    Args:
        face: With the outline from the landmarks.
        picture: (h, w, 3) sRGB in [0, 1] on the sheet.
        sheet: Where the picture lies.
    """
    height = face.local(face.oval)[:, 1]
    low = np.flatnonzero(height > _FROM[0])
    outward = _outward(face.oval)[low]
    offsets = np.linspace(-_INWARD, _OUTWARD, _STEPS, dtype=np.float32)
    gain = _edges(face, picture, sheet, face.oval[low], outward, offsets)
    share = smoothstep(*_FROM, height[low])
    cost = _FAR * (offsets[None] / share.clip(0.05)[:, None]) ** 2 - gain * share[:, None]
    found = offsets[_least(cost)]
    found = ndimage.gaussian_filter1d(ndimage.median_filter(found, 5, mode="nearest"), 1.2)
    oval = face.oval.copy()
    oval[low] += (face.unit * share * found)[:, None] * outward
    return replace(face, oval=resampled(oval, len(oval), closed=True))


def _outward(oval: Floats) -> Floats:
    """The outline's normals (M, 2)."""
    tangent = np.roll(oval, -1, axis=0) - np.roll(oval, 1, axis=0)
    normal = np.stack([tangent[:, 1], -tangent[:, 0]], axis=-1)
    normal *= np.sign(np.einsum("ij,ij->", normal, oval - oval.mean(axis=0)))
    return np.asarray(normal / np.linalg.norm(normal, axis=1, keepdims=True), np.float32)


def _edges(
    face: Anatomy, picture: Floats, sheet: Sheet, line: Floats, outward: Floats, offsets: Floats
) -> Floats:
    """How strong an edge is (N, steps) at each offset from each point of a line."""
    soft = sheet.blurred(picture, 0.008 * face.unit)
    lab = cv2.cvtColor(np.clip(soft, 0.0, 1.0), cv2.COLOR_RGB2Lab)
    step = float(offsets[1] - offsets[0])
    room = round(_SIDE / step)
    reach = np.arange(-room, len(offsets) + room) * step + float(offsets[0])
    at = sheet.texels(line[:, None] + (face.unit * reach)[None, :, None] * outward[:, None])
    profile = np.stack(
        [ndimage.map_coordinates(lab[..., c], (at[..., 1], at[..., 0]), order=1, mode="nearest")
         for c in range(3)], axis=-1,
    )  # fmt: skip
    total = np.cumsum(np.pad(profile, ((0, 0), (1, 0), (0, 0))), axis=1)
    mean = (total[:, room:] - total[:, :-room]) / room
    inner, outer = mean[:, : len(offsets)], mean[:, room : room + len(offsets)]
    change = outer - inner
    change[..., 0] *= np.where(change[..., 0] < 0.0, _DARKER, 1.0)
    strength = np.linalg.norm(change, axis=-1)
    # The root, or a white collar would outweigh the chin's own edge.
    return np.asarray(np.sqrt(strength), np.float32)


def _least(cost: Floats) -> NDArray[np.int32]:
    """The columns (N,) of the smooth way of the least cost through the rows of (N, steps)."""
    rows, columns = cost.shape
    jump = np.abs(np.arange(columns)[:, None] - np.arange(columns)[None])
    leap = _CALM * np.minimum(jump, 8).astype(np.float32)
    total = cost[0].copy()
    came = np.zeros((rows, columns), np.int32)
    for row in range(1, rows):
        both = total[:, None] + leap
        came[row] = both.argmin(axis=0)
        total = both.min(axis=0) + cost[row]
    way = np.zeros(rows, np.int32)
    way[-1] = total.argmin()
    for row in range(rows - 1, 0, -1):
        way[row - 1] = came[row, way[row]]
    return way
