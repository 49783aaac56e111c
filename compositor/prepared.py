"""An avatar made ready for drawing, and what one draw list asks of each of its parts.

Both backends start from here, so that they choose the same texture level and the same bases.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import overload

import numpy as np
from numpy.typing import NDArray

from capsules.avatar import Avatar, Part
from compositor.drawlist import DrawList
from compositor.errors import InvalidAvatarError
from compositor.geometry import Affine, canvas_to_frame, part_to_canvas, texels_per_canvas_px
from compositor.levels import choose_level, resample, texture_levels

__all__ = ["PartPlan", "PreparedPart", "check_size", "plan", "prepare"]

# Parts kept ready, so that a backend that takes over from a lost one need not resample textures.
_MOST_KEPT = 64


@dataclass(frozen=True, slots=True)
class PreparedPart:
    """A part with its texture levels, and its bases stacked.

    Attributes:
        part: The part itself.
        resolution: Texels a canvas pixel.
        textures: Premultiplied RGBA levels (h, w, 4) uint8, the finest first.
        normals: Normals (h, w, 2) int8 of each level, made when asked for; none for an unlit part.
        deltas: Vertex deltas of all bases (B, V, 2) float16.
        delta_rows: Row of each basis in `deltas`.
        residuals: Residuals of the bases that have one (R, h, w, 3) int8.
        residual_rows: Row of each of them in `residuals`.
    """

    part: Part
    resolution: float
    textures: tuple[NDArray[np.uint8], ...]
    normals: Sequence[NDArray[np.int8]]
    deltas: NDArray[np.float16]
    delta_rows: Mapping[str, int]
    residuals: NDArray[np.int8]
    residual_rows: Mapping[str, int]


class _NormalLevels(Sequence[NDArray[np.int8]]):
    """Normals at the sizes of the texture levels, each made anew when asked for.

    All levels of all parts together are as large as the avatar, and few are ever used.
    """

    def __init__(self, normals: NDArray[np.int8], sizes: Sequence[tuple[int, ...]]) -> None:
        self._normals = normals
        self._sizes = sizes

    def __len__(self) -> int:
        return len(self._sizes)

    @overload
    def __getitem__(self, index: int) -> NDArray[np.int8]: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[NDArray[np.int8]]: ...
    def __getitem__(self, index: int | slice) -> NDArray[np.int8] | Sequence[NDArray[np.int8]]:
        if isinstance(index, slice):
            return _NormalLevels(self._normals, self._sizes[index])
        height, width = self._sizes[index]
        return resample(self._normals, (height, width))


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
        InvalidAvatarError: A mesh or a basis does not fit its part; drawing it would read foreign
            memory.
    """
    if not avatar.parts:
        raise InvalidAvatarError(f"avatar {avatar.name!r} has no parts")
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
    textures = tuple(texture_levels(part.texture))
    normals: Sequence[NDArray[np.int8]] = ()
    if part.normals is not None:
        normals = _NormalLevels(part.normals, [texture.shape[:2] for texture in textures])
    names = list(part.bases)
    with_residual = [name for name in names if part.bases[name].residual is not None]
    residuals = [part.bases[name].residual for name in with_residual]
    return PreparedPart(
        part=part,
        resolution=texels_per_canvas_px(part),
        textures=textures,
        normals=normals,
        deltas=np.stack([part.bases[name].delta for name in names])
        if names
        else np.zeros((0, len(part.vertices), 2), np.float16),
        delta_rows={name: row for row, name in enumerate(names)},
        residuals=np.stack([residual for residual in residuals if residual is not None])
        if residuals
        else np.zeros((0, 1, 1, 3), np.int8),
        residual_rows={name: row for row, name in enumerate(with_residual)},
    )


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


def plan(parts: tuple[PreparedPart, ...], canvas_px: int, draw_list: DrawList) -> list[PartPlan]:
    """What the draw list asks of each part, in z-order; what a part does not know is left out."""
    camera = canvas_to_frame(draw_list.camera, draw_list.size, canvas_px)
    moves = {move.part: move for move in draw_list.transforms}
    plans = []
    for prepared in parts:
        move = moves.get(prepared.part.name)
        matrix = camera.after(part_to_canvas(move, prepared.part.pivot))
        deltas, residuals = [], []
        for name, weight in draw_list.weights:
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
                level=choose_level(texels_per_px, len(prepared.textures)),
                deltas=tuple(deltas),
                residuals=tuple(residuals),
            )
        )
    return plans
