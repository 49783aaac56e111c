"""How an avatar's landmarks answer to its bases, measured on its own picture."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from capsules.bake.finder import FaceFinder
from capsules.bake.found import FoundFace
from engine.offline.bounded import bounded_least_squares
from engine.offline.errors import TakeError
from engine.offline.features import FEATURE_WEIGHTS, Neutral, Observation
from engine.offline.unknowns import HEAD_BASES, Unknowns
from engine.offline.view import HeadView

__all__ = ["Response", "measure"]

Floats = NDArray[np.float64]

_AMOUNT = 0.7  # of a basis when it is looked at: smaller movements drown in noise
_HEAD_AMOUNT = 0.5
_DEGREES = 0.006  # a degree of the head's turn counts like so many eye distances, times points
_POINTS = 30.0
# What the models see of a still face moves by some 0.08 in these units, all points together.
_UNSEEN = 0.12
# No landmark lies on the tongue: what it does to those of the lips, other bases do as well.
_UNTOLD = frozenset({"tongueOut"})
_RIDGE = 0.003
_SPARSITY = 0.015


@dataclass(frozen=True, slots=True)
class Response:
    """A linear model of an avatar's landmarks.

    Attributes:
        unknowns: The bases.
        face: The avatar at rest, in pixels of the view it was measured in.
        slopes: (K, F + 3) weighted features, and turns, for each unknown at 1.
    """

    unknowns: Unknowns
    face: FoundFace
    slopes: Floats

    def fit(self, seen: Observation, start: Floats) -> tuple[Floats, float]:
        """The weights that explain what is seen, and what they leave unexplained.

        Args:
            seen: A frame of a take.
            start: (K,) where to begin.

        Returns:
            (K,) weights, and the RMS of the landmarks' distances, in distances of the eye corners.
        """
        goal = _features(seen)
        gram = self.slopes @ self.slopes.T
        scale = np.sqrt(np.maximum(gram.diagonal(), 1e-9))
        untold = scale < _UNSEEN
        untold |= [name in _UNTOLD for name in self.unknowns.names]
        found = bounded_least_squares(
            gram + np.diag(np.full(len(gram), _RIDGE)),
            self.slopes @ goal,
            np.where(untold, 0.0, self.unknowns.low),
            np.where(untold, 0.0, self.unknowns.high),
            start,
            _SPARSITY * scale,
        )
        left = (goal - self.slopes.T @ found)[:936]
        return found, float(np.sqrt((left**2).sum() / 468.0))


def measure(view: HeadView, finder: FaceFinder, unknowns: Unknowns) -> Response:
    """Moves every basis of an avatar once and looks where its landmarks go.

    Raises:
        TakeError: The models find no face in the avatar's picture.
    """
    rest = view.rgb({})
    found = finder.faces(rest)
    if not found:
        raise TakeError("the models find no face in the avatar's own picture")
    face = finder.track(rest, found[0], steady=True) or found[0]
    neutral = Neutral(face)
    slopes = np.zeros((len(unknowns), len(_features(neutral.observe(face)))))
    for number, name in enumerate(unknowns.names):
        amount = _HEAD_AMOUNT if name in HEAD_BASES else _AMOUNT
        signs = (1.0,) if unknowns.low[number] >= 0.0 else (1.0, -1.0)
        for sign in signs:
            values = np.zeros(len(unknowns))
            values[number] = sign * amount
            moved = finder.track(view.rgb(unknowns.weights(values)), face, steady=True)
            if moved is not None:
                slope = _features(neutral.observe(moved)) / (sign * amount)
                slopes[number] += slope / len(signs)
    return Response(unknowns, face, slopes)


def _features(seen: Observation) -> Floats:
    return np.concatenate([FEATURE_WEIGHTS * seen.moves, _POINTS * _DEGREES * seen.turn])
