"""Buffers that grow, and how buffers are bound."""

from typing import Any

import numpy as np
import wgpu  # type: ignore[import-untyped] # it ships no type information
from numpy.typing import NDArray

__all__ = ["GrowingBuffer", "entries"]


class GrowingBuffer:
    """A buffer that is made anew, larger, when it no longer suffices."""

    def __init__(self, device: wgpu.GPUDevice, usage: int) -> None:
        self._device = device
        self._usage = usage
        self.buffer: wgpu.GPUBuffer = device.create_buffer(size=256, usage=usage)

    def reserve(self, size_bytes: int) -> bool:
        """Makes room; true where the buffer is a new one."""
        if size_bytes <= self.buffer.size:
            return False
        self.buffer = self._device.create_buffer(
            size=1 << (size_bytes - 1).bit_length(), usage=self._usage
        )
        return True

    def write(self, data: NDArray[np.generic]) -> bool:
        """Writes data to its start; true where the buffer is a new one."""
        grown = self.reserve(data.nbytes)
        if data.nbytes:
            self._device.queue.write_buffer(self.buffer, 0, data)
        return grown


def entries(*buffers: wgpu.GPUBuffer) -> list[dict[str, Any]]:
    """Bind group entries of whole buffers, in the order of their bindings."""
    return [{"binding": k, "resource": {"buffer": one}} for k, one in enumerate(buffers)]
