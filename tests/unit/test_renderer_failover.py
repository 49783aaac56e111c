"""What the renderer's compositors are given, and the one that takes over."""

import asyncio
import dataclasses
import threading
from itertools import pairwise

import pytest

from compositor.errors import (
    BackendUnavailableError,
    InvalidAvatarError,
    RenderError,
)
from engine.clock import NS_PER_S, VirtualClock
from engine.faults import Fault
from engine.renderer import Renderer
from tests.unit.renderers import AVATAR, FakeCompositor, clip, drawing, with_renderer
from tests.unit.virtual_time import settle


def test_lost_device_falls_back_and_draws_the_same_frame() -> None:
    async def scene(
        renderer: Renderer, first: FakeCompositor, second: FakeCompositor, faults: list[Fault]
    ) -> None:
        first.lost = True
        picture = await renderer.render(drawing(3), "a")
        assert picture is not None
        assert picture[0, 0] == 3
        assert second.loaded == [AVATAR.name]
        assert first.closed == 1
        assert renderer.backend == "second"
        await renderer.render(drawing(4), "a")
        assert [(fault.mode, fault.cause) for fault in faults] == [
            ("device_lost", "the GPU fell off the bus")
        ]

    with_renderer(scene)


def test_failure_that_leaves_the_device_alive_is_a_failed_frame_and_no_lost_device() -> None:
    async def scene(
        renderer: Renderer, first: FakeCompositor, second: FakeCompositor, faults: list[Fault]
    ) -> None:
        await renderer.render(drawing(1), "a")
        first.broken = RenderError("out of memory")
        for _ in range(3):
            picture = await renderer.render(drawing(2), "a")
            assert picture is not None
            assert picture[0, 0] == 1
        await settle()
        assert [fault.mode for fault in faults] == ["render"]
        assert (first.closed, renderer.backend) == (0, "first")
        first.broken = None
        picture = await renderer.render(drawing(3), "a")
        assert picture is not None
        assert picture[0, 0] == 3

    with_renderer(scene)


