"""How good a message is for training: a score out of four things that can be counted."""

__all__ = ["BASE", "quality_score"]

BASE = 0.5
"""What a message scores of which nothing is known."""

_BEST_WORDS = (20, 100)
_BEST_TIME_S = (0.5, 3.0)
_BEST_MEMORIES = (1, 5)
_GOOD = 0.1
_CONFIDENCE_WEIGHT = 0.2


def quality_score(
    *,
    words: int | None = None,
    processing_time_s: float | None = None,
    confidence: float | None = None,
    memories: int | None = None,
) -> float:
    """The score of one message, [0, 1].

    From `BASE`: +0.1 for 20 to 100 words, +0.1 for 0.5 to 3 s until the answer,
    +0.2 x (confidence - 0.5), +0.1 for 1 to 5 memories used.

    Args:
        words: How many words a reply has; None: it is no reply.
        processing_time_s: How long a reply took; None: it is no reply.
        confidence: Of the appraisal of its emotion, [0, 1]; None: it was not appraised.
        memories: How many memories it used; None: it could use none.
    """
    score = BASE
    score += _GOOD * _within(words, _BEST_WORDS)
    score += _GOOD * _within(processing_time_s, _BEST_TIME_S)
    if confidence is not None:
        score += _CONFIDENCE_WEIGHT * (confidence - 0.5)
    score += _GOOD * _within(memories, _BEST_MEMORIES)
    return round(max(0.0, min(1.0, score)), 6)


def _within(value: float | None, best: tuple[float, float]) -> bool:
    return value is not None and best[0] <= value <= best[1]
