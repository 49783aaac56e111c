import numpy as np
import pytest
from numpy.typing import NDArray

from compositor.geometry import texels_per_canvas_px
from compositor.levels import (
    Levels,
    choose_level,
    cut_to_alpha,
    floor_level,
    level_sizes,
    resample,
)
from tests.unit.avatars import plain_part, solid


def test_each_level_has_half_the_area_of_the_one_before() -> None:
    sizes = level_sizes(64, 64)
    assert sizes == tuple((side, side) for side in (64, 45, 32, 23, 16, 11, 8))
    levels = Levels(solid((10, 20, 30, 40), side_px=64), sizes)
    assert len(levels) == len(sizes)
    for level, size in zip(levels, sizes, strict=True):
        assert level.shape == (*size, 4)
        assert (level == (10, 20, 30, 40)).all()


def test_smallest_level_has_no_side_below_eight() -> None:
    assert level_sizes(7, 500) == ((7, 500),)
    assert level_sizes(16, 500)[-1] == (8, 250)


def test_floor_is_the_finest_level_of_at_most_96_pixels() -> None:
    assert floor_level(level_sizes(384, 200)) == 4
    assert floor_level(level_sizes(96, 90)) == 0
    assert floor_level(((400, 8),)) == 0


@pytest.mark.parametrize("side", [64, 300])
def test_only_the_floor_is_made_beforehand(side: int, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = np.random.default_rng(3).integers(0, 256, (side, side, 4), np.uint8)
    sizes = level_sizes(side, side)
    levels = Levels(picture, sizes)
    expected = [resample(picture, size) for size in sizes]
    made: list[tuple[int, int]] = []

    def counted(asked: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
        made.append(size)
        return resample(asked, size)

    monkeypatch.setattr("compositor.levels.resample", counted)
    for level, right in zip(levels, expected, strict=True):
        np.testing.assert_array_equal(level, right)
    floor = sizes[floor_level(sizes)]
    assert made == [size for size in sizes if size != floor]
    np.testing.assert_array_equal(levels[-1], expected[-1])
    assert [len(level) for level in levels[1:3]] == [len(one) for one in expected[1:3]]


def test_tall_pictures_are_resampled_alike_from_top_to_bottom() -> None:
    rng = np.random.default_rng(1)
    once = rng.integers(0, 256, (30, 12, 4), np.uint8)
    shrunk = resample(np.tile(once, (20, 1, 1)), (300, 7))
    np.testing.assert_array_equal(shrunk, np.tile(resample(once, (15, 7)), (20, 1, 1)))


def test_shrinking_takes_the_mean_of_what_a_pixel_covers() -> None:
    picture = np.zeros((3, 3, 1), np.uint8)
    picture[:, :, 0] = [[0, 90, 180], [90, 180, 9], [30, 60, 90]]
    whole = resample(picture, (1, 1))
    assert whole.item() == round(picture.mean())
    # Each of 2 x 2 pixels covers 1.5 x 1.5: the middle row and column are shared half and half.
    upper_left = resample(picture, (2, 2))[0, 0, 0]
    assert upper_left == round((0 + 90 / 2 + 90 / 2 + 180 / 4) / 2.25)


def test_growing_is_linear() -> None:
    row = np.array([[[-40], [40]]], np.int8)
    assert resample(row, (1, 4)).ravel().tolist() == [-40, -20, 20, 40]


def test_colours_brighter_than_their_alpha_are_cut_down() -> None:
    assert (cut_to_alpha(solid((200, 100, 50, 100))) == (100, 100, 50, 100)).all()
    fine = solid((100, 100, 50, 100))
    assert cut_to_alpha(fine) is fine


def test_the_finest_level_within_the_limit_is_chosen() -> None:
    assert choose_level(0.2, 7) == 0
    assert choose_level(1.3, 7) == 0
    assert choose_level(1.31, 7) == 1
    assert choose_level(2.6, 7) == 2
    assert choose_level(1e6, 7) == 6
    for texels_per_px in np.linspace(1.0, 8.0, 50):
        minification = texels_per_px * 2 ** (-choose_level(float(texels_per_px), 20) / 2)
        assert 0.9 < minification <= 1.3001


def test_resolution_counts_texels_along_a_side() -> None:
    part = plain_part("p", (100, 100, 200, 200), solid((0, 0, 0, 255), side_px=300), cells=3)
    assert texels_per_canvas_px(part) == pytest.approx(1.5, rel=1e-6)
