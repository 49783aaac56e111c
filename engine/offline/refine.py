"""Weights of bases from pictures: the avatar is drawn until it looks like the take.

Analysis by synthesis, by Gauss-Newton steps with a Jacobian that is measured, not derived: every
basis is moved a little and the head is drawn again, which takes about a millisecond.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from compositor.backend import I420
from engine.offline.bounded import bounded_least_squares
from engine.offline.unknowns import Unknowns
from engine.offline.view import HeadView

__all__ = ["Refined", "Refiner", "refine_take"]

Floats = NDArray[np.float64]

# By how much a basis is moved to see what it does: pictures have whole levels only, so one that
# shows little is moved farther.
_STEPS = (0.06, 0.3)
_STEP_SHOWS = 0.0015
_TRUST = 0.35  # the farthest that a basis moves in one iteration
_ITERATIONS = 20
_NOTICEABLE = 0.03
_COARSE_FROM = 0.02  # residual above which the coarse pictures are compared first
_CHROMA = 0.7  # of the weight of luma
# Of a picture whose values are in [0, 1] and whose pixels count by their share of the mask.
_RIDGE = 1e-7
_SPARSITY = 2e-4
_COARSE_SPARSITY = 5e-4
_FEW_SPARSITY = 1e-5
_REACH = 0.1  # as far from where it was measured is a Jacobian good


@dataclass(frozen=True, slots=True)
class Refined:
    """What a picture came to.

    Attributes:
        weights: (K,) weights of the bases.
        residual: Root mean square of the difference that is left, in [0, 1].
    """

    weights: Floats
    residual: float


@dataclass(frozen=True, slots=True)
class _End:
    """When weights are good enough.

    Attributes:
        moved: None moves farther than this,
        gained: or the cost falls by less than this share of it,
        near: and the Jacobian was measured no farther from here than this.
        steady: How strongly what has no need to move stays as it was, against what shows.
    """

    moved: float
    gained: float
    near: float
    steady: float


_ROUGH = _End(0.004, 1e-4, 0.02, 0.01)
_EXACT = _End(0.003, 5e-5, 0.02, 0.0)


@dataclass(frozen=True, slots=True)
class _Pixels:
    seen: NDArray[np.intp]
    share: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Slope:
    weights: Floats
    rows: NDArray[np.float32]
    gram: Floats


class Refiner:
    """Finds the weights with which an avatar looks like pictures of it. One thread at a time.

    Args:
        view: Of the avatar.
        unknowns: What is looked for.
        mask: How much each pixel of the view counts, (side, side) in [0, 1].
    """

    def __init__(
        self,
        view: HeadView,
        unknowns: Unknowns,
        mask: NDArray[np.float32],
        neutral: I420 | None = None,
    ) -> None:
        self._view = view
        self._unknowns = unknowns
        self._low, self._high = unknowns.low, unknowns.high
        self._pixels = (_pixels(mask, coarse=False), _pixels(mask, coarse=True))
        self._slopes: list[_Slope | None] = [None, None]
        self._free = np.arange(len(unknowns))
        self._sparsity = (_SPARSITY, _COARSE_SPARSITY)
        self._end = _ROUGH
        self._still = [np.zeros(1, np.float32), np.zeros(1, np.float32)]
        rest = np.zeros(len(unknowns))
        if neutral is not None:
            self._still = [
                self._drawn(rest, coarse=coarse) - self._vector(neutral, coarse=coarse)
                for coarse in (False, True)
            ]
        self._steps = np.full(len(unknowns), _STEPS[1])
        slope = self._slope(rest, self._drawn(rest, coarse=False), coarse=False)
        self._scale = np.sqrt(slope.gram.diagonal())
        """How much each unknown shows: RMS of the picture at 1."""
        self._steps = np.clip(_STEP_SHOWS / np.maximum(self._scale, 1e-6), *_STEPS)
        self._slopes = [None, None]

    def restrict(self, allowed: NDArray[np.bool_]) -> None:
        """From now on only these unknowns (K,) move; few as they are, they need no sparsity."""
        self._free = np.flatnonzero(allowed)
        self._sparsity = (_FEW_SPARSITY, _FEW_SPARSITY)
        self._end = _EXACT
        self._slopes = [None, None]

    def residual(self, picture: I420, weights: Floats) -> float:
        """How different the avatar looks with these weights: RMS in [0, 1]."""
        return float(
            np.linalg.norm(self._goal(picture, coarse=False) - self._drawn(weights, coarse=False))
        )

    def within(self, weights: Floats) -> Floats:
        """The nearest weights that may be: inside their ranges, and 0 for those held still."""
        inside = np.zeros(len(weights))
        inside[self._free] = np.clip(weights, self._low, self._high)[self._free]
        return inside

    def refine(self, picture: I420, starts: Sequence[Floats], prior: Floats) -> Refined:
        """The weights with which the avatar looks most like a picture.

        Args:
            picture: I420 of the view's size.
            starts: Where to begin: the best of them is taken.
            prior: What is likely where the picture does not tell.
        """
        weights = min(starts, key=lambda one: self.residual(picture, one))
        if self.residual(picture, weights) > _COARSE_FROM:
            weights, _ = self._descend(picture, weights, prior, coarse=True)
        return Refined(*self._descend(picture, weights, prior, coarse=False))

    def _descend(
        self, picture: I420, weights: Floats, prior: Floats, *, coarse: bool
    ) -> tuple[Floats, float]:
        goal = self._goal(picture, coarse=coarse)
        free, sparsity, end = self._free, self._sparsity[coarse], self._end
        drawn = self._drawn(weights, coarse=coarse)
        cost = self._cost(goal - drawn, weights, prior, sparsity)
        damping = 0.0
        for _ in range(_ITERATIONS):
            slope = self._slope(weights, drawn, coarse=coarse)
            curvature = slope.gram.diagonal()
            pull = _RIDGE + self._end.steady * self._scale[free] ** 2
            gram = slope.gram + np.diag(pull + damping * curvature)
            wanted = (slope.rows @ (goal - drawn)).astype(np.float64) + slope.gram @ weights[free]
            wanted += pull * prior[free] + damping * curvature * weights[free]
            found = weights.copy()
            found[free] = bounded_least_squares(
                gram,
                wanted,
                np.maximum(self._low, weights - _TRUST)[free],
                np.minimum(self._high, weights + _TRUST)[free],
                weights[free],
                sparsity * self._scale[free],
            )
            shown = self._drawn(found, coarse=coarse)
            reached = self._cost(goal - shown, found, prior, sparsity)
            moved = float(np.abs(found - weights).max())
            if reached > cost and moved >= end.moved:
                if self._age(weights, coarse=coarse) > 0.0:
                    self._slopes[coarse] = None
                else:
                    damping = max(0.3, 4.0 * damping)
                continue
            gained = cost - reached
            if gained > 0.0:
                weights, drawn, cost, damping = found, shown, reached, 0.25 * damping
            if moved < end.moved or gained < end.gained * cost:
                if self._age(weights, coarse=coarse) < end.near:
                    break
                self._slopes[coarse] = None
        return weights, float(np.linalg.norm(goal - drawn))

    def _cost(
        self, left: NDArray[np.float32], weights: Floats, prior: Floats, sparsity: float
    ) -> float:
        moved = self._scale * (weights - prior)
        found = 0.5 * float(left @ left) + sparsity * float(self._scale @ np.abs(weights))
        return found + 0.5 * self._end.steady * float(moved @ moved)

    def _age(self, weights: Floats, *, coarse: bool) -> float:
        """How far from these weights the kept Jacobian was measured."""
        slope = self._slopes[coarse]
        return float("inf") if slope is None else float(np.abs(slope.weights - weights).max())

    def _slope(self, weights: Floats, drawn: NDArray[np.float32], *, coarse: bool) -> _Slope:
        """What moving each unknown does to the picture; kept while they have hardly moved."""
        kept = self._slopes[coarse]
        if kept is not None and self._age(weights, coarse=coarse) < _REACH:
            return kept
        rows = np.empty((len(self._free), len(drawn)), np.float32)
        for row, number in zip(rows, self._free, strict=True):
            step = self._steps[number]
            step = step if weights[number] + step <= self._high[number] else -step
            moved = weights.copy()
            moved[number] += step
            np.subtract(self._drawn(moved, coarse=coarse), drawn, out=row)
            row /= step
        made = _Slope(weights.copy(), rows, (rows @ rows.T).astype(np.float64))
        self._slopes[coarse] = made
        return made

    def _drawn(self, weights: Floats, *, coarse: bool) -> NDArray[np.float32]:
        return self._vector(self._view.i420(self._unknowns.weights(weights)), coarse=coarse)

    def _goal(self, picture: I420, *, coarse: bool) -> NDArray[np.float32]:
        """What is to be reached; what differs in the neutral frame already is no movement."""
        return self._vector(picture, coarse=coarse) + self._still[coarse]

    def _vector(self, picture: I420, *, coarse: bool) -> NDArray[np.float32]:
        """The pixels that count, each by its weight."""
        side = self._view.side_px
        planes = [picture[:side], *picture[side:].reshape(2, side // 2, side // 2)]
        if coarse:
            planes = [
                cv2.resize(plane, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
                for plane in planes
            ]
        else:
            planes[0] = cv2.GaussianBlur(planes[0], (3, 3), 0.0)
        flat = np.concatenate([plane.ravel() for plane in planes])
        pixels = self._pixels[coarse]
        return np.asarray(flat[pixels.seen] * pixels.share, np.float32)


def refine_take(
    refiner: Refiner,
    pictures: Sequence[I420],
    starts: Sequence[Floats],
    unknowns: Unknowns,
    progress: Callable[[float], None] = lambda _: None,
) -> tuple[list[Floats], list[float]]:
    """The weights of every frame, and what difference is left.

    First every unknown may move, but a little is taken off each: so few of them move. Those that
    never do are left out the second time, and the others found as they are.

    Args:
        refiner: Of the avatar.
        pictures: I420 of the view's size.
        starts: (K,) for each frame, such as what its landmarks say.
        unknowns: What is looked for.
        progress: Is told the share that is done.
    """
    rest = np.zeros(len(unknowns))
    found = _pass(
        refiner, pictures, [[start] for start in starts], rest, lambda one: progress(0.6 * one)
    )
    most = np.abs([one.weights for one in found]).max(axis=0)
    refiner.restrict(most >= _NOTICEABLE)
    found = _pass(
        refiner,
        pictures,
        [[one.weights] for one in found],
        rest,
        lambda one: progress(0.6 + 0.4 * one),
    )
    return [one.weights for one in found], [one.residual for one in found]


def _pass(
    refiner: Refiner,
    pictures: Sequence[I420],
    starts: Sequence[Sequence[Floats]],
    rest: Floats,
    progress: Callable[[float], None],
) -> list[Refined]:
    found: list[Refined] = []
    for picture, own in zip(pictures, starts, strict=True):
        before = found[-1].weights if found else rest
        ahead = 2.0 * before - found[-2].weights if len(found) > 1 else before
        tried = [refiner.within(one) for one in (*own, before, ahead)]
        found.append(refiner.refine(picture, tried, before))
        progress(len(found) / len(pictures))
    return found


def _pixels(mask: NDArray[np.float32], *, coarse: bool) -> _Pixels:
    if coarse:
        smaller = cv2.resize(mask, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
        mask = np.asarray(smaller, np.float32)
    half = cv2.resize(mask, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    whole = np.concatenate([mask.ravel(), _CHROMA * half.ravel(), _CHROMA * half.ravel()])
    seen = np.flatnonzero(whole > 0.0)
    share = np.sqrt(whole[seen] / max(float(mask.sum()), 1.0)) / 255.0
    return _Pixels(seen, np.asarray(share, np.float32))
