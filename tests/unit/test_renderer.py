import asyncio
import dataclasses
import threading
from collections.abc import Callable, Coroutine, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from capsules.avatar import Avatar
from compositor.backend import I420
from compositor.drawlist import DrawList, FrameSize
from compositor.errors import (
    BackendUnavailableError,
    DeviceLostError,
    InvalidAvatarError,
    RenderError,
    UnknownAvatarError,
)
from engine.clock import NS_PER_S, VirtualClock
from engine.errors import ClosedError
from engine.faults import Fault
from engine.renderer import Renderer
from tests.unit.avatars import synthetic_avatar
from tests.unit.virtual_time import settle

SIZE = FrameSize(16, 16)
AVATAR = synthetic_avatar()


class Compositor:
    """Paints each frame in its probe's number."""

    def __init__(self, name: str = "first") -> None:
        self.name = name
        self.loaded: list[str] = []
        self.batches: list[int] = []
        self.closed = 0
        self.lost = False
        self.broken: Exception | None = None
        self.refuses: set[str] = set()
        self.threads: set[int] = set()
        self.may_draw = threading.Event()
        self.may_draw.set()

    def load(self, avatar: Avatar) -> None:
        if avatar.name in self.refuses:
            raise InvalidAvatarError(f"{avatar.name} does not fit")
        self.loaded.append(avatar.name)

    def render(self, draw_lists: Sequence[DrawList]) -> list[I420]:
        self.threads.add(threading.get_ident())
        assert self.may_draw.wait(5)
        if self.lost:
            raise DeviceLostError("the GPU fell off the bus")
        if self.broken is not None:
            raise self.broken
        self.batches.append(len(draw_lists))
        for one in draw_lists:
            if one.avatar not in self.loaded:
                raise UnknownAvatarError(one.avatar)
        return [np.full((24, 16), one.probe, np.uint8) for one in draw_lists]

    def close(self) -> None:
        self.closed += 1


def drawing(number: int, avatar: str = AVATAR.name) -> DrawList:
    return DrawList(avatar, SIZE, probe=number)


Scene = Callable[[Renderer, Compositor, Compositor, list[Fault]], Coroutine[Any, Any, None]]


def with_renderer(scene: Scene) -> None:
    async def play() -> None:
        first, second, faults = Compositor(), Compositor("second"), list[Fault]()
        renderer = Renderer(lambda: first, lambda: second, faults.append)
        await renderer.start()
        await renderer.load(AVATAR)
        try:
            await scene(renderer, first, second, faults)
        finally:
            await renderer.aclose()

    threads = threading.active_count()
    asyncio.run(play())
    assert threading.active_count() == threads


def test_every_call_is_made_on_one_thread_of_its_own() -> None:
    async def scene(
        renderer: Renderer, first: Compositor, second: Compositor, faults: list[Fault]
    ) -> None:
        picture = await renderer.render(drawing(7), "a")
        assert picture is not None
        assert picture[0, 0] == 7
        await renderer.render(drawing(8), "a")
        assert len(first.threads) == 1
        assert threading.get_ident() not in first.threads
        assert renderer.backend == "first"

    with_renderer(scene)


def test_frames_are_finished_on_the_render_thread() -> None:
    seen = set[int]()

    def brighter(frame: I420) -> I420:
        seen.add(threading.get_ident())
        return frame + np.uint8(100)

    async def scene(
        renderer: Renderer, first: Compositor, second: Compositor, faults: list[Fault]
    ) -> None:
        finished = await renderer.render(drawing(7), "a", brighter)
        plain = await renderer.render(drawing(7), "b")
        assert finished is not None
        assert plain is not None
        assert (finished[0, 0], plain[0, 0]) == (107, 7)
        assert seen == first.threads

    with_renderer(scene)


def test_a_frame_that_cannot_be_finished_costs_its_session_one_picture() -> None:
    def fails(frame: I420) -> I420:
        raise ValueError("no such shape")

    async def scene(
        renderer: Renderer, first: Compositor, second: Compositor, faults: list[Fault]
    ) -> None:
        good = await renderer.render(drawing(1), "a")
        kept, other = await asyncio.gather(
            renderer.render(drawing(2), "a", fails), renderer.render(drawing(3), "b")
        )
        assert kept is good
        assert other is not None
        assert other[0, 0] == 3
        await settle()
        assert [(fault.mode, fault.session_id) for fault in faults] == [("render", "a")]

    with_renderer(scene)


def test_frames_that_wait_are_drawn_in_one_call() -> None:
    async def scene(
        renderer: Renderer, first: Compositor, second: Compositor, faults: list[Fault]
    ) -> None:
        first.may_draw.clear()
        calls = [asyncio.create_task(renderer.render(drawing(n), str(n))) for n in range(9)]
        await settle()
        first.may_draw.set()
        pictures = await asyncio.gather(*calls)
        assert [picture[0, 0] for picture in pictures if picture is not None] == list(range(9))
        assert sum(first.batches) == 9
        assert len(first.batches) <= 2

    with_renderer(scene)


