"""When frames are due: a steady cadence, and extra frames for events in between.

Pure arithmetic on integer nanoseconds; nothing here waits or draws.
"""

from engine.clock import NS_PER_MS, NS_PER_S

__all__ = ["EVENT_GAP_NS", "Cadence"]

EVENT_GAP_NS = 8 * NS_PER_MS
"""Least time between the frames of two events; it bounds what a burst of events costs.

A tick's frame does not hold an event's back: waiting there would only make the event later.
"""


class Cadence:
    """Decides when the next frame is due.

    Tick n is due at start + n / fps, from the integer index n, so that nothing drifts. Ticks that
    were missed are dropped and counted, never made up for. A tick due less than `EVENT_GAP_NS`
    after an event's frame is covered by that frame.

    Args:
        fps: Ticks a second, at least 1.

    Raises:
        ValueError: `fps` is less than 1.
    """

    def __init__(self, fps: int) -> None:
        if fps < 1:
            raise ValueError(f"fps is {fps}: expected at least 1")
        self._fps = fps
        self._start_ns = 0
        self._index = 0
        self._next_event_ns = 0
        self.late = 0

    def restart(self, now_ns: int) -> None:
        """Begins anew with a tick at `now_ns`, as after a time without viewers."""
        self._start_ns = now_ns
        self._index = 0
        self._next_event_ns = now_ns

    @property
    def tick_ns(self) -> int:
        """When the next tick is due."""
        return self._start_ns + self._index * NS_PER_S // self._fps

    def due_ns(self, *, event: bool) -> int:
        """When the next frame is due, at the latest its tick.

        Args:
            event: Whether an event waits to be shown.
        """
        return min(self.tick_ns, self._next_event_ns) if event else self.tick_ns

    def begin_frame(self, now_ns: int) -> bool:
        """Notes that a frame is made now; True if it is an event's and not a tick's."""
        if now_ns < self.tick_ns:
            self._next_event_ns = now_ns + EVENT_GAP_NS
            if self.tick_ns < self._next_event_ns:
                self._index += 1
            return True
        passed = (now_ns - self._start_ns) * self._fps // NS_PER_S
        self.late += max(0, passed - self._index)
        self._index = max(self._index, passed) + 1
        return False
