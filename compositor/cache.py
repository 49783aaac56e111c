"""The texture cache: which pages are resident, the least recently used out first.

A tick is one call of a compositor's `render`. What was used lately is never evicted: pages that do
not fit together would otherwise take turns, and the picture flicker. Lately is many ticks while the
picture is live, for each session may have ticks of its own; a frame of a clip, which is soon over,
and offline rendering need only this tick and the last.
"""

import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from compositor.loader import BackgroundLoader, InlineLoader, Loaded, Loader
from compositor.pages import CacheOptions, CacheStats, FramePage, NoRoomError, Page, PageStore

__all__ = ["TextureCache"]

_FULL = 0.9  # of the budget; above it, pages are evicted
_KEPT_TICKS = 96  # that a page is kept after its last use: three seconds of one session
_KEPT_FRAME_TICKS = 2
_RETRY_TICKS = 120  # until a page that did not fit is fetched again
_RETRY_FRAME_TICKS = 8  # the same where only its clip has too many

Fetched = TypeVar("Fetched")
Stored = TypeVar("Stored")


class _Resident(Generic[Stored]):
    """A page that is there."""

    __slots__ = ("pinned", "size_bytes", "stored", "tick")

    def __init__(self, stored: Stored, size_bytes: int, tick: int, *, pinned: bool) -> None:
        self.stored = stored
        self.size_bytes = size_bytes
        self.tick = tick
        self.pinned = pinned


@dataclass(frozen=True, slots=True)
class _Refused:
    """A page that did not fit, and the tick from which it is fetched again."""

    tick: int
    size_bytes: int


