import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from compositor.backend import I420
from compositor.drawlist import DrawList, FrameSize
from engine.cadence import EVENT_GAP_NS, Cadence
from engine.clock import NS_PER_MS, NS_PER_S, VirtualClock
from engine.errors import ClosedError
from engine.faults import Fault
from engine.feed import FrameFeed, LiveFrame
from engine.frame_loop import FrameLoop, FrameLoopOptions
from tests.unit.virtual_time import VirtualTimer, settle

MS = NS_PER_MS
SIZE = FrameSize(16, 16)


class Body:
    """A body whose draw list shows the number of the last event."""

    def __init__(self) -> None:
        self.number = 0
        self.asked_ns: list[int] = []
        self.broken = False
        self.event_sequence = 0

    def frame(self, now_ns: int) -> DrawList:
        if self.broken:
            raise ArithmeticError("no body")
        self.asked_ns.append(now_ns)
        return DrawList("x", SIZE, probe=self.number)


class Drawer:
    """A renderer that takes a time on the virtual clock; the picture is the probe's number."""

    def __init__(self, clock: VirtualClock, timer: VirtualTimer) -> None:
        self._clock = clock
        self._timer = timer
        self.takes_ns = 0

    async def render(self, draw_list: DrawList, session_id: str) -> I420 | None:
        done_ns = self._clock.now_ns() + self.takes_ns
        while self._clock.now_ns() < done_ns:
            await self._timer.wait(done_ns, asyncio.Event())
        return np.full((24, 16), draw_list.probe, np.uint8)


@dataclass
class Stage:
    clock: VirtualClock
    timer: VirtualTimer
    body: Body
    drawer: Drawer
    loop: FrameLoop
    faults: list[Fault]
    frames: list[LiveFrame] = field(default_factory=list)

    async def watch(self) -> None:
        place = self.loop.feed.subscribe()
        while True:
            self.frames.append(await place.next())

    async def pass_ms(self, ms: float) -> None:
        await self.timer.advance(round(ms * MS))

    def event(self) -> None:
        self.body.number += 1
        self.loop.event()

    def times_ms(self) -> list[float]:
        return [frame.at_ns / MS for frame in self.frames]


def on_stage(scene: Callable[[Stage], Coroutine[Any, Any, None]], fps: int = 30) -> Stage:
    """Plays a scene with a watched frame loop."""

    async def play() -> Stage:
        clock = VirtualClock()
        timer = VirtualTimer(clock)
        body, drawer, faults = Body(), Drawer(clock, timer), list[Fault]()
        loop = FrameLoop(
            body,
            drawer,
            FrameLoopOptions("s", fps),
            clock=clock,
            timer=timer,
            on_fault=faults.append,
        )
        stage = Stage(clock, timer, body, drawer, loop, faults)
        tasks = [asyncio.create_task(loop.run()), asyncio.create_task(stage.watch())]
        await settle()
        await scene(stage)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return stage

    return asyncio.run(play())


def test_frames_come_at_a_steady_cadence_without_drift() -> None:
    async def scene(stage: Stage) -> None:
        await stage.pass_ms(1000)

    times = on_stage(scene).times_ms()
    assert len(times) == 31
    assert times[-1] == 1000.0
    assert [round(b - a) for a, b in pairwise(times)] == [33] * 30


def test_event_gets_a_frame_of_its_own_at_once() -> None:
    async def scene(stage: Stage) -> None:
        await stage.pass_ms(15)
        stage.event()
        await stage.pass_ms(0.001)

    stage = on_stage(scene)
    assert stage.times_ms() == [0.0, 15.0]
    assert stage.frames[-1].event
    assert stage.frames[-1].image[0, 0] == 1


def test_event_right_after_a_tick_is_shown_at_once_too() -> None:
    async def scene(stage: Stage) -> None:
        await stage.pass_ms(1)
        stage.event()
        await stage.pass_ms(1)

    assert on_stage(scene).times_ms() == [0.0, 1.0]


def test_event_while_a_frame_is_drawn_gets_another_right_after() -> None:
    async def scene(stage: Stage) -> None:
        stage.drawer.takes_ns = 5 * MS
        await stage.pass_ms(36)  # the second tick's frame is being drawn
        stage.event()
        await stage.pass_ms(8)

    stage = on_stage(scene)
    assert [round(ms, 1) for ms in stage.times_ms()] == [0.0, 33.3, 38.3]
    assert [frame.image[0, 0] for frame in stage.frames] == [0, 0, 1]


def test_burst_of_events_is_bounded_by_the_gap() -> None:
    async def scene(stage: Stage) -> None:
        await stage.pass_ms(10)
        for _ in range(20):
            stage.event()
            await stage.pass_ms(1)
        await stage.pass_ms(EVENT_GAP_NS / MS)

    stage = on_stage(scene)
    gap_ms = EVENT_GAP_NS / MS
    assert stage.times_ms()[:3] == [0.0, 10.0, 10.0 + gap_ms]
    assert len(stage.frames) <= 3 + 20 / gap_ms
    assert stage.frames[-1].image[0, 0] == 20


