"""The renderer: one thread that owns the compositor and draws for every session."""

import asyncio
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from capsules.avatar import Avatar
from compositor.backend import I420, Compositor
from compositor.drawlist import DrawList
from compositor.errors import BackendUnavailableError, DeviceLostError
from engine.backoff import Backoff
from engine.clock import NS_PER_MS, NS_PER_S, Clock, SystemClock
from engine.errors import ClosedError
from engine.faults import Fault, FaultSink

__all__ = ["CompositorFactory", "Finish", "Renderer"]

CompositorFactory = Callable[[], Compositor]
"""Opens a compositor; called on the render thread.

Raises:
    BackendUnavailableError: It cannot run here.
"""

Finish = Callable[[I420], I420]
"""Makes of a drawn frame what is shown; called on the render thread."""

_MAX_BATCH = 256
_REOPEN_FIRST_NS = 250 * NS_PER_MS
_REOPEN_LONGEST_NS = 30 * NS_PER_S


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
class _Stop:
    """The last thing the render thread is given."""


_Work = _Frame | _Call | _Stop


@dataclass(slots=True)
class _Sessions:
    """What the render thread remembers of sessions: the last good picture, who is failing."""

    good: dict[str, I420] = field(default_factory=dict)
    failing: set[str] = field(default_factory=set)


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
        on_fault: Hears of lost devices and failed frames.
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
        self._open_compositor = open_compositor
        self._open_fallback = open_fallback
        self._on_fault = on_fault
        self._compositor: Compositor | None = None
        self._avatars: dict[str, Avatar] = {}
        self._sessions = _Sessions()
        self._reopening = Backoff(
            clock or SystemClock(), first_ns=_REOPEN_FIRST_NS, longest_ns=_REOPEN_LONGEST_NS
        )
        self._closed_by: Exception | None = None
        # Bounded by its writers: one frame a session, and calls that are awaited one by one.
        self._queue: queue.SimpleQueue[_Work] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended = asyncio.Event()
        self._closed = False

    @property
    def backend(self) -> str:
        """Name of the compositor in use; empty before `start`."""
        return self._compositor.name if self._compositor else ""

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
            await self._call(self._open)
        except BaseException:
            await self.aclose()
            raise

    async def load(self, avatar: Avatar) -> None:
        """Makes an avatar known; one of the same name is replaced.

        Raises:
            CompositorError: The compositor cannot take it.
            ClosedError: The renderer has been closed.
        """
        await self._call(partial(self._load, avatar))

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
        """Closes the compositor and ends the thread; safe twice and before `start`."""
        self._closed = True
        thread, self._thread = self._thread, None
        if thread is not None:
            self._queue.put(_Stop())
            await self._ended.wait()
            thread.join()  # does not wait any more: nothing is left to do there

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
            stopping = isinstance(after, _Stop)
        self._close_compositor()
        self._answer(self._ended.set)

    def _next(self) -> tuple[list[_Frame], _Call | _Stop | None]:
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

    def _run_frames(self, frames: list[_Frame]) -> None:
        pictures = self._draw(frames)
        self._answer(partial(_finish_all, frames, pictures))

    def _draw(self, frames: list[_Frame]) -> list[I420 | None]:
        try:
            drawn = self._drawn([frame.draw_list for frame in frames])
            finished = [
                picture if frame.finish is None else frame.finish(picture)
                for frame, picture in zip(frames, drawn, strict=True)
            ]
        except Exception as error:  # the thread's root: one bad frame ends nothing
            if len(frames) > 1:  # one session's failure is not the others'
                return [picture for frame in frames for picture in self._draw([frame])]
            return [self._instead(frames[0].session_id, error)]
        for frame, picture in zip(frames, finished, strict=True):
            self._sessions.good[frame.session_id] = picture
            self._sessions.failing.discard(frame.session_id)
        return list(finished)

    def _drawn(self, draw_lists: list[DrawList]) -> list[I420]:
        try:
            drawn = self._opened().render(draw_lists)
        except DeviceLostError as error:
            self._lose(error)
            drawn = self._opened().render(draw_lists)
        self._reopening.hold()
        return drawn

    def _opened(self) -> Compositor:
        """The compositor; the fallback where there is none and it is time to try."""
        if self._compositor is None:
            if not self._reopening.due:
                raise BackendUnavailableError(f"no compositor is open: {self._closed_by!r}")
            self._reopening.attempt()
            try:
                self._compositor = self._open_fallback()
            except Exception as error:
                self._closed_by = error
                raise
            self._load_all(self._compositor)
        return self._compositor

    def _load_all(self, compositor: Compositor) -> None:
        for avatar in tuple(self._avatars.values()):
            try:
                compositor.load(avatar)
            except DeviceLostError:
                self._close_compositor()
                raise
            except Exception as error:  # its sessions fail frame by frame, the others do not
                del self._avatars[avatar.name]
                self._report(Fault("render", f"loading avatar {avatar.name!r}: {error!r}"))

    def _lose(self, error: DeviceLostError) -> None:
        self._closed_by = error
        self._report(Fault("device_lost", str(error)))
        self._close_compositor()

    def _instead(self, session_id: str, error: Exception) -> I420 | None:
        if session_id not in self._sessions.failing:  # once a failure, not once a frame
            self._sessions.failing.add(session_id)
            self._report(Fault("render", repr(error), session_id))
        return self._sessions.good.get(session_id)

    def _open(self) -> None:
        if self._compositor is None:
            self._compositor = self._open_compositor()

    def _load(self, avatar: Avatar) -> None:
        if self._avatars.get(avatar.name) is avatar:
            return  # another session brought it
        try:
            self._opened().load(avatar)
        except DeviceLostError as error:
            self._lose(error)
            self._opened().load(avatar)
        self._avatars[avatar.name] = avatar

    def _forget(self, session_id: str) -> None:
        self._sessions.good.pop(session_id, None)
        self._sessions.failing.discard(session_id)

    def _close_compositor(self) -> None:
        compositor, self._compositor = self._compositor, None
        if compositor is not None:
            try:
                compositor.close()
            except Exception as error:  # a lost device may not even close
                self._report(Fault("render", f"closing {compositor.name}: {error!r}"))

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
