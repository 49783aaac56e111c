from dataclasses import replace

import numpy as np
import pytest

from capsules.bake.canvas import Floats, place, vector
from capsules.bake.found import FoundFace, Photo
from capsules.bake.mouth import Mouth, paint_mouth
from capsules.bake.topology import anatomy
from tests.drawn_face import drawn_face, drawn_photo, with_open_lips

_TONE = vector(0.78, 0.60, 0.50)
_WHITE = vector(0.80, 0.76, 0.74)


def _painted(apart_px: float) -> Mouth:
    face = with_open_lips(drawn_face(), apart_px) if apart_px else drawn_face()
    placement = place(face)
    return paint_mouth(drawn_photo(face), placement, anatomy(face, placement), _TONE, _WHITE)


@pytest.fixture(scope="module")
def smiling() -> Mouth:
    return _painted(8.0)


def _usual(rgb: Floats, alpha: Floats, percentile: float) -> Floats:
    solid = rgb[alpha > 0.95]
    level = solid.mean(axis=1)
    return np.asarray(np.median(solid[level >= np.percentile(level, percentile)], axis=0))


def test_behind_open_lips_it_is_dark_everywhere(smiling: Mouth) -> None:
    cavity = smiling.cavity

    assert cavity.rgb[cavity.alpha > 0.02].max() < 0.36
    steps = np.abs(np.diff(cavity.rgb, axis=1)).max()
    assert steps < 0.03  # a soft gradient, no patch of cheek or gum


def test_lower_teeth_are_coloured_like_the_upper_ones(smiling: Mouth) -> None:
    upper = _usual(smiling.upper_teeth.rgb, smiling.upper_teeth.alpha, 80)
    lower = _usual(smiling.lower_teeth.rgb, smiling.lower_teeth.alpha, 90)

    assert smiling.teeth_shown
    assert np.abs(upper - lower).max() < 0.10


def test_teeth_sink_into_the_dark_where_the_photo_shows_no_more(smiling: Mouth) -> None:
    teeth = smiling.upper_teeth
    columns = np.flatnonzero((teeth.alpha > 0.5).any(axis=0))
    middle, ends = columns[len(columns) // 2], (columns[1], columns[-2])
    brightest = [float(teeth.rgb[teeth.alpha[:, c] > 0.5, c].mean(axis=1).max())
                 for c in (middle, *ends)]  # fmt: skip

    assert max(brightest[1:]) < 0.45 * brightest[0]


def test_the_tongues_tip_ends_softly_over_its_shadow(smiling: Mouth) -> None:
    tip = smiling.tip
    row = tip.alpha.shape[0] // 2
    edge = tip.alpha[row]
    assert np.abs(np.diff(edge)).max() < 0.35
    faint = (tip.alpha > 0.03) & (tip.alpha < 0.2)
    solid = tip.alpha > 0.98
    assert tip.rgb[faint].mean() < 0.75 * tip.rgb[solid].mean()
    # Redder than it is green or blue, as flesh is.
    assert tip.rgb[solid][:, 0].mean() > 1.2 * tip.rgb[solid][:, 1:].mean()


def test_the_tongue_is_rounded_where_it_leaves_the_mouth_and_has_a_groove(smiling: Mouth) -> None:
    tip = smiling.tip
    h, w = tip.alpha.shape
    middle = w // 2
    aside = middle + round(0.28 * w)
    root = np.flatnonzero(tip.alpha[:, middle] > 0.5)[0]
    assert np.flatnonzero(tip.alpha[:, aside] > 0.5)[0] > root + 0.03 * h
    # Dark where it comes out, and along its middle.
    assert tip.rgb[root, middle].mean() < 0.75 * tip.rgb[h // 2, middle + w // 8].mean()
    beside = tip.rgb[h // 2, [middle - w // 8, middle + w // 8]].mean()
    assert tip.rgb[h // 2, middle].mean() < 0.95 * beside


def test_closed_lips_shade_drawn_teeth_and_lips_apart_do_not(smiling: Mouth) -> None:
    shade = _painted(0.0).lip_shade

    assert smiling.lip_shade is None
    assert shade is not None
    assert shade.alpha.max() > 0.5
    assert shade.alpha[-1].max() < 0.05  # it ends softly on the teeth


def _shorter_row(smiling: FoundFace) -> Photo:
    """The photo of a smile whose teeth lie in the dark on the picture's right."""
    photo = drawn_photo(smiling)
    rgb = photo.rgb.copy()
    inner = smiling.landmarks[[13, 14, 78, 308], :2]
    first = round(float(0.55 * inner[3, 0] + 0.45 * inner[:2, 0].mean()))
    dark = rgb[:, first:]
    bright = (dark.min(axis=2) > 200) & (np.arange(len(rgb))[:, None] > inner[0, 1] - 4)
    dark[bright & (np.arange(len(rgb))[:, None] < inner[1, 1] + 4)] = (40, 18, 18)
    return replace(photo, rgb=rgb)


def test_a_row_that_the_photo_breaks_off_on_one_side_goes_on_there() -> None:
    face = with_open_lips(drawn_face(), 8.0)
    placement = place(face)
    found = anatomy(face, placement)
    photo = _shorter_row(face)
    assert (photo.rgb != drawn_photo(face).rgb).any()

    teeth = paint_mouth(photo, placement, found, _TONE, _WHITE).upper_teeth

    columns = np.flatnonzero((teeth.alpha > 0.5).any(axis=0))
    x = teeth.sheet.grid()[0][0, columns] - 0.5 * float(found.inner_upper[[0, -1], 0].sum())
    assert -x[0] == pytest.approx(x[-1], abs=0.05 * found.unit)
    # In the shade, and without a step where the photo's teeth end.
    level = np.array([teeth.rgb[teeth.alpha[:, c] > 0.5, c].mean() for c in columns])
    assert level[x > 0.2 * found.unit].mean() < 0.9 * level[np.abs(x) < 0.1 * found.unit].mean()
    right = x > 0
    assert np.abs(np.diff(level[right])).max() < 0.2
