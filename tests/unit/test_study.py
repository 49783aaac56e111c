import math
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_plane.study.analysis import (
    agreement,
    compare,
    holm,
    mean_opinion,
    preference,
    wilson,
)
from control_plane.study.plan import paired_trials, single_trials, williams_row

VARIANTS = ("plain", "blended", "lively")


def rated(
    gaps: dict[str, float], raters: int, seed: int
) -> dict[str, dict[str, dict[str, list[float]]]]:
    """Ratings of raters who each have their own level, on a scale of 1 to 5, four scenes each."""
    generator = np.random.default_rng(seed)
    levels = generator.normal(3.0, 0.7, raters)
    return {
        variant: {
            f"r{rater}": {
                scene: [
                    float(np.clip(np.rint(levels[rater] + gap + generator.normal(0.0, 0.6)), 1, 5))
                ]
                for scene in "wxyz"
            }
            for rater in range(raters)
        }
        for variant, gap in gaps.items()
    }


def test_a_planted_difference_is_found_with_its_size() -> None:
    found = compare(rated({"plain": 0.0, "blended": 0.8}, raters=24, seed=1))
    (comparison,) = found
    assert comparison.p_holm < 0.001
    assert comparison.difference.low < -0.8 < comparison.difference.high < -0.6
    assert comparison.effect_size < -1.0


def test_where_no_difference_was_planted_about_one_study_in_twenty_reports_one() -> None:
    reported = sum(
        any(item.p_holm < 0.05 for item in compare(rated(dict.fromkeys(VARIANTS, 0.0), 12, seed)))
        for seed in range(200)
    )
    assert reported <= 20  # 10 expected; more than 20 by chance once in 1,000


def test_of_three_variants_only_the_one_that_differs_stands_out() -> None:
    found = compare(rated({"plain": 0.0, "blended": 0.0, "lively": 1.0}, raters=24, seed=5))
    different = {(item.first, item.second) for item in found if item.p_holm < 0.05}
    assert different == {("plain", "lively"), ("blended", "lively")}


def test_intervals_cover_the_true_mean_about_as_often_as_they_say() -> None:
    generator = np.random.default_rng(3)
    covered = 0
    for seed in range(200):
        means = generator.normal(3.0, 0.8, 25)
        estimate = mean_opinion({str(index): [value] for index, value in enumerate(means)}, seed)
        covered += estimate.low <= 3.0 <= estimate.high
    assert 175 <= covered <= 199


def test_participants_who_rated_one_variant_alone_do_not_count() -> None:
    ratings = {
        "a": {"x": {"s": [5.0]}, "y": {"s": [4.0]}},
        "b": {"y": {"s": [2.0]}, "z": {"s": [1.0]}},
    }
    (comparison,) = compare(ratings)
    assert comparison.difference.count == 1
    assert comparison.difference.value == 2.0
    assert comparison.p == 1.0
    assert compare({"a": {"x": {"s": [5.0]}}, "b": {"z": {"s": [1.0]}}}) == []


def test_scenes_that_somebody_saw_of_one_variant_alone_do_not_count_for_them() -> None:
    # Both variants are alike; the second scene is rated four points above the first.
    whole = {"one": [1.0], "two": [5.0]}
    ratings = {
        "a": {"x": whole, "stopped": whole, "apart": {"two": [5.0]}},
        "b": {"x": whole, "stopped": {"one": [1.0]}, "apart": {"one": [1.0]}},
    }
    (comparison,) = compare(ratings)
    assert (comparison.difference.value, comparison.difference.count) == (0.0, 2)


def test_effect_size_is_in_standard_deviations_of_a_sample() -> None:
    first = {name: {"s": [gap]} for name, gap in (("x", 2.0), ("y", 3.0), ("z", 4.0))}
    second = {name: {"s": [1.0]} for name in first}
    (comparison,) = compare({"a": first, "b": second})
    assert comparison.effect_size == pytest.approx(2.0)  # a mean of 2, a deviation of 1


def test_interval_is_as_wide_as_of_a_normal_mean_where_there_are_many() -> None:
    generator = np.random.default_rng(4)
    values = generator.normal(3.0, 0.8, 400)
    found = mean_opinion({str(index): [value] for index, value in enumerate(values)})
    expected = 1.96 * values.std() / math.sqrt(values.size)
    assert found.high - found.value == pytest.approx(expected, rel=0.05)
    assert found.value - found.low == pytest.approx(expected, rel=0.05)


