"""Landmarks in a file: where there are no models, and where a hand has corrected what they found.

The file is a JSON object: `landmarks`, 468 of [x, y, z], and, where known, `irises`, two times 5 of
[x, y], and `eye_contours`, two times 71 of [x, y]. They are those of `capsules.bake.found`, in
pixels of the upright photo.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capsules.bake.errors import LandmarksError
from capsules.bake.found import FoundFace
from capsules.bake.landmarks import EYE_CONTOURS, EYE_CORNERS
from capsules.bake.pose import head_pose

__all__ = ["complete_face", "read_landmarks", "write_landmarks"]

_SHAPES = {"landmarks": (468, 3), "irises": (2, 5, 2), "eye_contours": (2, 71, 2)}
_MAX_BYTES = 1_000_000
# An iris is 11.7 mm wide, the opening of an adult's lids about 30.
_IRIS_RADIUS = 11.7 / 30 / 2
# The five points from the centre: right, top, left, bottom of the picture.
_IRIS_POINTS = np.array(((0, 0), (1, 0), (0, -1), (-1, 0), (0, 1)), np.float32)
# Hair and chin may be cut off by the photo, but not most of the face.
_MIN_INSIDE = 0.6
_MIN_SIDE_PX = 8.0


def complete_face(
    landmarks: NDArray[np.float32],
    irises: NDArray[np.float32] | None = None,
    eye_contours: NDArray[np.float32] | None = None,
    *,
    score: float = 1.0,
) -> FoundFace:
    """A face from its landmarks, with what follows from them.

    Args:
        landmarks: (468, 3) float32 pixels.
        irises: (2, 5, 2) float32 pixels, or None for irises of the usual size amid the lids.
        eye_contours: (2, 71, 2) float32 pixels, or None for those that the landmarks have.
        score: How sure the landmarks are.
    """
    if eye_contours is None:
        eye_contours = np.stack([landmarks[list(points), :2] for points in EYE_CONTOURS])
    yaw, pitch, roll = head_pose(landmarks)
    left, top = landmarks[:, :2].min(axis=0).tolist()
    right, bottom = landmarks[:, :2].max(axis=0).tolist()
    return FoundFace(
        landmarks=landmarks,
        irises=_usual_irises(landmarks, eye_contours) if irises is None else irises,
        eye_contours=eye_contours,
        yaw_degrees=yaw,
        pitch_degrees=pitch,
        roll_degrees=roll,
        score=score,
        box=(left, top, right - left, bottom - top),
    )


def read_landmarks(path: Path, width: int, height: int) -> FoundFace:
    """The face in a file of landmarks.

    Args:
        path: The file.
        width: Of the photo that the landmarks belong to.
        height: Of that photo.

    Raises:
        LandmarksError: The file cannot be read, or its points are no face in the photo.
    """
    content = _content(path)
    arrays = {name: _array(path, content, name, shape) for name, shape in _SHAPES.items()}
    landmarks = arrays["landmarks"]
    if landmarks is None:
        raise LandmarksError(f"{path} has no landmarks; expected 468 of [x, y, z]")
    inside = (landmarks[:, :2] >= 0).all(axis=1) & (landmarks[:, :2] < (width, height)).all(axis=1)
    if inside.mean() < _MIN_INSIDE or np.ptp(landmarks[:, :2], axis=0).min() < _MIN_SIDE_PX:
        raise LandmarksError(
            f"{path}: {inside.sum()} of 468 landmarks are within the photo of {width} x {height} "
            "pixels, or all in one place; expected pixels of the upright photo"
        )
    return complete_face(landmarks, arrays["irises"], arrays["eye_contours"])


def write_landmarks(path: Path, face: FoundFace) -> None:
    """Writes a face's landmarks, for a hand to correct.

    Raises:
        LandmarksError: The file cannot be written.
    """
    content = {name: np.round(getattr(face, name), 2).tolist() for name in _SHAPES}
    try:
        path.write_text(json.dumps(content) + "\n", encoding="utf-8")
    except OSError as error:
        raise LandmarksError(f"{path} cannot be written: {error.strerror}") from error


def _content(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise LandmarksError(f"{path} has more than {_MAX_BYTES} bytes; expected 468 points")
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise LandmarksError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise LandmarksError(f"{path} is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise LandmarksError(f"{path} holds no object; expected one with `landmarks`")
    return content


def _array(
    path: Path, content: dict[str, Any], name: str, shape: tuple[int, ...]
) -> NDArray[np.float32] | None:
    value = content.get(name)
    if value is None:
        return None
    try:
        array = np.asarray(value, np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise LandmarksError(f"{path}: {name} are not numbers of shape {shape}") from error
    # JSON as Python reads it knows NaN and Infinity.
    if array.shape != shape or not np.isfinite(array).all() or np.abs(array).max() > 1e6:
        raise LandmarksError(
            f"{path}: {name} have the shape {array.shape}; expected {shape}, of pixels"
        )
    return array.astype(np.float32)


def _usual_irises(
    landmarks: NDArray[np.float32], eye_contours: NDArray[np.float32]
) -> NDArray[np.float32]:
    irises = []
    for corners, contour in zip(EYE_CORNERS, eye_contours, strict=True):
        radius = _IRIS_RADIUS * np.linalg.norm(np.subtract(*landmarks[list(corners), :2]))
        irises.append(contour[:16].mean(axis=0) + radius * _IRIS_POINTS)
    return np.stack(irises).astype(np.float32)
