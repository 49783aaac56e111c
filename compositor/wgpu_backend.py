"""The GPU backend: wgpu, one device; a call is drawn in runs, mostly in one.

A run is what fits one picture and the device's buffers: one submission and one readback. While a
run is drawn, the next is planned, and the frames of the one before are copied out.

Stages, each a pass: accumulate (compute: all draw lists of an avatar at once), draw (one render
pass into one picture, in which every frame has its cell; one draw call a frame and overlay) and
i420 (compute, into one buffer that is read back). Textures, residuals and frames of clips are pages
of a cache, in one atlas and one buffer that all avatars share. Nothing of the GPU is made from
frame to frame: buffers, pictures and the atlas grow when a call first needs more. Blending is in
sRGB-encoded numbers on purpose: the CPU backend does the same, and so do drawing programs.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby

import wgpu  # type: ignore[import-untyped] # it ships no type information

from capsules.avatar import Avatar
from capsules.clip import Clip
from compositor.backend import I420, Wanted
from compositor.drawlist import DrawList
from compositor.errors import (
    BackendUnavailableError,
    CompositorError,
    DeviceLostError,
    RenderError,
    UnknownAvatarError,
)
from compositor.library import Library
from compositor.pages import CacheOptions, CacheStats
from compositor.prepared import check_size, prepare
from compositor.probe import draw_probe
from compositor.runs import runs
from compositor.stages import Stage
from compositor.wgpu_adapter import open_device
from compositor.wgpu_atlas import Atlas
from compositor.wgpu_avatar import GpuAvatar
from compositor.wgpu_batch import Batch
from compositor.wgpu_buffer import most_bytes
from compositor.wgpu_convert import Converter
from compositor.wgpu_overlays import Overlays
from compositor.wgpu_pack import Cell, pack
from compositor.wgpu_pipelines import Pipelines
from compositor.wgpu_readback import Readback
from compositor.wgpu_residency import AvatarPages
from compositor.wgpu_store import Fetched, GpuPages, Stored
from compositor.wgpu_timing import GpuStages
from compositor.wgpu_words import Words

__all__ = ["WgpuCompositor", "create"]

_PICTURE_PX = 4096  # side of the largest picture: 64 frames of 512 x 512
_MOST_LISTS = 256  # draw lists of a run; WebGPU promises that many layers of a texture

_hung: list[wgpu.GPUDevice] = []
"""Devices that have not finished in time: releasing one waits for it, and may end the process."""


def create(wanted: str | None = None, options: CacheOptions | None = None) -> "WgpuCompositor":
    """Opens the GPU.

    Args:
        wanted: Number of the adapter or part of its name, in any case; only with it is a software
            adapter accepted.
        options: Of the texture cache; None: those of `CacheOptions()`.

    Raises:
        BackendUnavailableError: There is no such adapter, or it cannot do what drawing takes.
    """
    device, name = open_device(wanted)
    try:
        return WgpuCompositor(device, name, options or CacheOptions())
    except (wgpu.GPUError, RuntimeError) as error:
        device.destroy()
        raise BackendUnavailableError(f"{name} cannot be drawn on: {error}") from error


class WgpuCompositor:
    """Draws on a GPU. Made by `create`."""

    def __init__(self, device: wgpu.GPUDevice, adapter_name: str, options: CacheOptions) -> None:
        self._device: wgpu.GPUDevice | None = device
        self._adapter_name = adapter_name
        self._most_bytes = most_bytes(device)
        self._most_lists = min(_MOST_LISTS, int(device.limits["max-texture-array-layers"]))
        self._pipelines = Pipelines(device)
        self._converter = Converter(device, self._pipelines)
        self._atlas = Atlas(device, options.budget_bytes)
        self._words = Words(device, options.budget_bytes)
        self._library: Library[Fetched, Stored] = Library(
            partial(GpuPages, self._atlas, self._words), options
        )
        self._overlays = Overlays(device, self._pipelines, self._atlas, self._library)
        self._batches: dict[str, Batch] = {}
        self._pages: dict[str, AvatarPages] = {}
        self._stages = GpuStages(device)

    @property
    def name(self) -> str:
        """Backend and device."""
        return f"wgpu ({self._adapter_name})"

    def load(self, avatar: Avatar, core: Iterable[str] = ()) -> None:
        """Takes in an avatar; loading one of the same name again replaces it.

        Args:
            avatar: The avatar.
            core: Names of bases that stay resident, the most important first.

        Raises:
            InvalidAvatarError: The avatar's arrays do not fit each other.
            RenderError: The GPU cannot take it, and keeps what it had.
            DeviceLostError: The GPU is gone.
        """
        device = self._open_device()
        parts = prepare(avatar)
        try:
            meshes = GpuAvatar(device, parts, avatar.canvas_px)
            batch = Batch(device, meshes, self._pipelines, self._overlays)
            loaded = self._library.load(avatar.name, avatar.canvas_px, parts, core)
        except (wgpu.GPUError, RuntimeError) as error:
            raise self._translated(device, error) from error
        self._batches[avatar.name] = batch
        self._pages[avatar.name] = AvatarPages(self._library.cache, self._atlas, loaded)

    def load_clip(self, clip: Clip) -> None:
        """Makes a clip known; one of the same id is replaced. No frame is read yet."""
        self._library.load_clip(clip)

    def prefetch(self, wanted: Wanted) -> None:
        """Fetches what may be needed soon; what is not loaded is left out."""
        self._library.prefetch(wanted)

    def cache_stats(self) -> CacheStats:
        """What the texture cache has done so far."""
        return self._library.cache.stats()

    def cache_failures(self) -> list[str]:
        """Pages that could not be had since the last call, each in words."""
        return self._library.failures()

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
            self._library.cache.begin_tick()
            for numbers, drawn in self._drawn(device, draw_lists):
                frames.update(zip(numbers, drawn, strict=True))
        except (wgpu.GPUError, RuntimeError) as error:
            raise self._translated(device, error) from error
        except DeviceLostError:
            _hung.append(device)
            self._device = None
            raise
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
        """Releases everything, and ends the thread that fetches pages; safe twice."""
        self._library.close()
        self._batches.clear()
        self._pages.clear()
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
        """Draws run by run: while one is drawn, the one before is copied out and the next planned.

        When a run is submitted, the one before is done: a GPU that hangs may hang who submits. And
        who submits to a lost one is aborted, but who finishes an encoder is told.
        """
        before: tuple[list[int], Readback] | None = None
        for numbers, cells in self._runs(draw_lists):
            members = [draw_lists[number] for number in numbers]
            encoder, readback = self._encoded(device, members, cells)
            if before is not None:
                before[1].wait()
            device.queue.submit([encoder.finish()])
            if self._stages.on:
                yield numbers, self._timed(readback)
                continue
            readback.map()
            if before is not None:
                yield before[0], before[1].read()
            before = numbers, readback
        if before is not None:
            yield before[0], before[1].read()

    def _timed(self, readback: Readback) -> list[I420]:
        began_s = self._stages.submitted()
        readback.map()
        frames = readback.read()
        self._stages.read_since(began_s)
        return frames

    def _encoded(
        self, device: wgpu.GPUDevice, draw_lists: list[DrawList], cells: list[Cell]
    ) -> tuple[wgpu.GPUCommandEncoder, Readback]:
        """A run's commands, and where its frames will be."""
        picture = self._converter.upload(draw_lists, cells)
        batches: list[tuple[Batch, list[Cell]]] = []
        self._overlays.restart()
        first = 0
        for name, own in groupby(draw_lists, key=lambda draw_list: draw_list.avatar):
            members = list(own)
            batch = self._batches[name]
            batch.upload(members, self._pages[name])
            batches.append((batch, cells[first : first + len(members)]))
            first += len(members)
        # Asking for pages may have made other textures and buffers of those that hold them.
        self._overlays.upload()
        for batch, _ in batches:
            batch.bind(self._atlas, self._words)
        encoder = device.create_command_encoder()
        self._encode(encoder, batches, picture)
        readback = self._converter.copy(encoder)
        self._stages.resolve(encoder)
        return encoder, readback

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
