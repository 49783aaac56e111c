"""What the landmark model sees in frames of a baked avatar: how far it moves, and who it is.

All lengths are in inter-ocular distances: between the outer corners of the eyes, at rest.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from capsules.bake.finder import FaceFinder
from capsules.bake.found import FoundFace
from compositor.backend import I420

__all__ = [
    "DRIVERS",
    "Driver",
    "Likeness",
    "Seen",
    "interocular",
    "likeness",
    "measures",
    "rgb_of",
    "seen",
]

_OUTER = (33, 263)
_LIPS, _MOUTH_CORNERS = (13, 14), (61, 291)
# Of the eye model's contour: the lower lid's middle points and, above each, the upper lid's; and
# the brow's.
_LIDS = ((3, 11), (4, 12), (5, 13))
_BROW = slice(64, 69)
# What no muscle of the face moves far: corners of the eyes, bridge and wings of the nose, and the
# outline from the temples to the ears.
_STABLE = (33, 133, 362, 263, 168, 6, 197, 195, 5, 4, 48, 278, 98, 327, 127, 356, 234, 454, 93, 323)
# The skin about them: the nose, and the upper cheeks.
_PATCHES = (
    (168, 122, 198, 48, 98, 2, 327, 278, 420, 351),
    (117, 118, 101, 36, 205, 50),
    (346, 347, 330, 266, 425, 280),
)
_PATCH_PX = 192
_PATCH_FACE = 1.6  # side of the compared square in inter-ocular distances


@dataclass(frozen=True, slots=True)
class Driver:
    """A movement, and the measure that has to follow it.

    Attributes:
        bases: Moved together.
        measure: What is to follow; see `measures`.
        region: Of the face.
        sign: 1 where the measure grows with the weight, -1 where it shrinks.
    """

    bases: tuple[str, ...]
    measure: str
    region: str
    sign: int


DRIVERS: Mapping[str, Driver] = {
    "jaw open": Driver(("jawOpen",), "mouth opening", "mouth", 1),
    "smile": Driver(("mouthSmileLeft", "mouthSmileRight"), "corner lift", "mouth", 1),
    "brows up": Driver(
        ("browInnerUp", "browOuterUpLeft", "browOuterUpRight"), "brow height", "brows", 1
    ),
    "blink": Driver(("eyeBlinkLeft", "eyeBlinkRight"), "eye opening", "eyes", -1),
}
"""What is moved from 0 to 1, and what is to be seen of it."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A frame's face.

    Attributes:
        luma: (H, W) float32 in [0, 1].
        face: What the models find.
    """

    luma: NDArray[np.float32]
    face: FoundFace


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two faces are, whatever their expressions.

    Attributes:
        shape: Distance of the stable landmarks, root mean square, once one face is moved, turned
            and scaled onto the other, in inter-ocular distances; 0 is best.
        texture: Normalised cross-correlation of the luma of nose and upper cheeks, once one face
            is laid over the other by the affine map of the stable landmarks; 1 is best.
    """

    shape: float
    texture: float


def seen(finder: FaceFinder, rgb: NDArray[np.uint8], about: FoundFace | None = None) -> Seen:
    """The face in a picture.

    Args:
        finder: The models.
        rgb: Picture (H, W, 3).
        about: Where it was in a picture of the same size; None: it is looked for.

    Raises:
        ValueError: There is none.
    """
    found = finder.track(rgb, about, steady=True) if about else next(iter(finder.faces(rgb)), None)
    if found is None:
        raise ValueError("the models find no face in the frame")
    luma = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32) / np.float32(255)
    return Seen(np.asarray(luma, np.float32), found)


def interocular(face: FoundFace) -> float:
    """Distance of the outer corners of the eyes, pixels."""
    right, left = face.landmarks[list(_OUTER), :2]
    return float(np.linalg.norm(left - right))


