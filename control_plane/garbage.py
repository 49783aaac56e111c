"""When garbage is collected: a full collection stops everybody, so it comes when it is worth it.

Reference counting frees almost everything at once; only what refers to itself in a circle waits for
the collector. Its young generations are small and quick. A full collection looks at every object
there is: with 300 sessions 0.3 s, of which Python's own rules made one every few seconds, for the
moods and packets that live sessions keep look to it like a leak. Circles in bulk come from sessions
that ended, so it is these that call for a full collection here, and otherwise time.
"""

import gc

from engine.clock import NS_PER_S, Clock

__all__ = ["Sweeper", "keep_for_good"]

# Made and not freed since; looking at a thousand takes some 0.5 ms, and at five times as many 2.5.
_YOUNG = 1_000
_YOUNG_TURNS = 5
_NEVER = 1_000_000_000
_LEAST_ENDED = 16
_LEAST_PAUSE_NS = 60 * NS_PER_S
_MOST_PAUSE_NS = 1800 * NS_PER_S


def keep_for_good() -> None:
    """Takes what start-up made out of the collector's sight; full collections are a `Sweeper`'s.

    One over the library, the modules and numba's objects takes 110 ms, all of it with the
    interpreter locked: pictures and sound would stand still that long.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _YOUNG_TURNS, _NEVER)


class Sweeper:
    """Decides on full collections; used from the event loop's thread.

    Args:
        clock: The monotonic clock.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._swept_ns = clock.now_ns()
        self._ended = 0

    def ended(self) -> None:
        """A session has ended."""
        self._ended += 1

    def beat(self, live: int) -> bool:
        """Collects if it is time; called about once a second.

        That is once as many sessions have ended as live, sixteen at least, or all of them; at
        most once a minute, at least every half an hour.

        Args:
            live: How many sessions live.

        Returns:
            Whether it was.
        """
        pause_ns = self._clock.now_ns() - self._swept_ns
        over = self._ended >= max(_LEAST_ENDED, live) or (self._ended > 0 and live == 0)
        if pause_ns < _LEAST_PAUSE_NS or not (over or pause_ns >= _MOST_PAUSE_NS):
            return False
        gc.collect()
        self._swept_ns, self._ended = self._clock.now_ns(), 0
        return True
