"""Mira's anatomy: known exactly, because she is drawn.

The rig wants the 468 landmarks of MediaPipe's face mesh. Where that model sees them in her picture,
made symmetrical, stands in `landmarks.json`; those on features that are drawn are put onto the
drawn curves, and the others follow smoothly.
"""

import json
from collections.abc import Sequence
from importlib import resources

import numpy as np
from scipy import interpolate

from capsules.bake.landmarks import EYE_CONTOURS
from capsules.bake.topology import (
    BROW_POINTS,
    BROWS,
    INNER_LOWER,
    INNER_UPPER,
    LEFT,
    LID_POINTS,
    LIP_POINTS,
    OUTER_LOWER,
    OUTER_UPPER,
    OVAL,
    OVAL_POINTS,
    RIGHT,
    Anatomy,
    Eye,
    resampled,
)
from capsules.mira.eyes import iris_centre
from capsules.mira.features import (
    CENTRE_X,
    EYE,
    LIP_HALF_WIDTH,
    brow,
    eye_lids,
    jaw_outline,
    lip_curves,
)
from capsules.mira.raster import Floats, floats
from capsules.mira.relief import head_depth

__all__ = ["mira_anatomy"]

_CORNER_PX = 3.0  # how far inside of the lips' corners their edges part
_MARGIN_PX = 3.2  # by which the mesh reaches beyond the painted outline
_RIM = 0.050  # height of the painted lash line with its shade, units of the face
_LID_FROM, _LID_SHARE = 0.14, 0.8  # closed lids look like the skin above the painted crease
_EYE_CORNER = 0.5
# Ears, which her hair hides.
_EARS = {234: (CENTRE_X - 180.0, 352.0), 454: (CENTRE_X + 180.0, 352.0)}
# What no drawn curve passes stays where the model sees it.
_FIXED = (151, 108, 337, 9, 8, 168, 6, 197, 195)
# The tip of the nose, its base, and its wings.
_NOSE = {
    1: (512.0, 428.0),
    4: (512.0, 420.0),
    2: (512.0, 447.0),
    164: (512.0, 458.0),
    129: (484.5, 436.0),
    358: (539.5, 436.0),
    48: (487.0, 441.0),
    278: (537.0, 441.0),
    98: (495.0, 443.0),
    327: (529.0, 443.0),
}
# The fold from nose to mouth, which her small mouth draws farther in than the model has it.
_FOLD = {203: (482.0, 437.0), 206: (468.0, 448.0), 216: (455.0, 461.0), 212: (449.0, 486.0)}
_FOLD_LEFT = {203: 423, 206: 426, 216: 436, 212: 432}


def _lips() -> dict[str, Floats]:
    """The lips' curves (N, 2); their inner edges are one line, which ends before the corners."""
    upper, line, lower = lip_curves(129)
    inside = np.abs(line[:, 0] - CENTRE_X) <= LIP_HALF_WIDTH - _CORNER_PX
    inner = resampled(line[inside].astype(np.float32), LIP_POINTS)
    return {
        "inner": inner,
        "upper": resampled(upper, LIP_POINTS),
        "lower": resampled(lower, LIP_POINTS),
    }


def _lids(side: int, count: int) -> tuple[Floats, Floats]:
    """Upper and lower lid from the picture's left to its right."""
    upper, lower = eye_lids(side, count)
    return upper[::side], lower[::side]


def _eye(side: int) -> Eye:
    upper, lower = _lids(side, LID_POINTS)
    return Eye(
        side=side,
        upper=floats(upper),
        lower=floats(lower),
        iris=floats(iris_centre(side)),
        iris_radius=EYE.iris_radius,
        rim=_RIM,
        lid_from=_LID_FROM,
        lid_share=_LID_SHARE,
        corner=_EYE_CORNER,
    )


