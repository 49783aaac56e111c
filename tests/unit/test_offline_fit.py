import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import lsq_linear

from engine.offline.bounded import bounded_least_squares
from engine.offline.fit import closed, find_loop, limited, simplified, steadied, tracks
from engine.offline.unknowns import Unknowns

TIMES = np.array([number * 1000.0 / 30.0 for number in range(60)])


def test_noise_is_taken_out_and_an_onset_is_kept() -> None:
    rng = np.random.default_rng(1)
    step = np.where(TIMES < 1000.0, 0.0, 0.8)
    found = steadied(step + rng.normal(0.0, 0.01, len(TIMES)), TIMES)
    assert np.abs(found - step).mean() < 0.006
    assert found[29] < 0.05
    assert found[30] > 0.75


def test_steadying_delays_nothing() -> None:
    bump = np.exp(-0.5 * ((TIMES - 1000.0) / 150.0) ** 2)
    found = steadied(bump, TIMES)
    assert int(found.argmax()) == int(bump.argmax())
    assert np.abs(found - found[::-1][-len(found) :]).shape == found.shape
    assert np.abs(found - bump).max() < 0.03


@given(st.lists(st.floats(-1.0, 1.0), min_size=2, max_size=60), st.floats(0.001, 0.3))
def test_a_simplified_curve_misses_no_frame_by_more_than_it_may(
    values: list[float], tolerance: float
) -> None:
    course = np.array(values)
    times = TIMES[: len(course)]
    kept = simplified(course, times, tolerance)
    shown = np.interp(times, times[kept], course[kept])
    assert kept[0] == 0
    assert kept[-1] == len(course) - 1
    assert np.abs(shown - course).max() <= tolerance + 1e-12


def test_a_straight_course_needs_two_points() -> None:
    assert simplified(0.3 + TIMES / 4000.0, TIMES) == [0, len(TIMES) - 1]


def test_a_course_never_moves_faster_than_it_may() -> None:
    found = limited(np.where(TIMES < 500.0, 0.0, 1.0), TIMES, 12.0)
    assert np.diff(found).max() <= 12.0 / 30.0 + 1e-9
    assert found[-1] == 1.0


def test_the_loop_is_a_whole_period_of_what_repeats() -> None:
    turns = 2.0 * np.pi * TIMES / 800.0
    found = find_loop({"jawOpen": 0.5 + 0.4 * np.sin(turns), "headYaw": np.cos(turns)}, TIMES)
    length_ms = TIMES[found.last] - TIMES[found.first]
    assert length_ms % 800.0 == pytest.approx(0.0, abs=1.0)
    assert found.gap < 0.01


def test_a_take_of_half_a_second_is_too_short_to_loop() -> None:
    with pytest.raises(ValueError, match="expected at least 500"):
        find_loop({"jawOpen": np.zeros(10)}, TIMES[:10])


def test_a_closed_course_ends_as_it_begins_and_hardly_changes() -> None:
    course = np.linspace(0.3, 0.4, 20) + 0.2 * np.sin(np.linspace(0.0, 6.0, 20))
    found = closed(course)
    assert found[0] == found[-1]
    assert np.abs(found - course).max() < 0.06


def test_tracks_leave_out_what_does_not_move_and_begin_at_rest() -> None:
    rise = np.clip((TIMES - 400.0) / 300.0, 0.0, 1.0) + 0.01
    made, missed = tracks({"jawOpen": rise, "cheekPuff": np.full(60, 0.02)}, TIMES, loops=False)
    (track,) = made
    assert track.target == "jawOpen"
    assert track.curve[0] == (0, 0.0)
    assert track.curve[-1][1] == 1.0
    assert missed["jawOpen"] < 0.02


def test_bounded_least_squares_agrees_with_scipy() -> None:
    rng = np.random.default_rng(2)
    for _ in range(20):
        matrix, goal = rng.normal(size=(30, 8)), rng.normal(size=30)
        low, high = -rng.uniform(0.0, 0.2, 8), rng.uniform(0.0, 0.2, 8) + 1e-6
        found = bounded_least_squares(
            matrix.T @ matrix, matrix.T @ goal, low, high, np.zeros(8), np.zeros(8)
        )
        expected = lsq_linear(matrix, goal, (low, high), tol=1e-12).x
        assert found == pytest.approx(expected, abs=1e-5)


def test_sparsity_leaves_out_what_hardly_helps() -> None:
    found = bounded_least_squares(
        np.eye(2), np.array([0.5, 0.05]), np.zeros(2), np.ones(2), np.zeros(2), np.full(2, 0.1)
    )
    assert found == pytest.approx([0.4, 0.0])


def test_opposite_bases_are_one_signed_unknown() -> None:
    unknowns = Unknowns({"mouthLeft", "mouthRight", "jawOpen", "headYaw"})
    assert unknowns.names == ("jawOpen", "mouthLeft", "headYaw")
    vector = unknowns.vector({"mouthRight": 0.4, "headYaw": -0.2, "tongueOut": 1.0})
    assert vector.tolist() == [0.0, -0.4, -0.2]
    assert unknowns.weights(vector) == {"mouthRight": 0.4, "headYaw": -0.2}
    assert unknowns.low.tolist() == [0.0, -1.0, -1.0]


def test_unknowns_that_look_nearly_alike_are_still_told_apart() -> None:
    count = 12
    pictures = np.ones((count, 40)) + 0.01 * np.random.default_rng(3).normal(size=(count, 40))
    gram = pictures @ pictures.T
    true = np.linspace(0.05, 0.95, count)
    low, high, none = np.zeros(count), np.ones(count), np.zeros(count)
    found = bounded_least_squares(gram, gram @ true, low, high, none, none)
    assert np.abs(found - true).max() < 1e-4
