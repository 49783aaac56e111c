"""The renderer: one thread that owns the compositor and draws for every session."""

import asyncio
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from capsules.avatar import Avatar
from capsules.clip import Clip
from compositor.backend import I420, Wanted
from compositor.drawlist import DrawList
from compositor.errors import DeviceLostError
from compositor.pages import CacheStats
from compositor.prepared import prepare
from engine.cache_watch import CACHE_FAULT, CacheWatch
from engine.clock import Clock, SystemClock
from engine.errors import ClosedError
from engine.failover import CompositorFactory, Failover
from engine.faults import Fault, FaultSink
from engine.last_pictures import LastPictures

__all__ = ["Finish", "Renderer"]

Finish = Callable[[I420], I420]
"""Makes of a drawn frame what is shown; called on the render thread."""

_MAX_BATCH = 256
_MOST_WANTED = 256  # wishes that wait; older ones are forgotten: moods move on


@dataclass(slots=True)
class _Frame:
    """A draw list on its way through the render thread."""

    draw_list: DrawList
    session_id: str
    done: asyncio.Future[I420 | None]
    finish: Finish | None


@dataclass(slots=True)
class _Call:
    """Anything else the render thread does: returns to whoever waits."""

    work: Callable[[], None]
    done: asyncio.Future[None]


@dataclass(slots=True)
class _Prefetch:
    """That there are wishes."""


@dataclass(slots=True)
class _Stop:
    """The last thing the render thread is given."""


_Work = _Frame | _Call | _Prefetch | _Stop


