"""Keeps an eye on a compositor's texture cache: a snapshot for everybody, faults once each."""

from compositor.backend import Compositor
from compositor.pages import MEGABYTE, CacheStats
from engine.faults import Fault, FaultSink

__all__ = ["CACHE_FAULT", "CacheWatch"]

CACHE_FAULT = "texture_cache"
"""Mode of faults of the texture cache."""


class CacheWatch:
    """What the cache in use was like after the last frames.

    Args:
        report: Hears of pages that cannot be had, and once whenever the budget is too small.
    """

    def __init__(self, report: FaultSink) -> None:
        self._report = report
        self._stats = CacheStats()
        self._short = False

    @property
    def stats(self) -> CacheStats:
        """The last snapshot; any thread may read it."""
        return self._stats

    def look(self, compositor: Compositor) -> None:
        """Takes a snapshot, and reports. Only the thread that owns the compositor calls it."""
        for failure in compositor.cache_failures():
            self._report(Fault(CACHE_FAULT, failure))
        stats = self._stats = compositor.cache_stats()
        if stats.short and not self._short:
            self._report(
                Fault(
                    CACHE_FAULT,
                    f"a budget of {stats.budget_bytes / MEGABYTE:.1f} MB, and "
                    f"{stats.need_bytes / MEGABYTE:.1f} MB needed: pictures are coarser",
                )
            )
        self._short = stats.short
