"""The weights of every frame of a take: gone through several times, from rough to exact."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from compositor.backend import I420
from engine.offline.mouths import Mouths
from engine.offline.refine import Refined, Refiner

__all__ = ["refine_take"]

Floats = NDArray[np.float64]
Progress = Callable[[float], None]

_WORSE = 1.12  # times what the better frames are off by is worth another try,
_BETTER_FRAMES = 0.25
_GAINS = 0.97  # and what leaves less than this share of that is better


def refine_take(
    refiner: Refiner,
    pictures: Sequence[I420],
    starts: Sequence[Floats],
    mouths: Mouths,
    progress: Progress = lambda _: None,
) -> tuple[list[Floats], list[float]]:
    """The weights of every frame, and what difference is left.

    First every unknown may move. Frames that are explained worse than others are tried again from
    elsewhere, and where that helps their neighbours as well. Then the unknowns that hardly ever
    move are left out, and pixels count by how well they were explained. At last come those that
    pictures are explained without, and the others are found exactly.

    Args:
        refiner: Of the avatar.
        pictures: I420 of the view's size.
        starts: (K,) for each frame, such as what its landmarks say.
        mouths: Shapes that the mouth may have.
        progress: Is told the share that is done.
    """
    found = _roughly(refiner, pictures, starts, mouths, lambda share: progress(0.6 * share))
    _again(refiner, pictures, found)
    progress(0.7)
    refiner.settle(pictures, found)
    weights = [refiner.within(one.weights) for one in found]
    forth = range(len(pictures))
    witnesses = []
    for at, one in _exactly(refiner, pictures, weights, forth):
        weights[at] = refiner.evener(pictures[at], one).weights
        witnesses.append(refiner.witness(pictures[at], weights[at]))
        progress(0.7 + 0.2 * len(witnesses) / len(pictures))
    weights = refiner.narrow(witnesses)
    # Back as well: what a frame has come to helps its neighbours on, as far as they are alike.
    residuals = np.zeros(len(pictures))
    for at, one in _exactly(refiner, pictures, weights, forth[::-1]):
        weights[at] = one.weights
        residuals[at] = refiner.residual(pictures[at], one.weights)
        progress(1.0 - 0.1 * at / len(pictures))
    return weights, residuals.tolist()


def _exactly(
    refiner: Refiner, pictures: Sequence[I420], weights: Sequence[Floats], order: range
) -> Iterator[tuple[int, Refined]]:
    """Each frame in an order, from where it is or where the one before it has come to by then."""
    for at in order:
        before = at - order.step
        beside = weights[before] if before in order else weights[at]
        yield at, refiner.refine(pictures[at], [weights[at], beside])


def _roughly(
    refiner: Refiner,
    pictures: Sequence[I420],
    starts: Sequence[Floats],
    mouths: Mouths,
    progress: Progress,
) -> list[Refined]:
    """Every unknown may move."""
    found: list[Refined] = []
    for picture, own in zip(pictures, starts, strict=True):
        before = found[-1].weights if found else np.zeros(len(own))
        ahead = 2.0 * before - found[-2].weights if len(found) > 1 else before
        one = refiner.refine(picture, [refiner.within(start) for start in (own, before, ahead)])
        found.append(refiner.elsewhere(picture, one, mouths.starts(one.weights)))
        progress(len(found) / len(pictures))
    return found


def _again(refiner: Refiner, pictures: Sequence[I420], found: list[Refined]) -> None:
    """Tries frames that are explained worse than the better ones again, in place.

    Of frames in a row the worst one is tried; what helps it, its neighbours begin with.
    """
    limit = _WORSE * float(np.quantile([one.residual for one in found], _BETTER_FRAMES))
    worse = [number for number, one in enumerate(found) if one.residual > limit]
    # The worst one in any case: what most frames lack is not seen by comparing them.
    worse = worse or [int(np.argmax([one.residual for one in found]))]
    while worse:
        worst = max(worse, key=lambda number: found[number].residual)
        run = [worst]
        for step in (-1, 1):
            at = worst + step
            while at in worse:
                run.append(at)
                at += step
        worse = [number for number in worse if number not in run]
        better = refiner.again(pictures[worst], found[worst])
        if better.residual > _GAINS * found[worst].residual:
            continue
        found[worst] = better
        for step in (-1, 1):
            at = worst + step
            while at in run:
                tried = refiner.refine(pictures[at], [found[at - step].weights])
                if tried.residual > _GAINS * found[at].residual:
                    break
                found[at] = tried
                at += step
