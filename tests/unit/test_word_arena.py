import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compositor.pages import NoRoomError
from compositor.wgpu_arena import Arena
from compositor.wgpu_words import word_count, words_of

SIZE = 100
STEPS = st.lists(
    st.one_of(st.integers(1, SIZE), st.integers(0, 20).map(lambda k: -1 - k)), max_size=80
)


@given(STEPS)
def test_runs_of_words_lie_within_the_buffer_and_apart_whatever_is_given_back(
    steps: list[int],
) -> None:
    """A count is taken; a negative number gives back the run of that number."""
    arena = Arena()
    arena.grow(SIZE)
    held: list[tuple[int, int]] = []
    for step in steps:
        if step < 0:
            if held:
                arena.free(*held.pop(step % len(held)))
            continue
        try:
            first = arena.take(step)
        except NoRoomError:
            taken = {word for at, count in held for word in range(at, at + count)}
            free = "".join("x" if word in taken else "." for word in range(arena.size))
            assert "." * step not in free
            arena.grow(arena.size + step)
            first = arena.take(step)
        assert 0 <= first <= arena.size - step
        assert all(first + step <= at or at + count <= first for at, count in held)
        held.append((first, step))
    for run in held:
        arena.free(*run)
    assert arena.take(arena.size) == 0


def test_growing_joins_what_was_free_at_the_end() -> None:
    arena = Arena()
    arena.grow(10)
    assert arena.take(6) == 0
    arena.grow(16)
    assert arena.take(10) == 6


def test_buffer_without_words_has_no_room() -> None:
    with pytest.raises(NoRoomError, match="no 1 words"):
        Arena().take(1)


def test_residual_is_told_where_it_lies_and_only_what_is_not_zero() -> None:
    residual = np.zeros((9, 11, 3), np.int8)
    residual[2:5, 3:10] = np.arange(63).reshape(3, 7, 3) - 30
    words = words_of(residual, (2, 5, 3, 10))
    assert words.size == word_count((2, 5, 3, 10)) == 2 + 3 * 7
    assert words[:2].tolist() == [3 | 2 << 16, 7 | 3 << 16]
    texels = words[2:].view(np.int8).reshape(3, 7, 4)
    np.testing.assert_array_equal(texels[:, :, :3], residual[2:5, 3:10])
    assert not texels[:, :, 3].any()


def test_residual_that_is_zero_is_two_words() -> None:
    assert words_of(np.zeros((9, 11, 3), np.int8), (0, 0, 0, 0)).tolist() == [0, 0]
