"""Buffers and textures that grow, how much they may hold, and how they are bound."""

from typing import Any

import numpy as np
import wgpu  # type: ignore[import-untyped] # it ships no type information
from numpy.typing import NDArray

from compositor.errors import RenderError

__all__ = ["GrowingBuffer", "GrowingLayers", "entries", "most_bytes"]

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


class GrowingLayers:
    """Layers of a texture that compute shaders write; made anew when there are too few."""

    def __init__(self, device: wgpu.GPUDevice, size: tuple[int, int], format_: str) -> None:
        self._device = device
        self._size = size
        self._format = format_
        self._count = 0
        self.reserve(1)

    def reserve(self, count: int) -> None:
        """Makes room for `count` layers, at most as many as the device has in a texture."""
        if count <= self._count:
            return
        most = int(self._device.limits["max-texture-array-layers"])
        layers = min(1 << (count - 1).bit_length(), most)
        texture = self._device.create_texture(
            size=(*self._size, layers),
            format=self._format,
            usage=wgpu.TextureUsage.STORAGE_BINDING | wgpu.TextureUsage.TEXTURE_BINDING,
        )
        self.view: wgpu.GPUTextureView = texture.create_view(dimension="2d-array")
        self._count = layers


def entries(*resources: wgpu.GPUBuffer | wgpu.GPUTextureView | wgpu.GPUSampler) -> Any:  # noqa: ANN401 - what wgpu takes
    """Bind group entries, in the order of their bindings; buffers are bound whole."""
    return [
        {"binding": k, "resource": {"buffer": one} if isinstance(one, wgpu.GPUBuffer) else one}
        for k, one in enumerate(resources)
    ]
