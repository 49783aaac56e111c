"""The face's anatomy on the canvas: smooth curves through the landmarks, and the head's own axes.

Landmark numbers are those of MediaPipe's face mesh (468 points); "right" is the person's right, on
the left of the picture. Curves run from the picture's left to its right, but for the outline.
"""

from dataclasses import dataclass

import numpy as np
from scipy import interpolate

from capsules.bake.canvas import Floats, Placement
from capsules.bake.found import FoundFace

__all__ = [
    "BROWS", "BROW_POINTS", "INNER_LOWER", "INNER_UPPER", "LEFT", "LID_POINTS", "LIP_POINTS",
    "OUTER_LOWER", "OUTER_UPPER", "OVAL", "OVAL_POINTS", "RIGHT", "SIDES", "Anatomy", "Eye",
    "anatomy", "resampled",
]  # fmt: skip

RIGHT, LEFT = -1, 1
"""The person's sides as signs of x in the picture."""
SIDES = ((RIGHT, "Right"), (LEFT, "Left"))

# Landmarks of the lips, from the picture's left to its right.
OUTER_UPPER = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291)
OUTER_LOWER = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291)
INNER_UPPER = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
INNER_LOWER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
# Of the outline, clockwise from the middle of the forehead.
OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
# Of the brows from the nose outwards, upper and lower row.
BROWS = {
    RIGHT: ((107, 66, 105, 63, 70), (55, 65, 52, 53, 46)),
    LEFT: ((336, 296, 334, 293, 300), (285, 295, 282, 283, 276)),
}
# The iris model's lids, from the outer corner to the inner one.
_LOWER_LID = (0, 1, 2, 3, 4, 5, 6, 7, 8)
_UPPER_LID = (0, 9, 10, 11, 12, 13, 14, 15, 8)
LIP_POINTS, LID_POINTS, BROW_POINTS, OVAL_POINTS = 29, 21, 9, 84
"""How many points the curves of an anatomy have."""


def resampled(points: Floats, count: int, *, closed: bool = False) -> Floats:
    """A smooth curve through points (N, 2 or 3), at `count` points evenly along it."""
    line = np.asarray(points, np.float64)
    if closed:
        line = np.vstack([line, line[:1]])
    step = np.linalg.norm(np.diff(line, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(np.maximum(step, 1e-3))])
    kind = "periodic" if closed else "natural"
    spline = interpolate.CubicSpline(along, line, bc_type=kind)
    fine = np.linspace(0.0, along[-1], 40 * len(line))
    dense = spline(fine)
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(dense, axis=0), axis=1))])
    wanted = np.linspace(0.0, length[-1], count, endpoint=not closed)
    at = np.interp(wanted, length, fine)
    return np.asarray(spline(at), np.float32)


@dataclass(frozen=True, slots=True)
class Eye:
    """One eye.

    Attributes:
        side: RIGHT or LEFT.
        upper: (N, 2) the upper lid's edge from the picture's left to its right, corners included.
        lower: (N, 2) the lower lid's edge, likewise, with the same corners.
        iris: (2,) centre.
        iris_radius: Canvas pixels.
        rim: Height of the upper lid's rim that carries the lashes, units of the face.
        lid_from: How far above the rim lies the skin whose colour closed lids take, units; where
            make-up or a drawn crease darkens what is just above it, from beyond that.
        lid_share: Share of that skin in the lid's colour; the rest is the rim's own.
        corner: Share of the way from a corner to the lids' next points that stays skin. Lids that
            are found could not close the eye there; those of a drawing are known exactly.
    """

    side: int
    upper: Floats
    lower: Floats
    iris: Floats
    iris_radius: float
    rim: float = 0.036
    lid_from: float = 0.045
    lid_share: float = 0.5
    corner: float = 1.0

    @property
    def middle(self) -> Floats:
        """(2,) between the corners."""
        return np.asarray(0.5 * (self.upper[0] + self.upper[-1]), np.float32)

    @property
    def opening(self) -> float:
        """Greatest distance between the lids."""
        return float(np.linalg.norm(self.lower - self.upper, axis=1).max())


