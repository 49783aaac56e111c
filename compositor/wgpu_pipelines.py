"""The compiled shaders, and the layouts of what they read."""

from importlib import resources
from typing import Any

import wgpu  # type: ignore[import-untyped] # it ships no type information

__all__ = ["PICTURE_FORMAT", "Pipelines"]

PICTURE_FORMAT = wgpu.TextureFormat.rgba8unorm
"""Not sRGB: blending is in encoded numbers, as on the CPU."""


class Pipelines:
    """The compiled shaders."""

    def __init__(self, device: wgpu.GPUDevice) -> None:
        types = _source("types")
        self.accumulate = _compute(device, types + _source("accumulate"))
        self.i420_layout = device.create_bind_group_layout(entries=_i420_layout())
        self.i420 = _compute(device, _source("i420"), self.i420_layout)
        self.sampler = device.create_sampler(mag_filter="linear", min_filter="linear")
        self.draw_layout = device.create_bind_group_layout(entries=_draw_layout())
        texture = {"sample_type": "float", "view_dimension": "2d"}
        self.level_layout = device.create_bind_group_layout(
            entries=[
                {"binding": k, "visibility": wgpu.ShaderStage.FRAGMENT, "texture": texture}
                for k in range(2)
            ]
        )
        module = device.create_shader_module(code=types + _source("draw"))
        over = {"src_factor": "one", "dst_factor": "one-minus-src-alpha", "operation": "add"}
        self.draw = device.create_render_pipeline(
            layout=device.create_pipeline_layout(
                bind_group_layouts=[self.draw_layout, self.level_layout]
            ),
            vertex={"module": module, "entry_point": "vertex"},
            primitive={"topology": "triangle-list", "cull_mode": "none"},
            fragment={
                "module": module,
                "entry_point": "fragment",
                "targets": [{"format": PICTURE_FORMAT, "blend": {"color": over, "alpha": over}}],
            },
        )


def _source(name: str) -> str:
    return (resources.files("compositor") / "shaders" / f"{name}.wgsl").read_text("utf-8")


def _compute(
    device: wgpu.GPUDevice, code: str, layout: wgpu.GPUBindGroupLayout | None = None
) -> wgpu.GPUComputePipeline:
    return device.create_compute_pipeline(
        layout="auto"
        if layout is None
        else device.create_pipeline_layout(bind_group_layouts=[layout]),
        compute={"module": device.create_shader_module(code=code), "entry_point": "main"},
    )


def _draw_layout() -> list[dict[str, Any]]:
    vertex, fragment = wgpu.ShaderStage.VERTEX, wgpu.ShaderStage.FRAGMENT
    stages = (vertex | fragment, vertex | fragment, vertex, vertex, vertex, fragment)
    return [
        *(
            {"binding": k, "visibility": stage, "buffer": {"type": "read-only-storage"}}
            for k, stage in enumerate(stages)
        ),
        {"binding": 6, "visibility": fragment, "sampler": {"type": "filtering"}},
    ]


def _i420_layout() -> list[dict[str, Any]]:
    stage = wgpu.ShaderStage.COMPUTE
    return [
        {
            "binding": 0,
            "visibility": stage,
            "texture": {"sample_type": "float", "view_dimension": "2d"},
        },
        {
            "binding": 1,
            "visibility": stage,
            "buffer": {"type": "uniform", "has_dynamic_offset": True, "min_binding_size": 24},
        },
        {"binding": 2, "visibility": stage, "buffer": {"type": "read-only-storage"}},
        {"binding": 3, "visibility": stage, "buffer": {"type": "storage"}},
    ]
