"""An avatar on the GPU: everything that does not change from frame to frame."""

import numpy as np
import wgpu  # type: ignore[import-untyped] # it ships no type information
from numpy.typing import NDArray

from capsules.avatar import Avatar
from compositor.prepared import PreparedPart, prepare

__all__ = ["PART_DTYPE", "GpuAvatar"]

PART_DTYPE = np.dtype(
    [
        ("vertex_first", "<u4"),
        ("vertex_count", "<u4"),
        ("delta_first", "<u4"),
        ("residual_first", "<u4"),
        ("residual_columns", "<u4"),
        ("residual_rows", "<u4"),
        ("residual_source", "<u4"),
        ("unused", "<u4"),
        ("rect", "<f4", 4),
    ]
)
"""`Part` of types.wgsl."""


class GpuAvatar:
    """Buffers and textures of one avatar.

    Attributes:
        canvas_px: Side of its canvas.
        prepared: Its parts; their textures are on the GPU.
        vertices: Vertices of all parts.
        residual_texels: Texels of the summed residuals of all parts.
        corners_of: First corner and number of corners of each part, in `corners`.
        parts: `Part` records.
        rest: Vertices (V, 2) float32.
        uvs: Texture coordinates (V, 2) float32.
        corners: Vertex numbers, three a triangle.
        deltas: Vertex deltas of all parts and bases, 2 x float16.
        residuals: Residuals of all parts and bases, 4 x int8.
        levels: Bind group of each texture level of each part.
    """

    def __init__(
        self,
        device: wgpu.GPUDevice,
        avatar: Avatar,
        level_layout: wgpu.GPUBindGroupLayout,
    ) -> None:
        self.canvas_px = avatar.canvas_px
        self.prepared = prepare(avatar)
        self.vertices = sum(len(part.part.vertices) for part in self.prepared)
        records, self.residual_texels = _records(self.prepared)
        self.corners_of: list[tuple[int, int]] = []
        corners: list[NDArray[np.uint32]] = []
        first_corner = 0
        for part, record in zip(self.prepared, records, strict=True):
            of_part = part.part.triangles.astype(np.uint32).ravel() + record["vertex_first"]
            corners.append(of_part)
            self.corners_of.append((first_corner, of_part.size))
            first_corner += of_part.size
        self.parts = _storage(device, records)
        self.rest = _storage(
            device, np.concatenate([part.part.vertices for part in self.prepared]), np.float32
        )
        uvs = np.concatenate([part.part.uv for part in self.prepared])
        self.uvs = _storage(device, np.clip(uvs, 0.0, 1.0), np.float32)
        self.corners = _storage(device, np.concatenate(corners))
        deltas = [part.deltas.reshape(-1) for part in self.prepared]
        self.deltas = _storage(device, np.concatenate(deltas), np.float16)
        residuals = [
            np.pad(part.residuals, ((0, 0), (0, 0), (0, 0), (0, 1))).reshape(-1)
            for part in self.prepared
        ]
        self.residuals = _storage(device, np.concatenate(residuals), np.int8)
        self.levels = [_levels(device, part, level_layout) for part in self.prepared]


def _records(prepared: tuple[PreparedPart, ...]) -> tuple[NDArray[np.void], int]:
    records = np.zeros(len(prepared), PART_DTYPE)
    vertex = delta = texel = source = 0
    for record, part in zip(records, prepared, strict=True):
        count = len(part.part.vertices)
        rows, columns = part.residuals.shape[1:3] if part.residual_rows else (0, 0)
        height, width = part.part.texture.shape[:2]
        rect = np.array(part.part.residual_rect) / (width, height, width, height)
        record["vertex_first"], record["vertex_count"] = vertex, count
        record["delta_first"] = delta
        record["residual_first"], record["residual_source"] = texel, source
        record["residual_columns"], record["residual_rows"] = columns, rows
        record["rect"] = rect if part.residual_rows else (0.0, 0.0, 1.0, 1.0)
        vertex += count
        delta += len(part.deltas) * count
        texel += rows * columns
        source += len(part.residuals) * rows * columns
    return records, texel


def _storage(
    device: wgpu.GPUDevice, data: NDArray[np.generic], dtype: type[np.generic] | None = None
) -> wgpu.GPUBuffer:
    """A read-only storage buffer; one of no data is 16 bytes long, since empty ones cannot be."""
    raw = np.ascontiguousarray(data, dtype).tobytes() or bytes(16)
    raw += bytes(-len(raw) % 4)
    return device.create_buffer_with_data(data=raw, usage=wgpu.BufferUsage.STORAGE)


def _levels(
    device: wgpu.GPUDevice, part: PreparedPart, layout: wgpu.GPUBindGroupLayout
) -> list[wgpu.GPUBindGroup]:
    flat = np.zeros((1, 1, 2), np.int8)
    groups = []
    for level, texture in enumerate(part.textures):
        colours = _texture(device, texture, wgpu.TextureFormat.rgba8unorm)
        normals = _texture(
            device, part.normals[level] if part.normals else flat, wgpu.TextureFormat.rg8snorm
        )
        groups.append(
            device.create_bind_group(
                layout=layout,
                entries=[
                    {"binding": 0, "resource": colours.create_view()},
                    {"binding": 1, "resource": normals.create_view()},
                ],
            )
        )
    return groups


def _texture(
    device: wgpu.GPUDevice, picture: NDArray[np.uint8] | NDArray[np.int8], format_: str
) -> wgpu.GPUTexture:
    height, width, channels = picture.shape
    texture = device.create_texture(
        size=(width, height, 1),
        format=format_,
        usage=wgpu.TextureUsage.TEXTURE_BINDING | wgpu.TextureUsage.COPY_DST,
    )
    device.queue.write_texture(
        {"texture": texture},
        np.ascontiguousarray(picture),
        {"bytes_per_row": width * channels, "rows_per_image": height},
        (width, height, 1),
    )
    return texture
