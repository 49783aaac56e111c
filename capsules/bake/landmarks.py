"""The 468 points of a face, and the finer ones of its eyes.

The regions that the models look at are MediaPipe's: the face 1.5 times its bounds with the eyes
level (graphs `face_landmark_cpu`, `face_landmark_landmarks_to_roi`), an eye 2.3 times the distance
of its corners (`iris_landmark_landmarks_to_roi`). Papers: Kartynnik et al., "Real-time Facial
Surface Geometry from Monocular Video on Mobile GPUs", 2019; Ablavatski et al., "Real-time Pupil
Tracking from Monocular Video for Digital Puppetry", 2020.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from capsules.bake.region import Region, crop
from capsules.bake.tflite import TfliteModel

__all__ = [
    "EYE_CONTOURS",
    "EYE_CORNERS",
    "EyeLandmarker",
    "FaceLandmarker",
    "FacePoints",
    "face_region",
]

EYE_CORNERS = ((33, 133), (362, 263))
"""Landmarks at the corners of the right and the left eye, from left to right in the picture."""

# fmt: off
EYE_CONTOURS = (
    (
        33, 7, 163, 144, 145, 153, 154, 155, 133, 246, 161, 160, 159, 158, 157, 173,
        130, 25, 110, 24, 23, 22, 26, 112, 243, 247, 30, 29, 27, 28, 56, 190,
        226, 31, 228, 229, 230, 231, 232, 233, 244, 113, 225, 224, 223, 222, 221, 189,
        35, 124, 46, 53, 52, 65, 143, 111, 117, 118, 119, 120, 121, 128, 245, 156,
        70, 63, 105, 66, 107, 55, 193,
    ),
    (
        263, 249, 390, 373, 374, 380, 381, 382, 362, 466, 388, 387, 386, 385, 384, 398,
        359, 255, 339, 254, 253, 252, 256, 341, 463, 467, 260, 259, 257, 258, 286, 414,
        446, 261, 448, 449, 450, 451, 452, 453, 464, 342, 445, 444, 443, 442, 441, 413,
        265, 353, 276, 283, 282, 295, 372, 340, 346, 347, 348, 349, 350, 357, 465, 383,
        300, 293, 334, 296, 336, 285, 417,
    ),
)
# fmt: on
"""The landmarks at the eye model's 71 points, of the right and the left eye: the lower lid from the
outer corner to the inner, the upper lid between them, two rings about them, brow and cheek."""

_FACE_SCALE = 1.5
_EYE_SCALE = 2.3
# The models answer a little differently when the region moves; the average of several looks is
# three times as steady as one. Shift across and down and growth in sizes of the region, turn in
# radians.
_LOOKS = (
    (0.0, 0.0, 0.0, 0.0),
    (0.03, 0.0, 0.03, 0.03),
    (0.015, 0.026, -0.05, -0.03),
    (-0.015, 0.026, 0.02, 0.05),
    (-0.03, 0.0, 0.03, -0.05),
    (-0.015, -0.026, -0.05, 0.03),
    (0.015, -0.026, 0.02, -0.03),
)
_LOGIT_LIMIT = 500.0  # beyond, exp() overflows
_LANDMARKS = 468
_CONTOUR_POINTS = 71
_IRIS_POINTS = 5


@dataclass(frozen=True, slots=True)
class FacePoints:
    """What the landmark model says about a region.

    Attributes:
        landmarks: (468, 3) float32 pixels; z in the same scale, negative towards the viewer.
        score: How sure the model is that the region shows a face, in [0, 1].
    """

    landmarks: NDArray[np.float32]
    score: float


class FaceLandmarker:
    """Finds the points of one face. Not thread-safe."""

    def __init__(self, model: TfliteModel) -> None:
        self._model = model

    def find(self, rgb: NDArray[np.uint8], region: Region) -> FacePoints:
        """The points of the face about a region.

        The model looks once at the region, then as in `refine`.

        Args:
            rgb: Photo (H, W, 3).
            region: About where the face is, such as `Detection.region`.
        """
        return self.refine(rgb, self._look(rgb, region).landmarks)

    def refine(
        self, rgb: NDArray[np.uint8], landmarks: NDArray[np.float32], *, steady: bool = True
    ) -> FacePoints:
        """The points of a face that is about where `landmarks` (468, 3) are.

        Args:
            rgb: Photo (H, W, 3).
            landmarks: From an earlier look, or the frame before.
            steady: Average several looks at regions about the points instead of trusting one.
        """
        looks = [self._look(rgb, part) for part in _about(face_region(landmarks), steady=steady)]
        return FacePoints(
            np.mean([look.landmarks for look in looks], axis=0),
            float(np.median([look.score for look in looks])),
        )

    def _look(self, rgb: NDArray[np.uint8], region: Region) -> FacePoints:
        side = self._model.side_px
        raw, logit = self._model.run(crop(rgb, region, side))
        points = raw.reshape(_LANDMARKS, 3) / np.float32(side)
        landmarks = np.empty((_LANDMARKS, 3), np.float32)
        landmarks[:, :2] = region.to_photo(points[:, :2])
        landmarks[:, 2] = points[:, 2] * region.size_px
        odds = math.exp(min(float(logit.item()), _LOGIT_LIMIT))
        return FacePoints(landmarks, odds / (1.0 + odds))


class EyeLandmarker:
    """Finds iris and lids of both eyes. Not thread-safe."""

    def __init__(self, model: TfliteModel) -> None:
        self._model = model

    def find(
        self, rgb: NDArray[np.uint8], landmarks: NDArray[np.float32], *, steady: bool = True
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Irises (2, 5, 2) and eye contours (2, 71, 2), in pixels, the right eye first.

        Args:
            rgb: Photo (H, W, 3).
            landmarks: The face's points (468, 3).
            steady: Average several looks instead of trusting one.
        """
        irises, contours = [], []
        for corners, left in zip(EYE_CORNERS, (False, True), strict=True):
            # The model knows right eyes only, so the left one is shown to it mirrored.
            looks = [
                self._look(rgb, part, mirrored=left)
                for part in _about(_eye_region(landmarks, corners), steady=steady)
            ]
            irises.append(np.mean([iris for iris, _ in looks], axis=0))
            contours.append(np.mean([contour for _, contour in looks], axis=0))
        # Of the mirrored iris the right and the left point change their names with their sides.
        irises[1] = irises[1][[0, 3, 2, 1, 4]]
        return np.stack(irises), np.stack(contours)

    def _look(
        self, rgb: NDArray[np.uint8], region: Region, *, mirrored: bool
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        side = self._model.side_px
        contour, iris = self._model.run(crop(rgb, region, side, mirrored=mirrored))
        return (
            _eye_points(iris, _IRIS_POINTS, side, region, mirrored),
            _eye_points(contour, _CONTOUR_POINTS, side, region, mirrored),
        )


def _eye_points(
    raw: NDArray[np.float32], count: int, side_px: int, region: Region, mirrored: bool
) -> NDArray[np.float32]:
    points = raw.reshape(count, 3)[:, :2] / np.float32(side_px)
    if mirrored:
        points[:, 0] = 1.0 - points[:, 0]
    return region.to_photo(points)


def face_region(landmarks: NDArray[np.float32]) -> Region:
    """The square that the landmark model looks at to find these points (N, 3) again."""
    right_eye, left_eye = landmarks[EYE_CORNERS[0][0], :2], landmarks[EYE_CORNERS[1][1], :2]
    angle = math.atan2(*(left_eye - right_eye)[::-1].tolist())
    return _bounding(landmarks[:, :2], angle, _FACE_SCALE)


def _eye_region(landmarks: NDArray[np.float32], corners: tuple[int, int]) -> Region:
    ends = landmarks[list(corners), :2]
    angle = math.atan2(*(ends[1] - ends[0])[::-1].tolist())
    return _bounding(ends, angle, _EYE_SCALE)


def _about(region: Region, *, steady: bool) -> list[Region]:
    """The regions of `_LOOKS` about one, or that one alone."""
    size = region.size_px
    return [
        Region(
            region.x + across * size,
            region.y + down * size,
            size * (1.0 + growth),
            region.angle + turn,
        )
        for across, down, growth, turn in (_LOOKS if steady else _LOOKS[:1])
    ]


def _bounding(points: NDArray[np.float32], angle: float, scale: float) -> Region:
    """The square at an angle about the points' bounds, `scale` times as large."""
    cos, sin = math.cos(angle), math.sin(angle)
    turn = np.array(((cos, -sin), (sin, cos)))
    upright = points @ turn
    low, high = upright.min(axis=0), upright.max(axis=0)
    x, y = (turn @ ((low + high) / 2)).tolist()
    return Region(x, y, scale * float((high - low).max()), angle)