def test_lost_device_falls_back_and_draws_the_same_frame() -> None:
    async def scene(
        renderer: Renderer, first: Compositor, second: Compositor, faults: list[Fault]
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


def test_failed_frame_shows_the_sessions_last_good_one_and_is_reported_once() -> None:
    async def scene(
        renderer: Renderer, first: Compositor, second: Compositor, faults: list[Fault]
    ) -> None:
        await renderer.render(drawing(1), "a")
        for _ in range(3):
            picture = await renderer.render(drawing(2, "nobody"), "a")
            assert picture is not None
            assert picture[0, 0] == 1
        assert await renderer.render(drawing(2, "nobody"), "b") is None
        await settle()
        assert [(fault.mode, fault.session_id) for fault in faults] == [
            ("render", "a"),
            ("render", "b"),
        ]
        picture = await renderer.render(drawing(5), "a")
        assert picture is not None
        assert picture[0, 0] == 5

    with_renderer(scene)


def test_one_sessions_failure_is_not_the_others() -> None:
    async def scene(
        renderer: Renderer, first: Compositor, second: Compositor, faults: list[Fault]
    ) -> None:
        first.may_draw.clear()
        names = [AVATAR.name, "nobody", AVATAR.name]
        calls = [
            asyncio.create_task(renderer.render(drawing(n, name), str(n)))
            for n, name in enumerate(names)
        ]
        await settle()
        first.may_draw.set()
        pictures = await asyncio.gather(*calls)
        assert [None if one is None else int(one[0, 0]) for one in pictures] == [0, None, 2]

    with_renderer(scene)


def test_failure_that_leaves_the_device_alive_is_a_failed_frame_and_no_lost_device() -> None:
    async def scene(
        renderer: Renderer, first: Compositor, second: Compositor, faults: list[Fault]
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
    first, second, faults = Compositor(), Compositor("second"), list[Fault]()

    def fallback() -> Compositor:
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
        renderer: Renderer, first: Compositor, second: Compositor, faults: list[Fault]
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
        opened = [Compositor(str(n)) for n in range(3)]
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
        renderer: Renderer, first: Compositor, second: Compositor, faults: list[Fault]
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


def test_frame_that_waits_before_its_session_is_forgotten_leaves_no_picture() -> None:
    async def scene(
        renderer: Renderer, first: Compositor, second: Compositor, faults: list[Fault]
    ) -> None:
        first.may_draw.clear()
        calls = [asyncio.create_task(renderer.render(drawing(n), str(n))) for n in range(3)]
        await settle()
        calls.append(asyncio.create_task(renderer.render(drawing(9), "ended")))
        await settle()
        forgetting = asyncio.create_task(renderer.forget("ended"))
        await settle()
        first.may_draw.set()
        await asyncio.gather(*calls, forgetting)
        assert set(renderer._sessions.good) == {"0", "1", "2"}

    with_renderer(scene)


def test_forgotten_session_keeps_no_picture() -> None:
    async def scene(
        renderer: Renderer, first: Compositor, second: Compositor, faults: list[Fault]
    ) -> None:
        await renderer.render(drawing(1), "a")
        await renderer.forget("a")
        assert await renderer.render(drawing(2, "nobody"), "a") is None

    with_renderer(scene)


def test_avatar_that_is_there_is_not_loaded_again() -> None:
    async def scene(
        renderer: Renderer, first: Compositor, second: Compositor, faults: list[Fault]
    ) -> None:
        await renderer.load(AVATAR)
        assert first.loaded == [AVATAR.name]

    with_renderer(scene)


def test_cancelled_wait_harms_nobody() -> None:
    async def scene(
        renderer: Renderer, first: Compositor, second: Compositor, faults: list[Fault]
    ) -> None:
        first.may_draw.clear()
        given_up = asyncio.create_task(renderer.render(drawing(1), "a"))
        await settle()
        given_up.cancel()
        first.may_draw.set()
        picture = await renderer.render(drawing(2), "b")
        assert picture is not None
        assert picture[0, 0] == 2
        assert faults == []

    with_renderer(scene)


def test_compositor_that_cannot_open_says_so_and_leaves_no_thread() -> None:
    def missing() -> Compositor:
        raise BackendUnavailableError("no adapter")

    async def play() -> None:
        renderer = Renderer(missing, missing, lambda _: None)
        with pytest.raises(BackendUnavailableError, match="no adapter"):
            await renderer.start()

    threads = threading.active_count()
    asyncio.run(play())
    assert threading.active_count() == threads


def test_closing_is_safe_twice_and_before_start() -> None:
    async def play() -> None:
        compositor = Compositor()
        unused = Renderer(lambda: compositor, lambda: compositor, lambda _: None)
        await unused.aclose()
        with pytest.raises(ClosedError):
            await unused.start()
        renderer = Renderer(lambda: compositor, lambda: compositor, lambda _: None)
        await renderer.start()
        await renderer.aclose()
        await renderer.aclose()
        assert compositor.closed == 1
        with pytest.raises(ClosedError):
            await renderer.render(drawing(1), "a")
        await renderer.forget("a")

    asyncio.run(play())


def test_frames_under_way_are_drawn_before_closing() -> None:
    async def play() -> None:
        compositor = Compositor()
        renderer = Renderer(lambda: compositor, lambda: compositor, lambda _: None)
        await renderer.start()
        await renderer.load(AVATAR)
        compositor.may_draw.clear()
        call = asyncio.create_task(renderer.render(drawing(9), "a"))
        await settle()
        closing = asyncio.create_task(renderer.aclose())
        await settle()
        compositor.may_draw.set()
        await closing
        picture = await call
        assert picture is not None
        assert picture[0, 0] == 9

    asyncio.run(play())
