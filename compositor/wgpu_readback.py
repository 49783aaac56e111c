"""The frames of a run on their way from the GPU."""

import numpy as np
import wgpu  # type: ignore[import-untyped] # it ships no type information

from compositor.backend import I420
from compositor.drawlist import FrameSize
from compositor.errors import DeviceLostError

__all__ = ["Readback", "limit_s"]

_HUNG_S = 2.0  # a run takes a GPU tens of milliseconds
_SLOW_S = 60.0  # a software adapter does not hang, but it may be slow


class Readback:
    """The frames of a run that is submitted: `map`, then `read`.

    Args:
        buffer: What they are copied into.
        sizes: Their sizes.
        first_words: Where each begins in the buffer, and where the last ends.
        limit_s: A GPU that takes longer is lost.
    """

    def __init__(
        self,
        buffer: wgpu.GPUBuffer,
        sizes: tuple[FrameSize, ...],
        first_words: tuple[int, ...],
        limit_s: float,
    ) -> None:
        self._buffer = buffer
        self._sizes = sizes
        self._first_words = first_words
        self._size_bytes = first_words[-1] * 4
        self._limit_s = limit_s

    def map(self) -> None:
        """Asks for the frames, right after they were submitted.

        The device tells of a mapping only when everything is done that was submitted until then.
        """
        self._mapped = self._buffer.map_async(wgpu.MapMode.READ, 0, self._size_bytes)

    def wait(self) -> None:
        """Waits until the frames are there.

        Raises:
            DeviceLostError: They do not come.
        """
        # wgpu-py waits without a limit, but it waits for this event.
        if not self._mapped._thread_event.wait(self._limit_s):  # noqa: SLF001 - see above
            raise DeviceLostError(f"the GPU has not finished within {self._limit_s:g} s")
        self._mapped.sync_wait()

    def read(self) -> list[I420]:
        """Waits for the frames, and copies them out.

        Raises:
            DeviceLostError: They do not come.
        """
        self.wait()
        try:
            mapped = self._buffer.read_mapped(0, self._size_bytes, copy=False)
            raw = np.frombuffer(mapped, np.uint8)
            frames = []
            for size, first in zip(self._sizes, self._first_words, strict=False):
                shape = (size.height * 3 // 2, size.width)
                count = shape[0] * shape[1]
                frames.append(raw[first * 4 : first * 4 + count].reshape(shape).copy())
            del raw
        finally:
            self._buffer.unmap()
        return frames


def limit_s(device: wgpu.GPUDevice) -> float:
    """For how long to wait for a run until the device passes for lost."""
    return _SLOW_S if device.adapter.info["adapter_type"] == "CPU" else _HUNG_S
