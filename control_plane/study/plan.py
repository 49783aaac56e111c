"""Who sees what in which order: counter-balanced, and the same for the same participant.

Single stimuli follow a balanced Latin square (Williams, 1949): over as many participants as there
are variants (twice as many, for an odd number), each variant comes at each place, and after each
other one, equally often. Pairs change sides and order from one participant to the next.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

__all__ = ["Trial", "paired_trials", "single_trials", "williams_row"]


@dataclass(frozen=True, slots=True)
class Trial:
    """What is shown at one point: variants by index; `right` None: one alone."""

    scene: int
    left: int
    right: int | None = None


def williams_row(size: int, row: int) -> list[int]:
    """One participant's order of `size` conditions.

    Args:
        size: How many conditions, at least 1.
        row: The participant's number, from 0; orders repeat after `size` rows, or `2 * size`.
    """
    base = [0]
    low, high = 1, size - 1
    while len(base) < size:
        base.append(low)
        low += 1
        if len(base) < size:
            base.append(high)
            high -= 1
    order = [(item + row) % size for item in base]
    # An odd square balances what follows what only together with its mirror image.
    mirrored = size % 2 == 1 and (row // size) % 2 == 1
    return order[::-1] if mirrored else order


def single_trials(variants: int, scenes: int, participant: int, seed: int) -> list[Trial]:
    """Every variant in every scene, a scene at a time.

    Args:
        variants: How many there are.
        scenes: How many there are.
        participant: Number of the participant, from 0.
        seed: The study's.
    """
    return [
        Trial(scene, variant)
        for place, scene in enumerate(_scenes(scenes, participant, seed))
        for variant in williams_row(variants, participant + place)
    ]


def paired_trials(variants: int, scenes: int, participant: int, seed: int) -> list[Trial]:
    """Every two variants beside each other in every scene, a scene at a time."""
    pairs = list(combinations(range(variants), 2))
    trials: list[Trial] = []
    if not pairs:
        return trials
    for place, scene in enumerate(_scenes(scenes, participant, seed)):
        for index in williams_row(len(pairs), participant + place):
            left, right = pairs[index]
            # Sides go by scene too, so that nobody sees one variant always on the left.
            if (participant + scene + index) % 2:
                left, right = right, left
            trials.append(Trial(scene, left, right))
    return trials


def _scenes(scenes: int, participant: int, seed: int) -> Sequence[int]:
    """Scenes in an order of each participant's own."""
    order = list(range(scenes))
    random.Random(f"{seed}:{participant}").shuffle(order)
    return order
