import numpy as np
import pytest

from capsules.bake.canvas import Floats, place, vector
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
