import math

import numpy as np
import pytest
from numpy.typing import NDArray

from capsules.bake.detect import Detection, FaceDetector, _anchors, _levels
from capsules.bake.tflite import TfliteModel


class FakeBlazeFace(TfliteModel):
    """Reports a face wherever it sees something red, with a box as large as the red."""

    def __init__(self) -> None:
        self.side_px = 128
        self.looks = 0
        self._anchors = _anchors()

    def run(self, picture: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        self.looks += 1
        regressors = np.zeros((1, 896, 16), np.float32)
        logits = np.full((1, 896, 1), -90.0, np.float32)
        rows, columns = np.nonzero(picture[..., 0] > 0.5)
        if rows.size >= 150:
            low = np.array((columns.min(), rows.min()), np.float32)
            high = np.array((columns.max() + 1, rows.max() + 1), np.float32)
            centre, size = (low + high) / 2, high - low
            # Every anchor near sees it, as with the real model.
            near = np.abs(self._anchors * 128 - centre).max(axis=1) < 12.0
            offset = centre - self._anchors[near] * 128
            regressors[0, near, :2] = offset
            regressors[0, near, 2:4] = size
            eyes = np.array(((-0.2, -0.1), (0.2, -0.1)), np.float32) * size
            regressors[0, near, 4:8] = (offset[:, np.newaxis] + eyes).reshape(-1, 4)
            logits[0, near, 0] = 3.0
        return regressors, logits


def photo(height: int, width: int, *faces: tuple[int, int, int]) -> NDArray[np.uint8]:
    """Grey, with red squares (left, top, side)."""
    rgb = np.full((height, width, 3), 60, np.uint8)
    for left, top, side in faces:
        rgb[top : top + side, left : left + side] = (250, 20, 20)
    return rgb


def detect(rgb: NDArray[np.uint8]) -> list[Detection]:
    return FaceDetector(FakeBlazeFace()).detect(rgb)


def test_there_are_896_anchors_in_the_models_order() -> None:
    anchors = _anchors()
    assert anchors.shape == (896, 2)
    assert anchors[:2].tolist() == [[1 / 32, 1 / 32]] * 2
    assert anchors[2].tolist() == [3 / 32, 1 / 32]
    assert anchors[512:518].tolist() == [[1 / 16, 1 / 16]] * 6
    assert anchors[-1].tolist() == [15 / 16, 15 / 16]


def test_a_face_is_found_once_where_it_is() -> None:
    (face,) = detect(photo(480, 640, (200, 120, 150)))
    assert face.box == pytest.approx((200, 120, 350, 270), abs=6)
    assert face.score == pytest.approx(1 / (1 + math.exp(-3.0)))
    assert face.keypoints[0] == pytest.approx((245, 180), abs=6)


def test_a_face_small_in_a_large_photo_is_found_in_a_tile() -> None:
    (face,) = detect(photo(3000, 4000, (2700, 1900, 200)))
    assert face.box == pytest.approx((2700, 1900, 2900, 2100), abs=12)


def test_a_face_cut_by_a_tile_is_reported_whole_or_not_at_all() -> None:
    for left in range(300, 2700, 170):
        (face,) = detect(photo(2400, 3200, (left, 700, 260)))
        assert face.box == pytest.approx((left, 700, left + 260, 960), abs=16)


def test_a_photo_without_a_face_has_none() -> None:
    assert detect(photo(300, 400)) == []


def test_the_region_is_level_with_the_eyes() -> None:
    keypoints = np.zeros((6, 2), np.float32)
    keypoints[0], keypoints[1] = (100, 100), (140, 120)
    region = Detection((80, 60, 180, 180), keypoints, 0.9).region
    assert (region.x, region.y, region.size_px) == (130, 120, 180)
    assert math.degrees(region.angle) == pytest.approx(26.565, abs=0.01)


def test_tiles_cover_the_photo_and_end_at_a_useful_size() -> None:
    levels = _levels(4000, 3000)
    assert levels[-1][0] >= 400
    for size, centres in levels:
        seen = np.zeros((300, 400), np.bool_)
        for x, y in centres:
            left, top = max(0, round((x - size / 2) / 10)), max(0, round((y - size / 2) / 10))
            seen[top : round((y + size / 2) / 10), left : round((x + size / 2) / 10)] = True
        assert seen.all(), size


def test_a_small_photo_is_looked_at_twice_only() -> None:
    model = FakeBlazeFace()
    FaceDetector(model).detect(photo(300, 400))
    assert model.looks == 2