@dataclass(frozen=True, slots=True)
class Anatomy:
    """A face on the canvas.

    Attributes:
        marks: (468, 3) the landmarks; z is depth away from the viewer, canvas pixels.
        unit: Distance between the eyes' middles, in space: what facial movements are measured in.
        origin: (2,) between the eyes.
        axes: (3, 3) columns are the head's own axes: to the picture's right, down, and away from
            the viewer.
        inner_upper: (N, 2) the upper lip's inner edge; corners included.
        inner_lower: (N, 2) the lower lip's, with the same corners.
        outer_upper: (N, 2) the upper lip's border.
        outer_lower: (N, 2) the lower lip's border, with the same corners.
        oval: (M, 2) the face's outline, clockwise from the middle of the forehead.
        brows: By side, the upper and the lower border (K, 2) of a brow.
        eyes: By side.
        margins: How far the face's picture goes on beyond the outline, units: at the hairline, the
            forehead, beside the mouth and at the chin. A photo's goes on into hair and shade; a
            drawn face ends at its outline.
    """

    marks: Floats
    unit: float
    origin: Floats
    axes: Floats
    inner_upper: Floats
    inner_lower: Floats
    outer_upper: Floats
    outer_lower: Floats
    oval: Floats
    brows: dict[int, tuple[Floats, Floats]]
    eyes: dict[int, Eye]
    margins: tuple[float, float, float, float] = (0.30, 0.22, 0.07, 0.068)

    def local(self, points: Floats) -> Floats:
        """Canvas points (..., 2) in the head's upright axes, units from between the eyes."""
        flat = (np.asarray(points, np.float32) - self.origin) / self.unit
        x = self.axes[:2, 0]
        across = x / np.linalg.norm(x)
        down = np.array([-across[1], across[0]], np.float32)
        return np.stack([flat @ across, flat @ down], axis=-1).astype(np.float32)

    def on_canvas(self, moves: Floats) -> Floats:
        """Movements (..., 3) in units along the head's axes as movements (..., 2) on the canvas."""
        return np.asarray(self.unit * (moves @ self.axes[:2].T), np.float32)

    @property
    def mouth(self) -> Floats:
        """(2,) the middle between the corners of the lips."""
        return np.asarray(0.5 * (self.outer_upper[0] + self.outer_upper[-1]), np.float32)


def _axes(face: FoundFace) -> Floats:
    yaw, pitch, roll = np.radians([face.yaw_degrees, face.pitch_degrees, face.roll_degrees])
    turn = np.array([[np.cos(yaw), 0, -np.sin(yaw)], [0, 1, 0], [np.sin(yaw), 0, np.cos(yaw)]])
    nod = np.array(
        [[1, 0, 0], [0, np.cos(pitch), np.sin(pitch)], [0, -np.sin(pitch), np.cos(pitch)]]
    )
    tilt = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    return np.asarray(tilt @ nod @ turn, np.float32)


def _eye(face: FoundFace, placement: Placement, side: int) -> Eye:
    which = 0 if side == RIGHT else 1
    contour = placement.points(face.eye_contours[which])
    iris = placement.points(face.irises[which])
    way = 1 if side == RIGHT else -1
    upper, lower = (
        resampled(contour[list(points)][::way], LID_POINTS) for points in (_UPPER_LID, _LOWER_LID)
    )
    radius = float(np.linalg.norm(iris[1:] - iris[0], axis=1).mean())
    return Eye(side, upper, lower, iris[0], radius)


def anatomy(face: FoundFace, placement: Placement) -> Anatomy:
    """The anatomy of a face that was found in a photo."""
    marks = placement.points(face.landmarks)
    flat = marks[:, :2]
    eyes = {side: _eye(face, placement, side) for side, _ in SIDES}
    corners = marks[[33, 133, 362, 263]]
    right, left = corners[:2].mean(axis=0), corners[2:].mean(axis=0)
    lips = [
        resampled(flat[list(points)], LIP_POINTS)
        for points in (INNER_UPPER, INNER_LOWER, OUTER_UPPER, OUTER_LOWER)
    ]
    brows = {
        side: (
            resampled(flat[list(above[::side])], BROW_POINTS),
            resampled(flat[list(below[::side])], BROW_POINTS),
        )
        for side, (above, below) in BROWS.items()
    }
    return Anatomy(
        marks=marks,
        unit=float(np.linalg.norm(left - right)),
        origin=np.asarray(0.5 * (left + right)[:2], np.float32),
        axes=_axes(face),
        inner_upper=lips[0],
        inner_lower=lips[1],
        outer_upper=lips[2],
        outer_lower=lips[3],
        oval=resampled(flat[list(OVAL)], OVAL_POINTS, closed=True),
        brows=brows,
        eyes=eyes,
    )