class TextureCache(Generic[Fetched, Stored]):
    """Pages by name. The compositor's thread makes every call.

    Args:
        store: Where pages come from and where they lie.
        options: Budget and behaviour.
        make_loader: Makes what fetches pages by the store's `fetch`; None: as the options say.
    """

    def __init__(
        self,
        store: PageStore[Fetched, Stored],
        options: CacheOptions,
        make_loader: Callable[[Callable[[Page], Fetched]], Loader[Fetched]] | None = None,
    ) -> None:
        self._store = store
        self._options = options
        make = make_loader or (BackgroundLoader if options.background else InlineLoader)
        self._loader = make(store.fetch)
        self._resident: OrderedDict[Page, _Resident[Stored]] = OrderedDict()  # the newest last
        self._requested: dict[Page, bool] = {}  # whether it was missed
        self._retry: dict[Page, _Refused] = {}
        self._failed: dict[Page, Exception] = {}
        self._failures: list[tuple[Page, Exception]] = []
        self._groups: Counter[object] = Counter()
        self._tick = 1
        self._bytes = self._pinned_bytes = 0
        self._hits = self._misses = self._unmet = self._evictions = self._refused = 0
        self._uploads = self._uploaded_bytes = self._upload_ns = 0
        self._short_tick: int | None = None

    def begin_tick(self) -> None:
        """A new tick: takes in what has been fetched, as far as the allowance goes."""
        self._tick += 1
        left = self._options.allowance_bytes
        while left > 0 and (loaded := self._loader.take()) is not None:
            left -= self._take_in(loaded)

    def get(self, page: Page) -> Stored | None:
        """A page for this tick; if it is not there, it is asked for."""
        found = self._resident.get(page)
        if found is not None:
            self._hits += 1
            self._use(page, found)
            return found.stored
        self._misses += 1
        if self._requestable(page):
            self._request(page, urgent=True)
            if not self._options.background:
                while (loaded := self._loader.take()) is not None:
                    self._take_in(loaded)
                found = self._resident.get(page)
        if found is None:
            self._unmet += 1
            return None
        self._use(page, found)
        return found.stored

    def instead(self, page: Page) -> Stored | None:
        """A page for this tick in place of one that is missed: only if it is there."""
        found = self._resident.get(page)
        if found is None:
            return None
        self._use(page, found)
        return found.stored

    def __contains__(self, page: Page) -> bool:
        return page in self._resident

    def pin(self, pages: Iterable[Page]) -> list[Page]:
        """Makes pages resident now, and keeps them.

        Returns:
            Those that do not fit or cannot be had.
        """
        return [page for page in pages if not self._pinned(page)]

    def prefetch(self, pages: Iterable[Page]) -> None:
        """Asks for pages that may be wanted soon, the likeliest first."""
        for page in pages:
            if page in self._resident:
                self._resident.move_to_end(page)
            elif self._requestable(page):
                self._request(page, urgent=False)

    def forget(self, gone: Callable[[Page], bool]) -> None:
        """Frees pages whose like will not be asked for again, pinned ones too."""
        self._loader.forget(gone)
        self._requested = {
            page: urgent for page, urgent in self._requested.items() if not gone(page)
        }
        for page in [page for page in self._resident if gone(page)]:
            self._free(page)
        for remembered in (self._retry, self._failed):
            for page in [page for page in remembered if gone(page)]:
                del remembered[page]

    def failures(self) -> list[tuple[Page, Exception]]:
        """Pages that could not be had since the last call, and why."""
        found, self._failures = self._failures, []
        return found

    def stats(self) -> CacheStats:
        """What has been done so far."""
        # Until it has been tried again, which takes some ticks itself.
        lately = self._short_tick is not None and self._tick - self._short_tick <= 2 * _RETRY_TICKS
        return CacheStats(
            hits=self._hits,
            misses=self._misses,
            evictions=self._evictions,
            uploads=self._uploads,
            refused=self._refused,
            pages=len(self._resident),
            resident_bytes=self._bytes,
            pinned_bytes=self._pinned_bytes,
            budget_bytes=self._options.budget_bytes,
            uploaded_bytes=self._uploaded_bytes,
            upload_ms=self._upload_ns / 1e6,
            short=lately,
            need_bytes=self._need_bytes() if lately else 0,
            unmet=self._unmet,
        )

    def close(self) -> None:
        """Frees all pages and ends the loader; safe twice."""
        self._loader.close()
        for page in tuple(self._resident):
            self._free(page)

    def _use(self, page: Page, found: _Resident[Stored]) -> None:
        found.tick = self._tick
        self._resident.move_to_end(page)

    def _requestable(self, page: Page) -> bool:
        if page in self._failed:
            return False
        retry = self._retry.get(page)
        return retry is None or self._tick >= retry.tick

    def _request(self, page: Page, *, urgent: bool) -> None:
        self._retry.pop(page, None)
        self._requested[page] = urgent or self._requested.get(page, False)
        self._loader.request(page, urgent=urgent)

    def _pinned(self, page: Page) -> bool:
        found = self._resident.get(page)
        if found is None:
            try:
                fetched = self._store.fetch(page)
            except Exception as error:  # whatever a file can be; kept for faults
                self._fail(page, error)
                return False
            if not self._insert(page, fetched, pinning=True):
                return False
            found = self._resident[page]
        if not found.pinned:
            found.pinned = True
            self._pinned_bytes += found.size_bytes
        return True

    def _take_in(self, loaded: Loaded[Fetched]) -> int:
        """Uploads what came, unless nobody waits for it any more; its bytes."""
        page = loaded.page
        missed = self._requested.pop(page, None)
        if missed is None:
            return 0
        if loaded.error is not None:
            self._fail(page, loaded.error)
            return 0
        if page in self._resident or loaded.fetched is None:
            return 0
        if not self._insert(page, loaded.fetched):
            return 0
        found = self._resident[page]
        if missed:  # which is a use: whoever missed it has its next tick later
            found.tick = self._tick
        return found.size_bytes

    def _fail(self, page: Page, error: Exception) -> None:
        self._failed[page] = error
        self._failures.append((page, error))

    def _insert(self, page: Page, fetched: Fetched, *, pinning: bool = False) -> bool:
        """Takes a page in, if there is room beside what is kept.

        Args:
            page: Which.
            fetched: What it is.
            pinning: Whether that happens between ticks, when nothing is in use.
        """
        size_bytes = self._store.size_bytes(page)
        if not self._make_place(page, pinning=pinning):
            return self._refuse(page, _RETRY_FRAME_TICKS, 0)
        if not self._make_room(size_bytes, pinning=pinning):
            return self._refuse_short(page, size_bytes)
        started_ns = time.perf_counter_ns()
        pool = self._store.pool(page)
        while True:
            try:
                stored = self._store.upload(page, fetched)
                break
            except NoRoomError:
                if not self._evict_one(pinning, lambda one: self._store.pool(one) == pool):
                    return self._refuse_short(page, size_bytes)
        self._upload_ns += time.perf_counter_ns() - started_ns
        self._uploads += 1
        self._uploaded_bytes += size_bytes
        # Kept for this tick, which may be about to use it.
        tick = self._tick - self._kept_ticks(page) + 1
        self._resident[page] = _Resident(stored, size_bytes, tick, pinned=False)
        self._retry.pop(page, None)
        self._bytes += size_bytes
        group = self._store.group(page)
        if group is not None:
            self._groups[group[0]] += 1
        return True

    def _make_place(self, page: Page, *, pinning: bool) -> bool:
        """Evicts what there is too much of in a page's group; whether it may come in."""
        group = self._store.group(page)
        if group is None:
            return True
        while self._groups[group[0]] >= group[1]:
            if not self._evict_one(pinning, lambda one: self._store.group(one) == group):
                return not self._options.background  # offline, nothing may be missing
        return True

    def _make_room(self, size_bytes: int, *, pinning: bool) -> bool:
        budget_bytes = self._options.budget_bytes
        if self._bytes + size_bytes <= _FULL * budget_bytes:
            return True
        if self._kept_bytes(pinning=pinning) + size_bytes > budget_bytes:
            return False  # and nothing is evicted in vain
        while self._bytes + size_bytes > _FULL * budget_bytes:
            if not self._evict_one(pinning):
                break
        return True

    def _kept_ticks(self, page: Page) -> int:
        brief = isinstance(page, FramePage) or not self._options.background
        return _KEPT_FRAME_TICKS if brief else _KEPT_TICKS

    def _is_kept(self, page: Page, found: _Resident[Stored], *, pinning: bool) -> bool:
        in_use = not pinning and found.tick > self._tick - self._kept_ticks(page)
        return found.pinned or in_use

    def _kept_bytes(self, *, pinning: bool) -> int:
        """What the pages take that cannot be evicted."""
        return sum(
            found.size_bytes
            for page, found in self._resident.items()
            if self._is_kept(page, found, pinning=pinning)
        )

    def _need_bytes(self) -> int:
        """What the pages take that are in use, and those that lately found no room."""
        refused = (one for one in self._retry.values() if one.tick > self._tick)
        return self._kept_bytes(pinning=False) + sum(one.size_bytes for one in refused)

    def _refuse_short(self, page: Page, size_bytes: int) -> bool:
        self._short_tick = self._tick
        return self._refuse(page, _RETRY_TICKS, size_bytes)

    def _refuse(self, page: Page, ticks: int, size_bytes: int) -> bool:
        self._refused += 1
        self._retry[page] = _Refused(self._tick + ticks, size_bytes)
        return False

    def _evict_one(self, pinning: bool, among: Callable[[Page], bool] | None = None) -> bool:
        """Evicts the least recently used page that may go; whether there was one."""
        for page, found in self._resident.items():
            if self._is_kept(page, found, pinning=pinning):
                continue
            if among is not None and not among(page):
                continue
            self._free(page)
            self._evictions += 1
            return True
        return False

    def _free(self, page: Page) -> None:
        found = self._resident.pop(page)
        self._bytes -= found.size_bytes
        if found.pinned:
            self._pinned_bytes -= found.size_bytes
        group = self._store.group(page)
        if group is not None:
            self._groups[group[0]] -= 1
        self._store.free(page, found.stored)
