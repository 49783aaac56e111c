"""The GPU backend's texture cache on Mesa's software adapter: budgets, churn, what is missing."""

import threading
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from capsules.avatar import Avatar
from compositor import select, sources, wgpu_atlas
from compositor.backend import I420, Wanted
from compositor.drawlist import ClipFrame, DrawList, FrameSize, Light, Overlay
from compositor.errors import RenderError
from compositor.light import directional
from compositor.pages import MEGABYTE, CacheOptions, Page, TexturePage
from compositor.prepared import prepare
from compositor.wgpu_backend import WgpuCompositor, create
from compositor.wgpu_store import Fetched
from tests.golden.overlays import CLIPS, DrawnReader
from tests.unit.avatars import synthetic_avatar

pytestmark = pytest.mark.vulkan

SIZE = FrameSize(256, 256)
BASES = tuple((f"b{k:02d}", 0.6) for k in range(16))
LIGHT = Light(directional(1.0, 1.0, 0.8))
POSE = DrawList("synthetic", SIZE, BASES, light=LIGHT)
GRAINY = replace(POSE, avatar="avatar 0")


def open_gpu(options: CacheOptions | None = None) -> WgpuCompositor:
    names = select.adapter_names()
    return create(next((n for n in names if "llvmpipe" in n), names[0]), options)


def budget(megabytes: float, *, background: bool = False) -> CacheOptions:
    return CacheOptions(budget_bytes=int(megabytes * MEGABYTE), background=background)


def grainy(number: int = 0) -> Avatar:
    """An avatar with a name, a size and a grain of its own, which a coarser texture has not."""
    avatar = synthetic_avatar(0.3 + 0.05 * (number % 3))
    rng = np.random.default_rng(number)
    parts = tuple(
        replace(part, texture=_dimmed(part.texture, rng.uniform(0.3, 1.0, part.texture.shape[:2])))
        for part in avatar.parts
    )
    return replace(avatar, name=f"avatar {number}", parts=parts)


def _dimmed(texture: NDArray[np.uint8], by: NDArray[np.float64]) -> NDArray[np.uint8]:
    dimmed = texture.copy()
    dimmed[:, :, :3] = texture[:, :, :3] * by[:, :, np.newaxis]
    return dimmed


def apart(one: I420, other: I420) -> float:
    return float(np.abs(one.astype(np.int64) - other).mean())


def assert_equal_but_for_rounding(one: I420, other: I420) -> None:
    """Where a page lies is in the rounding of what is sampled."""
    difference = np.abs(one.astype(np.int64) - other)
    assert difference.max() <= 3
    assert difference.mean() <= 0.2


def drawn_alone(avatar: Avatar, draw_list: DrawList) -> I420:
    compositor = open_gpu()
    compositor.load(avatar)
    frame = compositor.render([draw_list])[0]
    compositor.close()
    return frame


def test_budget_that_holds_little_gives_a_coarse_picture() -> None:
    whole = drawn_alone(grainy(), GRAINY)
    compositor = open_gpu(budget(0.5))
    compositor.load(grainy())
    for _ in range(3):
        frame = compositor.render([GRAINY])[0]
    stats = compositor.cache_stats()
    assert stats.resident_bytes <= stats.budget_bytes
    assert stats.short
    assert 1.0 < apart(frame, whole) < 12.0
    assert compositor.cache_failures() == []
    compositor.close()


def test_budget_without_room_for_what_is_wanted_shows_what_it_has_room_for() -> None:
    whole = drawn_alone(grainy(), GRAINY)
    found = []
    for megabytes in (0.5, 0.9, 2.0, 20.0):
        compositor = open_gpu(budget(megabytes))
        compositor.load(grainy())
        found.append(apart(compositor.render([GRAINY])[0], whole))
        compositor.close()
    assert found == sorted(found, reverse=True)
    assert len(set(found)) == len(found)


def test_budget_too_small_for_a_picture_is_named_and_what_there_was_stays() -> None:
    compositor = open_gpu(budget(0.5))
    compositor.load(synthetic_avatar(0.25))
    before = compositor.render([POSE])[0]
    small, large = synthetic_avatar(0.5), synthetic_avatar(0.5)
    many = tuple(replace(one, name=f"{one.name}{k}") for k in range(4) for one in large.parts)
    with pytest.raises(RenderError, match=r"'synthetic'.* 0\.5 MB"):
        compositor.load(replace(small, parts=many))
    np.testing.assert_array_equal(compositor.render([POSE])[0], before)
    compositor.close()


def test_many_avatars_in_turn_stay_within_the_budget_and_keep_their_own_pictures() -> None:
    avatars = [grainy(number) for number in range(6)]
    lists = [replace(POSE, avatar=one.name) for one in avatars]
    alone = [drawn_alone(one, pose) for one, pose in zip(avatars, lists, strict=True)]
    compositor = open_gpu(budget(9.0))
    for one in avatars:
        compositor.load(one)
    rng = np.random.default_rng(7)
    for _ in range(250):
        number = int(rng.integers(len(avatars)))
        if rng.random() < 0.05:
            compositor.load(avatars[number])
        assert_equal_but_for_rounding(compositor.render([lists[number]])[0], alone[number])
        stats = compositor.cache_stats()
        assert stats.resident_bytes <= stats.budget_bytes
    assert stats.evictions > 50
    assert compositor._atlas.layer_bytes <= stats.budget_bytes
    compositor.close()


