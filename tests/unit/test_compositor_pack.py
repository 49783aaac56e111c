import pytest
from hypothesis import given
from hypothesis import strategies as st

from compositor.wgpu_pack import Cell, pack

SIZES = st.lists(st.tuples(st.integers(1, 64), st.integers(1, 64)), min_size=1, max_size=40)


@given(SIZES)
def test_packed_rectangles_lie_within_their_page_and_apart(sizes: list[tuple[int, int]]) -> None:
    taken: set[tuple[int, int, int]] = set()
    for cell, (width, height) in zip(pack(tuple(sizes), 64), sizes, strict=True):
        assert cell.left + width <= 64
        assert cell.top + height <= 64
        pixels = {
            (cell.page, cell.left + x, cell.top + y) for x in range(width) for y in range(height)
        }
        assert not pixels & taken
        taken |= pixels


def test_equal_frames_fill_a_page_before_the_next() -> None:
    cells = pack(((512, 512),) * 65, 4096)
    assert [cell.page for cell in cells] == [0] * 64 + [1]
    assert cells[:2] == (Cell(0, 0, 0), Cell(0, 512, 0))


def test_rectangle_larger_than_a_page_is_refused() -> None:
    with pytest.raises(ValueError, match="65 x 3 pixels"):
        pack(((65, 3),), 64)
