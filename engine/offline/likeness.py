"""Pictures as vectors whose distance says how alike they are, at several degrees of sharpness."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from compositor.backend import I420

__all__ = ["COARSEST", "FINEST", "Likeness"]

Vector = NDArray[np.float32]

_CHROMA = 0.7  # of the weight of luma
_LEAST_TRUST = 0.5  # of the mean error is what a pixel is expected to be off by at least
_NEAR_PX = 2.0  # standard deviation of the neighbourhood over which errors are averaged


@dataclass(frozen=True, slots=True)
class _Level:
    """How a picture is blurred before it is compared.

    Attributes:
        reduced: By how much the picture is made smaller first, each way.
        luma_px: Standard deviation of the low-pass after that, pixels.
        chroma_px: The same of the chroma planes.
        rounding: RMS by which rounding to whole levels puts a pixel off, in [0, 1].
    """

    reduced: int
    luma_px: float
    chroma_px: float
    rounding: float


# The low-pass takes rounding to whole levels out. Where it is wide, movement over many pixels still
# changes the picture in proportion, so that there is one way down from far away.
_LEVELS = (
    _Level(1, 1.2, 0.8, 2.7e-4),
    _Level(2, 1.4, 0.7, 1.1e-4),
    _Level(4, 1.5, 0.75, 5e-5),
)
FINEST, COARSEST = 0, len(_LEVELS) - 1


@dataclass(frozen=True, slots=True)
class _Pixels:
    seen: NDArray[np.intp]
    share: Vector


class Likeness:
    """Compares pictures of one size.

    Args:
        side_px: Of the square pictures; even.
        mask: How much each pixel counts, (side, side) in [0, 1].
    """

    def __init__(self, side_px: int, mask: NDArray[np.float32]) -> None:
        self._side = side_px
        self._pixels = [_pixels(mask, level) for level in _LEVELS]
        self._plain = tuple(self._pixels)

    def rounding(self, level: int) -> float:
        """By how much a vector is off because pictures have whole levels only, RMS in [0, 1]."""
        return _LEVELS[level].rounding

    def vector(self, picture: I420, level: int, *, plain: bool = False) -> Vector:
        """The pixels that count, each by its weight: distances are RMS differences in [0, 1].

        Args:
            picture: The picture.
            level: How sharp it is.
            plain: Whether `trust` is left aside.
        """
        side, kind = self._side, _LEVELS[level]
        pixels = (self._plain if plain else self._pixels)[level]
        # In floats: what a small step shows is less than a level.
        whole = picture.astype(np.float32)
        planes = [whole[:side], *whole[side:].reshape(2, side // 2, side // 2)]
        deviations_px = (kind.luma_px, kind.chroma_px, kind.chroma_px)
        blurred = [
            _blurred(_smaller(plane, kind.reduced), deviation_px).ravel()
            for plane, deviation_px in zip(planes, deviations_px, strict=True)
        ]
        return np.asarray(np.concatenate(blurred)[pixels.seen] * pixels.share, np.float32)

    def trust(self, left: list[Vector]) -> None:
        """From now on the finest pixels count by how well they were explained so far.

        Weighted least squares: what a codec or a generator has changed all through a take, such as
        edges, tells less than what it has kept.

        Args:
            left: What was left of the finest vectors of some pictures, by plain weights.
        """
        plain = self._plain[FINEST]
        power = np.zeros(self._side * self._side * 3 // 2, np.float32)
        squares = np.mean([one * one for one in left], axis=0) / np.maximum(plain.share**2, 1e-12)
        power[plain.seen] = squares
        shown = np.zeros_like(power)
        shown[plain.seen] = 1.0
        mean = float(squares.mean())
        near = _planes(power, self._side), _planes(shown, self._side)
        expected = np.concatenate(
            [
                (_blurred(one, _NEAR_PX) / np.maximum(_blurred(of, _NEAR_PX), 1e-3)).ravel()
                for one, of in zip(*near, strict=True)
            ]
        )[plain.seen]
        trust = 1.0 / np.sqrt(expected + _LEAST_TRUST * mean + 1e-12)
        share = plain.share * trust
        share *= np.linalg.norm(plain.share) / np.linalg.norm(share)
        self._pixels[FINEST] = _Pixels(plain.seen, np.asarray(share, np.float32))


def _pixels(mask: NDArray[np.float32], level: _Level) -> _Pixels:
    half = cv2.resize(mask, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    luma, chroma = (_smaller(np.asarray(one, np.float32), level.reduced) for one in (mask, half))
    whole = np.concatenate([luma.ravel(), _CHROMA * chroma.ravel(), _CHROMA * chroma.ravel()])
    seen = np.flatnonzero(whole > 0.0)
    share = np.sqrt(whole[seen] / max(float(luma.sum()), 1.0)) / 255.0
    return _Pixels(seen, np.asarray(share, np.float32))


def _planes(flat: Vector, side: int) -> list[Vector]:
    """Luma and both chroma planes of a flat picture."""
    whole, half = side * side, side * side // 4
    return [
        flat[:whole].reshape(side, side),
        flat[whole : whole + half].reshape(side // 2, side // 2),
        flat[whole + half :].reshape(side // 2, side // 2),
    ]


def _blurred(plane: Vector, deviation_px: float) -> Vector:
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), deviation_px), np.float32)


def _smaller(plane: Vector, reduced: int) -> Vector:
    if reduced == 1:
        return plane
    share = 1.0 / reduced
    return np.asarray(
        cv2.resize(plane, None, fx=share, fy=share, interpolation=cv2.INTER_AREA), np.float32
    )
