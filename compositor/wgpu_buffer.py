"""Buffers that grow, how much they may hold, and how they are bound."""

from typing import Any

import numpy as np
import wgpu  # type: ignore[import-untyped] # it ships no type information
from numpy.typing import NDArray

from compositor.errors import RenderError

__all__ = ["GrowingBuffer", "entries", "most_bytes"]

_ALIGNMENT = 256


def most_bytes(device: wgpu.GPUDevice) -> int:
    """The largest buffer that the device can bind whole."""
    limits = device.limits
    most = min(limits["max-storage-buffer-binding-size"], limits["max-buffer-size"])
    return int(most) // _ALIGNMENT * _ALIGNMENT


class GrowingBuffer:
    """A buffer that is made anew, larger, when it no longer suffices."""

    def __init__(self, device: wgpu.GPUDevice, usage: int) -> None:
        self._device = device
        self._usage = usage
        self._most_bytes = most_bytes(device)
        self.buffer: wgpu.GPUBuffer = device.create_buffer(size=_ALIGNMENT, usage=usage)

    def reserve(self, size_bytes: int) -> None:
        """Makes room.

        Raises:
            RenderError: The device has no buffer that large.
        """
        if size_bytes <= self.buffer.size:
            return
        if size_bytes > self._most_bytes:
            raise RenderError(f"{size_bytes} bytes in one buffer; at most {self._most_bytes} fit")
        size = min(1 << (size_bytes - 1).bit_length(), self._most_bytes)
        self.buffer = self._device.create_buffer(size=size, usage=self._usage)

    def write(self, data: NDArray[np.generic]) -> None:
        """Writes data to its start, and makes room for it.

        Raises:
            RenderError: As `reserve`.
        """
        self.reserve(data.nbytes)
        if data.nbytes:
            self._device.queue.write_buffer(self.buffer, 0, data)


def entries(*buffers: wgpu.GPUBuffer) -> list[dict[str, Any]]:
    """Bind group entries of whole buffers, in the order of their bindings."""
    return [{"binding": k, "resource": {"buffer": one}} for k, one in enumerate(buffers)]
