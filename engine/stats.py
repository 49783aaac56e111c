"""Stage times in bounded memory."""

from dataclasses import dataclass

import numpy as np

from engine.tallies import Histogram

__all__ = ["Quantiles", "StageTimes"]

_NS_PER_MS = 1e6


@dataclass(frozen=True, slots=True)
class Quantiles:
    """How long a stage took lately, milliseconds; zeros where `count` is 0.

    Attributes:
        p50_ms: Median.
        p95_ms: 95th percentile.
        p99_ms: 99th percentile.
        count: Samples the quantiles rest on.
    """

    p50_ms: float = 0.0
    p95_ms: float = 0.0
    p99_ms: float = 0.0
    count: int = 0

    def by_name(self) -> tuple[tuple[str, float], ...]:
        """Names as measures have them, with the values in milliseconds."""
        return ("p50", self.p50_ms), ("p95", self.p95_ms), ("p99", self.p99_ms)


class StageTimes:
    """The latest durations of one stage; one thread writes, any may read.

    Args:
        capacity: How many durations are kept; older ones are overwritten.
        into: Takes every duration in too; None: nothing does.
    """

    def __init__(self, capacity: int = 1024, into: Histogram | None = None) -> None:
        self._ns = np.zeros(capacity, np.int64)
        self._into = into
        self._added = 0

    def add(self, duration_ns: int) -> None:
        """Takes in one duration."""
        self._ns[self._added % len(self._ns)] = duration_ns
        self._added += 1
        if self._into is not None:
            self._into.add(duration_ns)

    def quantiles(self) -> Quantiles:
        """Percentiles of what is kept."""
        count = min(self._added, len(self._ns))
        if count == 0:
            return Quantiles()
        p50, p95, p99 = (np.percentile(self._ns[:count], (50, 95, 99)) / _NS_PER_MS).tolist()
        return Quantiles(p50, p95, p99, count)
