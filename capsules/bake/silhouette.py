"""Which pixels show the person, from the landmarks alone: for where there are no models.

GrabCut (Rother, Kolmogorov and Blake, 2004) on a small copy of the photo: the face and what lies
straight below it are the person, the upper corners and sides are not, and colours decide about the
rest. Good before an even background; the segmentation model is better anywhere else.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from capsules.bake.found import FoundFace
from capsules.bake.segment import guided_filter

__all__ = ["person_by_colour"]

_WORK_PX = 320
_ROUNDS = 5
# About the middle between the outer eye corners, in widths of the face: half axes of where a head
# likely is and of where it can be; how far below the neck and the chest are sure to be, and how
# wide; where the shoulders can begin, how wide they likely and possibly are, and how they slope.
_HEAD, _HAIR = (0.65, 0.9), (0.95, 1.15)
_SURE = ((0.85, 0.25), (1.5, 0.7))
_SHOULDERS_BELOW, _SHOULDERS_HALF, _ARMS_HALF, _SLOPE = 0.7, 1.7, 3.0, 0.2


def person_by_colour(rgb: NDArray[np.uint8], face: FoundFace) -> NDArray[np.float32]:
    """How much of each pixel is the person: (H, W) float32 in [0, 1].

    Args:
        rgb: Photo (H, W, 3).
        face: The person's face.
    """
    height, width = rgb.shape[:2]
    scale = min(1.0, _WORK_PX / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    labels = _guess(small.shape[:2], face.landmarks[:, :2] * np.float32(scale))
    # GrabCut starts from random clusters; the same photo has to give the same mask.
    cv2.setRNGSeed(1)
    behind, before = np.zeros((1, 65)), np.zeros((1, 65))
    unused = (0, 0, 1, 1)
    cv2.grabCut(small, labels, unused, behind, before, _ROUNDS, cv2.GC_INIT_WITH_MASK)
    person = np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    mask = _joined(person, face.landmarks[5, :2] * np.float32(scale)).astype(np.float32)
    return np.clip(guided_filter(rgb, mask), 0.0, 1.0)


def _guess(shape: tuple[int, ...], points: NDArray[np.float32]) -> NDArray[np.uint8]:
    """What is sure and what is likely, in GrabCut's labels."""
    height, width = shape[:2]
    span = float(np.linalg.norm(points[454] - points[234]))
    x, y = (points[33] + points[263]).astype(np.float64) / 2
    rows, columns = np.indices((height, width)) + 0.5
    across, down = (columns - x) / span, (rows - y) / span
    labels = np.full((height, width), cv2.GC_BGD, np.uint8)
    shoulders = down > _SHOULDERS_BELOW + _SLOPE * np.abs(across)
    labels[shoulders & (np.abs(across) < _ARMS_HALF)] = cv2.GC_PR_BGD
    labels[(across / _HAIR[0]) ** 2 + (down / _HAIR[1]) ** 2 < 1.0] = cv2.GC_PR_BGD
    labels[shoulders & (np.abs(across) < _SHOULDERS_HALF)] = cv2.GC_PR_FGD
    labels[(across / _HEAD[0]) ** 2 + (down / _HEAD[1]) ** 2 < 1.0] = cv2.GC_PR_FGD
    hull = cv2.convexHull(points.round().astype(np.int32))
    cv2.fillConvexPoly(labels, hull, (float(cv2.GC_FGD),))
    for below, half in _SURE:
        labels[(down > below) & (np.abs(across) < half)] = cv2.GC_FGD
    return labels


def _joined(person: NDArray[np.uint8], nose: NDArray[np.float32]) -> NDArray[np.bool_]:
    """What hangs together with the face, without holes."""
    _, parts = cv2.connectedComponents(person)
    height, width = person.shape
    row = int(np.clip(nose[1], 0, height - 1))
    column = int(np.clip(nose[0], 0, width - 1))
    joined = np.asarray(parts == parts[row, column], np.bool_)
    _, around = cv2.connectedComponents((~joined).astype(np.uint8))
    outside = np.unique(np.concatenate((around[0], around[-1], around[:, 0], around[:, -1])))
    return joined | ~np.isin(around, outside)
