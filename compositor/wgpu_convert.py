"""The i420 stage of a whole call, and its readback."""

from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import wgpu  # type: ignore[import-untyped] # it ships no type information

from compositor.backend import I420
from compositor.drawlist import DrawList, FrameSize
from compositor.grade import grade_lut
from compositor.wgpu_buffer import GrowingBuffer
from compositor.wgpu_pipelines import PICTURE_FORMAT, Pipelines

__all__ = ["Converter", "Target"]

_GROUP_THREADS = 64
_ROW_GROUPS = 256  # work groups in a row of the i420 stage: WebGPU allows 65,535 a dimension
_UNIFORM_STEP = 256
_TABLE_BYTES = 1024
_MOST_SIZES = 8  # frame sizes to keep pictures for

_IDENTITY_LUT = np.repeat(np.arange(256, dtype=np.uint8)[np.newaxis], 3, axis=0)


@dataclass(slots=True)
class Target:
    """A picture to draw into."""

    view: wgpu.GPUTextureView
    convert_group: wgpu.GPUBindGroup | None = None


class Converter:
    """The i420 stage of a whole call, and its readback."""

    def __init__(self, device: wgpu.GPUDevice, pipelines: Pipelines) -> None:
        usage = wgpu.BufferUsage
        self._device = device
        self._pipelines = pipelines
        self._targets: OrderedDict[FrameSize, list[Target]] = OrderedDict()
        self._uniforms = GrowingBuffer(device, usage.UNIFORM | usage.COPY_DST)
        self._tables = GrowingBuffer(device, usage.STORAGE | usage.COPY_DST)
        self._frames = GrowingBuffer(device, usage.STORAGE | usage.COPY_SRC)
        self._readback = GrowingBuffer(device, usage.MAP_READ | usage.COPY_DST)
        self._bound: tuple[wgpu.GPUBuffer, ...] = ()

    @staticmethod
    def cost_bytes(size: FrameSize) -> int:
        """What one frame takes in the buffers together."""
        return _words(size) * 4 + _TABLE_BYTES + _UNIFORM_STEP

    def upload(self, draw_lists: Sequence[DrawList]) -> list[Target]:
        """Makes room for the call; a picture to draw into for each draw list.

        Raises:
            RenderError: They are more than the device can hold.
        """
        sizes = [draw_list.size for draw_list in draw_lists]
        self._words = [_words(size) for size in sizes]
        self._firsts = [0, *np.cumsum(self._words).tolist()]
        uniforms = np.zeros((len(sizes), _UNIFORM_STEP // 4), np.uint32)
        luts = []
        for k, (size, draw_list) in enumerate(zip(sizes, draw_lists, strict=True)):
            columns = _ROW_GROUPS * _GROUP_THREADS
            shape = (size.width, size.height, self._firsts[k], self._words[k], k, columns)
            uniforms[k, : len(shape)] = shape
            lut = grade_lut(draw_list.light)
            luts.append(_IDENTITY_LUT if lut is None else lut)
        tables = np.stack(luts).astype(np.uint32)
        packed = tables[:, 0] | tables[:, 1] << np.uint32(8) | tables[:, 2] << np.uint32(16)
        self._uniforms.write(uniforms)
        self._tables.write(packed)
        self._frames.reserve(self._firsts[-1] * 4)
        self._readback.reserve(self._firsts[-1] * 4)
        bound = (self._uniforms.buffer, self._tables.buffer, self._frames.buffer)
        if bound != self._bound:
            for targets in self._targets.values():
                for target in targets:
                    target.convert_group = None
            self._bound = bound
        return self._claim(sizes)

    def _claim(self, sizes: Sequence[FrameSize]) -> list[Target]:
        used: Counter[FrameSize] = Counter()
        claimed = []
        for size in sizes:
            targets = self._targets.setdefault(size, [])
            self._targets.move_to_end(size)
            if used[size] == len(targets):
                targets.append(self._new_target(size))
            target = targets[used[size]]
            used[size] += 1
            if target.convert_group is None:
                target.convert_group = self._new_group(target)
            claimed.append(target)
        self._trim(used)
        return claimed

    def _trim(self, used: Counter[FrameSize]) -> None:
        """Gives back pictures that have gone out of use.

        Of each size one a call, since calls of few and of many draw lists take turns, but the
        last only when eight other sizes have been drawn since.
        """
        while len(self._targets) > _MOST_SIZES:
            self._targets.popitem(last=False)
        for size, targets in self._targets.items():
            if len(targets) > max(1, used[size]):
                targets.pop()

    def _new_target(self, size: FrameSize) -> Target:
        texture = self._device.create_texture(
            size=(size.width, size.height, 1),
            format=PICTURE_FORMAT,
            usage=wgpu.TextureUsage.RENDER_ATTACHMENT | wgpu.TextureUsage.TEXTURE_BINDING,
        )
        return Target(texture.create_view())

    def _new_group(self, target: Target) -> wgpu.GPUBindGroup:
        uniform = {"buffer": self._uniforms.buffer, "offset": 0, "size": 24}
        return self._device.create_bind_group(
            layout=self._pipelines.i420_layout,
            entries=[
                {"binding": 0, "resource": target.view},
                {"binding": 1, "resource": uniform},
                {"binding": 2, "resource": {"buffer": self._tables.buffer}},
                {"binding": 3, "resource": {"buffer": self._frames.buffer}},
            ],
        )

    def convert(self, encoder: wgpu.GPUCommandEncoder, targets: Sequence[Target]) -> None:
        """Encodes the i420 stage and the copy for the readback."""
        compute = encoder.begin_compute_pass()
        compute.set_pipeline(self._pipelines.i420)
        for k, target in enumerate(targets):
            groups = -(-self._words[k] // _GROUP_THREADS)
            compute.set_bind_group(0, target.convert_group, [k * _UNIFORM_STEP])
            compute.dispatch_workgroups(min(groups, _ROW_GROUPS), -(-groups // _ROW_GROUPS))
        compute.end()
        size_bytes = self._firsts[-1] * 4
        encoder.copy_buffer_to_buffer(self._frames.buffer, 0, self._readback.buffer, 0, size_bytes)

    def read(self, sizes: Sequence[FrameSize]) -> list[I420]:
        """Waits for the submission, and copies its frames out."""
        buffer = self._readback.buffer
        size_bytes = self._firsts[-1] * 4
        buffer.map_sync(wgpu.MapMode.READ, 0, size_bytes)
        try:
            raw = np.frombuffer(buffer.read_mapped(0, size_bytes, copy=False), np.uint8)
            frames = []
            for size, first in zip(sizes, self._firsts, strict=False):
                shape = (size.height * 3 // 2, size.width)
                count = shape[0] * shape[1]
                frames.append(raw[first * 4 : first * 4 + count].reshape(shape).copy())
            del raw
        finally:
            buffer.unmap()
        return frames


def _words(size: FrameSize) -> int:
    """32-bit words of a frame."""
    return -(-size.width * size.height * 3 // 2 // 4)
