"""The words participants choose from when they say what they saw.

The emotions that the scenes are to show, and others that lie as far from all of them, and from
each other, as they can: so that no word is a near synonym of the right one. A last choice says that
none fits, without which people are driven to a word they do not mean (Frank and Stennett, "The
forced-choice paradigm and the perception of facial expressions of emotion", 2001).
"""

import random
from collections.abc import Iterable

from control_plane.emotion.labels import EMOTIONS, NEUTRAL_LABEL
from engine.packet import Mood

__all__ = ["NONE_FITS", "choices", "shuffled"]

NONE_FITS = "none of these"
"""The last choice."""

_LEAST = 8  # words, before the last choice


def choices(shown: Iterable[str]) -> tuple[str, ...]:
    """What can be chosen where these emotions are shown; nothing where none are.

    Args:
        shown: Words of `control_plane.emotion.labels`; empty ones count for nothing.
    """
    found = sorted({name for name in shown if name})
    if not found:
        return ()
    if NEUTRAL_LABEL not in found:
        found.append(NEUTRAL_LABEL)
    while len(found) < _LEAST:
        rest = (name for name in EMOTIONS if name not in found)
        found.append(max(rest, key=lambda name: min(_apart(name, other) for other in found)))
    return (*found, NONE_FITS)


def shuffled(words: tuple[str, ...], seed: int, participant: int) -> tuple[str, ...]:
    """The same in one participant's own order; the last choice stays the last.

    Args:
        words: As `choices` gives them.
        seed: The study's.
        participant: Number of the participant.
    """
    order = list(words[:-1])
    random.Random(f"{seed}:{participant}:emotions").shuffle(order)
    return (*order, *words[-1:])


def _apart(one: str, other: str) -> float:
    first, second = EMOTIONS.get(one, Mood()), EMOTIONS.get(other, Mood())
    return (
        (first.valence - second.valence) ** 2
        + (first.arousal - second.arousal) ** 2
        + (first.dominance - second.dominance) ** 2
    )
