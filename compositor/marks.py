"""Marks: text that is burnt into frames, such as a label or a watermark."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from compositor.backend import I420
from compositor.drawlist import FrameSize
from compositor.lettering import LINE, write, written_width

__all__ = ["LABEL", "Mark", "label_mark", "watermark_mark"]

LABEL = "AI-generated"
"""What the label says."""

_LABEL_SIZE = 0.032  # of text, as a share of the frame's mean side
_WATERMARK_SIZE = 0.03
_LEAST_PX = 9.0  # text below this size cannot be read
_MARGIN = 0.025
_PILL = 0.62  # opacity of the dark shape behind a label
_PILL_PADDING = (0.45, 0.08)  # to its sides, and above and below, as shares of a line
_WATERMARK = 0.55  # opacity of a watermark's letters
_SHADE = 0.4  # of the dark rim that keeps them readable before light backgrounds


@dataclass(frozen=True, slots=True)
class Mark:
    """Something grey laid over a place of every frame.

    Attributes:
        left: Frame pixels, even.
        top: Frame pixels, even.
        grey: Premultiplied, (h, w) in [0, 1], h and w even.
        opacity: (h, w) in [0, 1].
    """

    left: int
    top: int
    grey: NDArray[np.float64]
    opacity: NDArray[np.float64]

    def apply(self, frame: I420, *, coverage: bool) -> None:
        """Draws it into a frame, in place.

        Args:
            frame: The frame.
            coverage: Whether the frame's right half is its matte, which then covers it too.
        """
        height, width = len(frame) * 2 // 3, frame.shape[1]
        rows, columns = self.grey.shape
        down = slice(self.top, self.top + rows)
        clear = 1.0 - self.opacity
        _lay(frame[down, self.left : self.left + columns], 16.0, clear, self.grey)
        if coverage:
            first = width // 2 + self.left
            _lay(frame[down, first : first + columns], 16.0, clear, self.opacity)
        chroma = frame[height:].reshape(2, height // 2, width // 2)
        coarse = clear.reshape(rows // 2, 2, columns // 2, 2).mean(axis=(1, 3))
        down = slice(self.top // 2, (self.top + rows) // 2)
        across = slice(self.left // 2, (self.left + columns) // 2)
        for plane in chroma:
            _lay(plane[down, across], 128.0, coarse, np.zeros_like(coarse))


def _lay(
    samples: NDArray[np.uint8],
    zero: float,
    clear: NDArray[np.float64],
    added: NDArray[np.float64],
) -> None:
    samples[:] = np.floor(zero + (samples - zero) * clear + 219.0 * added + 0.5)


def label_mark(size: FrameSize) -> Mark:
    """The label "AI-generated": light text on a dark pill in the top right corner."""
    margin = _margin(size)
    text = _text(LABEL, _LABEL_SIZE, size, margin, beside=2 * _PILL_PADDING[0] * LINE)
    pad_x, pad_y = (round(share * text.shape[0]) for share in _PILL_PADDING)
    text = np.pad(text, ((pad_y, pad_y), (pad_x, pad_x)))
    text = _even(text)
    pill = _PILL * _rounded_box(*text.shape)
    mark = text + (1.0 - text) * pill
    left = (size.width - margin - text.shape[1]) & ~1
    return Mark(max(left, 0), margin & ~1, text, mark)


def watermark_mark(text: str, size: FrameSize) -> Mark:
    """A watermark: half-transparent light text with a dark rim, at the bottom's middle.

    Raises:
        KeyError: There is no letter for one of the characters.
    """
    margin = _margin(size)
    letters = _even(np.pad(_text(text, _WATERMARK_SIZE, size, margin), 2))
    rim = letters.copy()
    for down in (-1, 0, 1):
        for across in (-1, 0, 1):
            np.maximum(rim, np.roll(letters, (down, across), (0, 1)), out=rim)
    grey = _WATERMARK * letters
    opacity = grey + (1.0 - grey) * _SHADE * rim
    left = ((size.width - letters.shape[1]) // 2) & ~1
    top = (size.height - margin - letters.shape[0]) & ~1
    return Mark(max(left, 0), max(top, 0), grey, opacity)


def _margin(size: FrameSize) -> int:
    return max(4, round(_MARGIN * min(size.width, size.height)))


def _text(
    text: str, share: float, size: FrameSize, margin: int, *, beside: float = 0.0
) -> NDArray[np.float64]:
    """Text that fits between the frame's sides; shortened where it would get too small.

    What is beside it in its mark is as many times its size wide as `beside` says.
    """
    wanted = max(_LEAST_PX, share * (size.width + size.height) / 2)
    room = size.width - 4 * margin
    fitting = wanted * min(1.0, room / (written_width(text, wanted) + beside * wanted))
    size_px = max(_LEAST_PX, fitting)
    while written_width(text, size_px) + beside * size_px > room:
        text = text.rstrip("\N{HORIZONTAL ELLIPSIS}")[:-1] + "\N{HORIZONTAL ELLIPSIS}"
    return write(text, size_px)


def _even(picture: NDArray[np.float64]) -> NDArray[np.float64]:
    """With sides of even length."""
    rows, columns = picture.shape
    return np.pad(picture, ((0, rows % 2), (0, columns % 2)))


def _rounded_box(rows: int, columns: int) -> NDArray[np.float64]:
    """A box with round ends, antialiased."""
    radius = rows / 2
    y, x = np.mgrid[0:rows, 0:columns] + 0.5
    nearest = np.clip(x, radius, columns - radius)
    covered: NDArray[np.float64] = np.clip(radius - np.hypot(x - nearest, y - radius) + 0.5, 0, 1)
    return covered
