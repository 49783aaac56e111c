"""The texture atlas of one avatar: every level of every part in a few large pages."""

from collections.abc import Sequence

import numpy as np
import wgpu  # type: ignore[import-untyped] # it ships no type information
from numpy.typing import NDArray

from compositor.errors import RenderError
from compositor.prepared import PreparedPart
from compositor.wgpu_pack import Cell, pack

__all__ = ["LEVEL_DTYPE", "Atlas"]

LEVEL_DTYPE = np.dtype(
    [("place", "<f4", 2), ("size", "<f4", 2), ("page", "<u4"), ("unused", "<u4")]
)
"""`Level` of types.wgsl."""

_BORDER = 1  # texels around each level, so that linear filtering meets its own edge
_LEAST_SIDE = 1024


class Atlas:
    """Colours and normals of all levels, which share their places.

    Attributes:
        levels: `LEVEL_DTYPE` of each level, part by part.
        colours: View of the colours, RGBA.
        normals: View of the normals' x and y.

    Raises:
        RenderError: The device has no texture that large.
    """

    def __init__(self, device: wgpu.GPUDevice, parts: Sequence[PreparedPart]) -> None:
        self._device = device
        textures = [texture for part in parts for texture in part.textures]
        sizes = tuple(
            (texture.shape[1] + 2 * _BORDER, texture.shape[0] + 2 * _BORDER) for texture in textures
        )
        cells = self._packed(sizes)
        self.levels = np.zeros(len(cells), LEVEL_DTYPE)
        self.levels["place"] = [(cell.left + _BORDER, cell.top + _BORDER) for cell in cells]
        self.levels["size"] = [
            (width - 2 * _BORDER, height - 2 * _BORDER) for width, height in sizes
        ]
        self.levels["page"] = [cell.page for cell in cells]
        extent = (
            max(cell.left + width for cell, (width, _) in zip(cells, sizes, strict=True)),
            max(cell.top + height for cell, (_, height) in zip(cells, sizes, strict=True)),
            max(cell.page for cell in cells) + 1,
        )
        colours = self._texture(extent, wgpu.TextureFormat.rgba8unorm)
        normals = self._texture(extent, wgpu.TextureFormat.rg8snorm)
        for texture, cell in zip(textures, cells, strict=True):
            self._write(colours, cell, texture)
        own = [
            (part.normals[k] if part.normals else None)
            for part in parts
            for k in range(len(part.textures))
        ]
        for picture, cell in zip(own, cells, strict=True):
            if picture is not None:
                self._write(normals, cell, picture)
        self.colours = colours.create_view(dimension="2d-array")
        self.normals = normals.create_view(dimension="2d-array")

    def _packed(self, sizes: tuple[tuple[int, int], ...]) -> tuple[Cell, ...]:
        limits = self._device.limits
        most = int(limits["max-texture-dimension-2d"])
        largest = max(max(size) for size in sizes)
        side = min(max(1 << (largest - 1).bit_length(), _LEAST_SIDE), most)
        if largest > side:
            raise RenderError(f"a texture side of {largest} texels; at most {most} fit")
        cells = pack(sizes, side)
        pages = max(cell.page for cell in cells) + 1
        if pages > int(limits["max-texture-array-layers"]):
            raise RenderError(f"{pages} pages of textures of {side} x {side} texels are too many")
        return cells

    def _texture(self, extent: tuple[int, int, int], format_: str) -> wgpu.GPUTexture:
        return self._device.create_texture(
            size=extent,
            format=format_,
            usage=wgpu.TextureUsage.TEXTURE_BINDING | wgpu.TextureUsage.COPY_DST,
        )

    def _write(
        self, texture: wgpu.GPUTexture, cell: Cell, picture: NDArray[np.uint8] | NDArray[np.int8]
    ) -> None:
        edges = ((_BORDER, _BORDER), (_BORDER, _BORDER), (0, 0))
        padded = np.ascontiguousarray(np.pad(picture, edges, mode="edge"))
        height, width, channels = padded.shape
        self._device.queue.write_texture(
            {"texture": texture, "origin": (cell.left, cell.top, cell.page)},
            padded,
            {"bytes_per_row": width * channels, "rows_per_image": height},
            (width, height, 1),
        )
