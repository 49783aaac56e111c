"""Fetches pages: on a thread of its own for a live picture, or at once."""

import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from compositor.pages import Page

__all__ = ["BackgroundLoader", "InlineLoader", "Loaded", "Loader"]

_MOST_PREFETCHES = 256  # older ones are forgotten: moods move on
_MOST_READY = 8  # fetched and not yet taken, beside the budget; the thread waits

Fetched = TypeVar("Fetched")


@dataclass(frozen=True, slots=True)
class Loaded(Generic[Fetched]):
    """A page that was fetched, or why it could not be."""

    page: Page
    fetched: Fetched | None
    error: Exception | None = None


class Loader(Protocol[Fetched]):
    """Fetches the pages that are requested. One thread makes every call."""

    def request(self, page: Page, *, urgent: bool) -> None:
        """Asks for a page; one that is under way is not fetched twice.

        Args:
            page: Which.
            urgent: Whether it is missed now; else it comes after all that are, and may be
                forgotten for newer ones.
        """

    def take(self) -> Loaded[Fetched] | None:
        """The next page that has come; None: none has."""

    def forget(self, gone: Callable[[Page], bool]) -> None:
        """Drops requests; what is being fetched still comes."""

    def close(self) -> None:
        """Ends the thread; safe twice."""


class InlineLoader(Generic[Fetched]):
    """Fetches when it is asked for what has come. Prefetches are not worth it and left out."""

    def __init__(self, fetch: Callable[[Page], Fetched]) -> None:
        self._fetch = fetch
        self._urgent: OrderedDict[Page, None] = OrderedDict()

    def request(self, page: Page, *, urgent: bool) -> None:
        """See `Loader.request`."""
        if urgent:
            self._urgent[page] = None

    def take(self) -> Loaded[Fetched] | None:
        """See `Loader.take`."""
        if not self._urgent:
            return None
        page, _ = self._urgent.popitem(last=False)
        return _loaded(self._fetch, page)

    def forget(self, gone: Callable[[Page], bool]) -> None:
        """See `Loader.forget`."""
        for page in [page for page in self._urgent if gone(page)]:
            del self._urgent[page]

    def close(self) -> None:
        """See `Loader.close`."""
        self._urgent.clear()


class BackgroundLoader(Generic[Fetched]):
    """Fetches on a thread of its own, what is missed first."""

    def __init__(self, fetch: Callable[[Page], Fetched]) -> None:
        self._fetch = fetch
        self._urgent: OrderedDict[Page, None] = OrderedDict()
        self._later: OrderedDict[Page, None] = OrderedDict()
        self._ready: deque[Loaded[Fetched]] = deque()
        self._coming: set[Page] = set()  # under way or ready
        self._closed = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def request(self, page: Page, *, urgent: bool) -> None:
        """See `Loader.request`."""
        with self._changed:
            if self._closed or page in self._urgent or page in self._coming:
                return
            if urgent:
                self._later.pop(page, None)
                self._urgent[page] = None
            else:
                self._later[page] = None
                if len(self._later) > _MOST_PREFETCHES:
                    self._later.popitem(last=False)
            self._start()
            self._changed.notify()

    def take(self) -> Loaded[Fetched] | None:
        """See `Loader.take`."""
        with self._changed:
            if not self._ready:
                return None
            self._changed.notify()
            loaded = self._ready.popleft()
            self._coming.discard(loaded.page)
            return loaded

    def forget(self, gone: Callable[[Page], bool]) -> None:
        """See `Loader.forget`."""
        with self._changed:
            for asked in (self._urgent, self._later):
                for page in [page for page in asked if gone(page)]:
                    del asked[page]

    def close(self) -> None:
        """See `Loader.close`."""
        with self._changed:
            self._closed = True
            self._changed.notify()
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()
        self._ready.clear()

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="textures", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        while (page := self._next()) is not None:
            loaded = _loaded(self._fetch, page)
            with self._changed:
                self._ready.append(loaded)

    def _next(self) -> Page | None:
        """Waits for a request; None: there will be none."""
        with self._changed:
            while not self._closed:
                asked = self._urgent or self._later
                if asked and len(self._ready) < _MOST_READY:
                    page, _ = asked.popitem(last=False)
                    self._coming.add(page)
                    return page
                self._changed.wait()
            return None


def _loaded(fetch: Callable[[Page], Fetched], page: Page) -> Loaded[Fetched]:
    try:
        return Loaded(page, fetch(page))
    except Exception as error:  # the thread's root: a page that cannot be had ends no call
        return Loaded(page, None, error)
