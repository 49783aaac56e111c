"""Waiting on the session's clock, apart from the event loop's own idea of time."""

import asyncio
from typing import Protocol

from engine.clock import NS_PER_S, Clock

__all__ = ["LoopTimer", "Timer"]


class Timer(Protocol):
    """Waits for a moment of the session's clock."""

    async def wait(self, until_ns: int | None, wake: asyncio.Event) -> None:
        """Returns once the clock reaches `until_ns` (None: never) or `wake` is set."""


class LoopTimer:
    """Waits with the running event loop's timers, which are exact to about 1 ms."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def wait(self, until_ns: int | None, wake: asyncio.Event) -> None:
        """See `Timer.wait`."""
        if wake.is_set():
            return
        if until_ns is None:
            await wake.wait()
            return
        delay_s = (until_ns - self._clock.now_ns()) / NS_PER_S
        if delay_s <= 0:
            await asyncio.sleep(0)  # others get their turn even when time is always up
            return
        try:
            async with asyncio.timeout(delay_s):
                await wake.wait()
        except TimeoutError:
            pass
