import math
from uuid import UUID

import numpy as np

from control_plane.study.analysis import Estimate, Preference
from control_plane.study.export import report_json, report_markdown
from control_plane.study.report import RECOGNISED, SCALES, Studied, StudyReport, report_of
from storage.studies import Answer, Rated, Tally

VARIANTS = ("a", "b", "c")
WORDS = ("happy", "sad", "none of these")


def studied(seed: int = 0) -> Studied:
    return Studied("which", "paired", seed, Tally(0, 0, 0), {name: {} for name in VARIANTS}, WORDS)


def rated(
    participant: int,
    variant: str,
    naturalness: int,
    *,
    other: str = "",
    preferred: bool | None = None,
    emotion: str = "happy",
) -> Rated:
    answer = Answer(UUID(int=0), naturalness, 1, 1, emotion, preferred)
    return Rated(answer, participant, variant, "scene", "happy", other)


def alike(seed: int, raters: int = 12) -> list[Rated]:
    """Raters to whom all variants are one, and who guess what is shown."""
    generator = np.random.default_rng(seed)

    def answer() -> Answer:
        first, second, third = np.clip(np.rint(generator.normal(3.0, 0.8, 3)), 1, 5).astype(int)
        word = WORDS[int(generator.integers(3))]
        return Answer(UUID(int=0), int(first), int(second), int(third), word)

    return [
        Rated(answer(), participant, variant, scene, "happy", "")
        for participant in range(raters)
        for variant in VARIANTS
        for scene in ("one", "two")
    ]


def test_a_whole_report_of_nothing_reports_something_once_in_twenty_times() -> None:
    reports = [report_of(studied(seed), alike(seed)) for seed in range(30)]
    assert {len(report.comparisons) for report in reports} == {12}  # 3 pairs on 4 scales
    wrong = sum(
        any(item.comparison.p_holm < 0.05 for item in report.comparisons) for report in reports
    )
    assert wrong <= 5  # 1.5 expected; more than 5 by chance once in 300


def test_one_family_of_tests_is_all_of_a_report() -> None:
    answers = [
        rated(number, name, 5 if name == "a" else 3, other=other, preferred=name == "a")
        for number in range(8)
        for name, other in (("a", "b"), ("b", "a"))
    ]
    report = report_of(studied(), answers)
    (natural,) = (item.comparison for item in report.comparisons if item.scale == "naturalness")
    (preferred,) = report.preferences
    assert natural.p == preferred.p == 2 / 2**8
    # Both are smallest of five: 3 scales, recognition, preference.
    assert natural.p_holm == report.preferences_holm[0] == 5 * 2 / 2**8
    assert natural.effect_size == math.inf
    assert (preferred.first, preferred.share.value, preferred.share.count) == ("a", 1.0, 8)


def test_who_prefers_each_as_often_counts_for_neither() -> None:
    def shown(participant: int, better: str) -> list[Rated]:
        return [
            rated(participant, name, 3, other=other, preferred=(name == better) if better else None)
            for name, other in (("a", "b"), ("b", "a"))
        ]

    answers = [*shown(0, "a"), *shown(0, "b"), *shown(1, ""), *shown(2, "b"), *shown(2, "a")]
    (found,) = report_of(studied(), [*answers, *shown(2, "b")]).preferences
    assert (found.share.value, found.share.count) == (0.0, 1)


def test_a_rater_with_twice_the_answers_weighs_no_more() -> None:
    answers = [rated(0, "a", 5)] * 9 + [rated(1, "a", 1)]
    (variant,) = report_of(studied(), answers).variants
    assert variant.opinions["naturalness"].value == 3.0
    assert variant.opinions["naturalness"].count == 2


def test_endless_numbers_are_words_in_json() -> None:
    answers = [rated(number, name, 5 if name == "a" else 3) for number in range(3) for name in "ab"]
    content = report_json(report_of(studied(), answers))
    found = {item["scale"]: item["effectSize"] for item in content["comparisons"]}
    assert found == {"naturalness": "Infinity", "uncanny": 0.0, "distraction": 0.0, RECOGNISED: 0.0}
    assert content["agreement"] == {"naturalness": 1.0, "uncanny": None, "distraction": None}


def test_the_tables_mark_what_stands_up_to_all_comparisons() -> None:
    answers = [
        rated(number, name, 5 - (name == "b") * (1 + number % 3), emotion="happy")
        for number in range(14)
        for name in "ab"
    ]
    report = report_of(studied(), answers)
    lines = report_markdown(report).splitlines()
    (natural,) = (line for line in lines if line.startswith("| naturalness |"))
    assert "< 0.001 *" in natural
    (uncanny,) = (line for line in lines if line.startswith("| uncanny |"))
    assert "*" not in uncanny
    assert "| a | 5.00 [5.00, 5.00] | 1.00 [1.00, 1.00] |" in "\n".join(lines)


def test_preferences_are_told_with_their_interval() -> None:
    report = StudyReport(
        studied(), report_of(studied(), [rated(0, "a", 3)]).variants, (),
        (Preference("a", "b", Estimate(0.75, 0.41, 0.93, 8), 0.29),), (0.29,),
        dict.fromkeys(SCALES),
    )  # fmt: skip
    assert "| a over b | 75% [41%, 93%] | 0.290 | 0.290 | 8 |" in report_markdown(report)


def test_agreement_is_about_films_whoever_saw_them_more_often() -> None:
    def seen(participant: int, variant: str, naturalness: int) -> list[Rated]:
        return [rated(participant, variant, naturalness + step) for step in (-1, 0, 1)]

    answers = [*seen(0, "a", 4), *seen(0, "b", 2), rated(1, "a", 4), rated(1, "b", 2)]
    report = report_of(studied(), answers)
    assert report.agreement["naturalness"] == 1.0
    assert report.agreement["uncanny"] is None  # all the same: nothing to agree about
