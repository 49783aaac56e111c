"""Virtual time for what waits on a session's clock."""

import asyncio

from engine.clock import VirtualClock

__all__ = ["VirtualTimer", "settle"]


async def settle() -> None:
    """Lets everything run that can run without time passing."""
    for _ in range(50):
        await asyncio.sleep(0)


class VirtualTimer:
    """A timer on a virtual clock that stops at every deadline on its way."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._waiting: dict[asyncio.Event, int] = {}

    async def wait(self, until_ns: int | None, wake: asyncio.Event) -> None:
        if until_ns is None:
            await wake.wait()
        elif self._clock.now_ns() < until_ns:
            reached = asyncio.Event()
            self._waiting[reached] = until_ns
            waits = [asyncio.ensure_future(event.wait()) for event in (wake, reached)]
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                del self._waiting[reached]
                for one in waits:
                    one.cancel()

    async def advance(self, delta_ns: int) -> None:
        """Moves the clock on, and gives everybody whose time comes their turn."""
        target_ns = self._clock.now_ns() + delta_ns
        await settle()
        while self._clock.now_ns() < target_ns:
            now_ns = self._clock.now_ns()
            now_ns = self._clock.advance(min([target_ns, *self._waiting.values()]) - now_ns)
            for reached, until_ns in self._waiting.items():
                if until_ns <= now_ns:
                    reached.set()
            await settle()
