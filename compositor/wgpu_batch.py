"""The accumulate stage: all draw lists of one avatar in a call at once."""

from collections.abc import Sequence

import numpy as np
import wgpu  # type: ignore[import-untyped] # it ships no type information
from numpy.typing import NDArray

from compositor.drawlist import DrawList
from compositor.light import irradiance_polynomial
from compositor.prepared import PartPlan
from compositor.wgpu_avatar import GpuAvatar
from compositor.wgpu_buffer import GrowingBuffer, entries
from compositor.wgpu_pipelines import Pipelines

__all__ = ["Batch"]

_JOB_DTYPE = np.dtype(
    [
        ("row_x", "<f4", 4),
        ("row_y", "<f4", 4),
        ("light", "<f4", (9, 4)),
        ("delta_start", "<u4"),
        ("delta_count", "<u4"),
        ("residual_start", "<u4"),
        ("residual_count", "<u4"),
        ("lit", "<u4"),
        ("list", "<u4"),
        ("part", "<u4"),
        ("unused", "<u4"),
    ]
)
_ACTIVE_DTYPE = np.dtype([("row", "<u4"), ("weight", "<f4")])

_POINT_BYTES = 8  # 2 x float32 a vertex
_SUM_BYTES = 16  # 4 x float32 a residual texel
_GROUP_THREADS = 64


class Batch:
    """One avatar's draw lists of a call: their jobs, and the results of the accumulate stage."""

    def __init__(self, device: wgpu.GPUDevice, avatar: GpuAvatar, pipelines: Pipelines) -> None:
        storage, copied = wgpu.BufferUsage.STORAGE, wgpu.BufferUsage.COPY_DST
        self.avatar = avatar
        self._device = device
        self._pipelines = pipelines
        self._jobs = GrowingBuffer(device, storage | copied)
        self._actives = GrowingBuffer(device, storage | copied)
        self._points = GrowingBuffer(device, storage)
        self._sums = GrowingBuffer(device, storage)
        self._bound: tuple[wgpu.GPUBuffer, ...] = ()
        self._bind()

    def cost_bytes(self, plans: Sequence[PartPlan]) -> int:
        """What one draw list takes in the buffers together."""
        actives = sum(len(asked.deltas) + len(asked.residuals) for asked in plans)
        return (
            len(plans) * _JOB_DTYPE.itemsize
            + actives * _ACTIVE_DTYPE.itemsize
            + self.avatar.vertices * _POINT_BYTES
            + self.avatar.residual_texels * _SUM_BYTES
        )

    def _bind(self) -> None:
        """Binds the buffers, unless those that are bound are still the same."""
        avatar, device, pipelines = self.avatar, self._device, self._pipelines
        jobs, actives = self._jobs.buffer, self._actives.buffer
        points, sums = self._points.buffer, self._sums.buffer
        if self._bound == (jobs, actives, points, sums):
            return
        self._accumulate_group = device.create_bind_group(
            layout=pipelines.accumulate.get_bind_group_layout(0),
            entries=entries(
                avatar.parts,
                jobs,
                actives,
                avatar.rest,
                avatar.deltas,
                avatar.residuals,
                points,
                sums,
            ),
        )
        self.draw_group = device.create_bind_group(
            layout=pipelines.draw_layout,
            entries=[
                *entries(avatar.parts, jobs, avatar.corners, avatar.uvs, points, sums),
                {"binding": 6, "resource": pipelines.sampler},
            ],
        )
        self._bound = (jobs, actives, points, sums)

    def upload(self, draw_lists: Sequence[DrawList], plans: Sequence[list[PartPlan]]) -> None:
        """Writes what the draw lists ask for.

        Raises:
            RenderError: It is more than the device can hold.
        """
        count = len(draw_lists)
        jobs, actives = _jobs(draw_lists, plans)
        self._jobs.write(jobs)
        self._actives.write(actives)
        self._points.reserve(count * self.avatar.vertices * _POINT_BYTES)
        self._sums.reserve(count * self.avatar.residual_texels * _SUM_BYTES)
        self._bind()

    def accumulate(self, encoder: wgpu.GPUCommandEncoder, count: int) -> None:
        """Encodes the accumulate stage of `count` draw lists."""
        threads = max(self.avatar.vertices, self.avatar.residual_texels)
        compute = encoder.begin_compute_pass()
        compute.set_pipeline(self._pipelines.accumulate)
        compute.set_bind_group(0, self._accumulate_group)
        compute.dispatch_workgroups(-(-threads // _GROUP_THREADS), count)
        compute.end()


def _jobs(
    draw_lists: Sequence[DrawList], plans: Sequence[list[PartPlan]]
) -> tuple[NDArray[np.void], NDArray[np.void]]:
    part_count = len(plans[0])
    jobs = np.zeros(len(draw_lists) * part_count, _JOB_DTYPE)
    actives: list[tuple[int, float]] = []
    for number, (draw_list, of_list) in enumerate(zip(draw_lists, plans, strict=True)):
        size, sh = draw_list.size, draw_list.light.sh
        for part, asked in enumerate(of_list):
            m, job = asked.matrix, jobs[number * part_count + part]
            job["row_x"] = (m.a, m.b, m.c, size.width)
            job["row_y"] = (m.d, m.e, m.f, size.height)
            job["delta_start"], job["delta_count"] = len(actives), len(asked.deltas)
            actives += asked.deltas
            job["residual_start"], job["residual_count"] = len(actives), len(asked.residuals)
            actives += asked.residuals
            job["list"], job["part"] = number, part
            if sh and asked.lit:
                job["lit"] = 1
                job["light"][:, :3] = irradiance_polynomial(sh, asked.turn_degrees).T
    return jobs, np.array(actives, _ACTIVE_DTYPE)
