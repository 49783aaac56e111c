"""What landmarks say of an expression, whatever the head's place, size and turn."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from capsules.bake.found import FoundFace
from capsules.bake.landmarks import EYE_CONTOURS, EYE_CORNERS
from capsules.bake.pose import STABLE_POINTS

__all__ = ["FEATURE_WEIGHTS", "Neutral", "Observation", "similarity"]

Floats = NDArray[np.float64]

_LID_POINTS = 16  # of an eye's contour, the first are on the lids
_LID_WEIGHT, _IRIS_WEIGHT, _RING_WEIGHT = 2.0, 3.0, 0.5
_OUTER_CORNERS = (EYE_CORNERS[0][0], EYE_CORNERS[1][1])


def _feature_weights() -> Floats:
    contour = [_LID_WEIGHT] * _LID_POINTS + [_RING_WEIGHT] * (len(EYE_CONTOURS[0]) - _LID_POINTS)
    return np.repeat([1.0] * 468 + [*contour, *contour] + [_IRIS_WEIGHT] * 2, 2)


FEATURE_WEIGHTS: Floats = _feature_weights()
"""How much each feature counts: landmarks, eye contours, irises; x, then y of each."""


@dataclass(frozen=True, slots=True)
class Observation:
    """One frame, compared with the neutral one.

    Attributes:
        moves: (F,) by how much each point has moved in the head's own frame, in distances of the
            outer eye corners.
        turn: (3,) yaw, pitch and roll against the neutral head, degrees.
    """

    moves: Floats
    turn: Floats


class Neutral:
    """A face at rest, against which others of the same take are seen.

    Args:
        face: The face.
    """

    def __init__(self, face: FoundFace) -> None:
        points = _points(face)
        corners = points[list(_OUTER_CORNERS)]
        self.unit = float(np.linalg.norm(corners[1] - corners[0]))
        """Distance of the outer eye corners, pixels of the take."""
        self._points = points
        self._pose = np.array([face.yaw_degrees, face.pitch_degrees, face.roll_degrees])

    def observe(self, face: FoundFace) -> Observation:
        """What is different in another frame."""
        points = _points(face)
        stable = list(STABLE_POINTS)
        scale, turn, shift = similarity(points[stable], self._points[stable])
        aligned = scale * points @ turn.T + shift
        moves = (aligned - self._points)[:, :2] / self.unit
        pose = np.array([face.yaw_degrees, face.pitch_degrees, face.roll_degrees])
        return Observation(moves.ravel(), pose - self._pose)


def similarity(from_points: Floats, to_points: Floats) -> tuple[float, Floats, Floats]:
    """Scale, turn (D, D) and shift (D,) that lay points (N, D) best on others.

    Umeyama, "Least-Squares Estimation of Transformation Parameters Between Two Point Patterns",
    1991.
    """
    start, end = from_points.mean(axis=0), to_points.mean(axis=0)
    one, other = from_points - start, to_points - end
    left, spread, right = np.linalg.svd(other.T @ one)
    signs = np.ones(len(spread))
    signs[-1] = np.sign(np.linalg.det(left @ right))
    turn = left @ np.diag(signs) @ right
    scale = float((spread * signs).sum() / (one**2).sum())
    return scale, turn, end - scale * turn @ start


def _points(face: FoundFace) -> Floats:
    """All points (N, 3); what the eye model found lies as deep as the landmarks near it."""
    marks = face.landmarks.astype(np.float64)
    parts = [marks]
    for contour, indices in zip(face.eye_contours, EYE_CONTOURS, strict=True):
        parts.append(np.column_stack([contour, marks[list(indices), 2]]))
    for iris, corners in zip(face.irises, EYE_CORNERS, strict=True):
        parts.append(np.array([[*iris[0], marks[list(corners), 2].mean()]]))
    return np.concatenate(parts)
