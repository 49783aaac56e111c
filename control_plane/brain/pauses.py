"""When hands may gesture again: a gesture ends before the next, and idle hands rest.

What a viewer does is answered by the hands whatever they did before, unless they show a feeling
already. A speech that follows its cause at once takes its gesture a few words later.
"""

from engine.clock import NS_PER_MS, NS_PER_S

__all__ = ["Pauses"]

_GESTURE_NS = 6 * NS_PER_S // 5
_MOST_LATE_MS = 500


class Pauses:
    """One session's hands in time. Times are ns and never go back.

    Args:
        rest_s: How long hands rest between gestures that nothing urges.
    """

    def __init__(self, rest_s: float = 4.0) -> None:
        self._rest_ns = int(rest_s * NS_PER_S)
        self._moved_ns: int | None = None
        self._felt_ns: int | None = None

    def wait_ms(self, now_ns: int, *, felt: bool, speaking: bool) -> int | None:
        """How long a gesture has to wait, ms in [0, 500]; None: it is left.

        Args:
            now_ns: The time.
            felt: Whether an emotion calls for it, rather than the situation.
            speaking: Whether it goes with speech.
        """
        last_ns = self._felt_ns if felt and not speaking else self._moved_ns
        if last_ns is None:
            return 0
        pause_ns = _GESTURE_NS if felt or speaking else self._rest_ns
        wait_ms = -((now_ns - last_ns - pause_ns) // NS_PER_MS)
        if wait_ms <= 0:
            return 0
        return wait_ms if speaking and wait_ms <= _MOST_LATE_MS else None

    def whatever(self, now_ns: int, *, speaking: bool) -> bool:
        """Whether a gesture would be left whatever called for it."""
        return (
            self.wait_ms(now_ns, felt=False, speaking=speaking) is None
            and self.wait_ms(now_ns, felt=True, speaking=speaking) is None
        )

    def moved(self, at_ns: int, *, felt: bool) -> None:
        """A gesture starts at `at_ns`."""
        self._moved_ns = at_ns
        if felt:
            self._felt_ns = at_ns
