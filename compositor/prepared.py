"""An avatar made ready for drawing, and what one draw list asks of each of its parts.

Both backends start from here, so that they choose the same texture level and the same bases.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from capsules.avatar import Avatar, Part
from capsules.weights import WeightResolver, correctives
from compositor.drawlist import DrawList
from compositor.errors import InvalidAvatarError
from compositor.geometry import Affine, canvas_to_frame, part_to_canvas, texels_per_canvas_px
from compositor.levels import Levels, choose_level, cut_to_alpha, level_sizes
from compositor.mapped import give_back, joined

__all__ = ["Box", "PartPlan", "PreparedPart", "check_size", "plan", "prepare", "resolver"]

# Parts kept ready, so that a backend that takes over from a lost one need not resample textures.
_MOST_KEPT = 64

Box = tuple[int, int, int, int]
"""First and end row, first and end column."""


@dataclass(frozen=True, slots=True)
class PreparedPart:
    """A part with its texture levels, and its bases stacked.

    Little of it takes memory of its own: levels are made when asked for, and the bases of a part
    from a pack are views of the mapped file.

    Attributes:
        part: The part itself.
        resolution: Texels a canvas pixel.
        level_sizes: Height and width of each texture level, the finest first.
        textures: Premultiplied RGBA (h, w, 4) uint8 of each level; see `Levels`.
        normals: Normals (h, w, 2) int8 of each level; see `Levels`. None for an unlit part.
        deltas: Vertex deltas of all bases (B, V, 2) float16.
        delta_rows: Row of each basis in `deltas`.
        residuals: Residuals of the bases that have one (R, h, w, 3) int8.
        residual_rows: Row of each of them in `residuals`.
        residual_boxes: Where each of them is not 0. Most change a small part of a face.
    """

    part: Part
    resolution: float
    level_sizes: tuple[tuple[int, int], ...]
    textures: Sequence[NDArray[np.uint8]]
    normals: Sequence[NDArray[np.int8]]
    deltas: NDArray[np.float16]
    delta_rows: Mapping[str, int]
    residuals: NDArray[np.int8]
    residual_rows: Mapping[str, int]
    residual_boxes: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class PartPlan:
    """What a draw list asks of one part.

    Attributes:
        matrix: From canvas to frame, the part's transform and the camera together.
        lit: Whether the part is shaded by the light at all.
        turn_degrees: By how much the part itself is turned, clockwise, for its normals.
        level: Texture level to sample.
        deltas: Active rows of `PreparedPart.deltas` and their weights.
        residuals: Active rows of `PreparedPart.residuals` and their weights.
    """

    matrix: Affine
    lit: bool
    turn_degrees: float
    level: int
    deltas: tuple[tuple[int, float], ...]
    residuals: tuple[tuple[int, float], ...]


def check_size(draw_list: DrawList) -> None:
    """Refuses frame sizes that I420 or the probe cannot take.

    Raises:
        ValueError: A side is odd or outside 128 to 4096.
    """
    size = draw_list.size
    for side in (size.width, size.height):
        if side % 2 or not 128 <= side <= 4096:
            raise ValueError(
                f"frame size {size.width} x {size.height}: sides must be even, 128 to 4096"
            )


def prepare(avatar: Avatar) -> tuple[PreparedPart, ...]:
    """The avatar's parts in z-order, made ready.

    Raises:
        InvalidAvatarError: A mesh or a basis does not fit its part, and drawing it would read
            foreign memory; or there are no parts, or two of one name.
    """
    if not avatar.parts:
        raise InvalidAvatarError(f"avatar {avatar.name!r} has no parts")
    for name, count in Counter(part.name for part in avatar.parts).items():
        if count > 1:
            raise InvalidAvatarError(f"avatar {avatar.name!r}: {count} parts are named {name!r}")
    return tuple(_prepared(_Same(part)) for part in avatar.parts)


class _Same:
    """A part by identity: whether it is the same object, not whether its arrays are equal."""

    __slots__ = ("part",)

    def __init__(self, part: Part) -> None:
        self.part = part

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.part is self.part

    def __hash__(self) -> int:
        return id(self.part)


@lru_cache(maxsize=_MOST_KEPT)
def _prepared(same: _Same) -> PreparedPart:
    return _prepare_part(same.part)


def _prepare_part(part: Part) -> PreparedPart:
    _check(part)
    height, width = part.texture.shape[:2]
    sizes = level_sizes(height, width)
    names = list(part.bases)
    deltas = [part.bases[name].delta for name in names]
    residuals = {
        name: basis.residual for name, basis in part.bases.items() if basis.residual is not None
    }
    stacked = _stacked(list(residuals.values())) if residuals else np.zeros((0, 1, 1, 3), np.int8)
    prepared = PreparedPart(
        part=part,
        resolution=texels_per_canvas_px(part),
        level_sizes=sizes,
        textures=Levels(cut_to_alpha(part.texture), sizes),
        normals=() if part.normals is None else Levels(part.normals, sizes),
        deltas=_stacked(deltas) if deltas else np.zeros((0, len(part.vertices), 2), np.float16),
        delta_rows={name: row for row, name in enumerate(names)},
        residuals=stacked,
        residual_rows={name: row for row, name in enumerate(residuals)},
        residual_boxes=_boxes(stacked),
    )
    for read in (part.texture, part.normals, stacked):
        if read is not None:
            give_back(read)
    return prepared


_Number = TypeVar("_Number", np.float16, np.int8)


def _stacked(arrays: Sequence[NDArray[_Number]]) -> NDArray[_Number]:
    """Arrays of one shape as one; no copy of those of a pack: its tensors are sorted by name."""
    found = joined(arrays)
    return np.stack(arrays) if found is None else found


def _boxes(residuals: NDArray[np.int8]) -> tuple[Box, ...]:
    found = []
    for residual in residuals:
        changes = residual.any(axis=2)
        rows, columns = np.flatnonzero(changes.any(axis=1)), np.flatnonzero(changes.any(axis=0))
        if len(rows):
            ends = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
            found.append(ends)
        else:
            found.append((0, 0, 0, 0))
    return tuple(found)


def _check(part: Part) -> None:
    count = len(part.vertices)
    triangles = part.triangles
    if triangles.size and not (triangles.min() >= 0 and triangles.max() < count):
        raise InvalidAvatarError(
            f"part {part.name!r}: a triangle names a vertex outside 0 to {count - 1}"
        )
    if part.uv.shape != (count, 2):
        raise InvalidAvatarError(f"part {part.name!r}: uv {part.uv.shape}, expected ({count}, 2)")
    if part.texture.ndim != 3 or part.texture.shape[2] != 4:
        raise InvalidAvatarError(
            f"part {part.name!r}: texture {part.texture.shape}, expected (h, w, 4)"
        )
    shapes = set()
    for name, basis in part.bases.items():
        if basis.delta.shape != (count, 2):
            raise InvalidAvatarError(
                f"part {part.name!r}, basis {name!r}: delta {basis.delta.shape}, "
                f"expected ({count}, 2)"
            )
        if basis.residual is not None:
            shapes.add(basis.residual.shape)
    if len(shapes) > 1:
        raise InvalidAvatarError(
            f"part {part.name!r}: residuals of several shapes: {sorted(shapes)}"
        )
    if shapes and min(part.residual_rect[2:]) <= 0:
        raise InvalidAvatarError(
            f"part {part.name!r}: residuals over an empty rect {part.residual_rect}"
        )


def resolver(parts: Sequence[PreparedPart]) -> WeightResolver:
    """What resolves the weights of draw lists of the avatar that has these parts."""
    return WeightResolver(correctives(prepared.part for prepared in parts))


def plan(
    parts: tuple[PreparedPart, ...], canvas_px: int, draw_list: DrawList, resolve: WeightResolver
) -> list[PartPlan]:
    """What the draw list asks of each part, in z-order; what a part does not know is left out.

    Args:
        parts: The avatar's.
        canvas_px: Side of its canvas.
        draw_list: Of that avatar.
        resolve: As `resolver` makes it of the parts.
    """
    weights = resolve(draw_list.weights)
    camera = canvas_to_frame(draw_list.camera, draw_list.size, canvas_px)
    moves = {move.part: move for move in draw_list.transforms}
    plans = []
    for prepared in parts:
        move = moves.get(prepared.part.name)
        matrix = camera.after(part_to_canvas(move, prepared.part.pivot))
        deltas, residuals = [], []
        for name, weight in weights:
            row = prepared.delta_rows.get(name)
            if row is not None:
                deltas.append((row, weight))
                row = prepared.residual_rows.get(name)
                if row is not None:
                    residuals.append((row, weight))
        texels_per_px = prepared.resolution / max(matrix.scale, 1e-6)
        plans.append(
            PartPlan(
                matrix=matrix,
                lit=bool(prepared.normals),
                turn_degrees=0.0 if move is None else move.rotate,
                level=choose_level(texels_per_px, len(prepared.level_sizes)),
                deltas=tuple(deltas),
                residuals=tuple(residuals),
            )
        )
    return plans
