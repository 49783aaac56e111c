"""One follower's share of what a session tells."""

import asyncio
from collections import deque

from control_plane.sessions.updates import Lag, Stored, Update

__all__ = ["Subscription"]


class Subscription:
    """Updates in their order, as an async iterator; used from the event loop's thread.

    At most `capacity` updates wait. A follower that does not keep up loses the oldest of them, and
    is told so by a `Lag` before the next one it gets: what is new matters more than what is whole,
    and a slow follower must cost neither memory nor the others' time.

    Args:
        capacity: See above.
        patience_s: How long news of what is stored, which nobody waits for, may wait for company,
            but not until half of the room is taken. A third of what a busy server writes was such.
    """

    def __init__(self, capacity: int = 256, *, patience_s: float = 0.0) -> None:
        self._patience_s = patience_s
        self._timer: asyncio.TimerHandle | None = None  # while all that waits is patient
        self._waiting: deque[Update] = deque(maxlen=capacity)
        self._changed = asyncio.Event()
        self._untold = 0
        self._closed = False
        self.dropped = 0

    def offer(self, update: Update) -> None:
        """Adds an update; never waits."""
        if self._closed:
            return
        if len(self._waiting) == self._waiting.maxlen:
            self._untold += 1
            self.dropped += 1
        full = 2 * len(self._waiting) >= (self._waiting.maxlen or 0)
        if self._patience_s and isinstance(update, Stored) and not full:
            if not self._waiting:
                loop = asyncio.get_running_loop()
                self._timer = loop.call_later(self._patience_s, self._wake)
        else:
            self._wake()
        self._waiting.append(update)

    def close(self) -> None:
        """Ends the iteration once what waits was taken; safe twice."""
        self._closed = True
        self._wake()

    def __aiter__(self) -> "Subscription":
        return self

    async def __anext__(self) -> Update:
        if not await self._something():
            raise StopAsyncIteration
        return self._lag() or self._waiting.popleft()

    async def together(self) -> list[Update]:
        """All updates that wait, one at least; none: that was all."""
        if not await self._something():
            return []
        lag = self._lag()
        found = [*self._waiting] if lag is None else [lag, *self._waiting]
        self._waiting.clear()
        return found

    async def _something(self) -> bool:
        """Waits for an update; False: no more will come."""
        while not self._waiting or self._timer is not None:
            if self._closed:
                return False
            self._changed.clear()
            await self._changed.wait()
        return True

    def _wake(self) -> None:
        """Nothing is patient any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._changed.set()

    def _lag(self) -> Lag | None:
        """What was dropped and has not been told, if anything was."""
        if not self._untold:
            return None
        lag = Lag(self._untold)
        self._untold = 0
        return lag
