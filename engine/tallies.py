"""What the bodies of a server have done since its start, in bounded memory and without sessions.

`StageTimes` tells how quick one session was lately; these go on counting over all sessions, which
is what a monitoring system wants: it takes the difference of two readings.
"""

import threading
from bisect import bisect_left
from dataclasses import dataclass, field

__all__ = ["BOUNDS_NS", "Histogram", "HistogramReading", "Tallies"]

_NS_PER_US = 1000
BOUNDS_NS = tuple(
    micros * _NS_PER_US
    for micros in (50, 100, 250, 500, 1000, 2500, 5000, 10_000, 16_667, 33_333, 66_667, 250_000)
)
"""Upper ends of the classes; 16.7, 33.3 and 66.7 ms are frames at 60, 30 and 15 a second."""


@dataclass(frozen=True, slots=True)
class HistogramReading:
    """A histogram at one moment.

    Attributes:
        counts: How many durations fell into each class of `BOUNDS_NS`, and into the one above.
        sum_ns: All durations together.
    """

    counts: tuple[int, ...]
    sum_ns: int

    @property
    def count(self) -> int:
        """How many durations there were."""
        return sum(self.counts)


class Histogram:
    """Durations by class; any thread may add and read."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts = [0] * (len(BOUNDS_NS) + 1)
        self._sum_ns = 0

    def add(self, duration_ns: int) -> None:
        """Takes in one duration; one that is equal to a bound belongs below it."""
        place = bisect_left(BOUNDS_NS, duration_ns)
        with self._lock:
            self._counts[place] += 1
            self._sum_ns += duration_ns

    def read(self) -> HistogramReading:
        """What was added so far."""
        with self._lock:
            return HistogramReading(tuple(self._counts), self._sum_ns)


@dataclass(slots=True)
class Tallies:
    """Counts of all bodies. The histograms are any thread's, the numbers the event loop's.

    Attributes:
        draw_list: Time to make a draw list.
        render: Time from draw list to picture, waiting included.
        encode: Time to encode a picture, of every viewer: its count is what was sent.
        frames: Pictures made.
        event_frames: Those among them that an event made.
        late_frames: Ticks dropped because the picture before took too long.
        skipped_frames: Pictures that slow viewers did not take.
    """

    draw_list: Histogram = field(default_factory=Histogram)
    render: Histogram = field(default_factory=Histogram)
    encode: Histogram = field(default_factory=Histogram)
    frames: int = 0
    event_frames: int = 0
    late_frames: int = 0
    skipped_frames: int = 0
