import math

import numpy as np
import pytest
from numpy.typing import NDArray

from capsules.bake.region import Region, crop


def ramp(height: int, width: int) -> NDArray[np.uint8]:
    """Red grows to the right, green downwards, both slowly enough not to wrap."""
    rows, columns = np.indices((height, width))
    return np.stack((columns * 255 // width, rows * 255 // height, rows * 0), -1).astype(np.uint8)


def test_corners_of_a_turned_region_lie_where_they_should() -> None:
    region = Region(100.0, 50.0, 20.0, math.pi / 2)
    corners = region.to_photo(np.array(((0, 0), (1, 0), (0, 1), (0.5, 0.5)), np.float32))
    expected = ((110.0, 40.0), (110.0, 60.0), (90.0, 40.0), (100.0, 50.0))
    assert corners == pytest.approx(np.array(expected), abs=1e-4)


def test_a_region_of_whole_pixels_is_copied_exactly() -> None:
    rgb = np.random.default_rng(2).integers(0, 256, (40, 60, 3), np.uint8)
    picture = crop(rgb, Region(30.0, 20.0, 16.0), 16)
    assert np.array_equal(picture, rgb[12:28, 22:38].astype(np.float32) / 255.0)


def test_a_mirrored_crop_is_the_crop_mirrored() -> None:
    rgb = ramp(80, 90)
    region = Region(40.0, 44.0, 30.0, 0.3)
    assert np.array_equal(crop(rgb, region, 32, mirrored=True), crop(rgb, region, 32)[:, ::-1])


@pytest.mark.parametrize("angle", [0.0, 0.4, -1.2])
@pytest.mark.parametrize("size", [50.0, 300.0, 1000.0])
def test_the_middle_of_a_reduced_crop_shows_the_middle_of_its_region(
    angle: float, size: float
) -> None:
    rgb = ramp(1200, 1600)
    picture = crop(rgb, Region(801.0, 597.0, size, angle), 65)
    expected = np.array((801.0 / 1600, 597.0 / 1200))
    assert picture[32, 32, :2] == pytest.approx(expected, abs=1.5 / 255)


def test_a_reduced_crop_averages_what_a_pixel_covers() -> None:
    stripes = np.zeros((512, 512, 3), np.uint8)
    stripes[:, ::2] = 255
    picture = crop(stripes, Region(256.0, 256.0, 256.0, 0.1), 32)
    assert np.abs(picture - 0.5).max() < 0.02


def test_beyond_the_photo_is_its_edge_or_black() -> None:
    rgb = np.full((20, 20, 3), 200, np.uint8)
    region = Region(0.0, 10.0, 20.0)
    assert crop(rgb, region, 20).min() == pytest.approx(200 / 255)
    black = crop(rgb, region, 20, replicate_border=False)
    assert black[:, :9].max() == 0.0
    assert black[:, 11:].min() == pytest.approx(200 / 255)
