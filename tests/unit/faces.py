"""Faces without a model: landmarks of an average face, put into a picture that has eyes drawn."""

import math
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from capsules.bake.found import FoundFace, Photo
from capsules.bake.landmarks import EYE_CORNERS
from capsules.bake.pose import STABLE_POINTS, _average_face

SURE = 1.0 - 1e-11
_OUTER_INNER = ((33, 133), (263, 362))


def landmarks(width_px: float, x: float = 0.0, y: float = 0.0) -> NDArray[np.float32]:
    """All 468 points (468, 3): the stable ones of the average face, the others at its middle."""
    points = np.zeros((468, 3), np.float32)
    points[list(STABLE_POINTS)] = _average_face()
    points[152] = (0.0, 1500.0, 0.0)
    points *= width_px / (points[454, 0] - points[234, 0])
    points[:, :2] += (x, y)
    return points


def face(width_px: float = 400.0, x: float = 400.0, y: float = 300.0) -> FoundFace:
    """A face straight into the camera, with both eyes open, that every check passes."""
    points = landmarks(width_px, x, y)
    contours = np.stack([_contour(points[list(ends), :2], 0.3) for ends in _OUTER_INNER])
    left, top = points[:, :2].min(axis=0).tolist()
    right, bottom = points[:, :2].max(axis=0).tolist()
    return FoundFace(
        landmarks=points,
        irises=np.zeros((2, 5, 2), np.float32),
        eye_contours=contours,
        yaw_degrees=0.0,
        pitch_degrees=0.0,
        roll_degrees=0.0,
        score=SURE,
        box=(left, top, right - left, bottom - top),
    )


def with_openings(found: FoundFace, right: float, left: float) -> FoundFace:
    """The face with its eyes open by these parts of their width."""
    contours = [
        _contour(found.landmarks[list(ends), :2], opening)
        for ends, opening in zip(_OUTER_INNER, (right, left), strict=True)
    ]
    return replace(found, eye_contours=np.stack(contours))


def photo_of(found: FoundFace, *, blur_px: float = 0.0, gain: float = 1.0) -> Photo:
    """A picture (700, 800, 3) with skin, and dark drawings with sharp edges where the eyes are."""
    rgb = np.full((700, 800, 3), (190, 150, 130), np.float32)
    for ends in EYE_CORNERS:
        start, end = found.landmarks[list(ends), :2]
        width = math.dist(start, end)
        centre = tuple(((start + end) / 2 * 16).astype(int).tolist())
        for radius, level in ((0.55, 235.0), (0.3, 40.0), (0.12, 250.0)):
            colour = (level, level, level)
            cv2.circle(rgb, centre, int(width * radius * 16), colour, -1, cv2.LINE_AA, 4)
    if blur_px:
        rgb = np.asarray(cv2.GaussianBlur(rgb, (0, 0), blur_px), np.float32)
    return Photo(np.clip(rgb * gain, 0.0, 255.0).astype(np.uint8), "0" * 64, "PNG")


def _contour(ends: NDArray[np.float32], opening: float) -> NDArray[np.float32]:
    """The eye model's 71 points: nine of the lower lid, seven of the upper, the rest anywhere."""
    start, end = ends
    along = np.linspace(0.0, 1.0, 9)[:, np.newaxis]
    line = start + (end - start) * along
    half = np.array((0.0, math.dist(start, end) * opening / 2), np.float32)
    upper = (line - half)[1:-1]
    lower = line + half * np.array((0, 1, 1, 1, 1, 1, 1, 1, 0))[:, np.newaxis]
    rest = np.repeat(line[:1], 71 - 16, axis=0)
    return np.concatenate((lower, upper, rest)).astype(np.float32)
