"""The accumulate stage, and the draw calls, of all draw lists of one avatar in a run."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import wgpu  # type: ignore[import-untyped] # it ships no type information

from compositor.drawlist import DrawList
from compositor.wgpu_atlas import Atlas
from compositor.wgpu_avatar import GpuAvatar
from compositor.wgpu_buffer import GrowingBuffer, GrowingLayers, entries
from compositor.wgpu_overlays import Laid, Overlays
from compositor.wgpu_pack import Cell
from compositor.wgpu_pipelines import SUMS_FORMAT, Pipelines
from compositor.wgpu_plan import ACTIVE_DTYPE, JOB_DTYPE, LIST_DTYPE, Pages, Planned
from compositor.wgpu_words import Words

__all__ = ["Batch"]

_POINT_BYTES = 8  # 2 x float32 a vertex
_VERTEX_THREADS = 64
_TEXEL_THREADS = 8  # a side


class Batch:
    """One avatar's draw lists of a run: their jobs, and the results of the accumulate stage."""

    def __init__(
        self,
        device: wgpu.GPUDevice,
        avatar: GpuAvatar,
        pipelines: Pipelines,
        overlays: Overlays,
    ) -> None:
        storage, copied = wgpu.BufferUsage.STORAGE, wgpu.BufferUsage.COPY_DST
        self._avatar = avatar
        self._device = device
        self._pipelines = pipelines
        self._overlays = overlays
        self._lists = GrowingBuffer(device, storage | copied)
        self._jobs = GrowingBuffer(device, storage | copied)
        self._actives = GrowingBuffer(device, storage | copied)
        self._points = GrowingBuffer(device, storage)
        self._sums = GrowingLayers(device, avatar.sums_size, SUMS_FORMAT)
        self._draw_lists: Sequence[DrawList] = ()
        self._laid: dict[int, list[tuple[int, Laid]]] = {}
        self._has_residuals = False
        self._bound: tuple[Any, ...] = ()

    @property
    def cost_bytes(self) -> int:
        """The most that one draw list takes in the buffers together."""
        planner = self._avatar.planner
        return (
            LIST_DTYPE.itemsize
            + planner.part_count * JOB_DTYPE.itemsize
            + planner.most_actives * ACTIVE_DTYPE.itemsize
            + self._avatar.vertex_count * _POINT_BYTES
        )

    def upload(self, draw_lists: Sequence[DrawList], pages: Pages) -> None:
        """Writes what the draw lists ask for; they are those of the stages that follow.

        Args:
            draw_lists: Of this avatar.
            pages: Where its pages lie.

        Raises:
            RenderError: It is more than the device can hold.
            ValueError: A light does not hold 27 numbers.
        """
        planned = self._avatar.planner.plan(draw_lists, pages)
        self._draw_lists = draw_lists
        self._has_residuals = planned.has_residuals
        self._lists.write(planned.lists)
        self._jobs.write(planned.jobs)
        self._actives.write(planned.actives)
        self._points.reserve(len(draw_lists) * self._avatar.vertex_count * _POINT_BYTES)
        if planned.has_residuals:
            self._sums.reserve(len(draw_lists))
        self._laid = {
            number: self._lay(draw_list, planned, number)
            for number, draw_list in enumerate(draw_lists)
            if draw_list.overlays
        }

    def accumulate(self, compute: wgpu.GPUComputePassEncoder) -> None:
        """Encodes the accumulate stage."""
        lists = len(self._draw_lists)
        compute.set_pipeline(self._pipelines.accumulate)
        compute.set_bind_group(0, self._accumulate_group)
        compute.dispatch_workgroups(-(-self._avatar.vertex_count // _VERTEX_THREADS), lists)
        if self._has_residuals:
            width, height = self._avatar.sums_size
            across, down = -(-width // _TEXEL_THREADS), -(-height // _TEXEL_THREADS)
            compute.set_pipeline(self._pipelines.residual)
            compute.set_bind_group(0, self._residual_group)
            compute.dispatch_workgroups(across, down, lists)

    def draw(self, drawing: wgpu.GPURenderPassEncoder, cells: Sequence[Cell]) -> None:
        """Encodes the draw calls, one a draw list and overlay, each list into its cell.

        The pipeline that draws avatars is set before it, and after it.
        """
        drawing.set_bind_group(0, self._draw_group)
        drawing.set_index_buffer(self._avatar.corners, "uint32")
        for number, (draw_list, cell) in enumerate(zip(self._draw_lists, cells, strict=True)):
            size = draw_list.size
            drawing.set_viewport(cell.left, cell.top, size.width, size.height, 0.0, 1.0)
            # Drivers clip to the viewport only roughly.
            drawing.set_scissor_rect(cell.left, cell.top, size.width, size.height)
            first = 0
            for end, laid in self._laid.get(number, ()):
                self._draw_parts(drawing, number, first, end)
                self._overlays.draw(drawing, laid)
                drawing.set_pipeline(self._pipelines.draw)
                drawing.set_bind_group(0, self._draw_group)
                first = end
            self._draw_parts(drawing, number, first, self._avatar.part_count)

    def bind(self, atlas: Atlas, words: Words) -> None:
        """Binds the buffers, when all pages that a run wants have been asked for."""
        avatar, device, pipelines = self._avatar, self._device, self._pipelines
        lists, jobs, actives = self._lists.buffer, self._jobs.buffer, self._actives.buffer
        points, sums = self._points.buffer, self._sums.view
        bound = (lists, jobs, actives, points, sums, atlas.colours, words.buffer)
        if bound == self._bound:
            return
        parts, vertices = avatar.parts, avatar.vertices
        self._accumulate_group = device.create_bind_group(
            layout=pipelines.accumulate_layout,
            entries=entries(parts, jobs, actives, vertices, avatar.deltas, points),
        )
        self._residual_group = device.create_bind_group(
            layout=pipelines.residual_layout,
            entries=entries(avatar.patches, parts, jobs, actives, words.buffer, sums),
        )
        textures = (atlas.colours, atlas.normals, sums, pipelines.sampler)
        self._draw_group = device.create_bind_group(
            layout=pipelines.draw_layout,
            entries=entries(parts, jobs, lists, vertices, points, *textures),
        )
        self._bound = bound

    def _draw_parts(
        self, drawing: wgpu.GPURenderPassEncoder, number: int, first: int, end: int
    ) -> None:
        with_background = not self._draw_lists[number].coverage
        ranges = self._avatar.corner_ranges(first, end, with_background=with_background)
        for corner, count in ranges:
            drawing.draw_indexed(count, 1, corner, 0, number)

    def _lay(self, draw_list: DrawList, planned: Planned, number: int) -> list[tuple[int, Laid]]:
        """A draw list's overlays, each with the number of the part before which it is drawn."""
        found = []
        for overlay in draw_list.overlays:
            part = self._avatar.planner.part_of.get(overlay.after)
            if part is None:
                end, matrix = self._avatar.part_count, planned.cameras[number]
            else:
                job = planned.jobs[number, part]
                end, matrix = part + 1, np.stack([job["row_x"][:3], job["row_y"][:3]])
            laid = self._overlays.lay(draw_list, overlay, matrix, self._avatar.canvas_px)
            if laid is not None:
                found.append((end, laid))
        return sorted(found, key=lambda one: one[0])
