"""The viewers of one session."""

import asyncio
from collections.abc import Callable

from engine.errors import ClosedError, TooManyViewersError
from engine.rtc.sending import ViewerSources
from engine.rtc.viewer import Viewer, ViewerCallbacks, ViewerOptions

__all__ = ["Viewers"]


class Viewers:
    """Connects viewers, up to a number, and closes them; used from one event loop.

    Args:
        sources: What all of them see and hear.
        options: How they are connected.
        callbacks: Who hears of each.
        most: More are refused.
        on_count: How many are connected now.
    """

    def __init__(
        self,
        sources: ViewerSources,
        options: ViewerOptions,
        callbacks: ViewerCallbacks,
        *,
        most: int,
        on_count: Callable[[int], None],
    ) -> None:
        self.sources = sources
        self._options = options
        self._callbacks = callbacks
        self._most = most
        self._on_count = on_count
        self._viewers: set[Viewer] = set()
        self._dropped_before = 0
        self._told_count = 0
        self._closed = False

    @property
    def connected(self) -> int:
        """How many are connected."""
        return sum(viewer.connected for viewer in self._viewers)

    @property
    def codecs(self) -> tuple[str, ...]:
        """Video codecs in use, sorted."""
        found = {viewer.codec for viewer in self._viewers if viewer.connected}
        return tuple(sorted(found - {""}))

    @property
    def dropped_messages(self) -> int:
        """Messages dropped for viewers that were slow or sent too many."""
        return self._dropped_before + sum(viewer.dropped_messages for viewer in self._viewers)

    async def negotiate(self, sdp_type: str, sdp: str) -> tuple[str, str]:
        """Answers the offer of a new viewer; one that fails leaves the others alone.

        Returns:
            Type and SDP of the answer, which holds all candidates.

        Raises:
            NegotiationError: The offer cannot be answered.
            TooManyViewersError: There are as many as there may be.
            ClosedError: The session's body has been closed.
        """
        if self._closed:
            raise ClosedError("the body has been closed")
        if len(self._viewers) >= self._most:
            count = len(self._viewers)
            raise TooManyViewersError(f"the session has its {count} viewers already, the most")
        viewer = Viewer(self.sources, self._options, self._callbacks, self._on_change)
        self._viewers.add(viewer)
        try:
            return await viewer.answer(sdp_type, sdp)
        except BaseException:
            self._viewers.discard(viewer)
            raise

    def send(self, text: str) -> None:
        """Sends a message to every viewer; slow ones miss it, which is counted."""
        for viewer in self._viewers:
            viewer.send(text)

    def refuse(self) -> None:
        """Takes no more viewers from now on."""
        self._closed = True

    async def aclose(self) -> None:
        """Says goodbye to all of them; safe twice."""
        self.refuse()
        await asyncio.gather(*(viewer.aclose() for viewer in tuple(self._viewers)))

    def _on_change(self, viewer: Viewer) -> None:
        if viewer.ended and viewer in self._viewers:
            self._viewers.discard(viewer)
            self._dropped_before += viewer.dropped_messages
        if self.connected != self._told_count:
            self._told_count = self.connected
            self._on_count(self._told_count)
