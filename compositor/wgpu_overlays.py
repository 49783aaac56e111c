"""Frames of clips over the picture: the overlays of a run, their records and their draw calls."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import wgpu  # type: ignore[import-untyped] # it ships no type information
from numpy.typing import NDArray

from compositor.drawlist import ClipFrame, DrawList, Overlay
from compositor.library import Library
from compositor.wgpu_atlas import Atlas, Place
from compositor.wgpu_buffer import GrowingBuffer, entries
from compositor.wgpu_pipelines import Pipelines
from compositor.wgpu_records import LEVEL_DTYPE, NOT_DRAWN, LevelRecord
from compositor.wgpu_store import Fetched, Stored

__all__ = ["Laid", "Overlays"]

_SHARE_DTYPE = np.dtype(
    [("rect", "<f4", 4), ("level", LEVEL_DTYPE), ("weight", "<f4"), ("unused", "<f4")]
)
_OVERLAY_DTYPE = np.dtype(
    [
        ("row_x", "<f4", 4),
        ("row_y", "<f4", 4),
        ("box", "<f4", 4),
        ("size", "<f4", 2),
        ("unused", "<f4", 2),
        ("shares", _SHARE_DTYPE, 2),
    ]
)
_MARGIN_PX = 2.0  # by which a quad is larger than what its pixels are asked about
_NO_SHARE = ((0.0, 0.0, 1.0, 1.0), NOT_DRAWN, 0.0, 0.0)

_Rect = tuple[float, float, float, float]
_Share = tuple[_Rect, LevelRecord, float, float]


@dataclass(frozen=True, slots=True)
class Laid:
    """An overlay of the run.

    Attributes:
        number: Of its record.
        pipeline: By which it is drawn.
    """

    number: int
    pipeline: wgpu.GPURenderPipeline


class Overlays:
    """The overlays of all draw lists of a run.

    Args:
        device: Where they are drawn.
        pipelines: By which.
        atlas: Where frames lie.
        library: The clips.
    """

    def __init__(
        self,
        device: wgpu.GPUDevice,
        pipelines: Pipelines,
        atlas: Atlas,
        library: Library[Fetched, Stored],
    ) -> None:
        self._device = device
        self._pipelines = pipelines
        self._atlas = atlas
        self._library = library
        usage = wgpu.BufferUsage
        self._buffer = GrowingBuffer(device, usage.STORAGE | usage.COPY_DST)
        self._records: list[Any] = []
        self._bound: tuple[Any, ...] = ()
        self._group: wgpu.GPUBindGroup | None = None

    def restart(self) -> None:
        """A new run: forgets the overlays of the last."""
        self._records.clear()

    def lay(
        self, draw_list: DrawList, overlay: Overlay, matrix: NDArray[np.floating], canvas_px: int
    ) -> Laid | None:
        """Takes in an overlay; None: nothing of it is there.

        Args:
            draw_list: Whose it is.
            overlay: The overlay.
            matrix: From canvas to frame (2, 3).
            canvas_px: The canvas's side.
        """
        found = [
            self._share(frame, canvas_px, half=draw_list.half_clips) for frame in overlay.frames
        ]
        shares = [share for share in found if share is not None]
        if not shares:
            return None
        rows = np.zeros((2, 4))
        rows[:, :3] = matrix
        box = _box([rect for rect, *_ in shares], rows)
        shares += [_NO_SHARE] * (2 - len(shares))
        size = (draw_list.size.width, draw_list.size.height)
        self._records.append((tuple(rows[0]), tuple(rows[1]), box, size, (0.0, 0.0), shares))
        mode: str = overlay.mode
        if mode == "additive" and draw_list.coverage:
            mode = "additive where covered"
        return Laid(len(self._records) - 1, self._pipelines.overlays[mode])

    def upload(self) -> None:
        """Writes the run's overlays, when all pages that it wants have been asked for.

        Raises:
            RenderError: They are more than the device can hold.
        """
        if not self._records:
            return
        self._buffer.write(np.array(self._records, _OVERLAY_DTYPE))
        bound = (self._buffer.buffer, self._atlas.colours, self._pipelines.sampler)
        if bound != self._bound:
            layout = self._pipelines.overlay_layout
            self._group = self._device.create_bind_group(layout=layout, entries=entries(*bound))
            self._bound = bound

    def draw(self, drawing: wgpu.GPURenderPassEncoder, laid: Laid) -> None:
        """Encodes the draw call of an overlay; another pipeline is set after it."""
        drawing.set_pipeline(laid.pipeline)
        drawing.set_bind_group(0, self._group)
        drawing.draw(4, 1, 0, laid.number)

    def _share(self, frame: ClipFrame, canvas_px: int, *, half: bool) -> _Share | None:
        """Values of a frame's `_SHARE_DTYPE` record; None: it is not there."""
        loaded = self._library.clip(frame.clip)
        if loaded is None:
            return None
        place = self._library.frame(loaded, frame.number, half=half)
        if not isinstance(place, Place):
            return None
        left, top, width, height = (canvas_px * one for one in loaded.clip.rect)
        return (left, top, width, height), place.level, frame.weight, 0.0


def _box(rects: list[_Rect], rows: NDArray[np.float64]) -> _Rect:
    """What holds the rects, and a margin, which belongs to none of them."""
    scale = math.sqrt(abs(rows[0, 0] * rows[1, 1] - rows[0, 1] * rows[1, 0]))
    margin = _MARGIN_PX / max(scale, 1e-6)
    return (
        min(left for left, _, _, _ in rects) - margin,
        min(top for _, top, _, _ in rects) - margin,
        max(left + width for left, _, width, _ in rects) + margin,
        max(top + height for _, top, _, height in rects) + margin,
    )
