"""Finds faces and the person in a photo: the models behind one door."""

from typing import Self

import numpy as np
from numpy.typing import NDArray

from capsules.bake.detect import Detection, FaceDetector
from capsules.bake.errors import TiltedFaceError
from capsules.bake.found import FoundFace
from capsules.bake.landmark_file import complete_face
from capsules.bake.landmarks import EyeLandmarker, FaceLandmarker, FacePoints
from capsules.bake.models import ModelFolder
from capsules.bake.segment import PersonSegmenter
from capsules.bake.tflite import TfliteModel

__all__ = ["FaceFinder"]

# Below, the landmark model holds what the detector saw for no face at all.
_MIN_SCORE = 0.5
_SAME_FACE_IOU = 0.4


class FaceFinder:
    """Finds every face with its landmarks, and the person. Not thread-safe."""

    def __init__(
        self,
        detector: FaceDetector,
        landmarker: FaceLandmarker,
        eye_landmarker: EyeLandmarker,
        segmenter: PersonSegmenter,
    ) -> None:
        self._detector = detector
        self._landmarker = landmarker
        self._eye_landmarker = eye_landmarker
        self._segmenter = segmenter

    @classmethod
    def open(cls, models: ModelFolder, *, threads: int = 1) -> Self:
        """Opens the models.

        Args:
            models: Where they are, from `models.locate`.
            threads: How many threads one model may use.

        Raises:
            BakeUnavailableError: A package of the extra `capsulecast[bake]` is missing.
            ModelMissingError: A file is not there.
        """

        def model(name: str) -> TfliteModel:
            return TfliteModel(models.file(name), threads=threads)

        return cls(
            FaceDetector(model("face_detection")),
            FaceLandmarker(model("face_landmark")),
            EyeLandmarker(model("iris_landmark")),
            PersonSegmenter(model("selfie_segmentation")),
        )

    def faces(self, rgb: NDArray[np.uint8]) -> tuple[FoundFace, ...]:
        """Every face of a photo (H, W, 3), the largest first."""
        found: list[FoundFace] = []
        rgb = np.ascontiguousarray(rgb)
        for detection in self._detector.detect(rgb):
            face = self._face(rgb, detection)
            if face and all(_overlap(face.box, other.box) < _SAME_FACE_IOU for other in found):
                found.append(face)
        return tuple(sorted(found, key=lambda face: -face.box[2]))

    def upright_faces(self, rgb: NDArray[np.uint8]) -> tuple[FoundFace, ...]:
        """Every face of a photo (H, W, 3) that is to be baked, the largest first.

        Raises:
            TiltedFaceError: None is found in it as it is, but once it is turned by 90 degrees.
        """
        found = self.faces(rgb)
        if not found and any(self.faces(np.rot90(rgb, turns)) for turns in (1, 3)):
            raise TiltedFaceError("the photo lies on its side; turn it so that the face is upright")
        return found

    def track(
        self, rgb: NDArray[np.uint8], face: FoundFace, *, steady: bool = False
    ) -> FoundFace | None:
        """The same face in the next frame of a recording; None where it is lost.

        Args:
            rgb: Frame (H, W, 3).
            face: Where it was a frame ago.
            steady: Average several looks, as for a photo: seven times the work for a third of the
                noise.
        """
        rgb = np.ascontiguousarray(rgb)
        points = self._landmarker.refine(rgb, face.landmarks, steady=steady)
        return self._complete(rgb, points, steady=steady)

    def person(self, rgb: NDArray[np.uint8], face: FoundFace | None = None) -> NDArray[np.float32]:
        """How much of each pixel is the person: (H, W) float32 in [0, 1].

        Args:
            rgb: Photo (H, W, 3).
            face: Whose; the surroundings of the face are then looked at more closely.
        """
        return self._segmenter.mask(np.ascontiguousarray(rgb), face.box if face else None)

    def _face(self, rgb: NDArray[np.uint8], detection: Detection) -> FoundFace | None:
        return self._complete(rgb, self._landmarker.find(rgb, detection.region))

    def _complete(
        self, rgb: NDArray[np.uint8], points: FacePoints, *, steady: bool = True
    ) -> FoundFace | None:
        if points.score < _MIN_SCORE:
            return None
        irises, contours = self._eye_landmarker.find(rgb, points.landmarks, steady=steady)
        return complete_face(points.landmarks, irises, contours, score=points.score)


def _overlap(
    one: tuple[float, float, float, float], other: tuple[float, float, float, float]
) -> float:
    """Shared area of two boxes as a part of the smaller one."""
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    smaller = min(one[2] * one[3], other[2] * other[3])
    return max(width, 0.0) * max(height, 0.0) / max(smaller, 1e-6)