class Renderer:
    """Draws the sessions' draw lists; its methods are called on one event loop.

    Whatever waits is drawn in one call of the compositor. A session has at most one frame under
    way, which bounds the queue. If the GPU is lost, another compositor takes over, the avatars
    are loaded again and the same frames are drawn; while it cannot be opened, later frames try
    again, less and less often. If drawing fails otherwise, the session keeps its last good
    picture.

    Args:
        open_compositor: Opens the compositor to use.
        open_fallback: Opens the one that takes over when the device is lost.
        on_fault: Hears of lost devices, failed frames, and textures that are missing.
        clock: Measures how long to wait before a compositor is opened again.
    """

    def __init__(
        self,
        open_compositor: CompositorFactory,
        open_fallback: CompositorFactory,
        on_fault: FaultSink,
        *,
        clock: Clock | None = None,
    ) -> None:
        self._on_fault = on_fault
        self._compositors = Failover(
            open_compositor, open_fallback, self._report, clock or SystemClock()
        )
        self._wanted: deque[Wanted] = deque(maxlen=_MOST_WANTED)
        self._cache = CacheWatch(self._report)
        self._last = LastPictures(self._report)
        self._coarse: frozenset[str] = frozenset()
        # Bounded by its writers: one frame a session, calls that are awaited one by one, and no
        # more marks than there are wishes.
        self._queue: queue.SimpleQueue[_Work] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended = asyncio.Event()
        self._closed = False

    @property
    def backend(self) -> str:
        """Name of the compositor in use; empty before `start`."""
        compositor = self._compositors.compositor
        return "" if compositor is None else compositor.name

    async def start(self) -> None:
        """Starts the thread and opens the compositor.

        Raises:
            BackendUnavailableError: The compositor cannot run here.
            ClosedError: The renderer has been closed.
        """
        if self._closed:
            raise ClosedError("the renderer has been closed")
        if self._thread is None:
            self._loop = asyncio.get_running_loop()
            self._thread = threading.Thread(target=self._work, name="render", daemon=True)
            self._thread.start()
        try:
            await self._call(self._compositors.open)
        except BaseException:
            await self.aclose()
            raise

    async def load(self, avatar: Avatar, core: Iterable[str] = ()) -> None:
        """Makes an avatar known; one of the same name is replaced.

        Args:
            avatar: The avatar.
            core: Names of bases that stay resident, the most important first.

        Raises:
            CompositorError: The compositor cannot take it.
            ClosedError: The renderer has been closed.
        """
        self._running_loop()
        await asyncio.to_thread(prepare, avatar)  # kept, so that the render thread need not
        await self._call(partial(self._compositors.load, avatar, tuple(core)))

    async def load_clips(self, clips: Iterable[Clip]) -> None:
        """Makes clips known; those of the same ids are replaced.

        Raises:
            CompositorError: The compositor cannot take them.
            ClosedError: The renderer has been closed.
        """
        await self._call(partial(self._compositors.load_clips, tuple(clips)))

    def prefetch(self, wanted: Wanted) -> None:
        """Fetches what may be needed soon, off the frame path; never waits and never fails."""
        if self._closed or self._thread is None:
            return
        self._wanted.append(wanted)
        if len(self._wanted) == 1:
            self._queue.put(_Prefetch())

    def cache_stats(self) -> CacheStats:
        """What the texture cache had done when the last frames were drawn."""
        return self._cache.stats

    def coarse(self, session_id: str) -> bool:
        """Whether textures were missing when the session's last frame was drawn.

        Frames that are drawn together count together: one that misses makes all of them coarse.
        """
        return session_id in self._coarse

    async def render(
        self, draw_list: DrawList, session_id: str, finish: Finish | None = None
    ) -> I420 | None:
        """Draws one frame; read the picture, never write to it.

        Args:
            draw_list: What to draw.
            session_id: Whose picture it is.
            finish: What is done to the drawn frame; None: nothing.

        Returns:
            The picture; if drawing fails, the session's last good one, None if there is none.

        Raises:
            ClosedError: The renderer has been closed.
        """
        done: asyncio.Future[I420 | None] = self._running_loop().create_future()
        self._queue.put(_Frame(draw_list, session_id, done, finish))
        return await done

    async def forget(self, session_id: str) -> None:
        """Drops what is kept of an ended session; does nothing after `aclose`."""
        if not self._closed and self._thread is not None:
            await self._call(partial(self._forget, session_id))

    async def aclose(self) -> None:
        """Closes the compositor and ends the thread; safe twice, at once, and before `start`."""
        first, self._closed = not self._closed, True
        if self._thread is None:
            return
        if first:
            self._queue.put(_Stop())
        await self._ended.wait()
        self._thread.join()  # does not wait any more: nothing is left to do there

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        if self._closed or self._loop is None:
            raise ClosedError("the renderer is not running")
        return self._loop

    async def _call(self, work: Callable[[], None]) -> None:
        done: asyncio.Future[None] = self._running_loop().create_future()
        self._queue.put(_Call(work, done))
        await done

    # What follows runs on the render thread.

    def _work(self) -> None:
        stopping = False
        while not stopping:
            frames, after = self._next()
            # In the order they came: who is forgotten has no frame left to draw.
            if frames:
                self._run_frames(frames)
            if isinstance(after, _Call):
                self._run_call(after)
            elif isinstance(after, _Prefetch):
                self._run_prefetches()
            stopping = isinstance(after, _Stop)
        self._compositors.close()
        self._answer(self._ended.set)

    def _next(self) -> tuple[list[_Frame], _Call | _Prefetch | _Stop | None]:
        """Waits for work: the frames that are there, and what comes after them, if it does."""
        frames: list[_Frame] = []
        item = self._queue.get()
        while isinstance(item, _Frame):
            frames.append(item)
            if len(frames) == _MAX_BATCH:
                return frames, None
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return frames, None
        return frames, item

    def _run_call(self, call: _Call) -> None:
        try:
            call.work()
        except Exception as error:  # handed to the caller
            self._answer(partial(_fail, call.done, error))
        else:
            self._answer(partial(_finish, call.done, None))

    def _forget(self, session_id: str) -> None:
        self._last.forget(session_id)
        self._coarse -= {session_id}

    def _run_prefetches(self) -> None:
        while self._wanted:
            wanted = self._wanted.popleft()
            compositor = self._compositors.compositor
            if compositor is None:
                continue  # the next frame opens it
            try:
                compositor.prefetch(wanted)
            except DeviceLostError:
                continue  # the next frame deals with it
            except Exception as error:  # nobody waits for it, and no frame needs it
                self._report(Fault(CACHE_FAULT, f"prefetching for {wanted.avatar!r}: {error!r}"))

    def _run_frames(self, frames: list[_Frame]) -> None:
        unmet = self._cache.stats.unmet
        pictures = self._draw(frames)
        compositor = self._compositors.compositor
        if compositor is not None:
            self._cache.look(compositor)
        drawn = {frame.session_id for frame in frames}
        short = self._cache.stats.unmet > unmet
        self._coarse = self._coarse | drawn if short else self._coarse - drawn
        self._answer(partial(_finish_all, frames, pictures))

    def _draw(self, frames: list[_Frame]) -> list[I420 | None]:
        try:
            drawn = self._compositors.render([frame.draw_list for frame in frames])
        except Exception as error:  # the thread's root: one bad frame ends nothing
            if len(frames) > 1:  # one session's failure is not the others'
                return [picture for frame in frames for picture in self._draw([frame])]
            return [self._last.instead(frames[0].session_id, error)]
        return list(map(self._finished, frames, drawn))

    def _finished(self, frame: _Frame, picture: I420) -> I420 | None:
        try:
            finished = picture if frame.finish is None else frame.finish(picture)
        except Exception as error:  # of this session alone
            return self._last.instead(frame.session_id, error)
        self._last.keep(frame.session_id, finished)
        return finished

    def _report(self, fault: Fault) -> None:
        self._answer(partial(self._on_fault, fault))

    def _answer(self, callback: Callable[[], None]) -> None:
        loop = self._loop
        if loop is None:
            return
        try:
            loop.call_soon_threadsafe(callback)
        except RuntimeError:
            # The event loop is gone and with it everybody who waited.
            self._loop = None


def _finish_all(frames: list[_Frame], pictures: list[I420 | None]) -> None:
    for frame, picture in zip(frames, pictures, strict=True):
        _finish(frame.done, picture)


def _finish(done: asyncio.Future[I420 | None] | asyncio.Future[None], value: I420 | None) -> None:
    if not done.done():
        done.set_result(value)  # type: ignore[arg-type] # a call's value is None
    # A future that is done was cancelled by who waited.


def _fail(done: asyncio.Future[None], error: Exception) -> None:
    if not done.done():
        done.set_exception(error)
