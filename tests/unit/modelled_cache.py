"""A texture cache with a plain model beside it, which checks every step."""

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from compositor.cache import TextureCache
from compositor.loader import BackgroundLoader, Loaded, Loader
from compositor.pages import CacheOptions, FramePage, NoRoomError, Page, ResidualPage, TexturePage

__all__ = ["BROKEN", "KEPT_TICKS", "PAGES", "RETRY_TICKS", "World"]

KEPT_TICKS = 96
RETRY_TICKS = 120
FULL = 0.9

PAGES: list[Page] = [
    *(
        TexturePage(avatar, part, level)
        for avatar in (1, 2)
        for part in range(3)
        for level in (0, 1, 2)
    ),
    *(ResidualPage(avatar, 0, row) for avatar in (1, 2) for row in range(8)),
    *(
        FramePage(clip, half, number)
        for clip in (3, 4)
        for half in (False, True)
        for number in range(6)
    ),
]
BROKEN: frozenset[Page] = frozenset({ResidualPage(1, 0, 7), FramePage(4, half=True, number=5)})


def serial(page: Page) -> int:
    return page.clip if isinstance(page, FramePage) else page.avatar


def size_bytes(page: Page) -> int:
    if isinstance(page, TexturePage):
        return (400, 210, 95)[page.level] + 10 * page.part
    return 20 + 3 * page.row if isinstance(page, ResidualPage) else (60 if page.half else 160)


@dataclass(eq=False, slots=True)
class Held:
    """What the store gave for a page."""

    page: Page
    freed: bool = False


class ByHand(BackgroundLoader[Page]):
    """The loader of the live picture, whose thread's work is done when the test says so."""

    def __init__(self, fetch: Callable[[Page], Page]) -> None:
        super().__init__(fetch)
        self.waiting: set[Page] = set()

    def _start(self) -> None:
        """No thread."""

    def request(self, page: Page, *, urgent: bool) -> None:
        super().request(page, urgent=urgent)
        self.waiting.add(page)

    def take(self) -> Loaded[Page] | None:
        loaded = super().take()
        if loaded is not None:
            assert loaded.page in self.waiting, "delivered twice"
            self.waiting.discard(loaded.page)
        return loaded

    def forget(self, gone: Callable[[Page], bool]) -> None:
        super().forget(gone)
        self.waiting = {one for one in self.waiting if not gone(one) or one in self._coming}

    def work(self) -> bool:
        """Fetches one page; whether there was one, and room for it."""
        if not (self._urgent or self._later) or len(self._ready) >= 8:
            return False
        page = self._next()
        assert page is not None
        try:
            self._ready.append(Loaded(page, self._fetch(page)))
        except OSError as error:
            self._ready.append(Loaded(page, None, error))
        return True


