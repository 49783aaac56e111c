"""Weights of a blend: quantised, compared, and moved towards others."""

__all__ = ["MIN_WEIGHT", "gap", "quantised", "strongest_of", "toward"]

MIN_WEIGHT = 0.05
"""Weights below this are not worth their bytes."""


def quantised(weight: float) -> float:
    """To 1/256, which a 32-bit float holds exactly: a packet is the same on both ends of a wire."""
    return round(max(0.0, min(1.0, weight)) * 256) / 256


def gap(shown: dict[str, float], goal: dict[str, float]) -> float:
    """The largest difference of two blends' weights, by cid."""
    if shown == goal:
        return 0.0  # as nearly always
    return max(
        (abs(shown.get(cid, 0.0) - goal.get(cid, 0.0)) for cid in shown.keys() | goal.keys()),
        default=0.0,
    )


def strongest_of(held: dict[str, float], felt: dict[str, float]) -> dict[str, float]:
    """What is held, each where it is felt as well at the greater of its two weights."""
    return {cid: max(weight, felt.get(cid, 0.0)) for cid, weight in held.items()}


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
