import cv2
import numpy as np
from numpy.typing import NDArray

from capsules.bake.segment import PersonSegmenter, guided_filter
from capsules.bake.tflite import TfliteModel


class FakeSegmenter(TfliteModel):
    """Sees a person wherever it is red, on a picture as coarse as it likes."""

    def __init__(self, side_px: int = 256) -> None:
        self.side_px = side_px
        self.looks = 0

    def run(self, picture: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        red = (picture[..., 0] > 0.4).astype(np.float32)
        self.looks += 1
        return (red[np.newaxis, ..., np.newaxis],)


def disc(side: int, radius: float) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    rows, columns = np.indices((side, side)) + 0.5
    inside = np.hypot(rows - side / 2, columns - side / 2) < radius
    rgb = np.where(inside[..., np.newaxis], (200, 60, 50), (70, 80, 90)).astype(np.uint8)
    return rgb, inside


def test_a_mask_that_is_a_little_off_is_drawn_to_the_photos_edges() -> None:
    rgb, inside = disc(600, 200)
    noisy = np.clip(rgb + np.random.default_rng(3).normal(0, 3, rgb.shape), 0, 255)
    off = np.roll(inside, 5, axis=1).astype(np.float32)
    coarse = np.asarray(cv2.resize(off, (256, 256), interpolation=cv2.INTER_AREA), np.float32)
    before = np.asarray(cv2.resize(coarse, (600, 600), interpolation=cv2.INTER_LINEAR))
    after = guided_filter(noisy.astype(np.uint8), coarse)
    # The disc begins at column 100.
    assert after[300, 101] - after[300, 98] > 0.4
    assert before[300, 101] - before[300, 98] < 0.05


def test_thin_strands_that_the_coarse_mask_missed_are_found() -> None:
    rgb, inside = disc(600, 200)
    rgb[80:110, 296:300] = (200, 60, 50)
    coarse = cv2.resize(inside.astype(np.float32), (256, 256), interpolation=cv2.INTER_AREA)
    after = guided_filter(rgb, np.asarray(coarse, np.float32))
    assert after[96:100, 297:299].mean() > after[96:100, 280:284].mean() + 0.2


def test_a_grey_photo_is_filtered_as_well() -> None:
    rgb, inside = disc(300, 90)
    grey = np.repeat(rgb[..., :1], 3, axis=2)
    after = guided_filter(grey, inside.astype(np.float32))
    assert np.isfinite(after).all()
    assert np.abs(after - inside).mean() < 0.02


def test_a_photo_of_one_colour_keeps_the_mask() -> None:
    mask = np.zeros((64, 64), np.float32)
    mask[:, 32:] = 1.0
    after = guided_filter(np.full((64, 64, 3), 128, np.uint8), mask)
    assert after[:, :16].max() < 0.01
    assert after[:, -16:].min() > 0.99


def test_the_mask_has_the_photos_size_and_range() -> None:
    rgb, inside = disc(500, 150)
    mask = PersonSegmenter(FakeSegmenter()).mask(rgb[40:460])
    assert mask.shape == (420, 500)
    assert mask.dtype == np.float32
    assert mask.min() >= 0.0
    assert mask.max() <= 1.0
    assert np.abs(mask - inside[40:460]).mean() < 0.02


def test_a_person_small_in_the_photo_is_looked_at_closely() -> None:
    rgb = np.full((1500, 2000, 3), (70, 80, 90), np.uint8)
    person, inside = disc(100, 48)
    rgb[700:800, 900:1000] = person
    model = FakeSegmenter(64)
    mask = PersonSegmenter(model).mask(rgb, (920.0, 720.0, 60.0, 60.0))
    assert model.looks == 2
    assert np.abs(mask[700:800, 900:1000] - inside).mean() < 0.06
    outside = mask.copy()
    outside[600:900, 800:1100] = 0.0
    assert outside.max() < 0.05