def test_all_avatars_at_once_are_drawn_coarser_than_their_budget_allows_one() -> None:
    avatars = [grainy(number) for number in range(6)]
    lists = [replace(POSE, avatar=one.name) for one in avatars]
    compositor = open_gpu(budget(4.0))
    for one in avatars:
        compositor.load(one)
    for tick in range(130):
        frames = compositor.render([lists[k] for k in range(6) if (tick >> k) % 3])
        stats = compositor.cache_stats()
        assert stats.resident_bytes <= stats.budget_bytes
        assert all(frame.std() > 10 for frame in frames)
    assert stats.refused > 0
    compositor.close()


def test_atlas_keeps_its_pages_as_it_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = drawn_alone(synthetic_avatar(0.25), POSE)
    monkeypatch.setattr(wgpu_atlas, "_LARGEST_SIDE", 320)
    compositor = open_gpu()
    compositor.load(synthetic_avatar(0.25))
    for number in range(5):
        compositor.load(grainy(number))
        others = [replace(POSE, avatar=f"avatar {k}") for k in range(number + 1)]
        assert_equal_but_for_rounding(compositor.render([POSE, *others])[0], whole)
    assert compositor._atlas.layer_bytes > 4 * 320 * 320 * 6
    compositor.close()


def test_atlas_that_grows_between_the_runs_of_a_call_keeps_their_pictures(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    avatars = [grainy(number) for number in range(4)]
    lists = [replace(POSE, avatar=one.name) for one in avatars]
    alone = [drawn_alone(one, pose) for one, pose in zip(avatars, lists, strict=True)]
    monkeypatch.setattr(wgpu_atlas, "_LARGEST_SIDE", 384)
    compositor = open_gpu()
    for one in avatars:
        compositor.load(one)
    layers_bytes = compositor._atlas.layer_bytes
    compositor._most_lists = 1  # each is drawn by a submission of its own
    for frame, expected in zip(compositor.render(lists), alone, strict=True):
        assert_equal_but_for_rounding(frame, expected)
    assert compositor._atlas.layer_bytes > layers_bytes
    compositor.close()


def test_texture_larger_than_a_layer_shows_the_next_coarser_that_fits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = drawn_alone(grainy(), GRAINY)
    monkeypatch.setattr(wgpu_atlas, "_LARGEST_SIDE", 192)
    compositor = open_gpu()
    compositor.load(grainy())
    assert 0.5 < apart(compositor.render([GRAINY])[0], whole) < 12.0
    assert compositor.cache_failures() == []
    assert not compositor.cache_stats().short
    compositor.close()


def test_gpu_without_memory_for_another_layer_draws_with_what_it_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wgpu_atlas, "_LARGEST_SIDE", 320)
    compositor = open_gpu()
    compositor.load(synthetic_avatar(0.25))

    def refuse(_: int) -> None:
        raise RuntimeError("Not enough memory left.")

    monkeypatch.setattr(compositor._atlas, "_made", refuse)
    frames = compositor.render([replace(POSE, size=FrameSize(512, 512)), POSE])
    assert all(frame.std() > 10 for frame in frames)
    assert compositor.cache_stats().short
    compositor.close()


def test_part_of_which_nothing_can_be_had_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    compositor = open_gpu()
    compositor.load(synthetic_avatar(0.25))
    before = compositor.render([POSE])[0]
    store, cache = compositor._library._store, compositor._library.cache
    fetch = store.fetch

    def refuse_background(page: Page) -> Fetched:
        if isinstance(page, TexturePage) and page.part == 0:
            raise ValueError("torn")
        return fetch(page)

    monkeypatch.setattr(cache._loader, "_fetch", refuse_background)
    cache.forget(lambda page: isinstance(page, TexturePage) and page.part == 0)
    after = compositor.render([POSE])[0]
    luma, luma_before = after[: SIZE.height], before[: SIZE.height]
    assert luma[0].tolist() == [16] * SIZE.width  # black, where the background was
    middle = np.s_[120:130, 120:130]
    assert np.abs(luma[middle].astype(np.int64) - luma_before[middle]).max() <= 1
    assert any("torn" in failure for failure in compositor.cache_failures())
    compositor.close()


def until(drawn: Callable[[], I420], expected: I420) -> None:
    """Draws until the picture is complete, as it is once all its pages have come."""
    for _ in range(500):
        frame = drawn()
        if np.abs(frame.astype(np.int64) - expected).max() <= 3:
            break
    assert_equal_but_for_rounding(frame, expected)


