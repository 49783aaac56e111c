"""What can be said of a baked avatar without a model: flipped triangles, lids that do not meet."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from capsules.avatar import Avatar, Part
from capsules.weights import WeightResolver, correctives
from compositor.drawlist import Camera, DrawList, FrameSize
from compositor.numba_backend import NumbaCompositor

__all__ = ["LID_MOVERS", "PAIRS", "flipped", "lid_gaps"]

LID_MOVERS = ("eyeSquint", "cheekSquint", "eyeLookDown", "eyeLookUp", "eyeWide", "browDown")
"""What moves lids, too, without its side: closed lids stay closed with it."""

PAIRS: tuple[tuple[str, ...], ...] = (
    ("mouthSmileLeft", "mouthSmileRight"),
    ("mouthSmileLeft", "mouthSmileRight", "jawOpen"),
    ("mouthFrownLeft", "mouthFrownRight", "jawOpen"),
    ("mouthFunnel", "jawOpen"),
    ("mouthPucker", "jawOpen"),
    ("mouthPucker", "mouthFunnel"),
    ("mouthPucker", "mouthFunnel", "jawOpen"),
    ("mouthStretchLeft", "mouthStretchRight", "jawOpen"),
    ("mouthUpperUpLeft", "mouthUpperUpRight", "mouthLowerDownLeft", "mouthLowerDownRight"),
    ("mouthClose", "jawOpen"),
    ("mouthClose", "jawOpen", "mouthSmileLeft", "mouthSmileRight"),
    ("mouthSmileLeft", "mouthSmileRight", "mouthStretchLeft", "mouthStretchRight"),
    ("mouthSmileLeft", "mouthSmileRight", "mouthDimpleLeft", "mouthDimpleRight"),
    ("mouthSmileLeft", "mouthSmileRight", "mouthPucker"),
    ("eyeBlinkLeft", "eyeBlinkRight"),
    *((f"eyeBlink{side}", f"{name}{side}") for name in LID_MOVERS for side in ("Left", "Right")),
    ("eyeBlinkLeft", "cheekSquintLeft", "eyeSquintLeft"),
    ("eyeBlinkRight", "cheekSquintRight", "eyeSquintRight"),
    ("eyeWideLeft", "eyeWideRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight"),
    ("browDownLeft", "browDownRight", "browInnerUp"),
    ("browDownLeft", "eyeSquintLeft"),
    ("browDownRight", "eyeSquintRight"),
    ("mouthSmileLeft", "cheekSquintLeft"),
    ("mouthSmileRight", "cheekSquintRight"),
    ("noseSneerLeft", "noseSneerRight", "mouthUpperUpLeft", "mouthUpperUpRight"),
    ("headYaw", "jawOpen"),
    ("headPitch", "jawOpen"),
)
"""Bases that people move together, each at weight 1."""

_TURNING = ("hand", "lashes")
_FLIP_PX2 = 0.05  # of the canvas: what rounding to half floats can do to a sliver
_EYES = ("eyes", "irisLeft", "irisRight")
_SIDE_PX, _ZOOM = 1024, 4.0
_BLACK, _SPAN = 16.0, 219.0
_COVERED = 0.5


def flipped(avatar: Avatar, names: Sequence[str]) -> int:
    """How many triangles lie with their other side up with these bases at weight 1.

    As they are drawn: with correctives, and mouthClose only as far as jawOpen. Hands and
    drawn lashes are left out: a finger that curls in front of its palm is drawn with its other side
    up, and so are lashes on a closed lid.
    """
    resolve = WeightResolver(correctives(avatar.parts))
    weights = resolve(tuple(dict.fromkeys(names, 1.0).items()))
    parts = (part for part in avatar.parts if not part.name.startswith(_TURNING))
    return sum(_flipped(part, weights) for part in parts)


def _flipped(part: Part, weights: Sequence[tuple[str, float]]) -> int:
    rest = part.vertices.astype(np.float64)
    moved = rest.copy()
    for name, weight in weights:
        if name in part.bases:
            moved += weight * part.bases[name].delta.astype(np.float64)
    before, after = _areas(part, rest), _areas(part, moved)
    turned = (before * after < 0) & (np.minimum(np.abs(before), np.abs(after)) > _FLIP_PX2)
    return int(turned.sum())


def _areas(part: Part, vertices: NDArray[np.float64]) -> NDArray[np.float64]:
    one, two, three = (vertices[part.triangles[:, corner]] for corner in range(3))
    (ax, ay), (bx, by) = (two - one).T, (three - one).T
    areas: NDArray[np.float64] = 0.5 * (ax * by - ay * bx)
    return areas


def lid_gaps(avatar: Avatar, also: str = "") -> tuple[float, float]:
    """How much of an eye a full blink leaves in sight, for the right and the left eye.

    With one of `LID_MOVERS`, if it is given, of the same side at weight 1.

    The eyes are painted white, all else black, and drawn four times as large: a column's brightness
    is how much of the eye it shows. The tallest column is given as a part of the eye's width, which
    is the number of columns that show more than half a pixel of it at rest.
    """
    parts = tuple(_painted(part, part.name in _EYES) for part in avatar.parts)
    compositor = NumbaCompositor()
    compositor.load(replace(avatar, name="lids", parts=parts))
    gaps = []
    middles = _eye_middles(avatar)
    reach = _ZOOM / 2 * float(abs(middles["Left"][0] - middles["Right"][0]))
    for side, middle in middles.items():
        closed = [f"eyeBlink{side}", *([f"{also}{side}"] if also else [])]
        x, y = (float(value) - avatar.canvas_px / 2 for value in middle)
        camera = Camera(x, y, _ZOOM)
        size = FrameSize(_SIDE_PX, _SIDE_PX)
        rest, blink = compositor.render(
            [
                DrawList("lids", size, camera=camera),
                DrawList("lids", size, tuple((n, 1.0) for n in sorted(closed)), camera=camera),
            ]
        )
        width = int((_columns(rest, reach) > _COVERED).sum())
        gaps.append(float(_columns(blink, reach).max()) / max(width, 1))
    return gaps[0], gaps[1]


def _eye_middles(avatar: Avatar) -> dict[str, NDArray[np.float32]]:
    return {side: avatar.part(f"iris{side}").vertices.mean(axis=0) for side in ("Right", "Left")}


def _painted(part: Part, white: bool) -> Part:
    """The part in one colour, unlit, with its outline and its movements."""
    texture = np.zeros_like(part.texture)
    texture[..., 3] = part.texture[..., 3]
    if white:
        texture[..., :3] = texture[..., 3:]
    bases = {name: replace(basis, residual=None) for name, basis in part.bases.items()}
    return replace(part, texture=texture, normals=None, residual_rect=(0, 0, 0, 0), bases=bases)


def _columns(frame: NDArray[np.uint8], reach_px: float) -> NDArray[np.float64]:
    """Pixels of white in each column that is no farther from the middle: the other eye is."""
    left, right = (round(frame.shape[1] / 2 + way * reach_px) for way in (-1, 1))
    luma = frame[: len(frame) * 2 // 3, max(left, 0) : right].astype(np.float64)
    share = np.clip((luma - _BLACK) / _SPAN, 0.0, 1.0)
    columns: NDArray[np.float64] = share.sum(axis=0)
    return columns
