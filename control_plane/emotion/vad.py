"""Arithmetic in the valence-arousal-dominance cube."""

import math
from collections.abc import Iterable

from engine.packet import Mood

__all__ = ["clamp", "difference", "distance", "mix", "scaled", "total"]

_ZERO = Mood()


def clamp(valence: float, arousal: float, dominance: float) -> Mood:
    """The point of the cube nearest to the three numbers."""
    if -1.0 <= valence <= 1.0 and -1.0 <= arousal <= 1.0 and -1.0 <= dominance <= 1.0:
        return Mood(valence, arousal, dominance)  # nearly always, a dozen times an event
    return Mood(
        max(-1.0, min(1.0, valence)),
        max(-1.0, min(1.0, arousal)),
        max(-1.0, min(1.0, dominance)),
    )


def mix(start: Mood, end: Mood, share: float) -> Mood:
    """The point `share` of the way from `start` to `end`, clamped."""
    valence, arousal, dominance = start.valence, start.arousal, start.dominance
    valence += (end.valence - valence) * share
    arousal += (end.arousal - arousal) * share
    dominance += (end.dominance - dominance) * share
    if -1.0 <= valence <= 1.0 and -1.0 <= arousal <= 1.0 and -1.0 <= dominance <= 1.0:
        return Mood(valence, arousal, dominance)  # as `clamp` has it, without the call
    return clamp(valence, arousal, dominance)


def distance(a: Mood, b: Mood = _ZERO) -> float:
    """Euclidean distance, [0, sqrt(12)]; of one mood: from the middle."""
    return math.sqrt(
        (a.valence - b.valence) ** 2
        + (a.arousal - b.arousal) ** 2
        + (a.dominance - b.dominance) ** 2
    )


def scaled(mood: Mood, factor: float) -> Mood:
    """Each number times `factor`; may lie outside the cube."""
    return Mood(mood.valence * factor, mood.arousal * factor, mood.dominance * factor)


def difference(end: Mood, start: Mood) -> Mood:
    """What leads from `start` to `end`; may lie outside the cube."""
    return Mood(
        end.valence - start.valence,
        end.arousal - start.arousal,
        end.dominance - start.dominance,
    )


def total(moods: Iterable[Mood]) -> Mood:
    """Their sum, number by number; may lie outside the cube."""
    valence = arousal = dominance = 0.0
    for mood in moods:
        valence += mood.valence
        arousal += mood.arousal
        dominance += mood.dominance
    return Mood(valence, arousal, dominance)
