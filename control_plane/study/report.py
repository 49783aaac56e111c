"""The results of a study: every scale of every variant, what differs, and how far raters agree."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, combinations
from typing import Any

from control_plane.study.analysis import (
    Comparison,
    Estimate,
    Preference,
    agreement,
    compare,
    holm,
    mean_opinion,
    preference,
    wilson,
)
from storage.studies import Rated, Tally

__all__ = [
    "RECOGNISED",
    "SCALES",
    "EmotionReport",
    "ScaleComparison",
    "Studied",
    "StudyReport",
    "VariantReport",
    "report_of",
]

SCALES = ("naturalness", "uncanny", "distraction")
"""What is rated from 1 to 5: naturalness is better high, the other two are better low."""

RECOGNISED = "recognised"
"""Beside the scales: whether the emotion that a scene is to show was named, 0 or 1."""


@dataclass(frozen=True, slots=True)
class Studied:
    """What was studied.

    Attributes:
        study: Name of the study.
        design: "single" or "paired".
        seed: Of the order of trials and of the resampling.
        tally: Who took part.
        variants: Options by name, in the order of the names.
        emotions: What participants chose from; empty: they were not asked.
    """

    study: str
    design: str
    seed: int
    tally: Tally
    variants: Mapping[str, Mapping[str, Any]]
    emotions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EmotionReport:
    """What was seen in a variant.

    Attributes:
        recognised: Share of the answers that name the emotion that was to be shown (Wilson's
            interval, over answers).
        chance: The share that guessing would reach.
        confusion: How often each word was chosen, by the emotion that was to be shown.
    """

    recognised: Estimate
    chance: float
    confusion: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class VariantReport:
    """One variant.

    Attributes:
        name: Its name.
        options: How it was filmed.
        answers: How many there are.
        opinions: Mean opinion score by scale (bootstrap interval, over participants).
        emotion: What was seen in it; None: nobody was asked.
    """

    name: str
    options: Mapping[str, Any]
    answers: int
    opinions: Mapping[str, Estimate]
    emotion: EmotionReport | None


@dataclass(frozen=True, slots=True)
class ScaleComparison:
    """Two variants on one scale, or by what was recognised."""

    scale: str
    comparison: Comparison


@dataclass(frozen=True, slots=True)
class StudyReport:
    """The results. `p_holm` allows for all comparisons and preferences of the report together.

    Attributes:
        studied: What was studied.
        variants: One by one, in the order of their names; those without answers are left out.
        comparisons: Every two variants on every scale.
        preferences: Of every two that were shown beside each other.
        preferences_holm: Their p-values, allowing for all others.
        agreement: Krippendorff's alpha by scale; None: it cannot be told.
    """

    studied: Studied
    variants: tuple[VariantReport, ...]
    comparisons: tuple[ScaleComparison, ...]
    preferences: tuple[Preference, ...]
    preferences_holm: tuple[float, ...]
    agreement: Mapping[str, float | None]


def report_of(studied: Studied, rated: Sequence[Rated]) -> StudyReport:
    """Works the results out; the same answers give the same.

    Args:
        studied: What was studied.
        rated: The answers.
    """
    scores = _scores(studied, rated)
    found = [
        ScaleComparison(scale, comparison)
        for scale, by_variant in scores.items()
        for comparison in compare(by_variant, studied.seed)
    ]
    preferred = _preferences(studied, rated)
    adjusted = holm([item.comparison.p for item in found] + [item.p for item in preferred])
    return StudyReport(
        studied=studied,
        variants=tuple(
            _variant(studied, name, [item for item in rated if item.variant == name], scores)
            for name in studied.variants
            if any(item.variant == name for item in rated)
        ),
        comparisons=tuple(
            ScaleComparison(item.scale, replace(item.comparison, p_holm=p))
            for item, p in zip(found, adjusted, strict=False)
        ),
        preferences=tuple(preferred),
        preferences_holm=tuple(adjusted[len(found) :]),
        agreement={scale: agreement(_by_film(rated, scale)) for scale in SCALES},
    )


Scores = dict[str, dict[str, dict[str, dict[str, list[float]]]]]
"""Ratings by scale, variant, participant and scene."""


def _scores(studied: Studied, rated: Sequence[Rated]) -> Scores:
    asked = (*SCALES, RECOGNISED) if studied.emotions else SCALES
    found: Scores = {
        scale: {name: defaultdict(lambda: defaultdict(list)) for name in studied.variants}
        for scale in asked
    }
    for item in rated:
        participant = str(item.participant)
        for scale in SCALES:
            found[scale][item.variant][participant][item.scene].append(_value(item, scale))
        if studied.emotions and item.shown_emotion:
            hit = float(item.answer.emotion == item.shown_emotion)
            found[RECOGNISED][item.variant][participant][item.scene].append(hit)
    return found


def _value(item: Rated, scale: str) -> float:
    return float(getattr(item.answer, scale))


def _variant(studied: Studied, name: str, rated: Sequence[Rated], scores: Scores) -> VariantReport:
    return VariantReport(
        name=name,
        options=studied.variants[name],
        answers=len(rated),
        opinions={
            scale: mean_opinion(_of_all_scenes(scores[scale][name]), studied.seed)
            for scale in SCALES
        },
        emotion=_emotion(studied, rated),
    )


def _of_all_scenes(ratings: Mapping[str, Mapping[str, list[float]]]) -> dict[str, list[float]]:
    """By participant alone."""
    return {name: [*chain(*scenes.values())] for name, scenes in ratings.items()}


def _emotion(studied: Studied, rated: Sequence[Rated]) -> EmotionReport | None:
    asked = [item for item in rated if item.shown_emotion]
    if not studied.emotions or not asked:
        return None
    confusion: dict[str, dict[str, int]] = {}
    for item in asked:
        row = confusion.setdefault(item.shown_emotion, dict.fromkeys(studied.emotions, 0))
        row[item.answer.emotion] = row.get(item.answer.emotion, 0) + 1
    hits = sum(item.answer.emotion == item.shown_emotion for item in asked)
    return EmotionReport(
        recognised=wilson(hits, len(asked)),
        chance=1.0 / len(studied.emotions),
        confusion=dict(sorted(confusion.items())),
    )


def _preferences(studied: Studied, rated: Sequence[Rated]) -> list[Preference]:
    """Of every two variants, by participants: whom each of them preferred more often."""
    leads: dict[tuple[str, str], dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for item in rated:
        if item.other:
            first, second = sorted((item.variant, item.other))
            sign = 1 if item.variant == first else -1
            leads[first, second][item.participant] += sign * (item.answer.preferred is True)
    return [
        preference(
            *pair,
            sum(lead > 0 for lead in leads[pair].values()),
            sum(lead < 0 for lead in leads[pair].values()),
        )
        for pair in combinations(studied.variants, 2)
        if pair in leads
    ]


def _by_film(rated: Sequence[Rated], scale: str) -> dict[str, dict[str, float]]:
    """By variant and scene, and participant; who saw one more often counts with their mean."""
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for item in rated:
        film = f"{item.variant}\n{item.scene}"
        found[film][str(item.participant)].append(_value(item, scale))
    return {
        film: {name: sum(values) / len(values) for name, values in by_person.items()}
        for film, by_person in found.items()
    }
