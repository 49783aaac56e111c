"""What no basis explains of a take: a few pictures over the face, and how strongly each shows.

What is left of every frame when the avatar has been drawn as found is laid flat on her skin and
taken apart by singular values (Eckart and Young, "The Approximation of One Matrix by Another of
Lower Rank", 1936).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.offline.skin import Skin
from engine.offline.view import HeadView

__all__ = ["Residual", "left_over", "low_rank"]

Floats = NDArray[np.float32]
Course = NDArray[np.float64]

_NOISE_PX = 1.2  # standard deviation of the low-pass that takes what a codec leaves out
_LEAST = 0.012  # a component that never changes more than this, in [0, 1], is noise,
_SPREAD = 3.0  # averaged with this standard deviation, texels: edges that are off are thin
_ENERGY = 0.99  # of what is left: components after those that explain it are not kept


@dataclass(frozen=True, slots=True)
class Residual:
    """Pictures over the face that frames are sums of.

    Attributes:
        looks: (h, w, 3) int8 each, as `capsules.avatar.Basis.residual`, the strongest first; each
            as strong as where it shows most.
        explained: Share of what was left, squared, that they explain.
    """

    looks: tuple[NDArray[np.int8], ...]
    explained: float

    def weights(self, left: Floats, at_rest: Floats) -> Course:
        """How strongly each look shows in a frame (R,), in [-1, 1], by least squares.

        Args:
            left: Of the frame, from `left_over`.
            at_rest: The same of the frame at rest.
        """
        rows = np.stack([one.ravel() for one in self.looks]).astype(np.float64) / 127.0
        wanted = rows @ (left - at_rest).ravel().astype(np.float64)
        return np.clip(np.linalg.solve(rows @ rows.T, wanted), -1.0, 1.0)


def left_over(
    view: HeadView, skin: Skin, rgb: NDArray[np.uint8], weights: Mapping[str, float]
) -> Floats:
    """By how much a picture (side, side, 3) is lighter than the avatar, flat (h, w, 3) in [-1, 1].

    Args:
        view: Of the avatar.
        skin: In that view.
        rgb: The picture, as the view shows it.
        weights: Of the bases.
    """
    apart = (rgb.astype(np.float32) - view.rgb(weights).astype(np.float32)) / np.float32(255.0)
    smooth = cv2.GaussianBlur(apart, (0, 0), _NOISE_PX)
    return skin.flat(np.asarray(smooth, np.float32), weights)


def low_rank(left: Sequence[Floats], at_rest: Floats, rank: int) -> Residual:
    """The components that explain most of what is left.

    Args:
        left: Of some frames, from `left_over`.
        at_rest: The same of the frame at rest: what is left there is no change.
        rank: How many there are at most.
    """
    rows = np.stack([(one - at_rest).ravel() for one in left])
    # Few frames, many texels: the small side is taken apart.
    squares, modes = np.linalg.eigh((rows @ rows.T).astype(np.float64))
    whole = float(squares.clip(0.0).sum())
    looks: list[NDArray[np.int8]] = []
    explained = 0.0
    for number in np.argsort(-squares)[:rank]:
        if explained >= _ENERGY * whole:
            break
        course = modes[:, number]
        picture = rows.T @ (course * course[int(np.abs(course).argmax())]).astype(np.float32)
        picture = picture.reshape(at_rest.shape)
        if float(cv2.GaussianBlur(np.abs(picture), (0, 0), _SPREAD).max()) < _LEAST:
            break
        looks.append(np.round(127.0 * np.clip(picture, -1.0, 1.0)).astype(np.int8))
        explained += float(squares[number])
    return Residual(tuple(looks), explained / whole if whole > 0.0 else 0.0)
