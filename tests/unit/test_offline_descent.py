"""The way down from some weights to those of a picture, of pictures that a formula makes."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.offline.descent import Problem, descend
from engine.offline.likeness import COARSEST, FINEST, Likeness
from engine.offline.slope import Slope

Floats = NDArray[np.float64]
Vector = NDArray[np.float32]

COUNT, PIXELS = 6, 600
LOW, HIGH = np.zeros(COUNT), np.ones(COUNT)
FREE = np.arange(COUNT)


def artist() -> tuple[Callable[[Floats], Vector], list[Floats]]:
    """Draws weights, each in a part of the picture that its neighbours overlap; and what it drew.

    Two of them together show more than their sum, as with correctives.
    """
    rng = np.random.default_rng(1)
    shapes = np.zeros((COUNT + 1, PIXELS))
    for number in range(COUNT):
        shapes[number, 90 * number : 90 * number + 150] = rng.normal(0.0, 0.01, 150)
    shapes[COUNT, :150] = rng.normal(0.0, 0.004, 150)
    seen: list[Floats] = []

    def draw(weights: Floats) -> Vector:
        seen.append(weights.copy())
        return np.asarray(np.append(weights, weights[0] * weights[1]) @ shapes, np.float32)

    return draw, seen


def slope(draw: Callable[[Floats], Vector]) -> Slope:
    return Slope(draw, LOW, HIGH, np.full(COUNT, 0.1), 1e-4)


def problem(draw: Callable[[Floats], Vector], true: Floats, free: NDArray[np.intp]) -> Problem:
    return Problem(draw, draw(true), LOW, HIGH, free, np.full(COUNT, 1e-3))


def test_weights_are_found_from_far_away() -> None:
    draw, _ = artist()
    true = np.array([0.9, 0.8, 0.0, 0.3, 1.0, 0.05])
    reached = descend(problem(draw, true, FREE), slope(draw), np.zeros(COUNT))
    assert reached.weights == pytest.approx(true, abs=0.01)
    assert reached.residual < 1e-3


def test_what_is_not_free_stays_where_it_is() -> None:
    draw, _ = artist()
    true = np.array([0.5, 0.0, 0.7, 0.0, 0.0, 0.0])
    reached = descend(problem(draw, true, np.array([0, 1])), slope(draw), np.zeros(COUNT))
    assert not reached.weights[2:].any()
    assert reached.weights[0] == pytest.approx(0.5, abs=0.05)


def test_where_nothing_is_free_everything_stays() -> None:
    draw, _ = artist()
    still = np.full(COUNT, 0.2)
    reached = descend(problem(draw, np.ones(COUNT), FREE[:0]), slope(draw), still)
    assert (reached.weights == still).all()
    assert reached.residual > 0.0


def test_rows_are_measured_again_only_where_something_near_has_moved() -> None:
    draw, seen = artist()
    jacobian = slope(draw)
    at = np.full(COUNT, 0.5)
    assert jacobian.measure(at, 0.1, FREE) == COUNT
    seen.clear()
    moved = at.copy()
    moved[5] = 0.8
    again = jacobian.measure(moved, 0.02, FREE)
    assert again == 2  # itself and the one that overlaps it
    assert len(seen) == 2 * again


def test_a_basis_is_measured_beside_its_own_weight_and_inside_its_range() -> None:
    """What rounding does to the picture that is compared must not be in its slope too."""
    draw, seen = artist()
    slope(draw).measure(np.array([0.0, 1.0, 0.5, 0.0, 0.0, 0.0]), 0.1, np.array([0, 1, 2]))
    own = [0.0, 0.0, 1.0, 1.0, 0.5, 0.5]
    for weights, number, weight in zip(seen, (0, 0, 1, 1, 2, 2), own, strict=True):
        assert weights[number] != weight
        assert 0.0 <= weights[number] <= 1.0


def test_rows_learn_from_a_step() -> None:
    draw, _ = artist()
    jacobian = slope(draw)
    at = np.zeros(COUNT)
    jacobian.measure(at, 0.1, FREE)
    step = np.array([0.8, 0.9, 0.0, 0.0, 0.0, 0.0])
    shown = draw(at + step) - draw(at)
    before = np.linalg.norm(shown - step @ jacobian.rows)
    jacobian.correct(step, shown)
    assert np.linalg.norm(shown - step @ jacobian.rows) < 1e-3 * before
    assert jacobian.gram == pytest.approx(jacobian.rows @ jacobian.rows.T, abs=1e-6)


def test_distances_of_pictures_are_rms_differences() -> None:
    side = 32
    likeness = Likeness(side, np.ones((side, side), np.float32))
    dark = np.full((side * 3 // 2, side), 100, np.uint8)
    light = dark.copy()
    light[:side] += 51
    for level in range(COARSEST + 1):
        apart = likeness.vector(light, level) - likeness.vector(dark, level)
        assert np.linalg.norm(apart) == pytest.approx(0.2, rel=1e-3)


def test_what_a_take_never_shows_as_drawn_counts_less() -> None:
    side = 32
    likeness = Likeness(side, np.ones((side, side), np.float32))
    rest = np.full((side * 3 // 2, side), 100, np.uint8)
    spoilt, moved = rest.copy(), rest.copy()
    spoilt[4:12, 4:12] += 40
    moved[20:28, 20:28] += 40
    base = likeness.vector(rest, FINEST)
    left = likeness.vector(spoilt, FINEST) - base
    likeness.trust([left, left])
    base = likeness.vector(rest, FINEST)
    apart = [np.linalg.norm(likeness.vector(one, FINEST) - base) for one in (spoilt, moved)]
    assert apart[0] < 0.5 * apart[1]
    plain = likeness.vector(spoilt, FINEST, plain=True)
    plain = plain - likeness.vector(rest, FINEST, plain=True)
    assert np.linalg.norm(plain) == pytest.approx(np.linalg.norm(left))
