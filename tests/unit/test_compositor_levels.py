import numpy as np
import pytest

from compositor.geometry import texels_per_canvas_px
from compositor.levels import choose_level, resample, texture_levels
from tests.unit.avatars import plain_part, solid


def test_each_level_has_half_the_area_of_the_one_before() -> None:
    levels = texture_levels(solid((10, 20, 30, 40), side_px=64))
    assert [level.shape[0] for level in levels] == [64, 45, 32, 23, 16, 11, 8]
    for level in levels:
        assert (level == (10, 20, 30, 40)).all()


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
    assert (texture_levels(solid((200, 100, 50, 100)))[0] == (100, 100, 50, 100)).all()


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
