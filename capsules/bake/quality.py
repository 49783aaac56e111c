"""How sharp, how bright and how wide awake a face is."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from capsules.bake.found import FoundFace
from capsules.bake.landmarks import EYE_CORNERS, face_region
from capsules.bake.region import Region, crop

__all__ = ["blur", "brightness", "eye_disagreement", "eye_openings", "lip_gap", "overexposed"]

# Faces are compared at one size: the narrowest that may be baked.
_FACE_PX = 160
_EYE_SIZE = 0.36
# Noise looks like sharpness; this takes out what is finer than anything in a face of that size.
_NOISE_PX = 0.7
_BLUR_TAPS = 9
_CLIPPED = 250 / 255
# Of the eye model's contour: the lower lid's points and, above each, the upper lid's.
_LIDS = ((3, 11), (4, 12), (5, 13))
_CONTOUR_CORNERS = (0, 8)
# The landmarks at those corners: outer, inner.
_OUTER_INNER = ((33, 133), (263, 362))
# The landmarks along the inner edges of the lips, upper and lower, about the middle.
_INNER_LIPS = ((82, 87), (13, 14), (312, 317))


def blur(rgb: NDArray[np.uint8], face: FoundFace) -> float:
    """How blurred the eyes are, in [0, 1], whatever the resolution.

    The measure is that of Crété-Roffet et al., "The Blur Effect: Perception and Estimation with a
    New No-Reference Perceptual Blur Metric", 2007: how little neighbouring pixels differ less once
    the picture is blurred again. It is taken about both eyes, where every face has edges, with the
    face scaled to a width of 160 px: blur finer than such a pixel does not count, so that a small
    sharp face passes and a large face is not held to more than a small one.
    """
    angle = face_region(face.landmarks).angle
    width = _width_px(face)
    side = round(_FACE_PX * _EYE_SIZE)
    effects = []
    for corners in EYE_CORNERS:
        x, y = face.landmarks[list(corners), :2].mean(axis=0).tolist()
        eye = _luma(crop(rgb, Region(x, y, width * _EYE_SIZE, angle), side))
        effects.append(_blur_effect(np.asarray(cv2.GaussianBlur(eye, (0, 0), _NOISE_PX))))
    return float(np.mean(effects))


def brightness(rgb: NDArray[np.uint8], face: FoundFace) -> float:
    """The level that the brightest twentieth of the face exceeds, in [0, 1] of the sRGB range."""
    picture, inside = _face_picture(rgb, face)
    return float(np.percentile(_luma(picture)[inside], 95))


def overexposed(rgb: NDArray[np.uint8], face: FoundFace) -> float:
    """The part of the face where two channels or all are at their end, in [0, 1]."""
    picture, inside = _face_picture(rgb, face)
    return float((np.median(picture, axis=-1) >= _CLIPPED)[inside].mean())


def eye_openings(face: FoundFace) -> tuple[float, float]:
    """How far the right and the left eye are open: lid distance as a part of the eye's width."""
    openings = []
    for contour in face.eye_contours:
        start, end = contour[list(_CONTOUR_CORNERS)]
        gaps = [math.dist(contour[lower], contour[upper]) for lower, upper in _LIDS]
        openings.append(float(np.mean(gaps)) / max(math.dist(start, end), 1e-6))
    return openings[0], openings[1]


def lip_gap(face: FoundFace) -> float:
    """How far the lips stand apart, as a part of the distance between the eyes' outer corners."""
    points = face.landmarks[:, :2]
    gaps = [float(np.linalg.norm(points[upper] - points[lower])) for upper, lower in _INNER_LIPS]
    right, left = (points[outer] for outer, _inner in _OUTER_INNER)
    return max(gaps) / max(float(np.linalg.norm(left - right)), 1e-6)


def eye_disagreement(face: FoundFace) -> float:
    """How far apart the face's and the eye's model see an eye's corners, for the worse eye.

    As a part of the face's width. Each model makes up what it cannot see, and not the same.
    """
    worst = 0.0
    for outer, contour in zip(_OUTER_INNER, face.eye_contours, strict=True):
        apart = np.linalg.norm(
            contour[list(_CONTOUR_CORNERS)] - face.landmarks[list(outer), :2], axis=1
        )
        worst = max(worst, float(apart.mean()))
    return worst / max(_width_px(face), 1e-6)


def _width_px(face: FoundFace) -> float:
    return math.dist(face.landmarks[234, :2], face.landmarks[454, :2])


def _face_picture(
    rgb: NDArray[np.uint8], face: FoundFace
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The face and its surroundings at a fixed size, and which pixels are within its outline."""
    region = face_region(face.landmarks)
    picture = crop(rgb, region, _FACE_PX)
    to_crop = cv2.invertAffineTransform(region.matrix(_FACE_PX))
    points = (face.landmarks[:, :2] - 0.5) @ to_crop[:, :2].T + to_crop[:, 2]
    inside = np.zeros(picture.shape[:2], np.uint8)
    cv2.fillConvexPoly(inside, cv2.convexHull(points.round().astype(np.int32)), 1)
    return picture, inside.astype(np.bool_)


def _luma(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.float32)


def _blur_effect(picture: NDArray[np.float32]) -> float:
    """The larger effect of both directions."""
    effects = []
    for axis, taps in ((0, (1, _BLUR_TAPS)), (1, (_BLUR_TAPS, 1))):
        again = np.asarray(cv2.blur(picture, taps))
        change = np.abs(np.diff(picture, axis=axis))
        lost = np.maximum(change - np.abs(np.diff(again, axis=axis)), 0.0)
        # A picture of one colour has no edges at all.
        effects.append(1.0 - float(lost.sum()) / max(float(change.sum()), 1e-6))
    return max(effects)