def _brow_borders(side: int, count: int) -> tuple[Floats, Floats]:
    """Upper and lower border of a brow, from the nose outwards."""
    line, width = brow(side, 40)
    half = floats(0.5 * np.stack([np.zeros_like(width), width], axis=-1))
    return resampled(floats(line - half), count), resampled(floats(line + half), count)


def _along(curve: Floats, table: Floats, numbers: Sequence[int]) -> dict[int, Floats]:
    """Landmarks put on a curve (N, 2), as far along it as they lie in the table."""
    steps = np.linalg.norm(np.diff(table[list(numbers)], axis=0), axis=1)
    share = np.concatenate([[0.0], np.cumsum(steps)]) / steps.sum()
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))])
    at = share * length[-1]
    points = np.stack([np.interp(at, length, curve[:, i]) for i in (0, 1)], axis=-1)
    return dict(zip(numbers, points, strict=True))


def _on_outline(table: Floats) -> dict[int, Floats]:
    """The outline's landmarks on the drawn one, in the direction in which they lie."""
    outline, centre = jaw_outline(720), floats([CENTRE_X, 400.0])
    angles = np.arctan2(*(outline - centre).T)
    order = np.argsort(angles)
    out = {}
    for number in OVAL:
        angle = np.arctan2(*(table[number] - centre))
        out[number] = np.stack([np.interp(angle, angles[order], outline[order, i]) for i in (0, 1)])
    return out


def _marks() -> Floats:
    """All landmarks (468, 3); z is depth away from the viewer, canvas pixels."""
    text = (resources.files("capsules.mira") / "landmarks.json").read_text()
    table = floats(json.loads(text)["points"])
    lips = _lips()
    known: dict[int, Floats] = {n: table[n] for n in _FIXED} | _on_outline(table)
    mirrored = {_FOLD_LEFT[n]: (2.0 * CENTRE_X - x, y) for n, (x, y) in _FOLD.items()}
    known |= {n: floats(at) for n, at in (_NOSE | _EARS | _FOLD | mirrored).items()}
    for numbers, name in (
        (OUTER_LOWER, "lower"), (OUTER_UPPER, "upper"),
        (INNER_LOWER, "inner"), (INNER_UPPER, "inner"),
    ):  # fmt: skip
        known |= _along(lips[name], table, numbers)
    for contour, side in zip(EYE_CONTOURS, (RIGHT, LEFT), strict=True):
        upper, lower = eye_lids(side, 81)
        known |= _along(lower[::-1], table, contour[:9])
        known |= _along(upper[::-1], table, (contour[0], *contour[9:16], contour[8]))
        for line, row in zip(_brow_borders(side, 33), BROWS[side], strict=True):
            known |= _along(line, table, row)
    drawn = sorted(known)
    there = np.stack([known[n] for n in drawn])
    follow = interpolate.RBFInterpolator(table[drawn], there - table[drawn], degree=1)
    flat = table + follow(table)
    return floats(np.column_stack([flat, -head_depth(*flat.T)]))


def mira_anatomy() -> Anatomy:
    """Where her features lie on the canvas."""
    lips = _lips()
    eyes = {side: _eye(side) for side in (RIGHT, LEFT)}
    brows = {}
    for side in (RIGHT, LEFT):
        above, below = (floats(line[::side]) for line in _brow_borders(side, BROW_POINTS))
        brows[side] = (above, below)
    unit = float(np.linalg.norm(eyes[LEFT].middle - eyes[RIGHT].middle))
    return Anatomy(
        marks=_marks(),
        unit=unit,
        origin=floats(0.5 * (eyes[LEFT].middle + eyes[RIGHT].middle)),
        axes=np.eye(3, dtype=np.float32),
        inner_upper=lips["inner"],
        inner_lower=lips["inner"].copy(),
        outer_upper=lips["upper"],
        outer_lower=lips["lower"],
        oval=resampled(jaw_outline(240), OVAL_POINTS, closed=True),
        brows=brows,
        eyes=eyes,
        margins=(_MARGIN_PX / unit,) * 4,
    )
