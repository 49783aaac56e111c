"""A change of mood as a line for people."""

from collections.abc import Mapping, Sequence

from control_plane.emotion.explain import (
    DAMPING,
    SINCE_FACTORS,
    Cause,
    Contribution,
    Factor,
    MoodChange,
    Rule,
    TraitChange,
)
from control_plane.emotion.vad import total
from engine.packet import Mood

__all__ = ["AXES", "moved_by_event", "sentence"]

AXES: tuple[str, ...] = ("valence", "arousal", "dominance")

# Moves smaller than this are not worth a word.
_WORTH = 0.005
_EVENTS: Mapping[str, str] = {
    "chat": "you wrote",
    "intent": "an intent was given",
    "speak": "it spoke",
    "expression": "an expression was played",
    "capsule": "a capsule was played",
    "profile": "a profile was played",
    "emotion": "set by hand",
    "task": "a task",
    "interrupt": "it was interrupted",
    "turn": "a turn of the conversation",
    "tick": "time passed",
}
_DAMPING = (
    (Factor.CONFIDENCE, "by confidence"),
    (Factor.GAIN, "by temperament"),
    (Factor.PATIENCE, "by patience"),
)


def moved_by_event(change: MoodChange, parts: Sequence[Contribution]) -> Mood:
    """How far the event itself moved what is shown; where only time passed, how far that did.

    Args:
        change: The change.
        parts: Its contributions.
    """
    time_alone = change.rule is Rule.TIME
    return total(item.amount for item in parts if time_alone or item.factor not in SINCE_FACTORS)


def sentence(change: MoodChange, parts: Sequence[Contribution]) -> str:
    """The change on one line: how much, what happened, and what damped or strengthened it.

    Args:
        change: The change.
        parts: Its contributions.
    """
    said = [f"{_moves(moved_by_event(change, parts))}: {_happened(change.cause)}"]
    said += _damped(change)
    said += [_trait(item) for item in change.traits if item.signals]
    return "; ".join(said)


def _moves(mood: Mood) -> str:
    moves = (mood.valence, mood.arousal, mood.dominance)
    told = [
        f"{move:+.2f} {axis}" for axis, move in zip(AXES, moves, strict=True) if abs(move) >= _WORTH
    ]
    return ", ".join(told) if told else "no change"


def _happened(cause: Cause) -> str:
    said = _EVENTS.get(cause.event, cause.event)
    return f"{said} ({cause.evidence})" if cause.evidence else said


def _damped(change: MoodChange) -> list[str]:
    if change.weighing is None:
        return []
    values = dict(zip(DAMPING, change.weighing.factors, strict=True))
    return [
        f"{'damped' if value < 1.0 else 'strengthened'} to {value:.2f} {words}"
        for factor, words in _DAMPING
        if abs((value := values[factor]) - 1.0) >= _WORTH
    ]


def _trait(change: TraitChange) -> str:
    why = ", ".join(signal.value for signal in change.signals)
    return f"{change.trait} {change.after - change.before:+.2f} by {why}"
