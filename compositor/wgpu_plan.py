"""What a batch of draw lists asks of one avatar's parts, as the records that the shaders read.

The same choices as `compositor.prepared.plan`, for all draw lists of a batch at once: numpy does
per batch what a Python loop would do per draw list and part. What is wanted is asked for once a
batch, and all draw lists are given what there is of it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from compositor.drawlist import DrawList
from compositor.levels import choose_levels
from compositor.light import irradiance_polynomial
from compositor.prepared import PreparedPart, resolver
from compositor.wgpu_records import LEVEL_DTYPE

__all__ = ["ACTIVE_DTYPE", "JOB_DTYPE", "LIST_DTYPE", "Pages", "Planned", "Planner"]

JOB_DTYPE = np.dtype(
    [
        ("row_x", "<f4", 4),
        ("row_y", "<f4", 4),
        ("delta_start", "<u4"),
        ("delta_count", "<u4"),
        ("residual_start", "<u4"),
        ("residual_count", "<u4"),
        ("level", LEVEL_DTYPE),
        ("lit", "<u4"),
        ("unused", "<u4"),
    ]
)
"""`Job` of types.wgsl: what one draw list asks of one part."""

LIST_DTYPE = np.dtype([("light", "<f4", (9, 4)), ("size", "<f4", 2), ("unused", "<f4", 2)])
"""`List` of types.wgsl: what all parts of a draw list share."""

ACTIVE_DTYPE = np.dtype([("row", "<u4"), ("weight", "<f4")])
"""`Active` of types.wgsl."""

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]


class Pages(Protocol):
    """Where what a batch wants lies. Levels and residuals are numbered part by part."""

    def levels(self, wanted: _Ints) -> NDArray[np.void]:
        """`LEVEL_DTYPE` of texture levels, or of what is shown instead, in the same shape."""

    def residuals(self, wanted: _Ints) -> _Ints:
        """First words of residuals, each asked for once; -1 for those that are left out."""


@dataclass(frozen=True, slots=True)
class Planned:
    """Records of a batch.

    Attributes:
        lists: One `LIST_DTYPE` a draw list.
        jobs: `JOB_DTYPE` (draw lists, parts).
        cameras: From canvas to frame (draw lists, 2, 3).
        actives: `ACTIVE_DTYPE`, the bases with a weight: those of deltas, then of residuals.
        has_residuals: Whether a residual is among them.
    """

    lists: NDArray[np.void]
    jobs: NDArray[np.void]
    cameras: _Floats
    actives: NDArray[np.void]
    has_residuals: bool


class Planner:
    """Plans batches of one avatar.

    Attributes:
        part_of: Number of each part, by name.
    """

    def __init__(self, parts: Sequence[PreparedPart], canvas_px: int) -> None:
        self._canvas_px = canvas_px
        self._resolve = resolver(parts)
        self.part_of: Mapping[str, int] = {one.part.name: k for k, one in enumerate(parts)}
        self._pivots = np.array([prepared.part.pivot for prepared in parts], np.float64)
        self._resolution = np.array([prepared.resolution for prepared in parts], np.float64)
        self._lit = np.array([bool(prepared.normals) for prepared in parts])
        self._level_count = np.array([len(prepared.level_sizes) for prepared in parts], np.int64)
        self._level_first = np.cumsum(self._level_count) - self._level_count
        names = sorted({name for prepared in parts for name in prepared.delta_rows})
        self._name_of = {name: k for k, name in enumerate(names)}
        self._deltas = _Rows([prepared.delta_rows for prepared in parts], self._name_of)
        self._residuals = _Rows([prepared.residual_rows for prepared in parts], self._name_of)

    @property
    def part_count(self) -> int:
        """Parts of the avatar."""
        return len(self.part_of)

    @property
    def most_actives(self) -> int:
        """The most records of `Planned.actives` that one draw list can ask for."""
        return self._deltas.names.size + self._residuals.names.size

    def plan(self, draw_lists: Sequence[DrawList], pages: Pages) -> Planned:
        """What the draw lists ask for; what a part does not know is left out.

        Args:
            draw_lists: Of one batch.
            pages: Where to find what they ask for.

        Raises:
            ValueError: A light does not hold 27 numbers.
        """
        jobs = np.zeros((len(draw_lists), len(self.part_of)), JOB_DTYPE)
        lists = np.zeros(len(draw_lists), LIST_DTYPE)
        lists["size"] = [(one.size.width, one.size.height) for one in draw_lists]
        cameras = self._camera(draw_lists, lists["size"].astype(np.float64))
        jobs["level"] = pages.levels(self._place(jobs, draw_lists, cameras))
        lit = _light(lists, draw_lists)
        jobs["lit"] = lit[:, np.newaxis] & self._lit
        weights = self._weights(draw_lists)
        deltas, jobs["delta_start"], jobs["delta_count"] = self._deltas.active(weights)
        residuals, starts, jobs["residual_count"] = self._residuals.active(weights, pages.residuals)
        jobs["residual_start"] = starts + deltas.size
        actives = np.concatenate([deltas, residuals])
        return Planned(lists, jobs, cameras, actives, residuals.size > 0)

    def _weights(self, draw_lists: Sequence[DrawList]) -> NDArray[np.float32]:
        """Weight of each basis (draw lists, names)."""
        weights = np.zeros((len(draw_lists), len(self._name_of) + 1), np.float32)
        resolved = [self._resolve(one.weights) for one in draw_lists]
        given = list(chain.from_iterable(resolved))
        if given:
            unknown = len(self._name_of)
            rows = np.repeat(np.arange(len(draw_lists)), [len(one) for one in resolved])
            columns = [self._name_of.get(name, unknown) for name, _ in given]
            weights[rows, columns] = [weight for _, weight in given]
        return weights[:, :-1]

    def _place(
        self, jobs: NDArray[np.void], draw_lists: Sequence[DrawList], cameras: _Floats
    ) -> _Ints:
        """Fills in the matrices; which texture levels are wanted."""
        moves = np.zeros((*jobs.shape, 4))
        moves[..., 3] = 1.0
        for number, draw_list in enumerate(draw_lists):
            for move in draw_list.transforms:
                part = self.part_of.get(move.part)
                if part is not None:
                    moves[number, part] = (move.x, move.y, move.rotate, move.scale)
        turn = np.radians(moves[..., 2])
        cosine, sine = np.cos(turn), np.sin(turn)
        of_part = _turn_about(
            self._pivots, self._pivots + moves[..., :2], cosine, sine, moves[..., 3]
        )
        matrix = _after(cameras[:, np.newaxis], of_part)
        jobs["row_x"][..., :3], jobs["row_y"][..., :3] = matrix[..., 0, :], matrix[..., 1, :]
        jobs["row_x"][..., 3], jobs["row_y"][..., 3] = cosine, sine
        across, down = matrix[..., 0, :], matrix[..., 1, :]
        scale = np.sqrt(np.abs(across[..., 0] * down[..., 1] - across[..., 1] * down[..., 0]))
        texels_per_px = self._resolution / np.maximum(scale, 1e-6)
        return self._level_first + choose_levels(texels_per_px, self._level_count)

    def _camera(self, draw_lists: Sequence[DrawList], sizes: _Floats) -> _Floats:
        """As `geometry.canvas_to_frame`: (draw lists, 2, 3)."""
        cameras = [one.camera for one in draw_lists]
        values = np.array([(one.x, one.y, one.zoom, one.roll) for one in cameras], np.float64)
        roll = np.radians(-values[:, 3])
        scale = sizes.max(axis=1) / self._canvas_px * values[:, 2]
        middle = self._canvas_px / 2 + values[:, :2]
        return _turn_about(middle, sizes / 2, np.cos(roll), np.sin(roll), scale)


class _Rows:
    """The bases of all parts in one sequence, part by part.

    Attributes:
        names: Number of each one's name.
    """

    def __init__(self, rows: Sequence[Mapping[str, int]], name_of: Mapping[str, int]) -> None:
        self.names = np.array([name_of[name] for part in rows for name in part], np.int64)
        self._row = np.array([row for part in rows for row in part.values()], np.int64)
        self._part = np.repeat(np.arange(len(rows)), [len(part) for part in rows])
        self._parts = len(rows)

    def active(
        self, weights: NDArray[np.float32], where: Callable[[_Ints], _Ints] | None = None
    ) -> tuple[NDArray[np.void], _Ints, _Ints]:
        """Those with a weight, draw list by draw list; first and count of each job.

        Args:
            weights: Of each basis (draw lists, names).
            where: What stands in for their rows, or -1 for those that are left out.
        """
        spread, row = weights[:, self.names], self._row
        if where is not None:
            wanted = np.flatnonzero(spread.any(axis=0))
            found = where(wanted)
            row = np.zeros(row.shape, np.int64)
            row[wanted] = found
            spread[:, wanted[found < 0]] = 0.0
        list_of, number = np.nonzero(spread)
        active = np.empty(number.size, ACTIVE_DTYPE)
        active["row"] = row[number]
        active["weight"] = spread[list_of, number]
        jobs = len(weights) * self._parts
        counts = np.bincount(list_of * self._parts + self._part[number], minlength=jobs)
        shape = (len(weights), self._parts)
        return active, (np.cumsum(counts) - counts).reshape(shape), counts.reshape(shape)


def _turn_about(
    point: _Floats, to: _Floats, cosine: _Floats, sine: _Floats, scale: _Floats
) -> _Floats:
    """As `geometry._turn_about`, for arrays of points (..., 2): matrices (..., 2, 3)."""
    matrix = np.empty((*to.shape[:-1], 2, 3))
    matrix[..., 0, 0] = matrix[..., 1, 1] = cosine * scale
    matrix[..., 1, 0] = sine * scale
    matrix[..., 0, 1] = -matrix[..., 1, 0]
    x, y = point[..., 0], point[..., 1]
    for row in range(2):
        turned = matrix[..., row, 0] * x + matrix[..., row, 1] * y
        matrix[..., row, 2] = to[..., row] - turned
    return matrix


def _after(second: _Floats, first: _Floats) -> _Floats:
    """The transforms that apply `first`, then `second`."""
    matrix = np.empty(np.broadcast_shapes(first.shape, second.shape))
    for row in range(2):
        one, two, three = (second[..., row, k, np.newaxis] for k in range(3))
        matrix[..., row, :] = one * first[..., 0, :] + two * first[..., 1, :]
        matrix[..., row, 2:] += three
    return matrix


def _light(lists: NDArray[np.void], draw_lists: Sequence[DrawList]) -> NDArray[np.bool_]:
    """Fills in the lights; which draw lists have one."""
    lit = np.array([bool(one.light.sh) for one in draw_lists])
    given = [one.light.sh for one in draw_lists if one.light.sh]
    if given:
        for sh in given:
            if len(sh) != 27:
                irradiance_polynomial(sh, 0.0)  # which says what is wrong
        harmonics = np.array(given, np.float64).reshape(-1, 9, 3)
        lists["light"][lit, :, :3] = _polynomials() @ harmonics
    return lit


@cache
def _polynomials() -> _Floats:
    """What turns 9 coefficients into the 9 factors of `irradiance_polynomial`, which is linear."""
    units = np.repeat(np.eye(9), 3, axis=1)
    rows = [irradiance_polynomial(tuple(unit.tolist()), 0.0)[0] for unit in units]
    return np.stack(rows, axis=1).astype(np.float64)
