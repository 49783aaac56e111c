from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from capsules.bake.detect import Detection, FaceDetector
from capsules.bake.errors import TiltedFaceError
from capsules.bake.finder import FaceFinder
from capsules.bake.landmarks import EyeLandmarker, FaceLandmarker, FacePoints
from capsules.bake.region import Region
from capsules.bake.segment import PersonSegmenter
from tests.unit.faces import landmarks

PHOTO = np.zeros((900, 1200, 3), np.uint8)


class FakeDetector(FaceDetector):
    """Reports faces of 100 pixels at these places."""

    def __init__(self, *places: tuple[float, float]) -> None:
        self.places = places

    def detect(self, rgb: NDArray[np.uint8]) -> list[Detection]:
        assert rgb.flags.c_contiguous
        eyes = np.zeros((6, 2), np.float32)
        eyes[1, 0] = 40.0
        return [Detection((x - 50, y - 50, x + 50, y + 50), eyes, 0.9) for x, y in self.places]


class FakeLandmarker(FaceLandmarker):
    """Sees a face as wide as its place is far down; none to the right of x = 1000."""

    def __init__(self) -> None:
        pass

    def find(self, rgb: NDArray[np.uint8], region: Region) -> FacePoints:
        return FacePoints(
            landmarks(region.y / 4, region.x, region.y), 0.2 if region.x > 1000 else 0.99
        )

    def refine(
        self, rgb: NDArray[np.uint8], landmarks: NDArray[np.float32], *, steady: bool = True
    ) -> FacePoints:
        return FacePoints(landmarks + np.float32(1.0), 0.9 if rgb.any() else 0.1)


class FakeEyes(EyeLandmarker):
    def __init__(self) -> None:
        pass

    def find(
        self, rgb: NDArray[np.uint8], landmarks: NDArray[np.float32], *, steady: bool = True
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        return np.zeros((2, 5, 2), np.float32), np.zeros((2, 71, 2), np.float32)


class FakeSegmenter(PersonSegmenter):
    def __init__(self) -> None:
        self.boxes: list[tuple[float, float, float, float] | None] = []

    def mask(
        self, rgb: NDArray[np.uint8], box: tuple[float, float, float, float] | None = None
    ) -> NDArray[np.float32]:
        self.boxes.append(box)
        return np.zeros(rgb.shape[:2], np.float32)


def finder(*places: tuple[float, float]) -> FaceFinder:
    return FaceFinder(FakeDetector(*places), FakeLandmarker(), FakeEyes(), FakeSegmenter())


def test_faces_come_the_largest_first() -> None:
    faces = finder((200, 300), (800, 700), (500, 500)).faces(PHOTO)
    widths = [face.box[2] for face in faces]
    assert len(widths) == 3
    assert widths == sorted(widths, reverse=True)


def test_two_detections_of_one_face_are_one_face() -> None:
    assert len(finder((300, 400), (310, 405)).faces(PHOTO)) == 1


def test_what_the_landmark_model_holds_for_no_face_is_none() -> None:
    assert len(finder((300, 400), (1100, 400)).faces(PHOTO)) == 1


class SidewaysDetector(FakeDetector):
    """Sees faces in pictures that are higher than wide alone."""

    def detect(self, rgb: NDArray[np.uint8]) -> list[Detection]:
        return super().detect(rgb) if rgb.shape[0] > rgb.shape[1] else []


def test_a_photo_on_its_side_is_told_from_one_of_nobody() -> None:
    sideways = SidewaysDetector((300, 400))
    subject = FaceFinder(sideways, FakeLandmarker(), FakeEyes(), FakeSegmenter())
    with pytest.raises(TiltedFaceError, match="the photo lies on its side"):
        subject.upright_faces(PHOTO)
    assert len(subject.upright_faces(np.rot90(PHOTO))) == 1
    assert finder().upright_faces(PHOTO) == ()


def test_a_face_carries_box_and_pose_of_its_points() -> None:
    (face,) = finder((300, 400)).faces(PHOTO)
    left, top, width, height = face.box
    points = face.landmarks[:, :2]
    assert (left, top) == pytest.approx(points.min(axis=0))
    assert (left + width, top + height) == pytest.approx(points.max(axis=0))
    assert (face.yaw_degrees, face.pitch_degrees, face.roll_degrees) == pytest.approx(
        (0, 0, 0), abs=0.01
    )
    assert face.score == 0.99


def test_a_view_of_a_picture_will_do() -> None:
    assert len(finder((300, 400)).faces(PHOTO[:, ::-1])) == 1


def test_a_lost_face_is_none() -> None:
    subject = finder((300, 400))
    (face,) = subject.faces(PHOTO)
    followed = subject.track(PHOTO + np.uint8(1), face)
    assert followed is not None
    assert np.array_equal(followed.landmarks, face.landmarks + 1.0)
    assert subject.track(PHOTO, replace(face)) is None


def test_the_mask_is_looked_at_closely_about_a_face() -> None:
    segmenter = FakeSegmenter()
    subject = FaceFinder(FakeDetector((300, 400)), FakeLandmarker(), FakeEyes(), segmenter)
    (face,) = subject.faces(PHOTO)
    subject.person(PHOTO, face)
    subject.person(PHOTO)
    assert segmenter.boxes == [face.box, None]
