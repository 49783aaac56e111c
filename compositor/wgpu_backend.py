"""The GPU backend: wgpu, one device; one submission and one readback for as much as fits.

Stages, each a pass: accumulate (compute: all draw lists of an avatar at once), draw (one render
pass into one picture, in which every frame has its cell; one draw call a frame) and i420 (compute,
into one buffer that is read back). Nothing of the GPU is made from frame to frame: buffers and
pictures grow when a call first needs more. Blending is in sRGB-encoded numbers on purpose: the CPU
backend does the same, and so do drawing programs.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

import wgpu  # type: ignore[import-untyped] # it ships no type information

from capsules.avatar import Avatar
from compositor.backend import I420
from compositor.drawlist import DrawList
from compositor.errors import CompositorError, DeviceLostError, RenderError, UnknownAvatarError
from compositor.prepared import check_size
from compositor.probe import draw_probe
from compositor.runs import runs
from compositor.stages import Stage
from compositor.wgpu_adapter import open_device
from compositor.wgpu_avatar import GpuAvatar
from compositor.wgpu_batch import Batch
from compositor.wgpu_buffer import most_bytes
from compositor.wgpu_convert import Converter, Readback
from compositor.wgpu_pack import Cell, pack
from compositor.wgpu_pipelines import Pipelines
from compositor.wgpu_timing import GpuStages

__all__ = ["WgpuCompositor", "create"]

_PICTURE_PX = 4096  # side of the largest picture: 64 frames of 512 x 512
_MOST_LISTS = 256  # draw lists of a run; WebGPU promises that many layers of a texture


def create(wanted: str | None = None) -> "WgpuCompositor":
    """Opens the GPU.

    Args:
        wanted: Number of the adapter or part of its name, in any case; only with it is a software
            adapter accepted.

    Raises:
        BackendUnavailableError: There is no such adapter, or it cannot do what drawing takes.
    """
    device, name = open_device(wanted)
    return WgpuCompositor(device, name)


class WgpuCompositor:
    """Draws on a GPU. Made by `create`."""

    def __init__(self, device: wgpu.GPUDevice, adapter_name: str) -> None:
        self._device: wgpu.GPUDevice | None = device
        self._adapter_name = adapter_name
        self._most_bytes = most_bytes(device)
        self._most_lists = min(_MOST_LISTS, int(device.limits["max-texture-array-layers"]))
        self._pipelines = Pipelines(device)
        self._converter = Converter(device, self._pipelines)
        self._batches: dict[str, Batch] = {}
        self._stages = GpuStages(device)

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
            loaded = GpuAvatar(device, avatar)
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
        self._stages.restart()
        for draw_list in draw_lists:
            if draw_list.avatar not in self._batches:
                raise UnknownAvatarError(f"avatar {draw_list.avatar!r} is not loaded")
            check_size(draw_list)
        frames: dict[int, I420] = {}
        try:
            for numbers, drawn in self._drawn(device, draw_lists):
                frames.update(zip(numbers, drawn, strict=True))
        except (wgpu.GPUError, RuntimeError) as error:
            raise self._translated(device, error) from error
        for number, draw_list in enumerate(draw_lists):
            if draw_list.probe is not None:
                draw_probe(frames[number], draw_list.probe, coverage=draw_list.coverage)
        return [frames[number] for number in range(len(draw_lists))]

    def time_stages(self, on: bool) -> None:
        """See `compositor.stages.StageTimed`. The GPU's own times need timestamp queries."""
        self._stages.switch(on)

    def stage_times(self) -> Mapping[Stage, float]:
        """See `compositor.stages.StageTimed`."""
        return self._stages.times_ms()

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

    def _runs(self, draw_lists: Sequence[DrawList]) -> Iterator[tuple[list[int], list[Cell]]]:
        """What one submission each draws: numbers of draw lists, avatar by avatar, and cells."""
        sizes = tuple((one.size.width, one.size.height) for one in draw_lists)
        cells = pack(sizes, _PICTURE_PX)
        order = sorted(range(len(sizes)), key=lambda k: (cells[k].page, draw_lists[k].avatar))
        for _, of_page in groupby(order, key=lambda number: cells[number].page):
            numbers = list(of_page)
            costs_bytes = [self._cost_bytes(draw_lists[number]) for number in numbers]
            for run in runs(costs_bytes, self._most_bytes, self._most_lists):
                yield numbers[run], [cells[number] for number in numbers[run]]

    def _cost_bytes(self, draw_list: DrawList) -> int:
        return self._batches[draw_list.avatar].cost_bytes + Converter.cost_bytes(
            draw_list.frame_size
        )

    def _drawn(
        self, device: wgpu.GPUDevice, draw_lists: Sequence[DrawList]
    ) -> Iterator[tuple[list[int], list[I420]]]:
        """Draws run by run; while one is drawn, the frames of the one before are copied out."""
        before: tuple[list[int], Readback] | None = None
        for numbers, cells in self._runs(draw_lists):
            run = self._submit(device, [draw_lists[number] for number in numbers], cells)
            if before is not None:
                yield before[0], before[1].read()
            before = (numbers, run)
            if self._stages.on:
                began_s = self._stages.submitted()
                frames = run.read()
                self._stages.read_since(began_s)
                yield numbers, frames
                before = None
        if before is not None:
            yield before[0], before[1].read()

    def _submit(
        self, device: wgpu.GPUDevice, draw_lists: list[DrawList], cells: list[Cell]
    ) -> Readback:
        picture = self._converter.upload(draw_lists, cells)
        batches: list[tuple[Batch, list[Cell]]] = []
        first = 0
        for name, own in groupby(draw_lists, key=lambda draw_list: draw_list.avatar):
            members = list(own)
            batch = self._batches[name]
            batch.upload(members)
            batches.append((batch, cells[first : first + len(members)]))
            first += len(members)
        encoder = device.create_command_encoder()
        self._encode(encoder, batches, picture)
        readback = self._converter.copy(encoder)
        self._stages.resolve(encoder)
        device.queue.submit([encoder.finish()])
        return readback

    def _encode(
        self,
        encoder: wgpu.GPUCommandEncoder,
        batches: Sequence[tuple[Batch, list[Cell]]],
        picture: wgpu.GPUTextureView,
    ) -> None:
        stages = self._stages
        compute = encoder.begin_compute_pass(**stages.of_pass("accumulate"))
        for batch, _ in batches:
            batch.accumulate(compute)
        compute.end()
        attachment = {
            "view": picture,
            "load_op": "clear",
            "store_op": "store",
            "clear_value": (0.0, 0.0, 0.0, 0.0),
        }
        drawing = encoder.begin_render_pass(
            color_attachments=[attachment], **stages.of_pass("draw")
        )
        drawing.set_pipeline(self._pipelines.draw)
        for batch, cells in batches:
            batch.draw(drawing, cells)
        drawing.end()
        compute = encoder.begin_compute_pass(**stages.of_pass("convert"))
        self._converter.convert(compute)
        compute.end()
