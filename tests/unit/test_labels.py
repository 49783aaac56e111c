"""Names of emotions: the cells find what a look at every place finds."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from control_plane.emotion.labels import EMOTIONS, NEUTRAL_LABEL, NEUTRAL_RADIUS, label_of
from engine.packet import Mood

# On the borders of cells and between them.
COORDINATE = st.sampled_from([number / 8 for number in range(-8, 9)]) | st.floats(-1.0, 1.0)


@settings(max_examples=2000, deadline=None)
@given(COORDINATE, COORDINATE, COORDINATE)
def test_the_nearest_place_names_a_mood(valence: float, arousal: float, dominance: float) -> None:
    found = label_of(Mood(valence, arousal, dominance))
    if math.hypot(valence, arousal, dominance) < NEUTRAL_RADIUS - 1e-9:
        assert found == NEUTRAL_LABEL
        return
    gaps = {
        name: (at.valence - valence) ** 2
        + (at.arousal - arousal) ** 2
        + 0.7 * (at.dominance - dominance) ** 2
        for name, at in EMOTIONS.items()
    }
    if math.hypot(valence, arousal, dominance) > NEUTRAL_RADIUS + 1e-9:
        assert gaps[found] == pytest.approx(min(gaps.values()), abs=1e-12)
