"""Weights of a blend: quantised, compared, and moved towards others."""

from collections.abc import Mapping

__all__ = [
    "LEVELS",
    "MIN_WEIGHT",
    "gap",
    "heaviest_first",
    "hold",
    "quantised",
    "toward",
]

LEVELS = 256
"""Weights are so many steps, which a 32-bit float holds exactly."""

MIN_WEIGHT = 0.05
"""Weights below this are not worth their bytes."""


def quantised(weight: float) -> float:
    """To 1/256, so that a packet is the same on both ends of a wire."""
    return round(max(0.0, min(1.0, weight)) * LEVELS) / LEVELS


def gap(shown: dict[str, float], goal: dict[str, float]) -> float:
    """The largest difference of two blends' weights, by cid."""
    if shown is goal or shown == goal:
        return 0.0  # as nearly always
    return max(
        (abs(shown.get(cid, 0.0) - goal.get(cid, 0.0)) for cid in shown.keys() | goal.keys()),
        default=0.0,
    )


def hold(shown: dict[str, float], held: Mapping[str, float]) -> None:
    """Puts what is held among what is shown, where it is already, at the greater weight."""
    for cid, weight in held.items():
        shown[cid] = max(weight, shown.get(cid, 0.0))


def heaviest_first(weights: Mapping[str, float]) -> dict[str, float]:
    """The same in order of their weights, equal ones in that of their ids."""
    return dict(sorted(weights.items(), key=lambda item: (-item[1], item[0])))


def toward(shown: dict[str, float], goal: dict[str, float], share: float) -> dict[str, float]:
    """Weights a share of the way further; what would be too light goes to its goal."""
    moved: dict[str, float] = {}
    for cid in sorted(shown.keys() | goal.keys()):
        start, end = shown.get(cid, 0.0), goal.get(cid, 0.0)
        weight = start + (end - start) * share
        if weight < MIN_WEIGHT or abs(weight - end) < MIN_WEIGHT:
            weight = end
        if weight > 0.0:
            moved[cid] = weight
    return moved
