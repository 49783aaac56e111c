"""Which way a head looks, from its 3-D landmarks.

A similarity (turn, scale, shift; Umeyama, "Least-Squares Estimation of Transformation Parameters
Between Two Point Patterns", 1991) is fitted from the points of an average face that expressions
hardly move (forehead, temples, bridge and base of the nose, eye corners, cheekbones) to the same
points of the photo. The average face was derived for this module: the landmark model's own points
of 101 portraits, aligned, averaged and mirrored; its x axis joins mirrored points, and its upright
is where those portraits average to a pitch of zero.
"""

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["STABLE_POINTS", "head_pose", "head_rotation"]

# Landmark, then y and z of the average face in thousandths of the distance of the outer eye
# corners; y down, z away from the viewer, origin in the middle of all points.
_MIDLINE = (
    (10, -510, -194),
    (151, -330, -230),
    (9, -141, -258),
    (168, 35, -239),
    (6, 123, -285),
    (197, 205, -338),
    (195, 282, -394),
    (5, 364, -452),
    (2, 600, -285),
)
# Landmark of the right and of the left side, then x, y and z of the right one.
_PAIRS = (
    (109, 338, -212, -504, -176),
    (67, 297, -390, -476, -109),
    (103, 332, -554, -413, 9),
    (54, 284, -662, -318, 144),
    (21, 251, -730, -197, 276),
    (162, 389, -768, -65, 414),
    (127, 356, -781, 102, 523),
    (234, 454, -774, 263, 575),
    (33, 263, -500, 76, -3),
    (133, 362, -197, 90, -58),
    (116, 345, -704, 255, 132),
    (117, 346, -581, 258, 2),
    (98, 327, -197, 568, -198),
    (193, 417, -86, 45, -193),
)

STABLE_POINTS: tuple[int, ...] = (
    *(point[0] for point in _MIDLINE),
    *(pair[0] for pair in _PAIRS),
    *(pair[1] for pair in _PAIRS),
)
"""Landmarks that expressions hardly move."""


def head_rotation(landmarks: NDArray[np.float32]) -> NDArray[np.float64]:
    """The rotation (3, 3) from an upright head that faces the viewer to the photo's.

    Args:
        landmarks: (468, 3), x to the right, y down, z away from the viewer, one scale.
    """
    points = np.asarray(landmarks, np.float64)[list(STABLE_POINTS)]
    average = _average_face()
    points = points - points.mean(axis=0)
    left, _, right = np.linalg.svd(points.T @ (average - average.mean(axis=0)))
    # A reflection would fit a face turned inside out.
    handedness = np.diag((1.0, 1.0, np.sign(np.linalg.det(left @ right))))
    rotation: NDArray[np.float64] = left @ handedness @ right
    return rotation


def head_pose(landmarks: NDArray[np.float32]) -> tuple[float, float, float]:
    """Yaw, pitch and roll of the head in degrees.

    Positive yaw is to the person's left, positive pitch up, positive roll towards the person's
    left shoulder. The head is pitched first, then turned, then rolled in the plane of the picture:
    turning the picture changes the roll alone.

    Args:
        landmarks: (468, 3), x to the right, y down, z away from the viewer, one scale.
    """
    rotation = head_rotation(landmarks)
    yaw = math.asin(float(np.clip(rotation[2, 0], -1.0, 1.0)))
    pitch = -math.atan2(rotation[2, 1], rotation[2, 2])
    roll = math.atan2(rotation[1, 0], rotation[0, 0])
    return math.degrees(yaw), math.degrees(pitch), math.degrees(roll)


def _average_face() -> NDArray[np.float64]:
    """The average face's points in the order of `STABLE_POINTS`."""
    middle = [(0, y, z) for _, y, z in _MIDLINE]
    right = [(x, y, z) for _, _, x, y, z in _PAIRS]
    left = [(-x, y, z) for x, y, z in right]
    return np.array((*middle, *right, *left), np.float64)
