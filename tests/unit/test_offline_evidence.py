"""What a take can do without, of frames that a linear model explains."""

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.offline.evidence import Witness, needed

Floats = NDArray[np.float64]

PIXELS = 400
LOW, HIGH = np.zeros(4), np.ones(4)
SINGLE = [np.array([number]) for number in range(4)]
NOISE = 1.0  # what is left of every frame, squared


def shapes() -> Floats:
    """Four bases (4, P): the first two show much, the third little, the last as the first does."""
    rng = np.random.default_rng(4)
    found = rng.normal(0.0, 1.0, (4, PIXELS)) / np.sqrt(PIXELS)
    found[3] = found[0] + 0.3 * found[3]
    return np.asarray(found * np.array([4.0, 4.0, 0.5, 4.0])[:, None])


def witness(*weights: float) -> Witness:
    rows = shapes()
    return Witness(np.array(weights), (rows @ rows.T).astype(np.float32), NOISE)


def names(kept: list[NDArray[np.intp]]) -> list[list[int]]:
    return [group.tolist() for group in kept]


def test_what_pictures_are_explained_without_goes() -> None:
    frames = [witness(0.8, 0.5, 0.1, 0.0) for _ in range(8)]
    kept, weights = needed(frames, SINGLE, LOW, HIGH)
    assert names(kept) == [[0], [1]]
    for found in weights:
        assert found == pytest.approx([0.8, 0.5, 0.0, 0.0], abs=0.05)


def test_what_hardly_differs_from_a_basis_gives_its_share_back_to_it() -> None:
    frames = [witness(0.7, 0.5, 0.0, 0.08) for _ in range(8)]
    kept, weights = needed(frames, SINGLE, LOW, HIGH)
    assert names(kept) == [[0], [1]]
    assert weights[0][0] == pytest.approx(0.78, abs=0.03)


def test_what_shows_in_a_few_frames_in_a_row_stays() -> None:
    faint = [witness(0.8, 0.5, 0.0, 0.0) for _ in range(200)]
    faint[50:53] = [witness(0.8, 0.5, 0.6, 0.0) for _ in range(3)]
    assert [2] in names(needed(faint, SINGLE, LOW, HIGH)[0])
    faint[51:53] = faint[:2]
    assert [2] not in names(needed(faint, SINGLE, LOW, HIGH)[0])


def test_both_sides_stay_or_go_together() -> None:
    frames = [witness(0.0, 0.8, 0.02, 0.0) for _ in range(8)]
    pair, others = np.array([1, 2]), [SINGLE[0], SINGLE[3]]
    kept, weights = needed(frames, [pair, *others], LOW, HIGH)
    assert names(kept) == [[1, 2]]
    assert weights[0] == pytest.approx([0.0, 0.8, 0.02, 0.0])


def test_weights_stay_inside_their_ranges() -> None:
    _, weights = needed([witness(0.97, 0.5, 0.0, 0.08)] * 4, SINGLE, LOW, HIGH)
    assert weights[0][0] == 1.0
    assert weights[0][3] == 0.0


def test_where_nothing_is_left_nothing_that_moves_is_too_little() -> None:
    rows = shapes()
    gram = (rows @ rows.T).astype(np.float32)
    exact = [Witness(np.array([0.8, 0.0, 0.05, 0.0]), gram, 0.0)] * 4
    assert names(needed(exact, SINGLE, LOW, HIGH)[0]) == [[0], [2]]
