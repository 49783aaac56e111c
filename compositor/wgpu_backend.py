"""The GPU backend: wgpu, one device, one submission a call, one readback.

Stages, each a shader in `shaders/`: accumulate (compute, all draw lists of an avatar at once), draw
(one render pass a draw list) and i420 (compute, into one buffer that is read back). Blending is
in sRGB-encoded numbers on purpose: the CPU backend does the same, and so do drawing programs.
"""

from collections.abc import Sequence

import wgpu  # type: ignore[import-untyped] # it ships no type information

from capsules.avatar import Avatar
from compositor.backend import I420
from compositor.drawlist import DrawList
from compositor.errors import DeviceLostError, UnknownAvatarError
from compositor.prepared import PartPlan, check_size, plan
from compositor.probe import draw_probe
from compositor.wgpu_adapter import open_device
from compositor.wgpu_avatar import GpuAvatar
from compositor.wgpu_batch import Batch
from compositor.wgpu_convert import Converter, Target
from compositor.wgpu_pipelines import Pipelines

__all__ = ["WgpuCompositor", "create"]


def create(adapter_name: str | None = None) -> "WgpuCompositor":
    """Opens the GPU.

    Args:
        adapter_name: Part of the adapter's name, in any case; only with it is a software adapter
            accepted.

    Raises:
        BackendUnavailableError: There is no such adapter.
    """
    device, name = open_device(adapter_name)
    return WgpuCompositor(device, name)


class WgpuCompositor:
    """Draws on a GPU. Made by `create`."""

    def __init__(self, device: wgpu.GPUDevice, adapter_name: str) -> None:
        self._device: wgpu.GPUDevice | None = device
        self._adapter_name = adapter_name
        self._pipelines = Pipelines(device)
        self._converter = Converter(device, self._pipelines)
        self._batches: dict[str, Batch] = {}

    @property
    def name(self) -> str:
        """Backend and device."""
        return f"wgpu ({self._adapter_name})"

    def load(self, avatar: Avatar) -> None:
        """Takes in an avatar; loading one of the same name again replaces it.

        Raises:
            InvalidAvatarError: The avatar's arrays do not fit each other.
            DeviceLostError: The GPU is gone.
        """
        device = self._open_device()
        try:
            loaded = GpuAvatar(device, avatar, self._pipelines.level_layout)
            self._batches[avatar.name] = Batch(device, loaded, self._pipelines)
        except (wgpu.GPUError, RuntimeError) as error:
            raise DeviceLostError(f"{self._adapter_name}: {error}") from error

    def unload(self, name: str) -> None:
        """Forgets an avatar; one that is not loaded is no error."""
        self._batches.pop(name, None)

    def render(self, draw_lists: Sequence[DrawList]) -> list[I420]:
        """Draws one frame a draw list, in order; each frame is a fresh array of the caller's.

        Raises:
            UnknownAvatarError: A draw list names an avatar that is not loaded.
            DeviceLostError: The GPU is gone, or its driver failed; no frame was drawn.
            ValueError: A frame size or a light is not one that can be drawn.
        """
        device = self._open_device()
        if not draw_lists:
            return []
        for draw_list in draw_lists:
            if draw_list.avatar not in self._batches:
                raise UnknownAvatarError(f"avatar {draw_list.avatar!r} is not loaded")
            check_size(draw_list)
        try:
            frames = self._render(device, draw_lists)
        except (wgpu.GPUError, RuntimeError) as error:
            # A lost device shows in many ways; whatever it was, another backend can draw.
            raise DeviceLostError(f"{self._adapter_name}: {error}") from error
        for frame, draw_list in zip(frames, draw_lists, strict=True):
            if draw_list.probe is not None:
                draw_probe(frame, draw_list.probe)
        return frames

    def close(self) -> None:
        """Releases everything; safe twice."""
        self._batches.clear()
        if self._device is not None:
            self._device.destroy()
            self._device = None

    def _open_device(self) -> wgpu.GPUDevice:
        if self._device is None:
            raise DeviceLostError(f"{self._adapter_name}: closed")
        return self._device

    def _render(self, device: wgpu.GPUDevice, draw_lists: Sequence[DrawList]) -> list[I420]:
        targets = self._converter.upload(draw_lists)
        encoder = device.create_command_encoder()
        members: dict[str, list[int]] = {}
        for number, draw_list in enumerate(draw_lists):
            members.setdefault(draw_list.avatar, []).append(number)
        for name, numbers in members.items():
            batch = self._batches[name]
            avatar = batch.avatar
            own = [draw_lists[number] for number in numbers]
            plans = [plan(avatar.prepared, avatar.canvas_px, one) for one in own]
            batch.upload(own, plans)
            batch.accumulate(encoder, len(own))
            for k, number in enumerate(numbers):
                self._draw(encoder, targets[number], batch, plans[k], k)
        self._converter.convert(encoder, targets)
        device.queue.submit([encoder.finish()])
        return self._converter.read([draw_list.size for draw_list in draw_lists])

    def _draw(
        self,
        encoder: wgpu.GPUCommandEncoder,
        target: Target,
        batch: Batch,
        plans: list[PartPlan],
        number: int,
    ) -> None:
        attachment = {
            "view": target.view,
            "load_op": "clear",
            "store_op": "store",
            "clear_value": (0.0, 0.0, 0.0, 1.0),
        }
        drawing = encoder.begin_render_pass(color_attachments=[attachment])
        drawing.set_pipeline(self._pipelines.draw)
        drawing.set_bind_group(0, batch.draw_group)
        for part, asked in enumerate(plans):
            first, count = batch.avatar.corners_of[part]
            drawing.set_bind_group(1, batch.avatar.levels[part][asked.level])
            drawing.draw(count, 1, first, number * len(plans) + part)
        drawing.end()
