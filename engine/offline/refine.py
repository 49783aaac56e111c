"""Weights of bases from pictures: the avatar is drawn until it looks like the take.

Analysis by synthesis, by Gauss-Newton steps with a Jacobian that is measured, not derived: every
basis is moved a little and the head is drawn again, which takes about a millisecond.
"""

from collections.abc import Callable, Collection, Sequence
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
_STEP_SHOWS = 0.003
_TRUST = 0.35  # the farthest that a basis moves in one iteration
_SHORTER = 0.3  # what is left of that where a step leads nowhere
_ITERATIONS = 20
_NOTICEABLE = 0.03
_LEVELS = (0, 1)  # whole pictures and coarse ones
_COARSER = 0.25  # of the side
_COARSE_FROM = 0.02  # residual above which the coarse pictures are compared first
# Standard deviations of the low-pass that takes rounding to whole levels out of pictures.
_LUMA_BLUR_PX = 1.2
_CHROMA_BLUR_PX = 0.8
_CHROMA = 0.7  # of the weight of luma
# Of a picture whose values are in [0, 1] and whose pixels count by their share of the mask.
_RIDGE = 1e-7
_SPARSITY = (5e-5, 2e-4)  # by level
_FEW_SPARSITY = (1e-5, 1e-5)
_BESIDE_SPARSITY = 4.0  # times that, for what is no part of an expression
_LEAST_SCALE = 0.004  # a basis that does not show at rest, as mouthClose, is not free for that
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
        gained: or the cost falls by less than this share of it.
        near: A step that leads nowhere is tried again with a Jacobian measured no farther from here
            than this, before it is made shorter.
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
    """What moving each free unknown does; each row was measured at weights of its own."""

    at: Floats
    rows: NDArray[np.float32]
    gram: Floats


