"""The renderer's thread: batches, finishing, sessions that fail, and closing."""

import asyncio
import dataclasses
import threading

import numpy as np
import pytest

from capsules.avatar import Avatar
from compositor.backend import I420
from engine.errors import ClosedError
from engine.faults import Fault
from engine.renderer import Renderer
from tests.unit.renderers import AVATAR, FakeCompositor, drawing, with_renderer
from tests.unit.virtual_time import settle


def test_every_call_is_made_on_one_thread_of_its_own() -> None:
    async def scene(
        renderer: Renderer, first: FakeCompositor, second: FakeCompositor, faults: list[Fault]
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
        renderer: Renderer, first: FakeCompositor, second: FakeCompositor, faults: list[Fault]
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
        renderer: Renderer, first: FakeCompositor, second: FakeCompositor, faults: list[Fault]
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


def test_frames_of_a_batch_are_drawn_once_though_one_cannot_be_finished() -> None:
    def fails(frame: I420) -> I420:
        raise ValueError("no such shape")

    async def scene(
        renderer: Renderer, first: FakeCompositor, second: FakeCompositor, faults: list[Fault]
    ) -> None:
        first.may_draw.clear()
        calls = [
            asyncio.create_task(renderer.render(drawing(n), str(n), fails if n == 4 else None))
            for n in range(9)
        ]
        await settle()
        first.may_draw.set()
        pictures = await asyncio.gather(*calls)
        shown = [None if one is None else int(one[0, 0]) for one in pictures]
        assert shown == [0, 1, 2, 3, None, 5, 6, 7, 8]
        assert sum(first.batches) == 9
        assert [fault.session_id for fault in faults] == ["4"]

    with_renderer(scene)


def test_frames_that_wait_are_drawn_in_one_call() -> None:
    async def scene(
        renderer: Renderer, first: FakeCompositor, second: FakeCompositor, faults: list[Fault]
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


def test_failed_frame_shows_the_sessions_last_good_one_and_is_reported_once() -> None:
    async def scene(
        renderer: Renderer, first: FakeCompositor, second: FakeCompositor, faults: list[Fault]
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
        renderer: Renderer, first: FakeCompositor, second: FakeCompositor, faults: list[Fault]
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


def test_frame_that_waits_before_its_session_is_forgotten_leaves_no_picture() -> None:
    async def scene(
        renderer: Renderer, first: FakeCompositor, second: FakeCompositor, faults: list[Fault]
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
        assert set(renderer._last._good) == {"0", "1", "2"}

    with_renderer(scene)


def test_forgotten_session_keeps_no_picture() -> None:
    async def scene(
        renderer: Renderer, first: FakeCompositor, second: FakeCompositor, faults: list[Fault]
    ) -> None:
        await renderer.render(drawing(1), "a")
        await renderer.forget("a")
        assert await renderer.render(drawing(2, "nobody"), "a") is None

    with_renderer(scene)


def test_cancelled_wait_harms_nobody() -> None:
    async def scene(
        renderer: Renderer, first: FakeCompositor, second: FakeCompositor, faults: list[Fault]
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


def test_closing_is_safe_twice_and_before_start() -> None:
    async def play() -> None:
        compositor = FakeCompositor()
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
        compositor = FakeCompositor()
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


def test_whoever_closes_while_it_is_closing_waits_for_the_end_too() -> None:
    async def play() -> None:
        compositor = FakeCompositor()
        renderer = Renderer(lambda: compositor, lambda: compositor, lambda _: None)
        await renderer.start()
        await renderer.load(AVATAR)
        compositor.may_draw.clear()
        call = asyncio.create_task(renderer.render(drawing(9), "a"))
        await settle()
        closing = [asyncio.create_task(renderer.aclose()) for _ in range(3)]
        await settle()
        closing[0].cancel()
        await settle()
        assert [one.done() for one in closing] == [True, False, False]
        compositor.may_draw.set()
        await asyncio.gather(*closing[1:])
        assert compositor.closed == 1
        assert call.done()

    asyncio.run(play())


def test_avatar_is_made_ready_off_the_render_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = set[int]()

    def prepare(_avatar: Avatar) -> None:
        seen.add(threading.get_ident())

    async def scene(
        renderer: Renderer, first: FakeCompositor, second: FakeCompositor, faults: list[Fault]
    ) -> None:
        monkeypatch.setattr("engine.renderer.prepare", prepare)
        await renderer.load(dataclasses.replace(AVATAR, name="other"))
        assert first.loaded == [AVATAR.name, "other"]
        assert seen
        assert not seen & {threading.get_ident(), *first.threads}

    with_renderer(scene)
