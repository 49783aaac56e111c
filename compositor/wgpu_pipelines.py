"""The compiled shaders, and the layouts of what they read."""

from importlib import resources
from typing import Any

import wgpu  # type: ignore[import-untyped] # it ships no type information

__all__ = ["PICTURE_FORMAT", "SUMS_FORMAT", "Pipelines"]

PICTURE_FORMAT = wgpu.TextureFormat.rgba8unorm
"""Not sRGB: blending is in encoded numbers, as on the CPU."""

SUMS_FORMAT = wgpu.TextureFormat.rgba16float
"""Summed residuals: exact enough, and filtered by every device."""

_Layout = list[dict[str, Any]]
_Blend = dict[str, dict[str, str]]

_READ: dict[str, Any] = {"buffer": {"type": "read-only-storage"}}
_WRITE: dict[str, Any] = {"buffer": {"type": "storage"}}
_PAGES: dict[str, Any] = {"texture": {"sample_type": "float", "view_dimension": "2d-array"}}
_LINEAR: dict[str, Any] = {"sampler": {"type": "filtering"}}


def _blend(source: str, there: str, *, covers: bool = False) -> _Blend:
    """Factors of the colours; alpha is treated alike if what is drawn covers, else it stays."""
    color = {"src_factor": source, "dst_factor": there, "operation": "add"}
    stays = {"src_factor": "zero", "dst_factor": "one", "operation": "add"}
    return {"color": color, "alpha": color if covers else stays}


_OVER = _blend("one", "one-minus-src-alpha", covers=True)
_OVERLAYS = {
    "override": ("fragment", _OVER),
    "additive": ("fragment", _blend("one", "one")),
    "additive where covered": ("fragment", _blend("dst-alpha", "one")),
    "multiply": ("factor", _blend("dst", "zero")),
}


class Pipelines:
    """The compiled shaders.

    Attributes:
        accumulate: Vertices placed.
        residual: Residuals summed.
        draw: Meshes drawn.
        overlays: Frames of clips laid over them, by mode; "additive where covered" is for frames
            with coverage.
        i420: Frames converted.
        sampler: Linear, clamped to the edge.
    """

    def __init__(self, device: wgpu.GPUDevice) -> None:
        types = _source("types")
        self.accumulate_layout = _group(device, _computed(*[_READ] * 5, _WRITE))
        self.accumulate = _compute(device, types + _source("accumulate"), self.accumulate_layout)
        sums = {"access": "write-only", "format": SUMS_FORMAT, "view_dimension": "2d-array"}
        self.residual_layout = _group(device, _computed(*[_READ] * 5, {"storage_texture": sums}))
        self.residual = _compute(device, types + _source("residual"), self.residual_layout)
        picture = {"texture": {"sample_type": "float", "view_dimension": "2d"}}
        self.i420_layout = _group(device, _computed(picture, _READ, _READ, _WRITE))
        self.i420 = _compute(device, _source("i420"), self.i420_layout)
        self.sampler = device.create_sampler(mag_filter="linear", min_filter="linear")
        self.draw_layout = _group(device, _drawn())
        self.draw = _draw(device, types + _source("draw"), self.draw_layout, "fragment", _OVER)
        self.overlay_layout = _group(device, _overlaid())
        overlay = types + _source("overlay")
        self.overlays = {
            mode: _draw(device, overlay, self.overlay_layout, entry, blend, "triangle-strip")
            for mode, (entry, blend) in _OVERLAYS.items()
        }


def _source(name: str) -> str:
    return (resources.files("compositor") / "shaders" / f"{name}.wgsl").read_text("utf-8")


def _group(device: wgpu.GPUDevice, layout: _Layout) -> wgpu.GPUBindGroupLayout:
    return device.create_bind_group_layout(entries=layout)


def _compute(
    device: wgpu.GPUDevice, code: str, layout: wgpu.GPUBindGroupLayout
) -> wgpu.GPUComputePipeline:
    return device.create_compute_pipeline(
        layout=device.create_pipeline_layout(bind_group_layouts=[layout]),
        compute={"module": device.create_shader_module(code=code), "entry_point": "main"},
    )


def _draw(
    device: wgpu.GPUDevice,
    code: str,
    layout: wgpu.GPUBindGroupLayout,
    entry: str,
    blend: _Blend,
    topology: str = "triangle-list",
) -> wgpu.GPURenderPipeline:
    module = device.create_shader_module(code=code)
    return device.create_render_pipeline(
        layout=device.create_pipeline_layout(bind_group_layouts=[layout]),
        vertex={"module": module, "entry_point": "vertex"},
        primitive={"topology": topology, "cull_mode": "none"},
        fragment={
            "module": module,
            "entry_point": entry,
            "targets": [{"format": PICTURE_FORMAT, "blend": blend}],
        },
    )


def _computed(*bindings: dict[str, Any]) -> _Layout:
    return _bound(*((wgpu.ShaderStage.COMPUTE, one) for one in bindings))


def _drawn() -> _Layout:
    vertex, fragment = wgpu.ShaderStage.VERTEX, wgpu.ShaderStage.FRAGMENT
    both = vertex | fragment
    return _bound(
        (both, _READ),  # parts
        (both, _READ),  # jobs
        (both, _READ),  # lists
        (vertex, _READ),  # vertices
        (vertex, _READ),  # points
        (both, _PAGES),  # colours, whose size the vertex shader asks for
        (fragment, _PAGES),  # normals
        (fragment, _PAGES),  # summed residuals
        (fragment, _LINEAR),
    )


def _overlaid() -> _Layout:
    fragment = wgpu.ShaderStage.FRAGMENT
    return _bound(
        (wgpu.ShaderStage.VERTEX | fragment, _READ),  # overlays
        (fragment, _PAGES),  # colours
        (fragment, _LINEAR),
    )


def _bound(*bindings: tuple[int, dict[str, Any]]) -> _Layout:
    return [{"binding": k, "visibility": where, **one} for k, (where, one) in enumerate(bindings)]