def test_tick_close_after_an_events_frame_is_covered_by_it() -> None:
    async def scene(stage: Stage) -> None:
        await stage.pass_ms(30)
        stage.event()
        await stage.pass_ms(40)

    stage = on_stage(scene)
    assert [round(ms) for ms in stage.times_ms()] == [0, 30, 67]
    assert stage.loop.stats().late_frames == 0


def test_late_frames_are_dropped_and_counted() -> None:
    async def scene(stage: Stage) -> None:
        stage.drawer.takes_ns = 80 * MS
        await stage.pass_ms(200)

    stage = on_stage(scene)
    # Drawing from 33.3 to 113.3 ms misses the tick at 66.7 ms; the one at 100 ms is served late,
    # which makes the next frame miss another.
    assert [round(ms, 1) for ms in stage.times_ms()] == [0.0, 33.3, 113.3]
    assert stage.loop.stats().late_frames == 2


def test_pts_follow_the_clock_and_rise_strictly_with_event_frames_too() -> None:
    async def scene(stage: Stage) -> None:
        for _ in range(30):
            await stage.pass_ms(9.01)
            stage.event()
        await stage.pass_ms(10)

    frames = on_stage(scene).frames
    assert [frame.pts for frame in frames] == [frame.at_ns * 9 // 100_000 for frame in frames]
    assert all(a.pts < b.pts for a, b in pairwise(frames))
    assert [frame.index for frame in frames] == list(range(len(frames)))
    assert sum(frame.event for frame in frames) == 30


def test_pts_rise_even_if_the_clock_stands_still() -> None:
    async def scene(stage: Stage) -> None:
        for _ in range(3):
            await stage.loop._make_frame()
            await settle()

    pts = [frame.pts for frame in on_stage(scene).frames]
    assert pts == sorted(set(pts))
    assert len(pts) == 4


def test_nothing_is_drawn_without_viewers() -> None:
    async def scene(stage: Stage) -> None:
        await stage.pass_ms(100)
        drawn = len(stage.body.asked_ns)
        for place in tuple(stage.loop.feed._subscriptions):
            place.close()
        await stage.pass_ms(40)  # the tick under way may still come
        late = len(stage.body.asked_ns)
        stage.event()
        await stage.pass_ms(1000)
        assert late - drawn <= 1
        assert len(stage.body.asked_ns) == late

    on_stage(scene)


def test_first_picture_comes_at_once_when_somebody_joins() -> None:
    async def scene(stage: Stage) -> None:
        for place in tuple(stage.loop.feed._subscriptions):
            place.close()
        await stage.pass_ms(500)
        place = stage.loop.feed.subscribe()
        await settle()
        frame = await asyncio.wait_for(place.next(), 1)
        assert frame.at_ns == 500 * MS

    on_stage(scene)


def test_body_that_fails_is_reported_once_and_comes_back() -> None:
    async def scene(stage: Stage) -> None:
        await stage.pass_ms(40)
        stage.body.broken = True
        await stage.pass_ms(200)
        assert len(stage.frames) == 2
        stage.body.broken = False
        await stage.pass_ms(40)

    stage = on_stage(scene)
    assert [fault.mode for fault in stage.faults] == ["body"]
    assert "no body" in stage.faults[0].cause
    assert len(stage.frames) == 3


def test_stats_count_frames_and_rate() -> None:
    async def scene(stage: Stage) -> None:
        stage.drawer.takes_ns = 4 * MS
        await stage.pass_ms(2004)

    stats = on_stage(scene, fps=60).loop.stats()
    assert stats.fps == pytest.approx(60, abs=1.5)
    assert stats.frames == 121
    assert stats.render.p50_ms == pytest.approx(4.0)


def test_cadence_refuses_a_rate_below_one() -> None:
    with pytest.raises(ValueError, match="fps is 0"):
        Cadence(0)


def test_cadence_has_no_drift_at_rates_that_do_not_divide_a_second() -> None:
    cadence = Cadence(7)
    cadence.restart(0)
    for _ in range(7000):
        cadence.begin_frame(cadence.tick_ns)
    assert cadence.tick_ns == 1000 * NS_PER_S
    assert cadence.late == 0


def picture(index: int) -> LiveFrame:
    return LiveFrame(index, index, index, np.zeros((24, 16), np.uint8), False)


def test_slow_viewer_skips_frames_and_gets_the_newest() -> None:
    async def scene() -> None:
        feed = FrameFeed(lambda: None)
        slow, quick = feed.subscribe(), feed.subscribe()
        seen = []
        for index in range(5):
            feed.publish(picture(index))
            seen.append((await quick.next()).index)
        assert seen == [0, 1, 2, 3, 4]
        assert (await slow.next()).index == 4
        assert (slow.skipped, quick.skipped) == (4, 0)
        slow.close()
        assert feed.skipped == 4

    asyncio.run(scene())


def test_closing_the_feed_wakes_those_who_wait() -> None:
    async def scene() -> None:
        feed = FrameFeed(lambda: None)
        place = feed.subscribe()
        waiting = asyncio.create_task(place.next())
        await settle()
        feed.close()
        feed.close()
        with pytest.raises(ClosedError):
            await waiting
        with pytest.raises(ClosedError):
            feed.subscribe()
        assert not feed.watched

    asyncio.run(scene())
