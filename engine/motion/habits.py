"""Ways of one's own: how somebody differs, all the time, from how one behaves.

A held capsule may carry habits beside its curves, as `params["habits"]`: the bearing of a
personality does. They travel with it as its id and weight, so that no packet has to speak of eyes
or blinks. Each number doubles what it is about at 1 and halves it at -1; at 0 it changes nothing:

    gaze    how long looks at the viewer last; looks elsewhere last the inverse
    blinks  how often the lids close
    sway    how far the body drifts, and how often the weight shifts
    moves   how often there is a small movement
    favours how likely each small movement is, by its name
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from engine.motion.manners import Manner

__all__ = ["NO_HABITS", "Habits", "habits_of", "joined"]

_MOST, _FAVOUR = 1.5, 6.0
_STEPS = 8  # habits change by eighths: a bearing that sways a little changes nothing


@dataclass(frozen=True, slots=True)
class Habits:
    """See the module.

    Attributes:
        gaze: [-1.5, 1.5].
        blinks: [-1.5, 1.5].
        sway: [-1.5, 1.5].
        moves: [-1.5, 1.5].
        favours: Names of moves with numbers in [-6, 6], sorted by name.
    """

    gaze: float = 0.0
    blinks: float = 0.0
    sway: float = 0.0
    moves: float = 0.0
    favours: tuple[tuple[str, float], ...] = ()

    def of(self, manner: Manner) -> Manner:
        """The manner as somebody with these habits has it."""
        if self == NO_HABITS:
            return manner
        favours = dict(self.favours)
        return replace(
            manner,
            at_viewer_ms=manner.at_viewer_ms * 2.0**self.gaze,
            away_ms=manner.away_ms * 2.0**-self.gaze,
            blink_ms=manner.blink_ms * 2.0**-self.blinks,
            sway=manner.sway * 2.0**self.sway,
            shift_ms=manner.shift_ms * 2.0**-self.sway,
            move_ms=manner.move_ms * 2.0**-self.moves,
            moves=tuple(
                (move, share * 2.0 ** favours.get(move.name, 0.0)) for move, share in manner.moves
            ),
        )


NO_HABITS = Habits()
"""Behaves as one does."""


def habits_of(params: Mapping[str, Any]) -> Habits | None:
    """The habits among a capsule's parameters; None where it has none that can be read."""
    told = params.get("habits")
    if not isinstance(told, Mapping):
        return None
    favours = told.get("favours")
    named = favours.items() if isinstance(favours, Mapping) else ()
    return Habits(
        gaze=_number(told.get("gaze"), _MOST),
        blinks=_number(told.get("blinks"), _MOST),
        sway=_number(told.get("sway"), _MOST),
        moves=_number(told.get("moves"), _MOST),
        favours=tuple(sorted((str(name), _number(value, _FAVOUR)) for name, value in named)),
    )


def joined(parts: Iterable[tuple[Habits, float]]) -> Habits:
    """Habits of several capsules together, each by its weight; in steps of an eighth."""
    gaze = blinks = sway = moves = 0.0
    favours: dict[str, float] = {}
    for habits, weight in parts:
        gaze += weight * habits.gaze
        blinks += weight * habits.blinks
        sway += weight * habits.sway
        moves += weight * habits.moves
        for name, value in habits.favours:
            favours[name] = favours.get(name, 0.0) + weight * value
    return Habits(
        gaze=_stepped(gaze, _MOST),
        blinks=_stepped(blinks, _MOST),
        sway=_stepped(sway, _MOST),
        moves=_stepped(moves, _MOST),
        favours=tuple(sorted((name, _stepped(value, _FAVOUR)) for name, value in favours.items())),
    )


def _number(value: object, most: float) -> float:
    # Limited before it is a float: JSON has integers that no float can hold.
    return float(max(-most, min(most, value))) if isinstance(value, (int, float)) else 0.0


def _stepped(value: float, most: float) -> float:
    return round(max(-most, min(most, value)) * _STEPS) / _STEPS
