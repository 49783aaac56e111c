"""Time, injected: one monotonic clock in nanoseconds for everything a session does."""

import time
from typing import Protocol

__all__ = ["NS_PER_MS", "NS_PER_S", "Clock", "SystemClock", "VirtualClock"]

NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000


class Clock(Protocol):
    """A monotonic clock."""

    def now_ns(self) -> int:
        """Nanoseconds since some fixed point; never goes back."""


class SystemClock:
    """The machine's monotonic clock."""

    def now_ns(self) -> int:
        """See `Clock.now_ns`."""
        return time.monotonic_ns()


class VirtualClock:
    """A clock that moves only when it is told to: for tests, replays and offline rendering."""

    def __init__(self, start_ns: int = 0) -> None:
        self._now_ns = start_ns

    def now_ns(self) -> int:
        """See `Clock.now_ns`."""
        return self._now_ns

    def advance(self, delta_ns: int) -> int:
        """Moves on and returns the new time.

        Raises:
            ValueError: `delta_ns` is negative.
        """
        if delta_ns < 0:
            raise ValueError(f"time cannot go back: delta_ns is {delta_ns}")
        self._now_ns += delta_ns
        return self._now_ns
