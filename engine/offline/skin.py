"""The avatar's skin laid flat: what a picture shows at each texel of the face, however it moves."""

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from capsules.avatar import Avatar, Part
from capsules.looks import FACE_PART, look_grid
from capsules.weights import WeightResolver, correctives
from compositor.geometry import Affine

__all__ = ["Skin"]

Floats = NDArray[np.float32]

_LEAST_ALPHA = 250  # of 255: what is seen through is not skin alone
_EDGE = 1e-4


class Skin:
    """Where in a picture each texel of the face lies.

    Args:
        avatar: The avatar.
        canvas: How canvas pixels lie in the picture.

    Attributes:
        shape: Height and width in texels.
        covers: (h, w), whether there is opaque skin at a texel.
    """

    def __init__(self, avatar: Avatar, canvas: Affine) -> None:
        self._part = part = avatar.part(FACE_PART)
        self._canvas = canvas
        self._resolve = WeightResolver(correctives(avatar.parts))
        rect, self.shape = look_grid(avatar)
        self._corners, self._shares = _triangles(part, rect, self.shape)
        self.covers = (self._corners[..., 0] >= 0) & _opaque(part, rect, self.shape)

    def flat(self, picture: Floats, weights: Mapping[str, float]) -> Floats:
        """A picture (side, side, 3) as the skin has it (h, w, 3); 0 where there is none.

        Args:
            picture: What is seen, in any unit.
            weights: Of the bases, when it is seen.
        """
        at = self._part.vertices.astype(np.float32)
        for name, weight in self._resolve(tuple(weights.items())):
            basis = self._part.bases.get(name)
            if basis is not None:
                at = at + np.float32(weight) * basis.delta.astype(np.float32)
        points = (at[self._corners] * self._shares[..., None]).sum(axis=2)
        to = self._canvas
        # Pixel centres lie at halves here and at whole numbers in OpenCV.
        x = to.a * points[..., 0] + to.b * points[..., 1] + to.c - 0.5
        y = to.d * points[..., 0] + to.e * points[..., 1] + to.f - 0.5
        seen = cv2.remap(
            picture,
            x.astype(np.float32),
            y.astype(np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
        )
        return np.asarray(seen * self.covers[..., None], np.float32)


def _triangles(
    part: Part, rect: tuple[int, int, int, int], shape: tuple[int, int]
) -> tuple[NDArray[np.int32], Floats]:
    """The corners (h, w, 3) of the triangle at each texel, -1 for none, and its shares of them."""
    corners = np.full((*shape, 3), -1, np.int32)
    shares = np.zeros((*shape, 3), np.float32)
    tall, wide = part.texture.shape[:2]
    left, top, width, height = rect
    scale = np.array([shape[1] / width, shape[0] / height])
    texels = (part.uv.astype(np.float64) * (wide, tall) - (left, top)) * scale
    for triangle in part.triangles:
        one, two, three = texels[triangle]
        low = np.maximum(np.floor(texels[triangle].min(axis=0) - 0.5).astype(int), 0)
        high = np.minimum(np.ceil(texels[triangle].max(axis=0) + 0.5).astype(int), shape[::-1])
        area = _cross(two - one, three - one)
        if (low >= high).any() or abs(area) < _EDGE:
            continue
        x, y = np.meshgrid(np.arange(low[0], high[0]) + 0.5, np.arange(low[1], high[1]) + 0.5)
        at = np.stack([x, y], axis=-1)
        second = _cross(at - one, three - one) / area
        third = _cross(two - one, at - one) / area
        parts = np.stack([1.0 - second - third, second, third], axis=-1)
        inside = (parts >= -_EDGE).all(axis=-1)
        box = (slice(low[1], high[1]), slice(low[0], high[0]))
        # Painter's order: what comes later lies in front.
        corners[box][inside] = triangle
        shares[box][inside] = parts[inside]
    return corners, shares


def _cross(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(one[..., 0] * other[..., 1] - one[..., 1] * other[..., 0])


def _opaque(
    part: Part, rect: tuple[int, int, int, int], shape: tuple[int, int]
) -> NDArray[np.bool_]:
    left, top, width, height = rect
    alpha = np.ascontiguousarray(part.texture[top : top + height, left : left + width, 3])
    small = cv2.resize(alpha, shape[::-1], interpolation=cv2.INTER_AREA)
    return np.asarray(small >= _LEAST_ALPHA, np.bool_)
