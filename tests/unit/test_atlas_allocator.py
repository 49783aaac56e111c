import pytest
from hypothesis import given
from hypothesis import strategies as st

from compositor.pages import NoRoomError
from compositor.wgpu_layers import Layers, Rect

SIDE = 64
SIZES = st.tuples(st.integers(1, SIDE), st.integers(1, SIDE))
STEPS = st.lists(st.one_of(SIZES, st.integers(0, 30)), max_size=60)


def texels(rect: Rect) -> set[tuple[int, int, int]]:
    return {
        (rect.layer, rect.left + x, rect.top + y)
        for x in range(rect.width)
        for y in range(rect.height)
    }


def layers_of(count: int) -> Layers:
    layers = Layers(SIDE)
    for _ in range(count):
        layers.add()
    return layers


@given(STEPS)
def test_places_lie_within_their_layer_and_apart_whatever_is_given_back(
    steps: list[tuple[int, int] | int],
) -> None:
    """A size is taken; a number gives back the place of that number."""
    layers = layers_of(1)
    held: list[Rect] = []
    for step in steps:
        if isinstance(step, int):
            if held:
                layers.free(held.pop(step % len(held)))
            continue
        try:
            rect = layers.take(*step)
        except NoRoomError:
            layers.add()
            rect = layers.take(*step)
        assert (rect.width, rect.height) == step
        assert rect.left + rect.width <= SIDE
        assert rect.top + rect.height <= SIDE
        assert rect.layer < layers.count
        assert not any(texels(rect) & texels(other) for other in held)
        held.append(rect)
    for rect in held:
        layers.free(rect)
    for number in range(layers.count):
        assert layers.take(SIDE, SIDE) == Rect(number, 0, 0, SIDE, SIDE)


@given(st.lists(SIZES, min_size=1, max_size=30), st.integers(0, 29))
def test_place_that_was_given_back_can_be_taken_again(
    sizes: list[tuple[int, int]], number: int
) -> None:
    layers = layers_of(len(sizes))
    held = [layers.take(*size) for size in sizes]
    rect = held.pop(number % len(held))
    layers.free(rect)
    again = layers.take(rect.width, rect.height)
    assert not any(texels(again) & texels(other) for other in held)


def test_rectangles_of_one_size_fill_a_layer_without_gaps() -> None:
    layers = layers_of(1)
    places = {layers.take(16, 32) for _ in range(8)}
    assert len(set().union(*map(texels, places))) == SIDE * SIDE
    with pytest.raises(NoRoomError, match="1 x 1"):
        layers.take(1, 1)


def test_neighbours_that_were_given_back_become_one_place() -> None:
    layers = layers_of(1)
    places = [layers.take(16, SIDE) for _ in range(4)]
    layers.free(places[1])
    layers.free(places[3])
    with pytest.raises(NoRoomError):
        layers.take(32, SIDE)
    layers.free(places[2])
    assert layers.take(48, SIDE) == Rect(0, 16, 0, 48, SIDE)


def test_small_rectangle_takes_the_place_that_fits_it_best() -> None:
    layers = layers_of(2)
    places = [layers.take(SIDE - 8, SIDE), layers.take(SIDE, SIDE)]
    layers.free(places[1])
    assert layers.take(8, 8).layer == 0


def test_what_is_larger_than_a_layer_finds_no_room() -> None:
    layers = layers_of(1)
    for size in ((SIDE + 1, 4), (4, SIDE + 1)):
        with pytest.raises(NoRoomError):
            layers.take(*size)
