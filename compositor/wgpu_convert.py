"""The picture that a run is drawn into, and its i420 stage."""

from collections import OrderedDict
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np
import wgpu  # type: ignore[import-untyped] # it ships no type information

from compositor.drawlist import DrawList, FrameSize
from compositor.grade import grade_lut
from compositor.wgpu_buffer import GrowingBuffer, entries
from compositor.wgpu_pack import Cell
from compositor.wgpu_pipelines import PICTURE_FORMAT, Pipelines
from compositor.wgpu_readback import Readback, limit_s

__all__ = ["Converter"]

_FRAME_DTYPE = np.dtype(
    [
        ("place", "<u4", 2),
        ("size", "<u4", 2),
        ("first_word", "<u4"),
        ("table", "<u4"),
        ("columns", "<u4"),
        ("covered", "<u4"),
    ]
)
_GROUP_THREADS = 64
_ROW_GROUPS = 256  # work groups in a row of the i420 stage: WebGPU allows 65,535 a dimension
_TABLE_BYTES = 1024
_LEAST_SIDE = 256
_MOST_PICTURES = 8

_IDENTITY_LUT = np.repeat(np.arange(256, dtype=np.uint8)[np.newaxis], 3, axis=0)


class Converter:
    """The pictures, the i420 stage and the readback of a run.

    Pictures are powers of two, so that few of them serve calls of few and of many draw lists.
    """

    def __init__(self, device: wgpu.GPUDevice, pipelines: Pipelines) -> None:
        usage = wgpu.BufferUsage
        self._device = device
        self._limit_s = limit_s(device)
        self._pipelines = pipelines
        self._pictures: OrderedDict[tuple[int, int], wgpu.GPUTextureView] = OrderedDict()
        self._list = GrowingBuffer(device, usage.STORAGE | usage.COPY_DST)
        self._tables = GrowingBuffer(device, usage.STORAGE | usage.COPY_DST)
        self._frames = GrowingBuffer(device, usage.STORAGE | usage.COPY_SRC)
        # Two, so that one run can be drawn while the frames of the one before are copied out.
        self._readables = [self._readable(), self._readable()]
        self._groups: dict[wgpu.GPUTextureView, wgpu.GPUBindGroup] = {}
        self._bound: tuple[Any, ...] = ()
        self._sizes: list[FrameSize] = []
        self._firsts: list[int] = [0]

    @staticmethod
    def cost_bytes(size: FrameSize) -> int:
        """What one frame takes in the buffers together."""
        return _words(size) * 4 + _TABLE_BYTES + _FRAME_DTYPE.itemsize

    def upload(self, draw_lists: Sequence[DrawList], cells: Sequence[Cell]) -> wgpu.GPUTextureView:
        """Makes room for a run whose frames lie in cells; the picture to draw into.

        Raises:
            RenderError: They are more than the device can hold.
        """
        self._sizes = [draw_list.frame_size for draw_list in draw_lists]
        self._firsts = [0, *accumulate(_words(size) for size in self._sizes)]
        records = np.zeros(len(draw_lists), _FRAME_DTYPE)
        records["place"] = [(cell.left, cell.top) for cell in cells]
        records["size"] = [(one.size.width, one.size.height) for one in draw_lists]
        records["covered"] = [one.coverage for one in draw_lists]
        records["first_word"] = self._firsts[:-1]
        records["columns"] = _ROW_GROUPS * _GROUP_THREADS
        records["table"] = self._write_tables(draw_lists)
        self._list.write(records)
        self._frames.reserve(self._firsts[-1] * 4)
        self._threads = max(_threads(one) for one in draw_lists)
        width, height = (records["place"] + records["size"]).max(axis=0).tolist()
        self._picture = self._claim(width, height)
        return self._picture

    def convert(self, compute: wgpu.GPUComputePassEncoder) -> None:
        """Encodes the i420 stage."""
        groups = -(-self._threads // _GROUP_THREADS)
        compute.set_pipeline(self._pipelines.i420)
        compute.set_bind_group(0, self._group())
        across, down = min(groups, _ROW_GROUPS), -(-groups // _ROW_GROUPS)
        compute.dispatch_workgroups(across, down, len(self._sizes))

    def copy(self, encoder: wgpu.GPUCommandEncoder) -> Readback:
        """Encodes the copy of the run's frames to where they can be read.

        Returns:
            The frames; to be read before the copy after the next.

        Raises:
            RenderError: They are more than the device can hold.
        """
        self._readables.reverse()
        if self._readables[0].buffer.map_state != "unmapped":
            self._readables[0] = self._readable()  # what was never read, since a call failed
        readable = self._readables[0]
        size_bytes = self._firsts[-1] * 4
        readable.reserve(size_bytes)
        encoder.copy_buffer_to_buffer(self._frames.buffer, 0, readable.buffer, 0, size_bytes)
        return Readback(readable.buffer, tuple(self._sizes), tuple(self._firsts), self._limit_s)

    def _readable(self) -> GrowingBuffer:
        usage = wgpu.BufferUsage
        return GrowingBuffer(self._device, usage.MAP_READ | usage.COPY_DST)

    def _write_tables(self, draw_lists: Sequence[DrawList]) -> list[int]:
        """Writes the grading tables in use, each once; the number of each draw list's."""
        luts = [_IDENTITY_LUT]
        number_of: dict[tuple[float, float, float], int] = {(0.0, 0.0, 1.0): 0}
        numbers = []
        for draw_list in draw_lists:
            light = draw_list.light
            key = (light.exposure, light.temperature, light.contrast)
            number = number_of.get(key)
            if number is None:
                lut = grade_lut(light)
                number = number_of[key] = len(luts)
                luts.append(_IDENTITY_LUT if lut is None else lut)
            numbers.append(number)
        tables = np.stack(luts).astype(np.uint32)
        packed = tables[:, 0] | tables[:, 1] << np.uint32(8) | tables[:, 2] << np.uint32(16)
        self._tables.write(packed)
        return numbers

    def _claim(self, width: int, height: int) -> wgpu.GPUTextureView:
        """A picture of at least that size; the one longest out of use is given back."""
        shape = (_power_of_two(width), _power_of_two(height))
        picture = self._pictures.get(shape)
        if picture is None:
            texture = self._device.create_texture(
                size=(*shape, 1),
                format=PICTURE_FORMAT,
                usage=wgpu.TextureUsage.RENDER_ATTACHMENT | wgpu.TextureUsage.TEXTURE_BINDING,
            )
            picture = self._pictures[shape] = texture.create_view()
            if len(self._pictures) > _MOST_PICTURES:
                _, dropped = self._pictures.popitem(last=False)
                self._groups.pop(dropped, None)
        self._pictures.move_to_end(shape)
        return picture

    def _group(self) -> wgpu.GPUBindGroup:
        bound = (self._list.buffer, self._tables.buffer, self._frames.buffer)
        if bound != self._bound:
            self._groups.clear()
            self._bound = bound
        group = self._groups.get(self._picture)
        if group is None:
            group = self._groups[self._picture] = self._device.create_bind_group(
                layout=self._pipelines.i420_layout, entries=entries(self._picture, *bound)
            )
        return group


def _words(size: FrameSize) -> int:
    """32-bit words of a frame."""
    return -(-size.width * size.height * 3 // 2 // 4)


def _threads(draw_list: DrawList) -> int:
    """One for 8 x 2 pixels, or for a word where the width does not allow that."""
    size = draw_list.size
    return size.width * size.height // 16 if size.width % 8 == 0 else _words(draw_list.frame_size)


def _power_of_two(side: int) -> int:
    return max(1 << (side - 1).bit_length(), _LEAST_SIDE)
