"""The residuals of everything that is loaded, in one buffer."""

import logging
from dataclasses import dataclass

import numpy as np
import wgpu  # type: ignore[import-untyped] # it ships no type information
from numpy.typing import NDArray

from compositor.pages import NoRoomError
from compositor.prepared import Box
from compositor.wgpu_arena import Arena
from compositor.wgpu_buffer import most_bytes

__all__ = ["WORD_BYTES", "Run", "Words", "word_count", "words_of"]

WORD_BYTES = 4
_HEADER_WORDS = 2
_LEAST_WORDS = 1 << 16

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Run:
    """Where a residual lies, in words."""

    first: int
    count: int


def word_count(box: Box) -> int:
    """How many words a residual takes that is 0 outside of a box."""
    top, bottom, left, right = box
    return _HEADER_WORDS + (bottom - top) * (right - left)


def words_of(residual: NDArray[np.int8], box: Box) -> NDArray[np.uint32]:
    """What of a residual (h, w, 3) lies in a box, as residual.wgsl reads it.

    Left and top, width and height, each pair in one word; then the texels, of which a fourth
    channel makes words.
    """
    top, bottom, left, right = box
    texels = np.zeros((bottom - top, right - left, WORD_BYTES), np.int8)
    texels[:, :, :3] = residual[top:bottom, left:right]
    words = np.empty(word_count(box), np.uint32)
    words[:_HEADER_WORDS] = left | top << 16, right - left | bottom - top << 16
    words[_HEADER_WORDS:] = texels.view("<u4").ravel()
    return words


class Words:
    """A buffer of words that is made anew, larger, when it no longer suffices.

    Args:
        device: Where it lies.
        budget_bytes: It takes no more than this.

    Attributes:
        buffer: The buffer; another one after it has grown.
    """

    def __init__(self, device: wgpu.GPUDevice, budget_bytes: int) -> None:
        self._device = device
        self._most = max(min(budget_bytes, most_bytes(device)) // WORD_BYTES, 1)
        self._arena = Arena()
        self.buffer: wgpu.GPUBuffer = self._made(1)

    def put(self, words: NDArray[np.uint32]) -> Run:
        """Puts words where there is room.

        Raises:
            NoRoomError: There is none.
        """
        first = self._taken(words.size)
        self._device.queue.write_buffer(self.buffer, first * WORD_BYTES, words)
        return Run(first, words.size)

    def free(self, run: Run) -> None:
        """Gives a place back."""
        self._arena.free(run.first, run.count)

    def _taken(self, count: int) -> int:
        try:
            return self._arena.take(count)
        except NoRoomError:
            self._grow(count)
            return self._arena.take(count)

    def _grow(self, count: int) -> None:
        """Doubles the buffer, or more, so that `count` words more will do.

        Raises:
            NoRoomError: It is as large as it may be, or the device has no memory for more.
        """
        have = self._arena.size
        size = min(max(2 * have, have + count, _LEAST_WORDS), self._most)
        if size <= have:
            raise NoRoomError(f"{have} words of residuals, and no more may be held")
        before = self.buffer
        try:
            self.buffer = self._made(size)
        except (wgpu.GPUError, RuntimeError) as error:
            self._most = have
            _log.warning("the GPU has no memory for %d words of residuals: %s", size, error)
            raise NoRoomError(f"the GPU has no memory for {size} words of residuals") from error
        if have:
            encoder = self._device.create_command_encoder()
            encoder.copy_buffer_to_buffer(before, 0, self.buffer, 0, have * WORD_BYTES)
            self._device.queue.submit([encoder.finish()])
        before.destroy()  # else what was bound would keep it until it is bound anew
        self._arena.grow(size)

    def _made(self, size: int) -> wgpu.GPUBuffer:
        usage = wgpu.BufferUsage
        return self._device.create_buffer(
            size=size * WORD_BYTES, usage=usage.STORAGE | usage.COPY_DST | usage.COPY_SRC
        )