def test_few_participants_get_an_exact_test() -> None:
    five = {str(number): {"s": [3.0 + number / 10]} for number in range(5)}
    four = {str(number): {"s": [2.0]} for number in range(5)}
    (comparison,) = compare({"a": five, "b": four})
    assert comparison.p == 2 / 2**5  # all one way: two patterns of 32


def test_preferences_are_tested_as_coin_tosses() -> None:
    found = preference("a", "b", 9, 1)
    assert found.p == pytest.approx(22 / 1024)
    assert found.share.value == 0.9
    assert preference("a", "b", 5, 5).p == 1.0
    assert preference("a", "b", 0, 0).share.count == 0


def test_wilson_intervals_are_as_published() -> None:
    # Newcombe (1998), table I: 81 of 263 gives 0.2553 to 0.3662, 0 of 20 gives 0 to 0.1611.
    estimate = wilson(81, 263)
    assert estimate.low == pytest.approx(0.2553, abs=1e-4)
    assert estimate.high == pytest.approx(0.3662, abs=1e-4)
    none = wilson(0, 20)
    assert none.low == 0.0
    assert none.high == pytest.approx(0.1611, abs=1e-4)


def test_holm_allows_for_how_many_tests_there_are() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []
    assert holm([0.9, 0.8]) == pytest.approx([1.0, 1.0])


def test_agreement_is_krippendorffs_alpha() -> None:
    # Krippendorff, "Computing Krippendorff's alpha-reliability" (2011), section C: interval 0.849.
    assert agreement({"u": {"a": 1.0, "b": 1.0}, "v": {"a": 5.0, "b": 5.0}}) == 1.0
    four = {
        "A": "1 2 3 3 2 1 4 1 2 . . .",
        "B": "1 2 3 3 2 2 4 1 2 5 . 3",
        "C": ". 3 3 3 2 3 4 2 2 5 1 .",
        "D": "1 2 3 3 2 4 4 1 2 5 1 .",
    }
    units: dict[str, dict[str, float]] = {}
    for coder, values in four.items():
        for unit, value in enumerate(values.split()):
            if value != ".":
                units.setdefault(str(unit), {})[coder] = float(value)
    assert agreement(units) == pytest.approx(0.849, abs=5e-4)


def test_agreement_of_nothing_is_nothing() -> None:
    assert agreement({}) is None
    assert agreement({"u": {"a": 1.0}}) is None
    assert agreement({"u": {"a": 2.0, "b": 2.0}}) is None


def test_one_participant_alone_tells_nothing_of_how_sure_a_mean_is() -> None:
    found = mean_opinion({"x": [4.0, 5.0]})
    assert (found.value, found.low, found.high, found.count) == (4.5, -math.inf, math.inf, 1)


def test_no_ratings_have_no_mean() -> None:
    with pytest.raises(ValueError, match="no ratings"):
        mean_opinion({})


@given(size=st.integers(2, 9))
def test_every_condition_follows_every_other_equally_often(size: int) -> None:
    rows = [williams_row(size, row) for row in range(size * (1 + size % 2))]
    follows = Counter(pair for row in rows for pair in pairwise(row))
    places = Counter((place, item) for row in rows for place, item in enumerate(row))
    assert len(follows) == size * (size - 1)
    assert len(set(follows.values())) == 1
    assert len(places) == size * size
    assert len(set(places.values())) == 1


@given(variants=st.integers(1, 4), scenes=st.integers(1, 5), number=st.integers(0, 50))
def test_a_participant_sees_everything_once(variants: int, scenes: int, number: int) -> None:
    single = single_trials(variants, scenes, number, seed=7)
    assert len({(trial.scene, trial.left) for trial in single}) == len(single) == variants * scenes
    paired = paired_trials(variants, scenes, number, seed=7)
    shown = {(trial.scene, frozenset((trial.left, trial.right))) for trial in paired}
    assert len(shown) == len(paired) == math.comb(variants, 2) * scenes
    assert single == single_trials(variants, scenes, number, seed=7)


def test_every_variant_is_on_each_side_equally_often() -> None:
    sides: Counter[tuple[int, str]] = Counter()
    for number in range(12):
        for trial in paired_trials(3, 4, number, seed=1):
            sides[trial.left, "left"] += 1
            sides[trial.right or 0, "right"] += 1
    assert len(set(sides.values())) == 1
