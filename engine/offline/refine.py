"""Weights of bases from pictures: the avatar is drawn until it looks like the take.

Analysis by synthesis: every basis is moved a little and the head is drawn again, which takes a few
milliseconds. From far away it is coarse pictures that are compared first.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from compositor.backend import I420
from engine.offline.descent import Problem, descend
from engine.offline.evidence import Witness, needed
from engine.offline.likeness import COARSEST, FINEST, Likeness
from engine.offline.slope import Slope
from engine.offline.unknowns import Unknowns
from engine.offline.view import HeadView

__all__ = ["Refined", "Refiner"]

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
_NOTICEABLE = 0.03  # a basis that moves so far, or shows so much in [0, 1], moves at all
_NOTICED = 1e-3
# What fills an open mouth almost as well as teeth and lips do, and changes the picture in leaps: it
# moves only where it already does, or where a frame cannot be explained without it.
_SHY = ("tongueOut",)
_SHY_START = 0.3
_CLOSED, _OPENED = "mouthClose", "jawOpen"  # see `capsules.weights`
_EVEN = 0.2  # sides that differ by less may do alike
_WORTH = 2.0  # times what is left is the most that may be where another descent begins
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
        moves = (most >= _NOTICEABLE) | (most * self._shows >= _NOTICED)
        names = self._unknowns.names
        if _CLOSED in names and _OPENED in names:
            # Lips that hardly part hide how far the jaw is open, and how far they are closed.
            moves[names.index(_CLOSED)] |= moves[names.index(_OPENED)]
        self._free = np.flatnonzero(moves)
        for pair in self._pairs:
            most[list(pair)] = most[list(pair)].mean()
        share = np.minimum((_SHOWS / np.maximum(most * self._shows, 1e-6)) ** 2, _DEAREST)
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

    def elsewhere(self, picture: I420, found: Refined, starts: Sequence[Floats]) -> Refined:
        """The same from the best of some other starts, if it is not far off: what is less off."""
        goal = self._goal(picture, self._level)
        inside = [self.within(one) for one in starts]
        left = [float(np.linalg.norm(goal - self._drawn(one, self._level))) for one in inside]
        number = int(np.argmin([*left, _WORTH * found.residual]))
        if number == len(inside):
            return found
        other = self._down(picture, inside[number], coarse=False)
        return min(found, other, key=lambda one: one.residual)

    def evener(self, picture: I420, found: Refined) -> Refined:
        """The same, from where both sides do alike; the picture still decides.

        The way down ends where bases look nearly alike, and faces are mostly even.
        """
        even = found.weights.copy()
        for left, right in self._pairs:
            if abs(even[left] - even[right]) <= _EVEN:
                even[[left, right]] = 0.5 * (even[left] + even[right])
        other = self._down(picture, self.within(even), coarse=False)
        return min(found, other, key=lambda one: one.residual)

    def witness(self, picture: I420, weights: Floats) -> Witness:
        """What a picture says of its weights, for `narrow`."""
        slope, level = self._slopes[self._level], self._level
        slope.measure(weights, _NEAR[level], self._free)
        left = self._goal(picture, level) - self._drawn(weights, level)
        free = np.zeros(len(weights), np.bool_)
        free[self._free] = True
        gram = slope.gram.astype(np.float32)
        return Witness(np.where(free, weights, 0.0), gram, float(left @ left))

    def narrow(self, witnesses: Sequence[Witness]) -> list[Floats]:
        """Holds still from now on what a take can do without; the weights of its frames then.

        Codecs leave behind what looks a little like some basis or other. Where many of them are
        free, that hides what the others do.
        """
        # Lips that hardly part hide how far they are closed, see `settle`.
        closed = [int(at) for at in self._free if self._unknowns.names[at] == _CLOSED]
        limits = self._unknowns.low, self._unknowns.high
        kept, weights = needed(witnesses, self._groups(set(closed)), *limits)
        self._free = np.unique(np.concatenate([np.array(closed, np.intp), *kept]))
        return [self.within(one) for one in weights]

    def _groups(self, but: set[int]) -> list[NDArray[np.intp]]:
        """What is free, both sides of a face together."""
        free = {int(one) for one in self._free} - but
        pairs = [both for pair in self._pairs if (both := sorted(free.intersection(pair)))]
        single = [[one] for one in sorted(free.difference(*pairs))]
        return [np.array(one, np.intp) for one in (*pairs, *single)]

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