def test_live_picture_is_coarse_at_first_and_then_complete() -> None:
    whole = drawn_alone(grainy(), GRAINY)
    compositor = open_gpu(budget(50.0, background=True))
    compositor.load(grainy())
    first = compositor.render([GRAINY])[0]
    assert apart(first, whole) > 1.0
    until(lambda: compositor.render([GRAINY])[0], whole)
    assert compositor.cache_stats().misses > 0
    compositor.close()


def test_core_bases_are_there_from_the_first_live_frame() -> None:
    avatar = synthetic_avatar(0.25)
    compositor = open_gpu(budget(50.0, background=True))
    compositor.load(avatar, [name for name, _ in BASES])
    residuals = sum(name in dict(BASES) for part in prepare(avatar) for name in part.residual_rows)
    assert residuals > 0
    loaded = compositor.cache_stats()
    assert loaded.pages == len(avatar.parts) + residuals
    assert loaded.pinned_bytes == loaded.resident_bytes
    compositor.render([POSE])
    assert compositor.cache_stats().hits >= residuals
    compositor.close()


def test_closing_ends_the_thread_that_fetches() -> None:
    before = set(threading.enumerate())
    compositor = open_gpu(budget(50.0, background=True))
    compositor.load(synthetic_avatar(0.25))
    compositor.render([POSE])
    compositor.prefetch(Wanted("synthetic", bases=("b00", "b01")))
    assert set(threading.enumerate()) - before
    compositor.close()
    compositor.close()
    assert not set(threading.enumerate()) - before


def test_replaced_avatar_leaves_no_pages_behind() -> None:
    first, second = synthetic_avatar(0.5), replace(grainy(1), name="synthetic")
    compositor = open_gpu()
    compositor.load(first)
    compositor.render([POSE])
    compositor.load(second)
    assert_equal_but_for_rounding(compositor.render([POSE])[0], drawn_alone(second, POSE))
    pages = compositor.cache_stats().pages
    compositor.load(first)
    compositor.render([POSE])
    compositor.load(second)
    compositor.render([POSE])
    assert compositor.cache_stats().pages == pages
    compositor.close()


class Grey(DrawnReader):
    """Frames of one grey."""

    def read(self, number: int) -> NDArray[np.uint8]:
        return np.full_like(super().read(number), 255) // 2


def test_replaced_clip_shows_the_frames_of_the_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    overlay = Overlay("", "override", (ClipFrame(CLIPS[0].cid, 3, 1.0),))
    laid = replace(POSE, overlays=(overlay,))
    compositor = open_gpu()
    compositor.load(synthetic_avatar(0.25))
    frames = []
    for reader in (DrawnReader, Grey):
        monkeypatch.setattr(sources, "ClipReader", reader)
        compositor.load_clip(CLIPS[0])
        frames.append(compositor.render([laid])[0])
    pages = compositor.cache_stats().pages
    assert np.abs(frames[0].astype(np.int64) - frames[1]).max() > 40
    compositor.load_clip(CLIPS[0])
    compositor.render([laid])
    assert compositor.cache_stats().pages == pages
    compositor.close()


def test_clip_keeps_to_its_frames_and_is_drawn_all_along(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "ClipReader", DrawnReader)
    compositor = open_gpu(replace(budget(50.0), clip_frames=4))
    compositor.load(synthetic_avatar(0.25))
    compositor.load_clip(CLIPS[0])
    bare = compositor.render([POSE])[0]
    pages = compositor.cache_stats().pages
    for number in (*range(12), *range(12)):
        overlay = Overlay("", "override", (ClipFrame(CLIPS[0].cid, number, 1.0),))
        frame = compositor.render([replace(POSE, overlays=(overlay,))])[0]
        assert np.abs(frame.astype(np.int64) - bare).max() > 20
        assert compositor.cache_stats().pages - pages <= 4
    compositor.close()


def test_live_clip_is_drawn_once_its_frames_have_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "ClipReader", DrawnReader)
    overlay = Overlay("", "override", (ClipFrame(CLIPS[0].cid, 3, 1.0),))
    laid = replace(POSE, overlays=(overlay,))
    complete, live = open_gpu(), open_gpu(budget(50.0, background=True))
    for one in (complete, live):
        one.load(synthetic_avatar(0.25))
        one.load_clip(CLIPS[0])
    live.prefetch(Wanted("synthetic", clips=(CLIPS[0].cid, "CS_UNKNOWN")))
    until(lambda: live.render([laid])[0], complete.render([laid])[0])
    for one in (complete, live):
        one.close()


def test_overlays_make_nothing_of_the_gpu_once_the_like_has_been_drawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sources, "ClipReader", DrawnReader)
    compositor = open_gpu()
    compositor.load(synthetic_avatar(0.25))
    compositor.load_clip(CLIPS[0])
    calls = [
        [replace(POSE, overlays=(Overlay("face", "additive", (ClipFrame(CLIPS[0].cid, k, 0.5),)),))]
        for k in range(3)
    ]
    for call in calls:
        compositor.render(call)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("made anew")

    for name in ("create_buffer", "create_texture", "create_bind_group"):
        monkeypatch.setattr(type(compositor._open_device()), name, refuse)
    for call in calls:
        assert len(compositor.render(call)) == 1
