"""Weights of bases from pictures: the avatar is drawn until it looks like the take.

Analysis by synthesis: every basis is moved a little and the head is drawn again, which takes a few
milliseconds. From far away it is coarse pictures that are compared first.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from compositor.backend import I420
from engine.offline.descent import Problem, descend
from engine.offline.likeness import COARSEST, FINEST, Likeness
from engine.offline.slope import Slope
from engine.offline.unknowns import Unknowns
from engine.offline.view import HeadView

__all__ = ["Refined", "Refiner", "refine_take"]

Floats = NDArray[np.float64]
Vector = NDArray[np.float32]

_FAR = 0.01  # residual above which the coarsest pictures are compared first
_ROUGH = 1  # level at which a take is gone through at first
_SPARSITY = 0.03
_EXACT_SPARSITY = 4.0
_SHOWS = 6e-4  # a basis that shows so much where it moves farthest has its share of that,
_DEAREST = 10.0  # others more, at most so many times it, or less
_NEAR = (0.04, 0.08, 0.1)  # by level: how far from where they are measured slopes are good
_BESIDE_SPARSITY = 4.0  # times that, for what is no part of an expression
_LEAST_SCALE = 0.004  # a basis that does not show at rest, as mouthClose, is not free for that
_HIDDEN = 1e-4  # what shows less at rest may show elsewhere
_SCALE_STEP = 0.3  # by which bases are moved to see how much they show
_NOTICEABLE = 0.03
# What fills an open mouth almost as well as teeth and lips do, and changes the picture in leaps: it
# moves only where it already does, or where a frame cannot be explained without it.
_SHY = ("tongueOut",)
_SHY_START = 0.3
_CLOSED, _OPENED = "mouthClose", "jawOpen"  # see `capsules.weights`
_EVEN = 0.2  # sides that differ by less may do alike
_WORSE = 1.12  # times what the better frames are off by is worth another try,
_BETTER_FRAMES = 0.25
_GAINS = 0.97  # and what leaves less than this share of that is better
_MOST_TRUSTED = 32  # frames by which it is seen how well each pixel is explained


@dataclass(frozen=True, slots=True)
class Refined:
    """What a picture came to.

    Attributes:
        weights: (K,) weights of the bases.
        residual: Root mean square of the difference that is left, in [0, 1]; of pictures that are
            blurred as they were for the comparison.
    """

    weights: Floats
    residual: float


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
        self._likeness = Likeness(view.side_px, mask)
        self._neutral = neutral
        self._at_rest = view.i420({})
        self._free = np.arange(len(unknowns))
        self._level = _ROUGH
        self._pairs = [
            (number, unknowns.names.index(other))
            for number, name in enumerate(unknowns.names)
            if (other := name.replace("Left", "Right")) != name and other in unknowns.names
        ]
        self._is_dear = np.zeros(len(unknowns), np.bool_)
        self._shy = np.array([name in _SHY for name in unknowns.names])
        shown = np.zeros(len(unknowns))
        for number in range(len(unknowns)):
            values = np.zeros(len(unknowns))
            values[number] = _SCALE_STEP
            shows = self._drawn(values, FINEST) - self._drawn(np.zeros(len(unknowns)), FINEST)
            shown[number] = float(np.linalg.norm(shows)) / _SCALE_STEP
        self._scale = np.maximum(shown, _LEAST_SCALE)
        self._shows = np.where(shown > _HIDDEN, shown, _LEAST_SCALE)
        dear = [_BESIDE_SPARSITY if name in beside else 1.0 for name in unknowns.names]
        self._sparsity = _SPARSITY * np.array(dear) * self._scale
        self._slopes = [self._slope(level) for level in range(COARSEST + 1)]

    @property
    def unlike(self) -> float:
        """How different the avatar at rest is from the neutral picture: RMS in [0, 1]."""
        return float(np.linalg.norm(self._still(FINEST, plain=True)))

    def settle(self, pictures: Sequence[I420], found: Sequence[Refined]) -> None:
        """Learns from a whole take how the rest is to be found exactly.

        What hardly moves in any picture is held still from now on, and what moves little is dearer
        than what moves far (Zou, "The Adaptive Lasso and Its Oracle Properties", 2006), alike for
        both sides of a face. Pixels count by how well they are explained.
        """
        most = np.abs([one.weights for one in found]).max(axis=0)
        moves = most >= _NOTICEABLE
        names = self._unknowns.names
        if _CLOSED in names and _OPENED in names:
            # Lips that hardly part hide how far the jaw is open, and how far they are closed.
            moves[names.index(_CLOSED)] |= moves[names.index(_OPENED)]
        self._free = np.flatnonzero(moves)
        for pair in self._pairs:
            most[list(pair)] = most[list(pair)].mean()
        share = np.minimum((_SHOWS / np.maximum(most * self._shows, 1e-6)) ** 2, _DEAREST)
        self._is_dear = share > 1.0
        self._sparsity = self._sparsity * (_EXACT_SPARSITY / _SPARSITY) * share
        every = max(1, -(-len(pictures) // _MOST_TRUSTED))
        left = [
            self._goal(picture, FINEST) - self._drawn(one.weights, FINEST)
            for picture, one in zip(pictures[::every], found[::every], strict=True)
        ]
        self._likeness.trust(left)
        self._level = FINEST
        self._slopes[FINEST] = self._slope(FINEST)

    def residual(self, picture: I420, weights: Floats) -> float:
        """How different the avatar looks with these weights: RMS in [0, 1]."""
        drawn = self._view.i420(self._unknowns.weights(weights))
        shown = [self._likeness.vector(one, FINEST, plain=True) for one in (picture, drawn)]
        return float(np.linalg.norm(shown[0] + self._still(FINEST, plain=True) - shown[1]))

    def within(self, weights: Floats) -> Floats:
        """The nearest weights that may be: inside their ranges, and 0 for those held still."""
        inside = np.zeros(len(weights))
        limits = self._unknowns.low, self._unknowns.high
        inside[self._free] = np.clip(weights, *limits)[self._free]
        return inside

    def refine(self, picture: I420, starts: Sequence[Floats]) -> Refined:
        """The weights with which the avatar looks most like a picture.

        Args:
            picture: I420 of the view's size.
            starts: Where to begin: the best of them is taken.
        """
        goal = self._goal(picture, self._level)
        left = [float(np.linalg.norm(goal - self._drawn(one, self._level))) for one in starts]
        residual, number = min(zip(left, range(len(left)), strict=True))
        coarse = residual > _FAR and self._level > FINEST
        return self._down(picture, starts[number], coarse=coarse)

    def again(self, picture: I420, found: Refined) -> Refined:
        """The same for a picture that is not explained well: from elsewhere, by coarse pictures."""
        out = np.where(self._shy, np.maximum(found.weights, _SHY_START), found.weights)
        starts = (self.within(out), np.zeros(len(out)))
        tried = [self._down(picture, start, coarse=True) for start in starts]
        return min([found, *tried], key=lambda one: one.residual)

    def plainer(self, picture: I420, found: Refined) -> Refined:
        """The same, from where both sides do alike and what hardly shows is at rest.

        The picture still decides: this is where to begin, for the way down ends where bases look
        nearly alike, and faces are mostly even.
        """
        even = found.weights.copy()
        for left, right in self._pairs:
            if abs(even[left] - even[right]) <= _EVEN:
                even[[left, right]] = 0.5 * (even[left] + even[right])
        bare = np.where(self._is_dear, 0.0, even)
        tried = [self._down(picture, self.within(one), coarse=False) for one in (even, bare)]
        return min([found, *tried], key=lambda one: one.residual)

    def _down(self, picture: I420, weights: Floats, *, coarse: bool) -> Refined:
        held = self._shy & (weights == 0.0)
        residual = 0.0
        for level in (COARSEST, self._level) if coarse else (self._level,):
            problem = Problem(
                draw=partial(self._drawn, level=level),
                goal=self._goal(picture, level),
                low=self._unknowns.low,
                high=self._unknowns.high,
                free=self._free[~held[self._free]],
                sparsity=self._sparsity,
                near=_NEAR[level],
            )
            reached = descend(problem, self._slopes[level], weights)
            weights, residual = reached.weights, reached.residual
        return Refined(self._shown(weights), residual)

    def _shown(self, weights: Floats) -> Floats:
        """Weights as they are drawn: lips are closed no farther than the jaw has opened them."""
        names = self._unknowns.names
        if not {_CLOSED, _OPENED} <= set(names):
            return weights
        shown = weights.copy()
        closed, opened = names.index(_CLOSED), names.index(_OPENED)
        shown[closed] = min(shown[closed], max(0.0, shown[opened]))
        return shown

    def _slope(self, level: int) -> Slope:
        return Slope(
            lambda values: self._drawn(values, level),
            self._unknowns.low,
            self._unknowns.high,
            self._scale,
            self._likeness.rounding(level),
        )

    def _drawn(self, weights: Floats, level: int) -> Vector:
        picture = self._view.i420(self._unknowns.weights(weights))
        return self._likeness.vector(picture, level)

    def _still(self, level: int, *, plain: bool = False) -> Vector:
        """How the avatar at rest differs from the neutral picture."""
        at_rest = self._likeness.vector(self._at_rest, level, plain=plain)
        if self._neutral is None:
            return np.zeros_like(at_rest)
        neutral = self._likeness.vector(self._neutral, level, plain=plain)
        return np.asarray(at_rest - neutral, np.float32)

    def _goal(self, picture: I420, level: int) -> Vector:
        """What is to be reached; what differs in the neutral frame already is no movement."""
        return np.asarray(self._likeness.vector(picture, level) + self._still(level), np.float32)


def refine_take(
    refiner: Refiner,
    pictures: Sequence[I420],
    starts: Sequence[Floats],
    progress: Callable[[float], None] = lambda _: None,
) -> tuple[list[Floats], list[float]]:
    """The weights of every frame, and what difference is left.

    First every unknown may move. Frames that are explained worse than others are tried again from
    elsewhere, and where that helps their neighbours as well. At last the unknowns that hardly ever
    move are left out, pixels count by how well they were explained, and the others are found
    exactly.

    Args:
        refiner: Of the avatar.
        pictures: I420 of the view's size.
        starts: (K,) for each frame, such as what its landmarks say.
        progress: Is told the share that is done.
    """
    found: list[Refined] = []
    for picture, own in zip(pictures, starts, strict=True):
        before = found[-1].weights if found else np.zeros(len(own))
        ahead = 2.0 * before - found[-2].weights if len(found) > 1 else before
        tried = [refiner.within(one) for one in (own, before, ahead)]
        found.append(refiner.refine(picture, tried))
        progress(0.6 * len(found) / len(pictures))
    _again(refiner, pictures, found)
    progress(0.75)
    refiner.settle(pictures, found)
    count = len(pictures)
    # Forth and back: what a frame has come to helps its neighbours on, as far as they are alike.
    order = [*range(count), *range(count - 2, -1, -1)]
    weights = [refiner.within(one.weights) for one in found]
    for done, at in enumerate(order):
        beside = weights[max(0, at - 1)] if done < count else weights[at + 1]
        one = refiner.refine(pictures[at], [weights[at], beside])
        weights[at] = (refiner.plainer(pictures[at], one) if done < count else one).weights
        progress(0.75 + 0.25 * done / len(order))
    residuals = [
        refiner.residual(picture, one) for picture, one in zip(pictures, weights, strict=True)
    ]
    return weights, residuals


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
