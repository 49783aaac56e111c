"""When to try again what failed: soon, and less often the longer it keeps failing."""

from engine.clock import Clock

__all__ = ["Backoff"]


class Backoff:
    """The wait between attempts: it doubles with every attempt until one holds.

    Args:
        clock: Measures the waits.
        first_ns: The wait after the first attempt.
        longest_ns: No wait is longer.
    """

    def __init__(self, clock: Clock, *, first_ns: int, longest_ns: int) -> None:
        self._clock = clock
        self._first_ns = first_ns
        self._longest_ns = longest_ns
        self._wait_ns = first_ns
        self._due_ns: int | None = None

    @property
    def due(self) -> bool:
        """Whether to try now; at once where nothing failed before."""
        return self._due_ns is None or self._clock.now_ns() >= self._due_ns

    def attempt(self) -> None:
        """Notes an attempt, whatever comes of it."""
        self._due_ns = self._clock.now_ns() + self._wait_ns
        self._wait_ns = min(2 * self._wait_ns, self._longest_ns)

    def hold(self) -> None:
        """Notes that it works: the next failure is tried again at once."""
        self._wait_ns, self._due_ns = self._first_ns, None
