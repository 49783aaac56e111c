"""The frame loop of one session: from the body's draw lists to the viewers' pictures."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from compositor.backend import I420
from compositor.drawlist import DrawList
from engine.cadence import Cadence
from engine.clock import NS_PER_S, Clock
from engine.faults import Fault, FaultSink
from engine.feed import FrameFeed, LiveFrame
from engine.stats import Quantiles, StageTimes
from engine.tallies import Tallies
from engine.timer import Timer

__all__ = ["FrameLoop", "FrameLoopOptions", "FrameRenderer", "FrameSource", "FrameStats"]

_RATE_WINDOW = 64  # frames that the measured rate rests on


class FrameSource(Protocol):
    """What is to be seen: the body."""

    def frame(self, now_ns: int) -> DrawList:
        """The draw list of a moment; moments only ever rise."""

    @property
    def event_sequence(self) -> int:
        """The client's number of the last event that draw lists show; 0: none."""


class FrameRenderer(Protocol):
    """What draws it: the renderer."""

    async def render(self, draw_list: DrawList, session_id: str) -> I420 | None:
        """The picture; after a failure the session's last good one, None if there is none."""


@dataclass(frozen=True, slots=True)
class FrameLoopOptions:
    """Settings of a frame loop: the session's name and its ticks a second."""

    session_id: str
    fps: int


@dataclass(frozen=True, slots=True)
class FrameStats:
    """What a frame loop has done.

    Attributes:
        frames: Frames shown.
        event_frames: Those among them that an event made.
        late_frames: Ticks dropped because the one before took too long.
        skipped_frames: Frames that slow viewers did not take.
        fps: Frames a second lately.
        draw_list: Time to make a draw list.
        render: Time from draw list to picture, waiting included.
    """

    frames: int
    event_frames: int
    late_frames: int
    skipped_frames: int
    fps: float
    draw_list: Quantiles
    render: Quantiles


@dataclass(frozen=True, slots=True)
class _Made:
    """When a frame was begun, its draw list there, its picture there."""

    at_ns: int
    drawn_ns: int
    rendered_ns: int


class FrameLoop:
    """Makes frames at a steady cadence, and one more the moment an event lands.

    Without viewers it makes none. One frame is made at a time; what cannot be made in time is
    dropped. An event that lands while a frame is being drawn gets another frame right after.

    Args:
        source: The body; asked on the event loop's thread.
        renderer: Draws.
        options: Session and rate.
        clock: The session's clock.
        timer: Waits on that clock.
        on_fault: Hears of a body that fails; the last picture stays.
        on_frame: Hears of every frame that is shown; must not block. None: nobody.
        tallies: Counts along for all sessions; None: nothing does.
    """

    def __init__(
        self,
        source: FrameSource,
        renderer: FrameRenderer,
        options: FrameLoopOptions,
        *,
        clock: Clock,
        timer: Timer,
        on_fault: FaultSink,
        on_frame: Callable[[LiveFrame], None] | None = None,
        tallies: Tallies | None = None,
    ) -> None:
        self._on_frame = on_frame
        self.feed = FrameFeed(self.event)
        self._source = source
        self._renderer = renderer
        self._options = options
        self._clock = clock
        self._timer = timer
        self._on_fault = on_fault
        self._cadence = Cadence(options.fps)
        self._start_ns = clock.now_ns()
        self._wake = asyncio.Event()
        self._event_waiting = False
        self._failing = False
        self._pts = -1
        self._frames = 0
        self._event_frames = 0
        self._recent_ns: deque[int] = deque(maxlen=_RATE_WINDOW)
        self._tallies = tallies or Tallies()
        self._skipped_told = 0
        self._draw_list_times = StageTimes(into=self._tallies.draw_list)
        self._render_times = StageTimes(into=self._tallies.render)

    @property
    def start_ns(self) -> int:
        """Moment of the session's clock that pts counts from."""
        return self._start_ns

    def event(self) -> None:
        """Something changed that viewers should see at once."""
        self._event_waiting = True
        self._wake.set()

    async def run(self) -> None:
        """Makes frames until cancelled."""
        self._cadence.restart(self._clock.now_ns())
        while True:
            if not self.feed.watched:
                await self._until_watched()
            due_ns = self._cadence.due_ns(event=self._event_waiting)
            if self._clock.now_ns() < due_ns:
                self._wake.clear()
                await self._timer.wait(due_ns, self._wake)
            else:
                await self._make_frame()

    def stats(self) -> FrameStats:
        """What has been done so far."""
        return FrameStats(
            frames=self._frames,
            event_frames=self._event_frames,
            late_frames=self._cadence.late,
            skipped_frames=self.feed.skipped,
            fps=self._measured_fps(),
            draw_list=self._draw_list_times.quantiles(),
            render=self._render_times.quantiles(),
        )

    async def _until_watched(self) -> None:
        while not self.feed.watched:
            self._wake.clear()
            await self._wake.wait()
        self._cadence.restart(self._clock.now_ns())

    async def _make_frame(self) -> None:
        now_ns = self._clock.now_ns()
        late = self._cadence.late
        event = self._cadence.begin_frame(now_ns)
        self._tallies.late_frames += self._cadence.late - late
        self._event_waiting = False
        draw_list = self._draw(now_ns)
        sequence = self._source.event_sequence
        drawn_ns = self._clock.now_ns()
        self._draw_list_times.add(drawn_ns - now_ns)
        if draw_list is not None:
            image = await self._renderer.render(draw_list, self._options.session_id)
            rendered_ns = self._clock.now_ns()
            self._render_times.add(rendered_ns - drawn_ns)
            if image is not None:
                self._publish(_Made(now_ns, drawn_ns, rendered_ns), image, event, sequence)

    def _draw(self, now_ns: int) -> DrawList | None:
        try:
            draw_list = self._source.frame(now_ns)
        except Exception as error:  # the task's root: the picture stays, the call goes on
            if not self._failing:
                self._on_fault(Fault("body", repr(error), self._options.session_id))
            self._failing = True
            return None
        self._failing = False
        return draw_list

    def _publish(self, made: _Made, image: I420, event: bool, sequence: int) -> None:
        self._pts = max(self._pts + 1, (made.at_ns - self._start_ns) * 9 // 100_000)
        frame = LiveFrame(
            self._frames,
            made.at_ns,
            self._pts,
            image,
            event,
            sequence,
            made.drawn_ns,
            made.rendered_ns,
        )
        self.feed.publish(frame)
        if self._on_frame is not None:
            self._on_frame(frame)
        self._frames += 1
        self._event_frames += event
        self._recent_ns.append(made.at_ns)
        tallies, skipped = self._tallies, self.feed.skipped
        tallies.frames += 1
        tallies.event_frames += event
        tallies.skipped_frames += skipped - self._skipped_told
        self._skipped_told = skipped

    def _measured_fps(self) -> float:
        recent = self._recent_ns
        span_ns = self._clock.now_ns() - recent[0] if recent else 0
        return (len(recent) - 1) * NS_PER_S / span_ns if span_ns > 0 else 0.0
