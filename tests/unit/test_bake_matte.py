import numpy as np
import pytest

from capsules.bake.canvas import Floats, Sheet, smoothstep
from capsules.bake.matte import foreground

_SHEET = Sheet(0.0, 0.0, 96.0, 64.0)
_HAIR = np.array([0.30, 0.18, 0.10], np.float32)


def _portrait(behind: tuple[float, float, float]) -> tuple[Floats, Floats]:
    """Someone on the left in front of a colour; the photo mixes both more widely than the mask."""
    x, _ = _SHEET.grid()
    mixed = smoothstep(52.0, 44.0, x)[..., None]
    image = mixed * _HAIR + (1.0 - mixed) * np.array(behind, np.float32)
    return np.asarray(image, np.float32), smoothstep(51.0, 47.0, x)


@pytest.mark.parametrize("behind", [(0.95, 0.95, 0.98), (0.05, 0.75, 0.10), (0.0, 0.0, 0.0)])
def test_what_was_behind_does_not_show_in_the_fringe(behind: tuple[float, float, float]) -> None:
    image, person = _portrait(behind)
    fringe = (person > 0.1) & (person < 0.999)

    cleaned = foreground(image, person, _SHEET)

    before = np.abs(image[fringe] - _HAIR).max()
    after = np.abs(cleaned[fringe] - _HAIR).max()
    assert after < 0.35 * before


def test_the_person_within_stays_as_in_the_photo() -> None:
    image, person = _portrait((1.0, 1.0, 1.0))
    image[:, :24] += np.random.default_rng(2).normal(0.0, 0.05, (64, 24, 3)).astype(np.float32)

    cleaned = foreground(image, person, _SHEET)

    np.testing.assert_allclose(cleaned[:, :36], image[:, :36], atol=1e-3)


def test_a_photo_of_nothing_but_the_person_is_left_alone() -> None:
    image, _ = _portrait((1.0, 0.0, 0.0))

    cleaned = foreground(image, np.ones(_SHEET.shape, np.float32), _SHEET)

    np.testing.assert_allclose(cleaned, image, atol=1e-5)
