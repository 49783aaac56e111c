"""The CPU backend over a texture cache: what is missing, and clips laid over the picture."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from capsules.avatar import Basis, Part
from capsules.clip import Clip
from compositor import cache, levels, sources
from compositor.backend import I420
from compositor.drawlist import (
    Camera,
    ClipFrame,
    DrawList,
    FrameSize,
    Light,
    Overlay,
    OverlayMode,
    PartTransform,
)
from compositor.errors import RenderError
from compositor.light import directional
from compositor.loader import InlineLoader
from compositor.numba_backend import NumbaCompositor
from compositor.pages import CacheOptions, Page
from compositor.prepared import prepare
from tests.unit.avatars import synthetic_avatar

SIZE = FrameSize(256, 256)
REST = DrawList("synthetic", SIZE)
MOVED = replace(REST, weights=(("b00", 0.8), ("b02", 0.7), ("b03", -0.5)))
LIT = replace(MOVED, light=Light(directional(1.0, 0.5, 0.8), 0.3))
AVATAR = synthetic_avatar(1.0)
WHITE, HALF_WHITE, BLACK, CLEAR, WHITE_HALF, GREY = range(6)
COLOURS = [(255,) * 4, (128,) * 4, (0, 0, 0, 255), (0,) * 4, (0,) * 4, (30, 30, 30, 255)]
BUDGET_BYTES = 1_200_000
COVERED = replace(REST, coverage=True)


class Slow(InlineLoader[object]):
    """What is asked for has come when the next tick begins."""

    def request(self, page: Page, *, urgent: bool) -> None:
        super().request(page, urgent=True)


def frame_of(clip: Clip, number: int) -> NDArray[np.uint8]:
    """Of one colour; the fourth is white on its left half."""
    picture = np.zeros((clip.height, clip.width, 4), np.uint8)
    picture[:] = COLOURS[number]
    if number == WHITE_HALF:
        picture[:, : clip.width // 2] = 255
    return picture


class Reader:
    def __init__(self, clip: Clip) -> None:
        self.clip = clip
        self.open_files = 1

    def read(self, number: int) -> NDArray[np.uint8]:
        return frame_of(self.clip, number)

    def close(self) -> None:
        pass


@pytest.fixture(autouse=True)
def _reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "ClipReader", Reader)


def clip(cid: str, rect: tuple[float, float, float, float] = (0.25, 0.25, 0.5, 0.5)) -> Clip:
    return Clip(cid, Path(f"{cid}.webm"), 64, 64, 25.0, 6, "alpha", rect, "face")


@pytest.fixture
def compositor() -> Iterator[NumbaCompositor]:
    made = NumbaCompositor()
    made.load(AVATAR)
    for cid, left in (("EF_A", 0.25), ("EF_B", 0.25), ("EF_C", 0.5)):
        made.load_clip(clip(cid, (left, 0.25, 0.5, 0.5)))
    yield made
    made.close()


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch) -> Iterator[NumbaCompositor]:
    """One whose pages come a tick after they are missed."""
    monkeypatch.setattr(cache, "BackgroundLoader", Slow)
    made = NumbaCompositor(CacheOptions(background=True))
    made.load(AVATAR)
    made.load_clip(clip("EF_A"))
    yield made
    made.close()


def luma(frame: I420) -> NDArray[np.int64]:
    return frame[: len(frame) * 2 // 3].astype(np.int64)


def laid(
    *frames: tuple[str, int, float], mode: OverlayMode = "override", after: str = "handLeft"
) -> Overlay:
    return Overlay(after, mode, tuple(ClipFrame(*one) for one in frames))


def over(*overlays: Overlay, rest: DrawList = REST) -> DrawList:
    return replace(rest, overlays=overlays)


def box_of(difference: NDArray[np.int64]) -> tuple[int, int, int, int]:
    """Where anything differs: first and end row, first and end column."""
    rows, columns = np.flatnonzero(difference.any(axis=1)), np.flatnonzero(difference.any(axis=0))
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


# What is missing


def test_missing_levels_are_shown_coarse_and_come_in_the_next_tick(live: NumbaCompositor) -> None:
    complete = NumbaCompositor()
    complete.load(AVATAR)
    expected = complete.render([LIT])[0].astype(int)
    first, second, third = (live.render([LIT])[0].astype(int) for _ in range(3))
    error = np.abs(first - expected).mean()
    assert 0.2 < error < 8.0
    np.testing.assert_array_equal(second, expected)
    np.testing.assert_array_equal(third, expected)
    stats = live.cache_stats()
    assert stats.misses > 0
    assert not stats.short


def test_missing_residual_is_left_out_of_one_frame(live: NumbaCompositor) -> None:
    for _ in range(2):
        live.render([REST])
    live._library.cache.forget(lambda page: "Residual" in type(page).__name__)
    without = replace(AVATAR, parts=tuple(_without_residuals(part) for part in AVATAR.parts))
    plain = NumbaCompositor()
    plain.load(without)
    first, second = (live.render([MOVED])[0] for _ in range(2))
    np.testing.assert_array_equal(first, plain.render([MOVED])[0])
    assert (first != second).any()


def _without_residuals(part: Part) -> Part:
    return replace(part, bases={name: Basis(one.delta) for name, one in part.bases.items()})


def test_budget_below_one_picture_draws_it_coarser_and_says_so() -> None:
    complete, small = NumbaCompositor(), NumbaCompositor(CacheOptions(budget_bytes=BUDGET_BYTES))
    for made in (complete, small):
        made.load(AVATAR)
    expected = complete.render([MOVED])[0].astype(int)
    for _ in range(3):
        drawn = small.render([MOVED])[0].astype(int)
    error = np.abs(drawn - expected).mean()
    assert 0.05 < error < 2.0
    stats = small.cache_stats()
    assert stats.short
    assert stats.resident_bytes <= stats.budget_bytes < stats.need_bytes


def test_budget_below_the_coarsest_picture_is_refused_and_what_was_loaded_stays() -> None:
    made = NumbaCompositor(CacheOptions(budget_bytes=BUDGET_BYTES))
    made.load(AVATAR)
    twice = tuple(replace(part, name=f"{part.name} again") for part in AVATAR.parts)
    before = made.render([REST, REST])[1]
    with pytest.raises(RenderError, match=r"'synthetic' does not fit.* of 1\.2 MB"):
        made.load(replace(AVATAR, parts=(*AVATAR.parts, *twice)))
    np.testing.assert_array_equal(made.render([REST])[0], before)


@pytest.fixture
def resampled(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Grows with every picture that is resampled, which takes longer than a frame may."""
    seen: list[object] = []
    resample = levels.resample

    def counted(picture: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
        seen.append(size)
        return resample(picture, size)

    monkeypatch.setattr(levels, "resample", counted)
    return seen


def test_avatar_that_is_ready_loads_without_resampling(resampled: list[object]) -> None:
    avatar = synthetic_avatar(1.0)
    prepare(avatar)
    assert resampled
    resampled.clear()
    NumbaCompositor(CacheOptions(background=True)).load(avatar, ("b00", "b02"))
    assert resampled == []


def test_first_lit_frame_resamples_nothing(resampled: list[object]) -> None:
    made = NumbaCompositor()
    made.load(AVATAR)
    made.render([MOVED])
    assert resampled
    resampled.clear()
    made.render([LIT])
    assert resampled == []


def test_backdrop_is_drawn_anew_when_a_better_level_has_come(live: NumbaCompositor) -> None:
    complete = NumbaCompositor()
    complete.load(AVATAR)
    (expected,) = complete.render([REST])
    coarse = live.render([REST, REST, REST])
    np.testing.assert_array_equal(coarse[0], coarse[2])
    assert (coarse[0] != expected).any()
    for frame in live.render([REST, REST, REST]):
        np.testing.assert_array_equal(frame, expected)


# Clips


def test_overlay_lies_where_its_clip_says(compositor: NumbaCompositor) -> None:
    rest, drawn = compositor.render([REST, over(laid(("EF_A", WHITE, 1.0)))])
    assert (luma(drawn)[64:192, 64:192] == 235).all()
    assert box_of(luma(drawn) - luma(rest)) == (64, 192, 64, 192)


def test_overlay_moves_with_its_part_and_the_camera(compositor: NumbaCompositor) -> None:
    moved = replace(
        over(laid(("EF_A", WHITE, 1.0))),
        transforms=(PartTransform("handLeft", x=40.0, y=-80.0),),
        camera=Camera(x=-64.0),
    )
    bare = replace(moved, overlays=())
    rest, drawn = compositor.render([bare, moved])
    assert box_of(luma(drawn) - luma(rest)) == (44, 172, 90, 218)


def test_overlay_after_no_part_of_the_avatar_moves_with_none_and_comes_last(
    compositor: NumbaCompositor,
) -> None:
    moves = (PartTransform("tail", x=100.0), PartTransform("handLeft", x=100.0))
    first = laid(("EF_A", WHITE, 1.0), after="tail")
    last = laid(("EF_A", BLACK, 1.0))
    (drawn,) = compositor.render([replace(over(first, last), transforms=moves)])
    assert (luma(drawn)[64:192, 64:192] == 235).all()


def test_overlay_is_covered_by_the_parts_after_its_own(compositor: NumbaCompositor) -> None:
    rest, behind = compositor.render([REST, over(laid(("EF_A", WHITE, 1.0), after="background"))])
    face = luma(rest)[90:110, 120:136]
    np.testing.assert_array_equal(luma(behind)[90:110, 120:136], face)
    assert (luma(behind)[65:70, 65:70] == 235).all()


def test_overlay_after_the_rearmost_part_does_not_stay_in_the_backdrop(
    compositor: NumbaCompositor,
) -> None:
    plain, laid_over = REST, over(laid(("EF_A", WHITE, 1.0), after="background"))
    expected = [compositor.render([one])[0].copy() for one in (plain, laid_over)]
    for which in (0, 0, 1, 1, 0, 1, 0, 0, 1):
        (drawn,) = compositor.render([(plain, laid_over)[which]])
        np.testing.assert_array_equal(drawn, expected[which])


def test_cross_fade_of_two_covering_frames_lets_nothing_through(
    compositor: NumbaCompositor,
) -> None:
    for share in (0.1, 0.3, 0.498, 0.502, 0.77):
        faded = laid(("EF_A", WHITE, share), ("EF_B", WHITE, 1.0 - share))
        (drawn,) = compositor.render([over(faded)])
        assert (luma(drawn)[64:192, 64:192] == 235).all()


def test_frames_of_different_places_mix_only_where_both_lie(compositor: NumbaCompositor) -> None:
    (drawn,) = compositor.render([over(laid(("EF_A", WHITE, 0.5), ("EF_C", WHITE, 0.5)))])
    assert (luma(drawn)[70:180, 130:190] == 235).all()
    (rest,) = compositor.render([REST])
    left = luma(drawn)[70:80, 66:80]
    expected = (luma(rest)[70:80, 66:80] + 235) / 2
    assert np.abs(left - expected).max() <= 2


@pytest.mark.parametrize(
    ("mode", "number", "expected"),
    [
        ("override", HALF_WHITE, lambda there: (there + 235) / 2),
        ("override", BLACK, lambda there: there * 0 + 16),
        ("override", CLEAR, lambda there: there),
        ("additive", GREY, lambda there: there + 30 * 219 / 255),
        ("additive", WHITE, lambda there: there * 0 + 235),
        ("additive", BLACK, lambda there: there),
        ("multiply", WHITE, lambda there: there),
        ("multiply", HALF_WHITE, lambda there: there),
        ("multiply", GREY, lambda there: (there - 16) * 30 / 255 + 16),
    ],
)
def test_modes_do_what_they_are_called(
    compositor: NumbaCompositor,
    mode: OverlayMode,
    number: int,
    expected: Callable[[NDArray[np.int64]], NDArray[np.float64]],
) -> None:
    rest, drawn = compositor.render([REST, over(laid(("EF_A", number, 1.0), mode=mode))])
    there, found = luma(rest)[66:80, 66:80], luma(drawn)[66:80, 66:80]
    assert np.abs(found - expected(there)).max() <= 2


def test_only_override_adds_to_what_is_covered(compositor: NumbaCompositor) -> None:
    (rest,) = compositor.render([COVERED])
    for mode in ("override", "additive", "multiply"):
        (drawn,) = compositor.render([over(laid(("EF_A", WHITE, 1.0), mode=mode), rest=COVERED)])
        matte_rest, matte = luma(rest)[:, 256:], luma(drawn)[:, 256:]
        if mode == "override":
            assert (matte[64:192, 64:192] == 235).all()
        else:
            np.testing.assert_array_equal(matte, matte_rest)
            assert (luma(drawn)[:, :256][matte == 16] == 16).all()


def test_half_size_frames_lie_in_the_same_place(compositor: NumbaCompositor) -> None:
    whole = over(laid(("EF_A", WHITE_HALF, 1.0)))
    one, other = compositor.render([whole, replace(whole, half_clips=True)])
    assert (luma(one)[64:192, 64:126] == luma(other)[64:192, 64:126]).all()
    assert (luma(other)[64:192, 64:124] == 235).all()
    halves = {page.half for page in compositor._library.cache._resident if hasattr(page, "half")}
    assert halves == {False, True}


def test_clip_that_is_not_there_yet_or_not_known_is_not_drawn(live: NumbaCompositor) -> None:
    for _ in range(2):
        (rest,) = live.render([REST])
    drawn = over(laid(("EF_A", WHITE, 1.0)), laid(("EF_UNKNOWN", WHITE, 1.0)))
    np.testing.assert_array_equal(live.render([drawn])[0], rest)
    assert (luma(live.render([drawn])[0])[64:192, 64:192] == 235).all()


def test_part_scaled_to_nothing_takes_its_overlay_along(compositor: NumbaCompositor) -> None:
    gone = (PartTransform("handLeft", scale=0.0),)
    rest, drawn = compositor.render(
        [replace(one, transforms=gone) for one in (REST, over(laid(("EF_A", WHITE, 1.0))))]
    )
    np.testing.assert_array_equal(rest, drawn)
