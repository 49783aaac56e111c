"""Traits: what changes over a conversation, slower than a mood.

Five numbers in [0, 1]. Each turn of the conversation they go a tenth of the way back to the
personality's baselines, and what happened in the turn moves them:

    trait = 0.9 * trait + 0.1 * baseline + what the turn's signals add

What a trait does is reckoned from `REFERENCE`: a person whose baselines differ from it is so all
the time. Every effect is linear and bounded, for the traits are.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import cache
from operator import attrgetter

from engine.packet import Mood

__all__ = [
    "EFFECTS",
    "PLAIN_TEMPER",
    "REFERENCE",
    "TRAIT_NAMES",
    "Signal",
    "Temper",
    "Traits",
    "after_turn",
    "colour",
    "negative_factor",
    "temper_of",
]

_KEPT = 0.9

# How far a trait, one away from its reference, shifts the axis of the mood that it colours.
_VALENCE_OF_WARMTH = 0.30
_AROUSAL_OF_ENERGY = 0.40
_DOMINANCE_OF_CONFIDENCE = 0.40
# How much more strongly bad things are felt by somebody who has no patience at all: 1.68 times.
_FELT_OF_PATIENCE = 0.8
_GESTURE_OF_ENERGY = 0.6
_LEAST_GESTURE = 0.6
_BROW_OF_CURIOSITY = 0.8
# From this curiosity on one leans towards a question, at full curiosity by this weight.
_LEANING = 0.5
_FULL_LEAN = 0.7


class Signal(StrEnum):
    """What in a turn moves the traits."""

    THANKS = "thanks"
    QUESTION = "question"
    ERROR = "error"
    SUCCESS = "success"
    EXCITEMENT = "excitement"
    HOSTILITY = "hostility"
    APOLOGY = "apology"


@dataclass(frozen=True, slots=True)
class Traits:
    """The five traits, each in [0, 1]; as made without arguments, the reference.

    Attributes:
        energy: Shifts arousal; scales hands and body.
        warmth: Shifts valence.
        confidence: Shifts dominance.
        curiosity: Raises the brows and leans in at questions.
        patience: Lessens how strongly what is bad is felt.
    """

    energy: float = 0.70
    warmth: float = 0.80
    confidence: float = 0.60
    curiosity: float = 0.90
    patience: float = 0.85


REFERENCE = Traits()
"""Where a trait has no effect."""

TRAIT_NAMES: tuple[str, ...] = tuple(item.name for item in fields(Traits))

EFFECTS: Mapping[Signal, Mapping[str, float]] = {
    Signal.THANKS: {"warmth": 0.10, "confidence": 0.02},
    Signal.QUESTION: {"curiosity": 0.05},
    Signal.ERROR: {"confidence": -0.12, "patience": 0.05, "energy": -0.03},
    Signal.SUCCESS: {"confidence": 0.08, "energy": 0.05},
    Signal.EXCITEMENT: {"energy": 0.08},
    Signal.HOSTILITY: {"warmth": -0.08, "patience": -0.08},
    Signal.APOLOGY: {"warmth": 0.04, "patience": 0.05},
}
"""What each signal adds to which trait."""


@dataclass(frozen=True, slots=True)
class Temper:
    """What the traits make of somebody's gestures.

    Attributes:
        gesture: Factor on the weights of hands and body, [0.6, 1.18].
        brow: Factor on the short move of face and head that answers a question, [0.28, 1.08].
        lean: Weight with which the body leans towards a question, [0, 0.7].
    """

    gesture: float = 1.0
    brow: float = 1.0
    lean: float = 0.0


PLAIN_TEMPER = Temper()
"""Gestures as the library has them."""


def after_turn(traits: Traits, baselines: Traits, signals: Iterable[Signal] = ()) -> Traits:
    """The traits after a turn in which this happened; a signal counts once, however often it came.

    Args:
        traits: As they were.
        baselines: Where they return to.
        signals: What happened.
    """
    moves = zip(_values(traits), _values(baselines), _added(frozenset(signals)), strict=True)
    moved = [_KEPT * was + (1.0 - _KEPT) * home + added for was, home, added in moves]
    return Traits(*[item if 0.0 <= item <= 1.0 else _bounded(item) for item in moved])


def colour(traits: Traits) -> Mood:
    """How the traits shift the mood.

    Returns:
        Valence in [-0.24, 0.06], arousal in [-0.28, 0.12], dominance in [-0.24, 0.16].
    """
    return Mood(
        _VALENCE_OF_WARMTH * (traits.warmth - REFERENCE.warmth),
        _AROUSAL_OF_ENERGY * (traits.energy - REFERENCE.energy),
        _DOMINANCE_OF_CONFIDENCE * (traits.confidence - REFERENCE.confidence),
    )


def negative_factor(traits: Traits) -> float:
    """How strongly what is bad is felt, [0.88, 1.68]; 1 at the reference."""
    return 1.0 + _FELT_OF_PATIENCE * (REFERENCE.patience - traits.patience)


def temper_of(traits: Traits) -> Temper:
    """What the traits make of gestures."""
    gesture = 1.0 + _GESTURE_OF_ENERGY * (traits.energy - REFERENCE.energy)
    return Temper(
        gesture=max(_LEAST_GESTURE, gesture),
        brow=1.0 + _BROW_OF_CURIOSITY * (traits.curiosity - REFERENCE.curiosity),
        lean=_FULL_LEAN * max(0.0, traits.curiosity - _LEANING) / (1.0 - _LEANING),
    )


_values = attrgetter(*TRAIT_NAMES)


@cache
def _added(signals: frozenset[Signal]) -> tuple[float, ...]:
    """What signals that come together add to each trait, in the order of their names."""
    added = dict.fromkeys(TRAIT_NAMES, 0.0)
    for signal in Signal:  # in one order, for sums of floats depend on it
        for name, change in EFFECTS[signal].items() if signal in signals else ():
            added[name] += change
    return tuple(added.values())


def _bounded(value: float) -> float:
    return max(0.0, min(1.0, value))
