"""The renderer and the texture cache: wishes, and what is told of it."""

import asyncio

from compositor.backend import Wanted
from compositor.pages import CacheStats
from engine.faults import Fault
from engine.renderer import Renderer
from tests.unit.renderers import AVATAR, FakeCompositor, drawing, with_renderer
from tests.unit.virtual_time import settle


def test_wishes_reach_the_compositor_between_frames() -> None:
    async def scene(
        renderer: Renderer, first: FakeCompositor, second: FakeCompositor, faults: list[Fault]
    ) -> None:
        wishes = [Wanted(AVATAR.name, (f"b{k:02d}",)) for k in range(4)]
        first.may_draw.clear()
        call = asyncio.create_task(renderer.render(drawing(1), "a"))
        await settle()
        for wish in wishes:
            renderer.prefetch(wish)
        assert first.prefetched == []
        first.may_draw.set()
        await call
        await renderer.render(drawing(2), "a")
        assert first.prefetched == wishes
        assert len(first.threads) == 1

    with_renderer(scene)


def test_wishes_that_pile_up_are_forgotten_the_oldest_first() -> None:
    async def scene(
        renderer: Renderer, first: FakeCompositor, second: FakeCompositor, faults: list[Fault]
    ) -> None:
        first.may_draw.clear()
        call = asyncio.create_task(renderer.render(drawing(1), "a"))
        await settle()
        wishes = [Wanted(AVATAR.name, (f"b{k}",)) for k in range(1000)]
        for wish in wishes:
            renderer.prefetch(wish)
        first.may_draw.set()
        await call
        await renderer.render(drawing(2), "a")
        assert 0 < len(first.prefetched) < len(wishes)
        assert first.prefetched == wishes[-len(first.prefetched) :]

    with_renderer(scene)


def test_wish_that_fails_is_a_fault_and_a_lost_device_is_left_to_the_next_frame() -> None:
    async def scene(
        renderer: Renderer, first: FakeCompositor, second: FakeCompositor, faults: list[Fault]
    ) -> None:
        first.refuses = {"bad"}
        renderer.prefetch(Wanted("bad"))
        await renderer.render(drawing(1), "a")
        await settle()
        assert [(fault.mode, "no room" in fault.cause) for fault in faults] == [
            ("texture_cache", True)
        ]
        first.lost = True
        renderer.prefetch(Wanted(AVATAR.name))
        assert await renderer.render(drawing(2), "a") is not None
        await settle()
        assert [fault.mode for fault in faults] == ["texture_cache", "device_lost"]

    with_renderer(scene)


def test_wish_before_start_and_after_closing_is_nothing() -> None:
    async def play() -> None:
        compositor = FakeCompositor()
        renderer = Renderer(lambda: compositor, lambda: compositor, lambda _: None)
        renderer.prefetch(Wanted(AVATAR.name))
        await renderer.start()
        await renderer.aclose()
        renderer.prefetch(Wanted(AVATAR.name))
        assert compositor.prefetched == []

    asyncio.run(play())


def test_cache_is_as_it_was_after_the_last_frames() -> None:
    async def scene(
        renderer: Renderer, first: FakeCompositor, second: FakeCompositor, faults: list[Fault]
    ) -> None:
        assert renderer.cache_stats() == CacheStats()
        first.stats = CacheStats(hits=7)
        await renderer.render(drawing(1), "a")
        await renderer.render(drawing(2), "a")
        assert renderer.cache_stats().hits == 7

    with_renderer(scene)


def test_picture_of_textures_that_are_missing_is_called_coarse() -> None:
    async def scene(
        renderer: Renderer, first: FakeCompositor, second: FakeCompositor, faults: list[Fault]
    ) -> None:
        found = []
        for unmet in (0, 2, 2, 3):
            first.stats = CacheStats(unmet=unmet)
            await renderer.render(drawing(1), "a")
            found.append(renderer.coarse("a"))
        assert found == [False, True, False, True]
        assert not renderer.coarse("another")
        await renderer.forget("a")
        assert not renderer.coarse("a")

    with_renderer(scene)


def test_cache_that_is_too_small_is_reported_once_an_episode_and_drawing_goes_on() -> None:
    async def scene(
        renderer: Renderer, first: FakeCompositor, second: FakeCompositor, faults: list[Fault]
    ) -> None:
        short = CacheStats(budget_bytes=2_000_000, need_bytes=3_500_000, short=True)
        for stats in (short, short, CacheStats(), short, short):
            first.stats = stats
            assert await renderer.render(drawing(1), "a") is not None
        await renderer.forget("a")  # what the last frame left has been seen to
        await settle()
        assert [fault.mode for fault in faults] == ["texture_cache"] * 2
        assert "2.0 MB" in faults[0].cause
        assert "3.5 MB" in faults[0].cause

    with_renderer(scene)


def test_pages_that_cannot_be_had_are_reported() -> None:
    async def scene(
        renderer: Renderer, first: FakeCompositor, second: FakeCompositor, faults: list[Fault]
    ) -> None:
        first.failures = ["frame 3 of clip 'EF_1': cut short", "frame 4 of clip 'EF_1': cut short"]
        await renderer.render(drawing(1), "a")
        await renderer.render(drawing(2), "a")
        await renderer.forget("a")
        await settle()
        assert [(fault.mode, fault.cause) for fault in faults] == [
            ("texture_cache", "frame 3 of clip 'EF_1': cut short"),
            ("texture_cache", "frame 4 of clip 'EF_1': cut short"),
        ]

    with_renderer(scene)
