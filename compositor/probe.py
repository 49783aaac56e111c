"""The probe: a number drawn into the picture, for measuring when a frame is seen.

8 x 2 blocks of 16 pixels at the top left show 16 bits, the most significant first, row by row: 1
is white and 0 is black. Blocks are drawn over everything, in limited range.
"""

import numpy as np

from compositor.backend import I420

__all__ = ["BITS", "BLOCK_PX", "COLUMNS", "ROWS", "draw_probe", "read_probe"]

BLOCK_PX = 16
COLUMNS = 8
ROWS = 2
BITS = COLUMNS * ROWS

_BLACK, _WHITE, _NO_COLOUR = 16, 235, 128


def draw_probe(frame: I420, number: int, *, coverage: bool = False) -> None:
    """Draws the low 16 bits of `number` into a frame of at least 128 x 32 pixels, in place.

    Args:
        frame: The frame.
        number: Shown modulo 65,536.
        coverage: Whether the frame's right half is its matte, which then is opaque there.
    """
    rows, width = frame.shape
    height = rows * 2 // 3
    shifts = np.arange(BITS - 1, -1, -1).reshape(ROWS, COLUMNS)
    levels = np.where(((number & 0xFFFF) >> shifts) & 1, _WHITE, _BLACK).astype(np.uint8)
    blocks = levels.repeat(BLOCK_PX, axis=0).repeat(BLOCK_PX, axis=1)
    frame[: ROWS * BLOCK_PX, : COLUMNS * BLOCK_PX] = blocks
    chroma = frame[height:].reshape(2, height // 2, width // 2)
    chroma[:, : ROWS * BLOCK_PX // 2, : COLUMNS * BLOCK_PX // 2] = _NO_COLOUR
    if coverage:
        middle = width // 2
        frame[: ROWS * BLOCK_PX, middle : middle + COLUMNS * BLOCK_PX] = _WHITE


def read_probe(frame: I420) -> int:
    """The number that a frame shows, judged by the middle of each block."""
    blocks = frame[: ROWS * BLOCK_PX, : COLUMNS * BLOCK_PX].reshape(
        ROWS, BLOCK_PX, COLUMNS, BLOCK_PX
    )
    middles = blocks[:, 4:12, :, 4:12].mean(axis=(1, 3))
    number = 0
    for bright in (middles > (_BLACK + _WHITE) / 2).ravel():
        number = number << 1 | int(bright)
    return number
