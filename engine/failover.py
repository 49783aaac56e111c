"""The compositor in use, and the one that takes over when its device is lost."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TypeVar

from capsules.avatar import Avatar
from capsules.clip import Clip
from compositor.backend import I420, Compositor
from compositor.drawlist import DrawList
from compositor.errors import BackendUnavailableError, DeviceLostError
from engine.backoff import Backoff
from engine.clock import NS_PER_MS, NS_PER_S, Clock
from engine.faults import Fault, FaultSink
from engine.holdings import Holdings

__all__ = ["CompositorFactory", "Failover"]

CompositorFactory = Callable[[], Compositor]
"""Opens a compositor; called on the render thread.

Raises:
    BackendUnavailableError: It cannot run here.
"""

_REOPEN_FIRST_NS = 250 * NS_PER_MS
_REOPEN_LONGEST_NS = 30 * NS_PER_S

Result = TypeVar("Result")


class Failover:
    """A compositor that is replaced when its device is lost. The render thread makes every call.

    The one that takes over is given what the lost one held, and does again what the other was lost
    over. While it cannot be opened, work fails with `BackendUnavailableError` or whatever opening
    raises, and later work tries again, less and less often.

    Args:
        open_compositor: Opens the compositor to use.
        open_fallback: Opens the one that takes over.
        report: Hears of lost devices, and of what the fallback refuses.
        clock: Measures how long to wait before a compositor is opened again.
    """

    def __init__(
        self,
        open_compositor: CompositorFactory,
        open_fallback: CompositorFactory,
        report: FaultSink,
        clock: Clock,
    ) -> None:
        self._open_compositor = open_compositor
        self._open_fallback = open_fallback
        self._report = report
        self._reopening = Backoff(clock, first_ns=_REOPEN_FIRST_NS, longest_ns=_REOPEN_LONGEST_NS)
        self._closed_by: Exception | None = None
        self._compositor: Compositor | None = None
        self._holdings = Holdings()

    @property
    def compositor(self) -> Compositor | None:
        """The one that is open; any thread may read it."""
        return self._compositor

    def open(self) -> None:
        """Opens the compositor to use, if none is open.

        Raises:
            BackendUnavailableError: It cannot run here.
        """
        if self._compositor is None:
            self._compositor = self._open_compositor()

    def render(self, draw_lists: Sequence[DrawList]) -> list[I420]:
        """Draws frames; see `Compositor.render`."""
        drawn = self._use(lambda compositor: compositor.render(draw_lists))
        self._reopening.hold()
        return drawn

    def load(self, avatar: Avatar, core: tuple[str, ...]) -> None:
        """Loads an avatar unless it is there; see `Compositor.load`."""
        missing = self._holdings.missing_core(avatar, core)
        if missing is not None:
            self._use(lambda compositor: compositor.load(avatar, missing))
            self._holdings.add(avatar, missing)

    def load_clips(self, clips: Iterable[Clip]) -> None:
        """Loads clips unless they are there; see `Compositor.load_clip`."""
        for clip in self._holdings.missing_clips(clips):
            self._use(partial(_load_clip, clip))
            self._holdings.add_clip(clip)

    def close(self) -> None:
        """Closes the compositor; safe twice."""
        compositor, self._compositor = self._compositor, None
        if compositor is not None:
            try:
                compositor.close()
            except Exception as error:  # a lost device may not even close
                self._report(Fault("render", f"closing {compositor.name}: {error!r}"))

    def _use(self, work: Callable[[Compositor], Result]) -> Result:
        """Does some work; if the device is lost over it, again with the fallback.

        Raises:
            BackendUnavailableError: No compositor is open, and it is too early to try again.
            DeviceLostError: The fallback is lost too.
            Exception: What opening the fallback or the work itself raises.
        """
        try:
            return work(self._opened())
        except DeviceLostError as error:
            self._lose(error)
            return work(self._opened())

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
            try:
                self._holdings.give(self._compositor, self._report)
            except DeviceLostError:
                self.close()
                raise
        return self._compositor

    def _lose(self, error: DeviceLostError) -> None:
        self._closed_by = error
        self._report(Fault("device_lost", str(error)))
        self.close()


def _load_clip(clip: Clip, compositor: Compositor) -> None:
    compositor.load_clip(clip)
