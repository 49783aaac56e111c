import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsules.model import Easing
from engine.motion.curves import ease, ease_out, sample, smooth


@pytest.mark.parametrize("easing", [item for item in Easing if item is not Easing.NONE])
def test_easings_run_from_0_to_1_and_stay_there(easing: Easing) -> None:
    for shape in (ease(easing), ease_out(easing)):
        assert [shape(-1.0), shape(0.0), shape(1.0), shape(2.0)] == [0.0, 0.0, 1.0, 1.0]


@pytest.mark.parametrize("easing", list(Easing))
def test_easings_never_go_back(easing: Easing) -> None:
    values = [ease(easing)(step / 50.0) for step in range(51)]
    assert values == sorted(values)


@pytest.mark.parametrize(
    ("easing", "half"),
    [
        (Easing.NONE, 1.0),
        (Easing.LINEAR, 0.5),
        (Easing.QUADRATIC_IN, 0.25),
        (Easing.QUADRATIC_OUT, 0.75),
        (Easing.QUADRATIC_IN_OUT, 0.5),
        (Easing.CUBIC_IN, 0.125),
        (Easing.CUBIC_OUT, 0.875),
        (Easing.CUBIC_IN_OUT, 0.5),
    ],
)
def test_easings_are_penners(easing: Easing, half: float) -> None:
    assert ease(easing)(0.5) == pytest.approx(half)


@pytest.mark.parametrize("easing", list(Easing))
def test_reaction_moves_noticeably_within_its_first_eighth(easing: Easing) -> None:
    assert ease_out(easing)(0.13) >= 0.13


def test_curve_is_linear_between_points_and_held_outside() -> None:
    times, values = (10.0, 20.0, 40.0), (1.0, 3.0, -1.0)
    at = [sample(times, values, time) for time in (0.0, 10.0, 15.0, 20.0, 35.0, 40.0, 99.0)]
    assert at == [1.0, 1.0, 2.0, 3.0, 0.0, -1.0, -1.0]


@given(st.floats(-2.0, 3.0), st.floats(0.0, 0.01))
def test_smooth_is_continuous(x: float, step: float) -> None:
    assert 0.0 <= smooth(x + step) - smooth(x) + 1e-12 <= 1.6 * step + 1e-9
