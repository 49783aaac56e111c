"""Where the GPU's time goes: timestamps at the ends of each stage's pass."""

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import wgpu  # type: ignore[import-untyped] # it ships no type information

from compositor.stages import STAGES, Stage
from compositor.wgpu_adapter import TIMESTAMPS

__all__ = ["GpuStages"]

_PASSES: tuple[Stage, ...] = ("accumulate", "draw", "convert")
_BYTES = 8 * 2 * len(_PASSES)
_RESOLVE_BYTES = 256  # what a query set is resolved into is aligned to that


class GpuStages:
    """Times the stages of a call, summed over its runs.

    Where the adapter has no timestamps, only the readback is timed and the other stages are 0.
    """

    def __init__(self, device: wgpu.GPUDevice) -> None:
        self._device = device
        self._query: wgpu.GPUQuerySet | None = None
        self._resolved: wgpu.GPUBuffer | None = None
        self._sums_ms: dict[Stage, float] = dict.fromkeys(STAGES, 0.0)
        self.on = False

    def switch(self, on: bool) -> None:
        """Whether to time what follows."""
        self.on = on
        if on and self._resolved is None:
            usage = wgpu.BufferUsage
            self._resolved = self._device.create_buffer(
                size=_RESOLVE_BYTES, usage=usage.QUERY_RESOLVE | usage.COPY_SRC
            )
            self._readable = self._device.create_buffer(
                size=_RESOLVE_BYTES, usage=usage.MAP_READ | usage.COPY_DST
            )
            if TIMESTAMPS in self._device.features:
                count = 2 * len(_PASSES)
                self._query = self._device.create_query_set(type="timestamp", count=count)

    def restart(self) -> None:
        """Forgets all sums: a call begins."""
        self._sums_ms = dict.fromkeys(STAGES, 0.0)

    def of_pass(self, stage: Stage) -> dict[str, Any]:
        """What a pass of a stage is begun with."""
        if not self.on or self._query is None:
            return {}
        first = 2 * _PASSES.index(stage)
        writes = {
            "query_set": self._query,
            "beginning_of_pass_write_index": first,
            "end_of_pass_write_index": first + 1,
        }
        return {"timestamp_writes": writes}

    def resolve(self, encoder: wgpu.GPUCommandEncoder) -> None:
        """Encodes the reading of a run's timestamps."""
        if not self.on:
            return
        if self._query is not None:
            encoder.resolve_query_set(self._query, 0, 2 * len(_PASSES), self._resolved, 0)
        encoder.copy_buffer_to_buffer(self._resolved, 0, self._readable, 0, _BYTES)

    def submitted(self) -> float:
        """Waits for a run that was submitted, and adds up its stages; when its readback began."""
        # Readable after all that was submitted before it, with or without timestamps.
        self._readable.map_sync(wgpu.MapMode.READ, 0, _BYTES)
        try:
            ticks = np.frombuffer(self._readable.read_mapped(0, _BYTES, copy=True), np.int64)
        finally:
            self._readable.unmap()
        if self._query is not None:
            for stage, (begin, end) in zip(_PASSES, ticks.reshape(-1, 2).tolist(), strict=True):
                self._sums_ms[stage] += (end - begin) / 1e6
        return time.perf_counter()

    def read_since(self, began_s: float) -> None:
        """A readback that began then has ended."""
        self._sums_ms["readback"] += (time.perf_counter() - began_s) * 1e3

    def times_ms(self) -> Mapping[Stage, float]:
        """The sums."""
        return dict(self._sums_ms)
