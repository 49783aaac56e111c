import numpy as np
import pytest

from compositor.drawlist import DrawList, FrameSize
from compositor.numba_backend import NumbaCompositor
from compositor.probe import draw_probe, read_probe
from tests.unit.avatars import synthetic_avatar


@pytest.mark.parametrize("size", [(128, 128), (512, 512), (360, 640), (642, 130)])
@pytest.mark.parametrize("number", [0, 1, 0x8000, 0xA5C3, 0xFFFF])
def test_probe_reads_back_what_was_drawn(size: tuple[int, int], number: int) -> None:
    width, height = size
    frame = np.full((height * 3 // 2, width), 90, np.uint8)
    draw_probe(frame, number)
    assert read_probe(frame) == number


def test_only_16_bits_are_shown() -> None:
    frame = np.zeros((192, 128), np.uint8)
    draw_probe(frame, 0x12345)
    assert read_probe(frame) == 0x2345


def test_most_significant_bit_is_the_upper_left_block() -> None:
    frame = np.zeros((192, 128), np.uint8)
    draw_probe(frame, 0x8001)
    assert (frame[:16, :16] == 235).all()
    assert (frame[16:32, 112:128] == 235).all()
    assert (frame[:16, 16:] == 16).all()
    assert (frame[16:32, :112] == 16).all()


def test_probe_has_no_colour_and_leaves_the_rest_alone() -> None:
    frame = np.full((300, 200), 77, np.uint8)
    draw_probe(frame, 0xFFFF)
    chroma = frame[200:].reshape(2, 100, 100)
    assert (chroma[:, :16, :64] == 128).all()
    assert (chroma[:, 16:] == 77).all()
    assert (chroma[:, :16, 64:] == 77).all()
    assert (frame[32:200] == 77).all()
    assert (frame[:32, 128:] == 77).all()


def test_rendered_frame_carries_its_probe() -> None:
    compositor = NumbaCompositor()
    compositor.load(synthetic_avatar(0.25))
    numbers = [0, 4711, 65535]
    frames = compositor.render(
        [DrawList("synthetic", FrameSize(256, 256), probe=number) for number in numbers]
    )
    assert [read_probe(frame) for frame in frames] == numbers
