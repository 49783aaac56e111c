"""The latest-frame broadcast: every viewer gets the newest picture, none of them a queue."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from compositor.backend import I420
from engine.errors import ClosedError

__all__ = ["FrameFeed", "FrameSubscription", "LiveFrame"]


@dataclass(frozen=True, slots=True)
class LiveFrame:
    """One picture of a session.

    Attributes:
        index: Counts the frames of the session from 0.
        at_ns: The moment on the session's clock that it shows.
        pts: That moment in 90 kHz ticks since the stream began; rises with every frame.
        image: Shared by all viewers: read it, never write to it.
        event: Whether an event made it, rather than the cadence.
        event_sequence: The client's number of the last event it shows; 0: none.
        drawn_ns: When its draw list was there.
        rendered_ns: When the picture was there.
    """

    index: int
    at_ns: int
    pts: int
    image: I420
    event: bool
    event_sequence: int = 0
    drawn_ns: int = 0
    rendered_ns: int = 0


class FrameSubscription:
    """One viewer's place at the feed; used from the event loop."""

    def __init__(self, feed: "FrameFeed") -> None:
        self._feed = feed
        self._latest: LiveFrame | None = None
        self._arrived = asyncio.Event()
        self._closed = False
        self.skipped = 0

    async def next(self) -> LiveFrame:
        """The newest frame not taken yet, or else the next one to come.

        Raises:
            ClosedError: The subscription or the feed has been closed.
        """
        while self._latest is None:
            if self._closed:
                raise ClosedError("the frame feed has been closed")
            self._arrived.clear()
            await self._arrived.wait()
        frame, self._latest = self._latest, None
        return frame

    def offer(self, frame: LiveFrame) -> None:
        """Puts a frame where `next` finds it; one not taken yet is skipped and counted."""
        if self._latest is not None:
            self.skipped += 1
        self._latest = frame
        self._arrived.set()

    def close(self) -> None:
        """Leaves the feed and wakes who waits; safe twice."""
        if not self._closed:
            self._closed = True
            self._latest = None
            self._arrived.set()
            self._feed.forget(self)


class FrameFeed:
    """Hands every frame to all subscriptions; used from the event loop.

    Args:
        on_joined: Called whenever somebody subscribes.
    """

    def __init__(self, on_joined: Callable[[], None]) -> None:
        self._on_joined = on_joined
        self._subscriptions: set[FrameSubscription] = set()
        self._skipped_before = 0
        self._closed = False

    @property
    def watched(self) -> bool:
        """Whether anybody is subscribed."""
        return bool(self._subscriptions)

    @property
    def skipped(self) -> int:
        """Frames that viewers were too slow for, in all."""
        return self._skipped_before + sum(one.skipped for one in self._subscriptions)

    def subscribe(self) -> FrameSubscription:
        """A new place at the feed.

        Raises:
            ClosedError: The feed has been closed.
        """
        if self._closed:
            raise ClosedError("the frame feed has been closed")
        subscription = FrameSubscription(self)
        self._subscriptions.add(subscription)
        self._on_joined()
        return subscription

    def forget(self, subscription: FrameSubscription) -> None:
        """Drops a subscription."""
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)
            self._skipped_before += subscription.skipped

    def publish(self, frame: LiveFrame) -> None:
        """Offers a frame to everybody."""
        for subscription in self._subscriptions:
            subscription.offer(frame)

    def close(self) -> None:
        """Ends all subscriptions; safe twice."""
        self._closed = True
        for subscription in tuple(self._subscriptions):
            subscription.close()
