"""The GPU backend: wgpu, one device; one submission and one readback for as much as fits.

Stages, each a shader in `shaders/`: accumulate (compute, all draw lists of an avatar at once), draw
(one render pass a draw list) and i420 (compute, into one buffer that is read back). Blending is
in sRGB-encoded numbers on purpose: the CPU backend does the same, and so do drawing programs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import wgpu  # type: ignore[import-untyped] # it ships no type information

from capsules.avatar import Avatar
from compositor.backend import I420
from compositor.drawlist import DrawList
from compositor.errors import CompositorError, DeviceLostError, RenderError, UnknownAvatarError
from compositor.prepared import PartPlan, check_size, plan
from compositor.probe import draw_probe
from compositor.runs import runs
from compositor.wgpu_adapter import open_device
from compositor.wgpu_avatar import GpuAvatar
from compositor.wgpu_batch import Batch
from compositor.wgpu_buffer import most_bytes
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


@dataclass(frozen=True, slots=True)
class _Asked:
    """A draw list, what it asks of its avatar's parts, and what it takes of the GPU's buffers."""

    draw_list: DrawList
    plans: list[PartPlan]
    cost_bytes: int


class WgpuCompositor:
    """Draws on a GPU. Made by `create`."""

    def __init__(self, device: wgpu.GPUDevice, adapter_name: str) -> None:
        self._device: wgpu.GPUDevice | None = device
        self._adapter_name = adapter_name
        self._most_bytes = most_bytes(device)
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
            RenderError: The GPU cannot take it, and keeps what it had.
            DeviceLostError: The GPU is gone.
        """
        device = self._open_device()
        try:
            loaded = GpuAvatar(device, avatar, self._pipelines.level_layout)
            self._batches[avatar.name] = Batch(device, loaded, self._pipelines)
        except (wgpu.GPUError, RuntimeError) as error:
            raise self._translated(device, error) from error

    def render(self, draw_lists: Sequence[DrawList]) -> list[I420]:
        """Draws one frame a draw list, in order; each frame is a fresh array of the caller's.

        Raises:
            UnknownAvatarError: A draw list names an avatar that is not loaded.
            RenderError: The GPU refused the draw lists; others can be drawn.
            DeviceLostError: The GPU is gone; no frame was drawn.
            ValueError: A frame size or a light is not one that can be drawn.
        """
        device = self._open_device()
        if not draw_lists:
            return []
        for draw_list in draw_lists:
            if draw_list.avatar not in self._batches:
                raise UnknownAvatarError(f"avatar {draw_list.avatar!r} is not loaded")
            check_size(draw_list)
        asked = [self._asked(draw_list) for draw_list in draw_lists]
        costs_bytes = [each.cost_bytes for each in asked]
        frames: list[I420] = []
        try:
            for run in runs(costs_bytes, self._most_bytes):
                frames += self._render(device, asked[run])
        except (wgpu.GPUError, RuntimeError) as error:
            raise self._translated(device, error) from error
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

    def _translated(self, device: wgpu.GPUDevice, error: Exception) -> CompositorError:
        """What a failure of wgpu is to the caller.

        wgpu reports a lost device as one more failed validation, and cannot be asked whether it
        is lost. But a lost device no longer makes even the smallest buffer.
        """
        message = f"{self._adapter_name}: {error}"
        try:
            device.create_buffer(size=4, usage=wgpu.BufferUsage.COPY_DST)
        except (wgpu.GPUError, RuntimeError):
            return DeviceLostError(message)
        return RenderError(message)

    def _asked(self, draw_list: DrawList) -> _Asked:
        batch = self._batches[draw_list.avatar]
        plans = plan(batch.avatar.prepared, batch.avatar.canvas_px, draw_list)
        cost_bytes = batch.cost_bytes(plans) + Converter.cost_bytes(draw_list.size)
        return _Asked(draw_list, plans, cost_bytes)

    def _render(self, device: wgpu.GPUDevice, asked: Sequence[_Asked]) -> list[I420]:
        draw_lists = [each.draw_list for each in asked]
        targets = self._converter.upload(draw_lists)
        encoder = device.create_command_encoder()
        members: dict[str, list[int]] = {}
        for number, draw_list in enumerate(draw_lists):
            members.setdefault(draw_list.avatar, []).append(number)
        for name, numbers in members.items():
            batch = self._batches[name]
            own = [draw_lists[number] for number in numbers]
            plans = [asked[number].plans for number in numbers]
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
