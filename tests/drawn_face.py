"""A drawn face with known landmarks, for tests of baking that need no models."""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from capsules.bake.found import FoundFace, Photo
from capsules.bake.topology import INNER_LOWER, INNER_UPPER, OUTER_LOWER, OUTER_UPPER, OVAL

__all__ = ["SIDE_PX", "drawn_face", "drawn_mask", "drawn_photo", "with_open_lips"]

SIDE_PX = 512
_FILE = Path(__file__).parent / "data" / "drawn_face.json"
_SKIN, _HAIR, _CLOTH, _WALL = (214, 168, 140), (70, 45, 30), (40, 90, 160), (200, 205, 215)
_LIPS, _TEETH, _WHITE, _IRIS = (176, 84, 84), (236, 228, 215), (232, 228, 226), (70, 60, 40)


@cache
def drawn_face() -> FoundFace:
    """The built-in avatar's landmarks, on a picture of SIDE_PX."""
    data = json.loads(_FILE.read_text())
    landmarks = np.array(data["landmarks"], np.float32)
    low, high = landmarks[:, :2].min(axis=0), landmarks[:, :2].max(axis=0)
    return FoundFace(
        landmarks=landmarks,
        irises=np.array(data["irises"], np.float32),
        eye_contours=np.array(data["eye_contours"], np.float32),
        yaw_degrees=data["yaw_degrees"],
        pitch_degrees=data["pitch_degrees"],
        roll_degrees=data["roll_degrees"],
        score=1.0,
        box=(float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1])),
    )


def with_open_lips(face: FoundFace, apart_px: float) -> FoundFace:
    """The same face with lips apart in the middle: the lower lip goes down."""
    marks = face.landmarks.copy()
    for row in (INNER_LOWER, OUTER_LOWER):
        arch = np.sin(np.linspace(0.0, np.pi, len(row)))
        marks[list(row), 1] += (apart_px * arch).astype(np.float32)
    return replace(face, landmarks=marks)


def drawn_photo(face: FoundFace) -> Photo:
    """Paints a face where its landmarks are; open lips show teeth."""
    image = np.full((SIDE_PX, SIDE_PX, 3), _WALL, np.uint8)
    marks = face.landmarks[:, :2]
    oval = marks[list(OVAL)]
    centre = oval.mean(axis=0)
    chin = marks[152]
    x, y = float(chin[0]), float(chin[1])
    shoulders = [[x - 160, SIDE_PX], [x - 120, y + 50], [x + 120, y + 50], [x + 160, SIDE_PX]]
    neck = [[x - 32, y - 30], [x + 32, y - 30], [x + 36, y + 60], [x - 36, y + 60]]
    _fill(image, np.array(shoulders, np.float32), _CLOTH)
    _fill(image, np.array(neck, np.float32), _SKIN)
    crown = centre + 1.25 * (oval - centre)
    crown[:, 1] = np.minimum(crown[:, 1], centre[1] + 20)
    _fill(image, crown, _HAIR)
    _fill(image, oval, _SKIN)
    _fill(image, np.vstack([marks[list(OUTER_UPPER)], marks[list(OUTER_LOWER)][::-1]]), _LIPS)
    _fill(image, np.vstack([marks[list(INNER_UPPER)], marks[list(INNER_LOWER)][::-1]]), _TEETH)
    for contour, iris in zip(face.eye_contours, face.irises, strict=True):
        lids = contour[[0, 9, 10, 11, 12, 13, 14, 15, 8, 7, 6, 5, 4, 3, 2, 1]]
        _fill(image, lids, _WHITE)
        eye = np.zeros(image.shape[:2], np.uint8)
        _fill(eye, lids, 255)
        disc = np.zeros_like(eye)
        radius = float(np.linalg.norm(iris[1:] - iris[0], axis=1).mean())
        cv2.circle(
            disc, (round(float(iris[0, 0])), round(float(iris[0, 1]))), round(radius), 255, -1
        )
        image[(disc > 0) & (eye > 0)] = _IRIS
    return Photo(cv2.GaussianBlur(image, (0, 0), 0.7).astype(np.uint8), "0" * 64, "PNG")


def drawn_mask(photo: Photo) -> NDArray[np.float32]:
    """Coverage of the person (H, W) in [0, 1]."""
    away = np.abs(photo.rgb.astype(np.int16) - np.array(_WALL, np.int16)).max(axis=2)
    return np.asarray(away > 12, np.float32)


def _fill(image: NDArray[np.uint8], polygon: NDArray[np.float32], colour: object) -> None:
    cv2.fillPoly(image, [np.round(polygon * 16).astype(np.int32)], colour, cv2.LINE_AA, 4)  # type: ignore[call-overload] # a grey or an RGB colour