class World:
    """A cache, the store beneath it, and a plain model of both that checks every step.

    Args:
        options: Of the cache.
        slots: How many pages of a pool find a place at all.
        has_pools: Whether residuals have a pool of their own.
    """

    def __init__(
        self, options: CacheOptions, slots: int = 1_000, *, has_pools: bool = False
    ) -> None:
        self.options, self.slots, self.has_pools = options, slots, has_pools
        self.loader: ByHand | None = None
        self.live: OrderedDict[Page, Held] = OrderedDict()  # the least recently used first
        self.used: dict[Page, int] = {}
        self.missed: set[Page] = set()
        self.pinned: set[Page] = set()
        self.fetches: Counter[Page] = Counter()
        self.evicted: list[Page] = []
        self.told: list[Page] = []
        self.now = 1
        self._doing = ""
        self._incoming: Page = PAGES[0]
        self.cache: TextureCache[Page, Held] = TextureCache(
            self, options, self._by_hand if options.background else None
        )

    def _by_hand(self, fetch: Callable[[Page], Page]) -> Loader[Page]:
        self.loader = ByHand(fetch)
        return self.loader

    # What the cache asks of its store.

    def size_bytes(self, page: Page) -> int:
        self._incoming = page
        return size_bytes(page)

    def fits(self, page: Page) -> bool:
        raise AssertionError(page)  # a library asks

    def group(self, page: Page) -> tuple[object, int] | None:
        if isinstance(page, FramePage):
            return (page.clip, page.half), self.options.clip_frames
        return None

    def fetch(self, page: Page) -> Page:
        self.fetches[page] += 1
        if page in BROKEN:
            raise OSError(f"{page} is damaged")
        return page

    def upload(self, page: Page, fetched: Page) -> Held:
        assert fetched == page
        assert page not in self.live
        if self._is_out_of_slots(page):
            raise NoRoomError
        held = self.live[page] = Held(page)
        if page in self.missed and self._doing != "pin":
            self.used[page] = self.now
        self.missed.discard(page)
        return held

    def free(self, page: Page, stored: Held) -> None:
        assert self.live[page] is stored
        assert not stored.freed
        stored.freed = True
        if self._doing:
            self._check_eviction(page)
        del self.live[page]
        self.used.pop(page, None)
        self.pinned.discard(page)

    def _is_out_of_slots(self, page: Page) -> bool:
        return sum(self.pool(one) == self.pool(page) for one in self.live) >= self.slots

    def _check_eviction(self, page: Page) -> None:
        assert page not in self.pinned
        assert not self.in_use(page) or self._doing == "pin"
        going = [one for one in self.live if self._may_go(one)]
        group = self.group(self._incoming)
        same = [one for one in going if group is not None and self.group(one) == group]
        full = group is not None and self.residents(group) >= group[1] and bool(same)
        total = sum(map(size_bytes, self.live)) + size_bytes(self._incoming)
        crowded = total > FULL * self.options.budget_bytes
        if not (full or crowded):
            assert self._is_out_of_slots(self._incoming), "evicted without need"
            going = [one for one in going if self.pool(one) == self.pool(self._incoming)]
        firsts = [some[0] for some in (same, going) if some]
        assert page in firsts[: 1 if full else 2], "not the least recently used"
        self.evicted.append(page)

    def pool(self, page: Page) -> object:
        return isinstance(page, ResidualPage) if self.has_pools else None

    def in_use(self, page: Page) -> bool:
        brief = isinstance(page, FramePage) or not self.options.background
        return self.now - self.used.get(page, -KEPT_TICKS) < (2 if brief else KEPT_TICKS)

    def _may_go(self, page: Page) -> bool:
        return page not in self.pinned and (self._doing == "pin" or not self.in_use(page))

    def residents(self, group: tuple[object, int]) -> int:
        return sum(self.group(one) == group for one in self.live)

    # What a compositor does.

    def tick(self) -> None:
        self.now += 1
        self._doing = "draw"
        self.cache.begin_tick()

    def get(self, page: Page) -> Held | None:
        self._doing = "draw"
        found = self._returned(page, self.cache.get(page))
        if found is None:
            self.missed.add(page)
        return found

    def instead(self, page: Page) -> Held | None:
        self._doing = "draw"
        there = page in self.live
        found = self._returned(page, self.cache.instead(page))
        assert (found is not None) is there
        return found

    def _returned(self, page: Page, found: Held | None) -> Held | None:
        assert (page in self.cache) is (page in self.live)
        if found is not None:
            assert found.page == page
            assert not found.freed
            assert found is self.live[page]
            self.used[page] = self.now
            self.live.move_to_end(page)
        return found

    def pin(self, pages: Iterable[Page]) -> list[Page]:
        self._doing = "pin"
        wanted = list(pages)
        missing: list[Page] = []
        for page in wanted:
            missing += self.cache.pin([page])
            if page not in missing:
                self.pinned.add(page)
        return missing

    def prefetch(self, pages: Iterable[Page]) -> None:
        wanted = list(pages)
        self.cache.prefetch(wanted)
        for page in wanted:
            if page in self.live:
                self.live.move_to_end(page)

    def forget(self, gone: int) -> None:
        self._doing = ""
        self.missed = {page for page in self.missed if serial(page) != gone}
        self.cache.forget(lambda page: serial(page) == gone)
        assert not [page for page in self.live if serial(page) == gone]

    def work(self, pages: int) -> None:
        """The loader's thread gets on."""
        for _ in range(pages):
            if self.loader is None or not self.loader.work():
                break

    def check(self) -> None:
        """What must hold at any time."""
        stats = self.cache.stats()
        total = sum(map(size_bytes, self.live))
        assert stats.resident_bytes == total <= self.options.budget_bytes
        assert stats.pages == len(self.live)
        assert stats.pinned_bytes == sum(map(size_bytes, self.pinned))
        assert stats.evictions == len(self.evicted)
        assert self.pinned <= self.live.keys()
        for clip in (3, 4):
            for half in (False, True):
                group = self.group(FramePage(clip, half, 0))
                assert group is not None
                assert self.residents(group) <= group[1] or not self.options.background

    def check_every_page_comes(self) -> None:
        """What was refused comes once there is room again."""
        self._quiet(2)
        self._quiet(RETRY_TICKS + 2)
        for page in PAGES:
            if page in BROKEN or not self._could_come(page):
                continue
            self.get(page)
            self._quiet(2)
            assert self.get(page) is not None, f"{page} does not come"
            self._quiet(KEPT_TICKS)

    def _could_come(self, page: Page) -> bool:
        """Whether there is room for it beside what is pinned."""
        group = self.group(page)
        pinned = [one for one in self.pinned if one != page]
        fits = sum(map(size_bytes, pinned)) + size_bytes(page) <= self.options.budget_bytes
        of_group = sum(self.group(one) == group for one in pinned) if group is not None else 0
        of_pool = sum(self.pool(one) == self.pool(page) for one in pinned)
        limited = group is not None and self.options.background and of_group >= group[1]
        return fits and of_pool < self.slots and not limited

    def _quiet(self, ticks: int) -> None:
        """Ticks in which nothing is drawn, until all that was asked for has come."""
        for number in range(1_000):
            self.work(100)
            self.tick()
            if number >= ticks and (self.loader is None or not self.loader.waiting):
                return
        raise AssertionError("something that was asked for never comes")
