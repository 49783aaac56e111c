from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from compositor.backdrop import solid as backdrop
from compositor.backend import I420
from compositor.drawlist import FrameSize, Light
from compositor.lettering import can_write, write, written_width
from compositor.marks import Mark, label_mark, watermark_mark

SIZES = [
    (128, 128),
    (128, 816),
    (128, 1920),
    (200, 200),
    (200, 1400),
    (300, 150),
    (320, 600),
    (512, 512),
    (1920, 128),
    (1920, 1080),
]
MARKS: list[Callable[[FrameSize], Mark]] = [
    label_mark,
    lambda size: watermark_mark("\N{COPYRIGHT SIGN} Sm\N{LATIN SMALL LETTER O WITH STROKE}r", size),
    lambda size: watermark_mark("W" * 40, size),
]
GREY = (120, 120, 120)


def solid(color: tuple[int, int, int], size: FrameSize) -> I420:
    return backdrop(color, size).frame(Light()).copy()


def luma(frame: I420) -> NDArray[np.int64]:
    return frame[: len(frame) * 2 // 3].astype(np.int64)


@pytest.mark.parametrize("size_px", [9.0, 16.0, 40.0])
def test_letters_are_as_heavy_at_every_size(size_px: float) -> None:
    """The share of ink hardly changes, and there is ink at full strength: nothing is washed out."""
    share = write("AI-generated", size_px).sum() / size_px**2
    assert share == pytest.approx(write("AI-generated", 64.0).sum() / 64.0**2, rel=0.06)
    assert write("AI-generated", size_px).max() > 0.85


def test_edges_of_large_letters_are_sharp() -> None:
    """From paper to ink within two pixels, even much larger than the atlas."""
    stem = write("I", 120.0)[70]
    edge = np.flatnonzero((stem > 0.02) & (stem < 0.98))
    assert stem.max() == 1.0
    assert len(edge) <= 4


def test_wide_letters_take_more_room_and_stay_in_it() -> None:
    assert written_width("W", 20.0) > 2 * written_width("i", 20.0)
    text = write("A\N{LATIN CAPITAL LETTER A WITH RING ABOVE}gj", 40.0)
    assert text[0].max() < 0.5, "the ring is cut off"
    assert text[-1].max() < 0.5, "the tails are cut off"


def test_what_has_no_letter_is_known() -> None:
    assert can_write("Gr\N{LATIN SMALL LETTER U WITH DIAERESIS}n \N{EURO SIGN} 5~")
    assert not can_write("\u732b")
    assert not can_write("a\nb")
    assert not can_write("\N{SOFT HYPHEN}"), "it is in the font, but takes no room"


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("mark_of", MARKS)
def test_marks_lie_inside_frames_of_every_shape(
    size: tuple[int, int], mark_of: Callable[[FrameSize], Mark]
) -> None:
    frame_size = FrameSize(*size)
    mark = mark_of(frame_size)
    rows, columns = mark.grey.shape
    assert min(mark.left, mark.top) >= 0
    assert mark.left + columns <= frame_size.width
    assert mark.top + rows <= frame_size.height
    assert [side % 2 for side in (mark.left, mark.top, rows, columns)] == [0, 0, 0, 0]
    assert (mark.grey <= mark.opacity + 1e-9).all()
    mark.apply(solid(GREY, frame_size), coverage=False)


@pytest.mark.parametrize("mark_of", MARKS)
@pytest.mark.parametrize("ground", [(0, 0, 0), GREY, (255, 255, 255)])
def test_marks_can_be_read_on_any_ground(
    mark_of: Callable[[FrameSize], Mark], ground: tuple[int, int, int]
) -> None:
    size = FrameSize(512, 512)
    frame, plain = solid(ground, size), solid(ground, size)
    mark = mark_of(size)
    mark.apply(frame, coverage=False)
    changed = luma(frame) - luma(plain)
    assert changed.max() - changed.min() > 55, "no contrast"
    outside = np.ones(changed.shape, bool)
    rows, columns = mark.grey.shape
    outside[mark.top : mark.top + rows, mark.left : mark.left + columns] = False
    assert not changed[outside].any()
    assert luma(frame).min() >= 16
    assert luma(frame).max() <= 235


def test_mark_takes_colour_from_what_it_covers() -> None:
    size = FrameSize(512, 512)
    frame = solid((200, 0, 0), size)
    before = int(frame[512, 0]), int(frame[512 + 128, 0])
    mark = label_mark(size)
    mark.apply(frame, coverage=False)
    planes = frame[512:].reshape(2, 256, 256).astype(int)
    rows, columns = mark.grey.shape
    middle = (mark.top + rows // 2) // 2, (mark.left + columns // 2) // 2
    assert all(
        abs(plane[middle] - 128) < abs(was - 128) for plane, was in zip(planes, before, strict=True)
    )


def test_mark_covers_the_matte_too() -> None:
    size = FrameSize(256, 256)
    clear = np.concatenate([solid((0, 0, 0), size)] * 2, axis=1)
    # Side by side as planes: chroma is grey everywhere, so halves may be laid side by side.
    clear[256:] = 128
    mark = label_mark(size)
    mark.apply(clear, coverage=True)
    colour, matte = luma(clear)[:, :256], luma(clear)[:, 256:]
    rows, columns = mark.grey.shape
    middle = mark.top + rows // 2, mark.left + columns // 2
    assert matte[middle] > 16 + 0.5 * 219
    assert (colour <= matte).all()
    assert matte[-1].max() == 16