class Refiner:
    """Finds the weights with which an avatar looks like pictures of it. One thread at a time.

    Args:
        view: Of the avatar.
        unknowns: What is looked for.
        mask: How much each pixel of the view counts, (side, side) in [0, 1].
        neutral: What the picture looks like at rest; None: as the avatar does.
        beside: Names of unknowns that are no part of an expression, and move only where they must.
    """

    def __init__(
        self,
        view: HeadView,
        unknowns: Unknowns,
        mask: NDArray[np.float32],
        neutral: I420 | None = None,
        beside: Collection[str] = (),
    ) -> None:
        self._view = view
        self._unknowns = unknowns
        self._low, self._high = unknowns.low, unknowns.high
        self._pixels = tuple(_pixels(mask, level=level) for level in _LEVELS)
        self._slopes: list[_Slope | None] = [None] * len(_LEVELS)
        self._free = np.arange(len(unknowns))
        self._sparsity = _SPARSITY
        self._end = _ROUGH
        self._still = [np.zeros(1, np.float32) for _ in _LEVELS]
        rest = np.zeros(len(unknowns))
        if neutral is not None:
            self._still = [
                self._drawn(rest, level=level) - self._vector(neutral, level=level)
                for level in _LEVELS
            ]
        self._steps = np.full(len(unknowns), _STEPS[1])
        slope = self._slope(rest, _REACH, level=0)
        self._scale = np.maximum(np.sqrt(slope.gram.diagonal()), _LEAST_SCALE)
        """How much each unknown shows: RMS of the picture at 1."""
        self._dear = np.array(
            [_BESIDE_SPARSITY if one in beside else 1.0 for one in unknowns.names]
        )
        self._steps = np.clip(_STEP_SHOWS / np.maximum(self._scale, 1e-6), *_STEPS)
        self._slopes = [None] * len(_LEVELS)

    @property
    def unlike(self) -> float:
        """How different the avatar at rest is from the neutral picture: RMS in [0, 1]."""
        return float(np.linalg.norm(self._still[0]))

    def restrict(self, allowed: NDArray[np.bool_]) -> None:
        """From now on only these unknowns (K,) move; few as they are, they need no sparsity."""
        self._free = np.flatnonzero(allowed)
        self._sparsity = _FEW_SPARSITY
        self._end = _EXACT
        self._slopes = [None] * len(_LEVELS)

    def residual(self, picture: I420, weights: Floats) -> float:
        """How different the avatar looks with these weights: RMS in [0, 1]."""
        return float(np.linalg.norm(self._goal(picture, level=0) - self._drawn(weights, level=0)))

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
            weights = self._descend(picture, weights, prior, level=1).weights
        return self._descend(picture, weights, prior, level=0)

    def _descend(self, picture: I420, weights: Floats, prior: Floats, *, level: int) -> Refined:
        goal = self._goal(picture, level=level)
        free, sparsity, end = self._free, self._sparsity[level], self._end
        drawn = self._drawn(weights, level=level)
        cost = self._cost(goal - drawn, weights, prior, sparsity)
        trust, reach = _TRUST, _REACH
        for _ in range(_ITERATIONS):
            slope = self._slope(weights, reach, level=level)
            pull = _RIDGE + self._end.steady * self._scale[free] ** 2
            gram = slope.gram + np.diag(pull)
            wanted = (slope.rows @ (goal - drawn)).astype(np.float64) + slope.gram @ weights[free]
            wanted += pull * prior[free]
            found = weights.copy()
            found[free] = bounded_least_squares(
                gram,
                wanted,
                np.maximum(self._low, weights - trust)[free],
                np.minimum(self._high, weights + trust)[free],
                weights[free],
                sparsity * (self._dear * self._scale)[free],
            )
            shown = self._drawn(found, level=level)
            reached = self._cost(goal - shown, found, prior, sparsity)
            moved = float(np.abs(found - weights).max())
            if reached > cost and moved >= end.moved:
                if self._ages(weights, level=level).max() > end.near:
                    reach = end.near
                else:
                    # Where bases look alike the way down is narrow and bends: damping would keep
                    # to its sides, shorter steps follow it.
                    trust *= _SHORTER
                continue
            gained = cost - reached
            if gained > 0.0:
                weights, drawn, cost, trust = found, shown, reached, min(_TRUST, 2.0 * trust)
                reach = _REACH
            # With a Jacobian that is a little old the same weights explain the picture.
            if moved < end.moved or gained < end.gained * cost:
                break
        return Refined(weights, float(np.linalg.norm(goal - drawn)))

    def _cost(
        self, left: NDArray[np.float32], weights: Floats, prior: Floats, sparsity: float
    ) -> float:
        moved = self._scale * (weights - prior)
        found = 0.5 * float(left @ left) + sparsity * float(
            (self._dear * self._scale) @ np.abs(weights)
        )
        return found + 0.5 * self._end.steady * float(moved @ moved)

    def _ages(self, weights: Floats, *, level: int) -> Floats:
        """How far from these weights each row of the kept Jacobian was measured."""
        slope = self._slopes[level]
        if slope is None:
            return np.full(len(self._free), np.inf)
        return np.asarray((np.abs(slope.at - weights)).max(axis=1))

    def _slope(self, weights: Floats, reach: float, *, level: int) -> _Slope:
        """What moving each unknown does to the picture, measured no farther away than `reach`."""
        kept = self._slopes[level]
        stale = np.flatnonzero(self._ages(weights, level=level) >= reach)
        if kept is not None and not len(stale):
            return kept
        if kept is None:
            count = len(self._free)
            kept = _Slope(
                np.zeros((count, len(weights))),
                np.empty((count, len(self._pixels[level].seen)), np.float32),
                np.zeros((count, count)),
            )
            self._slopes[level] = kept
        for number in stale:
            unknown = self._free[number]
            ahead, behind = self._beside(unknown, weights)
            row = kept.rows[number]
            np.subtract(
                self._moved(unknown, ahead, weights, level=level),
                self._moved(unknown, behind, weights, level=level),
                out=row,
            )
            row /= ahead - behind
            kept.at[number] = weights
        kept.gram[stale] = kept.rows[stale] @ kept.rows.T
        kept.gram[:, stale] = kept.gram[stale].T
        return kept

    def _beside(self, unknown: int, weights: Floats) -> tuple[float, float]:
        """Two amounts of an unknown, about its own, to see what it does in between.

        Neither is its own: a picture of whole levels is off by some fraction of one, and what is
        off in the picture that is compared must not be in the Jacobian too, or every gradient leans
        towards more of everything.
        """
        own, step = float(weights[unknown]), float(self._steps[unknown])
        if own - step < self._low[unknown]:
            return own + 2.0 * step, own + step
        if own + step > self._high[unknown]:
            return own - step, own - 2.0 * step
        return own + step, own - step

    def _moved(
        self, unknown: int, amount: float, weights: Floats, *, level: int
    ) -> NDArray[np.float32]:
        moved = weights.copy()
        moved[unknown] = amount
        return self._drawn(moved, level=level)

    def _drawn(self, weights: Floats, *, level: int) -> NDArray[np.float32]:
        return self._vector(self._view.i420(self._unknowns.weights(weights)), level=level)

    def _goal(self, picture: I420, *, level: int) -> NDArray[np.float32]:
        """What is to be reached; what differs in the neutral frame already is no movement."""
        return self._vector(picture, level=level) + self._still[level]

    def _vector(self, picture: I420, *, level: int) -> NDArray[np.float32]:
        """The pixels that count, each by its weight."""
        side = self._view.side_px
        # In floats: what a small step shows is less than a level.
        whole = picture.astype(np.float32)
        planes = [whole[:side], *whole[side:].reshape(2, side // 2, side // 2)]
        if level:
            planes = [_smaller(plane) for plane in planes]
        else:
            planes[0] = _blurred(planes[0], _LUMA_BLUR_PX)
            planes[1:] = [_blurred(plane, _CHROMA_BLUR_PX) for plane in planes[1:]]
        flat = np.concatenate([plane.ravel() for plane in planes])
        pixels = self._pixels[level]
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


def _blurred(plane: NDArray[np.float32], deviation_px: float) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), deviation_px), np.float32)


def _smaller(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    found = cv2.resize(plane, None, fx=_COARSER, fy=_COARSER, interpolation=cv2.INTER_AREA)
    return np.asarray(found, np.float32)


def _pixels(mask: NDArray[np.float32], *, level: int) -> _Pixels:
    mask = _smaller(mask) if level else mask
    half = cv2.resize(mask, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    whole = np.concatenate([mask.ravel(), _CHROMA * half.ravel(), _CHROMA * half.ravel()])
    seen = np.flatnonzero(whole > 0.0)
    share = np.sqrt(whole[seen] / max(float(mask.sum()), 1.0)) / 255.0
    return _Pixels(seen, np.asarray(share, np.float32))
