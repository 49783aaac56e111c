"""An avatar on the GPU: what does not change from frame to frame, but for its cached pages."""

from collections.abc import Iterator, Sequence

import numpy as np
import wgpu  # type: ignore[import-untyped] # it ships no type information
from numpy.typing import NDArray

from compositor.drawlist import BACKGROUND
from compositor.errors import RenderError
from compositor.prepared import PreparedPart
from compositor.wgpu_pack import Cell, pack
from compositor.wgpu_plan import Planner

__all__ = ["GpuAvatar"]

_PART_DTYPE = np.dtype(
    [
        ("vertex_first", "<u4"),
        ("vertex_count", "<u4"),
        ("delta_first", "<u4"),
        ("unused", "<u4"),
        ("rect", "<f4", 4),
        ("cell", "<f4", 4),
    ]
)
_PATCH_DTYPE = np.dtype([("part", "<u4"), ("unused", "<u4", 3), ("cell", "<u4", 4)])
_VERTEX_DTYPE = np.dtype([("rest", "<f4", 2), ("uv", "<f4", 2), ("part", "<u4"), ("unused", "<u4")])


class GpuAvatar:
    """Buffers and textures of one avatar; records are those of types.wgsl.

    Attributes:
        canvas_px: Side of its canvas.
        planner: Plans its batches.
        part_count: Parts it has.
        vertex_count: Vertices of all parts.
        sums_size: Width and height of the summed residuals of all parts, texels.
        parts: `Part` records.
        patches: `Patch` records, of the parts with residuals.
        vertices: `Vertex` records.
        corners: Index buffer, three vertex numbers a triangle, parts in z-order.
        deltas: Vertex deltas of all parts and bases, 2 x float16.

    Raises:
        RenderError: The device has no texture that large.
    """

    def __init__(
        self, device: wgpu.GPUDevice, prepared: Sequence[PreparedPart], canvas_px: int
    ) -> None:
        self.canvas_px = canvas_px
        self.planner = Planner(prepared, canvas_px)
        self.part_count = len(prepared)
        cells, self.sums_size = _sum_cells(device, prepared)
        parts = _parts(prepared, cells)
        vertices = _vertices(prepared)
        corners = [
            one.part.triangles.astype(np.uint32).ravel() + first
            for one, first in zip(prepared, parts["vertex_first"], strict=True)
        ]
        self.vertex_count = vertices.size
        self._first_corners = np.cumsum([0, *(of_part.size for of_part in corners)]).tolist()
        self._backgrounds = [k for k, one in enumerate(prepared) if one.part.name == BACKGROUND]
        self.parts = _storage(device, parts)
        self.patches = _storage(device, _patches(prepared, cells))
        self.vertices = _storage(device, vertices)
        self.corners = _buffer(device, np.concatenate(corners), wgpu.BufferUsage.INDEX)
        self.deltas = _storage(device, np.concatenate([one.deltas.ravel() for one in prepared]))

    def corner_ranges(
        self, first: int, end: int, *, with_background: bool
    ) -> Iterator[tuple[int, int]]:
        """First and number of the corners of parts that follow each other, in z-order."""
        if not with_background:
            for number in self._backgrounds:
                if first <= number < end:
                    yield from self._range(first, number)
                    first = number + 1
        yield from self._range(first, end)

    def _range(self, first: int, end: int) -> Iterator[tuple[int, int]]:
        corner, last = self._first_corners[first], self._first_corners[end]
        if corner < last:
            yield corner, last - corner


def _sum_cells(
    device: wgpu.GPUDevice, prepared: Sequence[PreparedPart]
) -> tuple[tuple[Cell, ...], tuple[int, int]]:
    """Where each part's residuals are summed, and how large a layer that takes."""
    sizes = tuple(_residual_size(one) for one in prepared)
    most = int(device.limits["max-texture-dimension-2d"])
    largest = max(max(size) for size in sizes)
    if largest > most:
        raise RenderError(f"a residual side of {largest} texels; at most {most} fit")
    cells = pack(sizes, min(max(1 << largest.bit_length(), 256), most))
    if any(cell.page for cell in cells):
        cells = pack(sizes, most)
    if any(cell.page for cell in cells):
        raise RenderError(f"the residuals of all parts do not fit {most} x {most} texels")
    width = max(cell.left + size[0] for cell, size in zip(cells, sizes, strict=True))
    height = max(cell.top + size[1] for cell, size in zip(cells, sizes, strict=True))
    return cells, (max(width, 1), max(height, 1))


def _residual_size(prepared: PreparedPart) -> tuple[int, int]:
    rows, columns = prepared.residuals.shape[1:3]
    return (columns, rows) if prepared.residual_rows else (0, 0)


def _parts(prepared: Sequence[PreparedPart], cells: Sequence[Cell]) -> NDArray[np.void]:
    records = np.zeros(len(prepared), _PART_DTYPE)
    vertex = delta = 0
    for record, one, cell in zip(records, prepared, cells, strict=True):
        count = len(one.part.vertices)
        record["vertex_first"], record["vertex_count"] = vertex, count
        record["delta_first"] = delta
        record["rect"] = (0.0, 0.0, 1.0, 1.0)
        if one.residual_rows:
            height, width = one.part.texture.shape[:2]
            record["rect"] = np.array(one.part.residual_rect) / (width, height, width, height)
            record["cell"] = (cell.left, cell.top, *_residual_size(one))
        vertex += count
        delta += len(one.deltas) * count
    return records


def _patches(prepared: Sequence[PreparedPart], cells: Sequence[Cell]) -> NDArray[np.void]:
    found = []
    for number, (one, cell) in enumerate(zip(prepared, cells, strict=True)):
        columns, rows = _residual_size(one)
        if columns:
            found.append((number, (0, 0, 0), (cell.left, cell.top, columns, rows)))
    return np.array(found, _PATCH_DTYPE)


def _vertices(prepared: Sequence[PreparedPart]) -> NDArray[np.void]:
    counts = [len(one.part.vertices) for one in prepared]
    records = np.zeros(sum(counts), _VERTEX_DTYPE)
    records["rest"] = np.concatenate([one.part.vertices for one in prepared])
    uvs = np.concatenate([one.part.uv for one in prepared])
    records["uv"] = np.clip(uvs, 0.0, 1.0)
    records["part"] = np.repeat(np.arange(len(prepared)), counts)
    return records


def _storage(device: wgpu.GPUDevice, data: NDArray[np.generic]) -> wgpu.GPUBuffer:
    return _buffer(device, data, wgpu.BufferUsage.STORAGE)


def _buffer(device: wgpu.GPUDevice, data: NDArray[np.generic], usage: int) -> wgpu.GPUBuffer:
    """A buffer of data; one of no data holds 64 zero bytes, since empty ones cannot be."""
    raw = np.ascontiguousarray(data).tobytes() or bytes(64)
    raw += bytes(-len(raw) % 4)
    return device.create_buffer_with_data(data=raw, usage=usage)
