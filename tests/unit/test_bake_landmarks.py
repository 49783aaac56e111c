import math

import numpy as np
import pytest
from numpy.typing import NDArray

from capsules.bake.landmarks import EyeLandmarker, FaceLandmarker, face_region
from capsules.bake.region import Region
from capsules.bake.tflite import TfliteModel
from tests.unit.faces import landmarks

SKIN, RED, GREEN = (90, 90, 90), (250, 10, 10), (10, 250, 10)


class DotModel(TfliteModel):
    """Says that every point is at the red dot, but the outer corner of the left eye at the green.

    Like the real models it answers in pixels of the picture that it is shown.
    """

    def __init__(self, side_px: int, logit: float = 20.0) -> None:
        self.side_px = side_px
        self.logit = logit

    def run(self, picture: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        red, green = centre(picture, 0), centre(picture, 1)
        points = np.tile(np.array((*red, -6.0), np.float32), (468, 1))
        points[263, :2] = green
        return points.reshape(1, 1, 1, -1), np.full((1, 1, 1, 1), self.logit, np.float32)


class EyeDotModel(DotModel):
    def run(self, picture: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        point = np.array((*centre(picture, 0), 0.0), np.float32)
        return np.tile(point, 71)[np.newaxis], np.tile(point, 5)[np.newaxis]


def centre(picture: NDArray[np.float32], channel: int) -> NDArray[np.float32]:
    other = picture[..., 1 - channel]
    rows, columns = np.nonzero(picture[..., channel] - other > 0.4)
    if not rows.size:
        return np.zeros(2, np.float32)
    return np.array((columns.mean() + 0.5, rows.mean() + 0.5), np.float32)


def dots(*places: tuple[int, int, tuple[int, int, int]]) -> NDArray[np.uint8]:
    rgb = np.full((300, 400, 3), SKIN, np.uint8)
    for x, y, colour in places:
        rgb[y - 3 : y + 3, x - 3 : x + 3] = colour
    return rgb


def test_points_return_to_the_photo_from_a_turned_region() -> None:
    rgb = dots((150, 140, RED), (230, 160, GREEN))
    points = FaceLandmarker(DotModel(192)).find(rgb, Region(190.0, 150.0, 200.0, 0.5))
    assert points.landmarks[0, :2] == pytest.approx((150, 140), abs=0.5)
    assert points.landmarks[263, :2] == pytest.approx((230, 160), abs=0.5)


def test_depth_is_in_pixels_of_the_photo() -> None:
    rgb = dots((150, 140, RED), (230, 160, GREEN))
    points = FaceLandmarker(DotModel(192)).refine(rgb, landmarks(150.0, 190.0, 150.0), steady=False)
    size = face_region(landmarks(150.0, 190.0, 150.0)).size_px
    assert points.landmarks[0, 2] == pytest.approx(-6.0 / 192 * size, rel=1e-4)


@pytest.mark.parametrize(("logit", "score"), [(0.0, 0.5), (-800.0, 0.0), (20.0, 1.0)])
def test_the_score_is_a_probability(logit: float, score: float) -> None:
    rgb = dots((150, 140, RED), (230, 160, GREEN))
    points = FaceLandmarker(DotModel(192, logit)).find(rgb, Region(190.0, 150.0, 200.0))
    assert points.score == pytest.approx(score, abs=1e-8)


def test_both_eyes_are_found_and_the_left_one_is_shown_mirrored() -> None:
    face = landmarks(300.0, 200.0, 150.0)
    right_eye = tuple(face[[33, 133], :2].mean(axis=0).astype(int).tolist())
    left_eye = tuple(face[[362, 263], :2].mean(axis=0).astype(int).tolist())
    rgb = dots((right_eye[0] - 8, right_eye[1], RED), (left_eye[0] + 12, left_eye[1], RED))
    irises, contours = EyeLandmarker(EyeDotModel(64)).find(rgb, face)
    assert irises.shape == (2, 5, 2)
    assert contours.shape == (2, 71, 2)
    assert irises[0, 0] == pytest.approx((right_eye[0] - 8, right_eye[1]), abs=0.6)
    assert irises[1, 0] == pytest.approx((left_eye[0] + 12, left_eye[1]), abs=0.6)


def test_the_face_region_turns_with_the_face() -> None:
    upright = face_region(landmarks(200.0, 50.0, 60.0))
    points = landmarks(200.0)
    cos, sin = math.cos(0.6), math.sin(0.6)
    points[:, :2] = points[:, :2] @ np.array(((cos, sin), (-sin, cos)), np.float32) + (50.0, 60.0)
    turned = face_region(points)
    assert upright.angle == pytest.approx(0.0, abs=1e-6)
    assert turned.angle == pytest.approx(0.6, abs=1e-5)
    assert turned.size_px == pytest.approx(upright.size_px, rel=1e-4)