def measures(face: FoundFace, unit_px: float) -> dict[str, float]:
    """Mouth opening, corner lift, brow height and eye opening.

    Camera and head stand still, so heights are those in the picture: whatever landmark one would
    take as a reference moves a little with its neighbours, in the model's eyes. Brows and lids are
    the eye model's, for the same reason: the face model's brows follow the lids.
    """

    def height(points: NDArray[np.float32]) -> float:
        return -float(points[..., 1].mean()) / unit_px

    upper, lower = face.landmarks[list(_LIPS), :2]
    lids = [
        np.linalg.norm(contour[low] - contour[high])
        for contour in face.eye_contours
        for low, high in _LIDS
    ]
    return {
        "mouth opening": float(np.linalg.norm(upper - lower)) / unit_px,
        "corner lift": height(face.landmarks[list(_MOUTH_CORNERS)]),
        "brow height": height(face.eye_contours[:, _BROW]),
        "eye opening": float(np.mean(lids)) / unit_px,
    }


def likeness(one: Seen, other: Seen) -> Likeness:
    """How alike two faces are."""
    stable, target = (
        item.face.landmarks[list(_STABLE), :2].astype(np.float64) for item in (one, other)
    )
    moved = _similarity(stable, target)
    shape = np.sqrt(((moved - target) ** 2).sum(axis=1).mean()) / interocular(other.face)
    patches = [_patch(item, other) for item in (one, other)]
    mask = _mask(other)
    first, second = (_blurred(patch)[mask] for patch in patches)
    return Likeness(float(shape), float(np.corrcoef(first, second)[0, 1]))


def rgb_of(frame: I420) -> NDArray[np.uint8]:
    """A frame as RGB (H, W, 3)."""
    return np.asarray(cv2.cvtColor(frame, cv2.COLOR_YUV2RGB_I420), np.uint8)


def _similarity(points: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """The points moved, turned and scaled to lie as near to the target as they can (Umeyama)."""
    middle, goal = points.mean(axis=0), target.mean(axis=0)
    # As complex numbers, the best turn and scale is one factor.
    a = (points - middle) @ (1, 1j)
    b = (target - goal) @ (1, 1j)
    turned = a * (np.vdot(a, b) / np.vdot(a, a))
    return np.asarray(np.stack([turned.real, turned.imag], axis=1) + goal)


def _to_patch(other: Seen) -> NDArray[np.float64]:
    """The 2 x 3 map from a face's picture to a square about its nose, unturned."""
    scale = _PATCH_PX / (_PATCH_FACE * interocular(other.face))
    x, y = other.face.landmarks[[6, 4], :2].astype(np.float64).mean(axis=0)
    half = _PATCH_PX / 2
    return np.array([[scale, 0.0, half - scale * x], [0.0, scale, half - scale * y]])


def _patch(item: Seen, other: Seen) -> NDArray[np.float32]:
    """The square about the nose of `other`, as `item` shows it."""
    target = _to_patch(other)
    goal = other.face.landmarks[list(_STABLE), :2] @ target[:, :2].T + target[:, 2]
    source = np.concatenate(
        [item.face.landmarks[list(_STABLE), :2], np.ones((len(_STABLE), 1))], axis=1
    )
    fitted = np.linalg.lstsq(source, goal, rcond=None)[0].T
    size = (_PATCH_PX, _PATCH_PX)
    return np.asarray(cv2.warpAffine(item.luma, fitted, size, flags=cv2.INTER_AREA), np.float32)


def _mask(other: Seen) -> NDArray[np.bool_]:
    target = _to_patch(other)
    mask = np.zeros((_PATCH_PX, _PATCH_PX), np.uint8)
    for patch in _PATCHES:
        points = other.face.landmarks[list(patch), :2] @ target[:, :2].T + target[:, 2]
        cv2.fillConvexPoly(mask, cv2.convexHull(points.round().astype(np.int32)), 1)
    return mask.astype(np.bool_)


def _blurred(patch: NDArray[np.float32]) -> NDArray[np.float32]:
    """Without what is finer than the landmarks are sure."""
    return np.asarray(cv2.GaussianBlur(patch, (0, 0), 2.0), np.float32)
