import pytest

from storage.quality import BASE, quality_score


@pytest.mark.parametrize(
    ("words", "expected"), [(19, 0.5), (20, 0.6), (100, 0.6), (101, 0.5), (0, 0.5), (None, 0.5)]
)
def test_replies_of_20_to_100_words_are_best(words: int | None, expected: float) -> None:
    assert quality_score(words=words) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0.49, 0.5), (0.5, 0.6), (3.0, 0.6), (3.01, 0.5), (None, 0.5)]
)
def test_replies_after_half_a_second_to_three_are_best(
    seconds: float | None, expected: float
) -> None:
    assert quality_score(processing_time_s=seconds) == expected


@pytest.mark.parametrize(("confidence", "expected"), [(0.0, 0.4), (0.5, 0.5), (1.0, 0.6)])
def test_confidence_counts_both_ways(confidence: float, expected: float) -> None:
    assert quality_score(confidence=confidence) == expected


@pytest.mark.parametrize(("memories", "expected"), [(0, 0.5), (1, 0.6), (5, 0.6), (6, 0.5)])
def test_one_to_five_memories_are_best(memories: int, expected: float) -> None:
    assert quality_score(memories=memories) == expected


def test_the_factors_add_up() -> None:
    assert quality_score() == BASE
    assert quality_score(words=50, processing_time_s=1.0, confidence=1.0, memories=3) == 0.9
    assert quality_score(words=1, processing_time_s=9.0, confidence=0.0, memories=0) == 0.4