def test_fallback_that_cannot_open_is_opened_later_less_and_less_often() -> None:
    attempts: list[int] = []
    clock = VirtualClock()
    first, second, faults = FakeCompositor(), FakeCompositor("second"), list[Fault]()

    def fallback() -> FakeCompositor:
        attempts.append(clock.now_ns())
        if len(attempts) < 4:
            raise MemoryError("not now")
        return second

    async def play() -> None:
        renderer = Renderer(lambda: first, fallback, faults.append, clock=clock)
        await renderer.start()
        await renderer.load(AVATAR)
        await renderer.render(drawing(1), "a")
        first.lost = True
        shown: list[int] = []
        while len(shown) < 100:
            picture = await renderer.render(drawing(2), "a")
            assert picture is not None
            shown.append(int(picture[0, 0]))
            clock.advance(NS_PER_S // 20)
        waits = [late - early for early, late in pairwise(attempts)]
        assert waits == [NS_PER_S // 4, NS_PER_S // 2, NS_PER_S]
        assert shown == [1] * 35 + [2] * 65
        assert second.loaded == [AVATAR.name]
        assert [fault.mode for fault in faults] == ["device_lost", "render"]
        assert "not now" in faults[1].cause
        await renderer.aclose()

    asyncio.run(play())


def test_avatar_that_the_fallback_refuses_fails_only_its_own_sessions() -> None:
    async def scene(
        renderer: Renderer, first: FakeCompositor, second: FakeCompositor, faults: list[Fault]
    ) -> None:
        for name in ("bad", "good"):
            await renderer.load(dataclasses.replace(AVATAR, name=name))
        second.refuses = {"bad"}
        first.lost = True
        calls = [renderer.render(drawing(n, name), name) for n, name in enumerate(("bad", "good"))]
        bad, good = await asyncio.gather(*calls)
        assert bad is None
        assert good is not None
        assert good[0, 0] == 1
        await settle()
        assert [(fault.mode, fault.session_id) for fault in faults] == [
            ("device_lost", ""),
            ("render", ""),
            ("render", "bad"),
        ]

    with_renderer(scene)


def test_fallback_that_is_lost_too_is_opened_again() -> None:
    async def play() -> None:
        clock = VirtualClock()
        opened = [FakeCompositor(str(n)) for n in range(3)]
        opened[0].lost = opened[1].lost = True
        rest = iter(opened)
        renderer = Renderer(lambda: next(rest), lambda: next(rest), lambda _: None, clock=clock)
        await renderer.start()
        await renderer.load(AVATAR)
        for _ in range(3):
            assert await renderer.render(drawing(1), "a") is None
        clock.advance(NS_PER_S)
        assert await renderer.render(drawing(1), "a") is not None
        assert renderer.backend == "2"
        await renderer.aclose()
        assert [one.closed for one in opened] == [1, 1, 1]

    asyncio.run(play())


def test_refused_avatar_is_refused_again_and_not_loaded_by_the_fallback() -> None:
    async def scene(
        renderer: Renderer, first: FakeCompositor, second: FakeCompositor, faults: list[Fault]
    ) -> None:
        bad = dataclasses.replace(AVATAR, name="bad")
        first.refuses = {"bad"}
        for _ in range(2):
            with pytest.raises(InvalidAvatarError):
                await renderer.load(bad)
        first.lost = True
        await renderer.render(drawing(1), "a")
        assert second.loaded == [AVATAR.name]

    with_renderer(scene)


def test_avatar_that_is_there_is_not_loaded_again() -> None:
    async def scene(
        renderer: Renderer, first: FakeCompositor, second: FakeCompositor, faults: list[Fault]
    ) -> None:
        await renderer.load(AVATAR)
        assert first.loaded == [AVATAR.name]

    with_renderer(scene)


def test_compositor_that_cannot_open_says_so_and_leaves_no_thread() -> None:
    def missing() -> FakeCompositor:
        raise BackendUnavailableError("no adapter")

    async def play() -> None:
        renderer = Renderer(missing, missing, lambda _: None)
        with pytest.raises(BackendUnavailableError, match="no adapter"):
            await renderer.start()

    threads = threading.active_count()
    asyncio.run(play())
    assert threading.active_count() == threads


def test_clips_go_to_the_compositor_once_and_to_the_one_that_takes_over() -> None:
    async def scene(
        renderer: Renderer, first: FakeCompositor, second: FakeCompositor, faults: list[Fault]
    ) -> None:
        await renderer.load_clips([clip("EF_1"), clip("EF_2")])
        await renderer.load_clips([clip("EF_1"), clip("EF_2", 60)])
        assert first.clips == ["EF_1", "EF_2", "EF_2"]
        first.lost = True
        await renderer.render(drawing(1), "a")
        assert second.clips == ["EF_1", "EF_2"]

    with_renderer(scene)


def test_clip_that_is_refused_is_the_callers_error_and_no_one_elses() -> None:
    async def scene(
        renderer: Renderer, first: FakeCompositor, second: FakeCompositor, faults: list[Fault]
    ) -> None:
        first.refuses = {"EF_2"}
        with pytest.raises(RenderError, match="EF_2"):
            await renderer.load_clips([clip("EF_1"), clip("EF_2")])
        first.lost = True
        assert await renderer.render(drawing(1), "a") is not None
        assert second.clips == ["EF_1"]

    with_renderer(scene)


def test_core_bases_of_all_sessions_stay_with_the_avatar() -> None:
    async def scene(
        renderer: Renderer, first: FakeCompositor, second: FakeCompositor, faults: list[Fault]
    ) -> None:
        await renderer.load(AVATAR, ("b03", "b01"))
        await renderer.load(AVATAR, ("b01",))
        await renderer.load(AVATAR, ("b02",))
        assert first.cores == [(), ("b03", "b01"), ("b02", "b03", "b01")]
        first.lost = True
        await renderer.render(drawing(1), "a")
        assert second.cores == [("b02", "b03", "b01")]

    with_renderer(scene)
