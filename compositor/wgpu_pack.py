"""Packing rectangles into pages, all at once: frames into pictures, sums into layers."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["Cell", "pack"]


@dataclass(frozen=True, slots=True)
class Cell:
    """Where a rectangle lies.

    Attributes:
        page: Number of its page.
        left: Column of its first pixel.
        top: Row of its first pixel.
    """

    page: int
    left: int
    top: int


@lru_cache(maxsize=64)
def pack(sizes: tuple[tuple[int, int], ...], side: int) -> tuple[Cell, ...]:
    """Packs rectangles (width, height) into square pages, in rows, the tallest first.

    Returns:
        A cell for each rectangle, in order.

    Raises:
        ValueError: A rectangle is larger than a page.
    """
    cells = [Cell(0, 0, 0)] * len(sizes)
    page = left = top = row_height = 0
    for number in _tallest_first(sizes):
        width, height = sizes[number]
        if max(width, height) > side:
            raise ValueError(f"{width} x {height} pixels; a page is {side} x {side}")
        if left + width > side:
            left, top, row_height = 0, top + row_height, 0
        if top + height > side:
            page, left, top, row_height = page + 1, 0, 0, 0
        cells[number] = Cell(page, left, top)
        left += width
        row_height = max(row_height, height)
    return tuple(cells)


def _tallest_first(sizes: Sequence[tuple[int, int]]) -> list[int]:
    return sorted(range(len(sizes)), key=lambda number: (-sizes[number][1], -sizes[number][0]))
