import threading
from collections.abc import Iterator

import pytest

from compositor.loader import BackgroundLoader, InlineLoader, Loaded, Loader
from compositor.pages import FramePage, Page

WAIT_S = 5.0


def page(number: int) -> Page:
    return FramePage(1, half=False, number=number)


class Source:
    """Fetches a page's number, one page for every permit."""

    def __init__(self, permits: int = 1000) -> None:
        self.fetched: list[int] = []
        self.permits = threading.Semaphore(permits)
        self.begun = threading.Semaphore(0)

    def fetch(self, wanted: Page) -> int:
        assert isinstance(wanted, FramePage)
        self.begun.release()
        assert self.permits.acquire(timeout=WAIT_S)
        self.fetched.append(wanted.number)
        if wanted.number < 0:
            raise OSError(f"no page {wanted.number}")
        return wanted.number


@pytest.fixture
def slow() -> Source:
    return Source(permits=0)


@pytest.fixture
def loader(slow: Source) -> Iterator[BackgroundLoader[int]]:
    made = BackgroundLoader(slow.fetch)
    yield made
    slow.permits.release(1000)
    made.close()


def taken(loader: Loader[int], count: int) -> list[int | None]:
    """The next pages, once they have come."""
    found: list[int | None] = []
    pause = threading.Event()
    for _ in range(int(WAIT_S * 1000)):
        while (loaded := loader.take()) is not None:
            found.append(loaded.fetched)
        if len(found) >= count:
            return found
        pause.wait(0.001)  # the loader's thread tells nobody: a picture never waits for it
    raise AssertionError(f"{found}, and {count} expected")


def test_missed_pages_come_before_those_that_may_be_wanted(
    loader: BackgroundLoader[int], slow: Source
) -> None:
    loader.request(page(0), urgent=False)
    assert slow.begun.acquire(timeout=WAIT_S)
    for number in (1, 2, 3):
        loader.request(page(number), urgent=False)
    loader.request(page(4), urgent=True)
    loader.request(page(3), urgent=True)
    slow.permits.release(5)
    assert taken(loader, 5) == [0, 4, 3, 1, 2]


def test_page_under_way_is_not_fetched_twice(loader: BackgroundLoader[int], slow: Source) -> None:
    for urgent in (False, True, True, False):
        loader.request(page(1), urgent=urgent)
    assert slow.begun.acquire(timeout=WAIT_S)
    loader.request(page(1), urgent=True)
    loader.request(page(2), urgent=True)
    loader.request(page(2), urgent=False)
    slow.permits.release(5)
    assert taken(loader, 2) == [1, 2]
    assert slow.fetched == [1, 2]


def test_page_that_was_taken_can_be_asked_for_again(
    loader: BackgroundLoader[int], slow: Source
) -> None:
    slow.permits.release(5)
    for _ in range(2):
        loader.request(page(1), urgent=True)
        assert taken(loader, 1) == [1]


def test_nothing_is_there_before_it_was_fetched(loader: BackgroundLoader[int]) -> None:
    loader.request(page(1), urgent=True)
    assert loader.take() is None


def test_thread_waits_until_what_it_fetched_is_taken(
    loader: BackgroundLoader[int], slow: Source
) -> None:
    slow.permits.release(100)
    for number in range(40):
        loader.request(page(number), urgent=True)
    for _ in range(8):
        assert slow.begun.acquire(timeout=WAIT_S)
    assert not slow.begun.acquire(timeout=0.05)
    assert taken(loader, 40) == list(range(40))


def test_old_wishes_are_forgotten_for_new_ones(loader: BackgroundLoader[int], slow: Source) -> None:
    loader.request(page(0), urgent=True)
    assert slow.begun.acquire(timeout=WAIT_S)
    for number in range(1, 1001):
        loader.request(page(number), urgent=False)
    slow.permits.release(1000)
    found = taken(loader, 257)
    assert found == [0, *range(745, 1001)]


def test_forgotten_requests_do_not_come(loader: BackgroundLoader[int], slow: Source) -> None:
    loader.request(page(0), urgent=True)
    assert slow.begun.acquire(timeout=WAIT_S)
    for number in range(1, 5):
        loader.request(page(number), urgent=number % 2 == 0)
    loader.forget(lambda one: isinstance(one, FramePage) and one.number in (0, 1, 2))
    slow.permits.release(10)
    assert taken(loader, 3) == [0, 4, 3]


@pytest.mark.parametrize("make", [InlineLoader, BackgroundLoader])
def test_page_that_cannot_be_had_says_why_and_ends_nothing(
    make: type[InlineLoader[int]] | type[BackgroundLoader[int]],
) -> None:
    loader = make(Source().fetch)
    loader.request(page(-1), urgent=True)
    loader.request(page(2), urgent=True)
    found: list[Loaded[int]] = []
    pause = threading.Event()
    while len(found) < 2:
        loaded = loader.take()
        if loaded is not None:
            found.append(loaded)
        else:
            pause.wait(0.001)
    assert str(found[0].error) == "no page -1"
    assert (found[0].page, found[1].fetched, found[1].error) == (page(-1), 2, None)
    loader.close()


def test_inline_pages_are_fetched_when_they_are_taken() -> None:
    source = Source()
    loader = InlineLoader(source.fetch)
    for number in (1, 2, 1):
        loader.request(page(number), urgent=True)
    loader.request(page(3), urgent=False)
    assert source.fetched == []
    assert taken(loader, 2) == [1, 2]
    assert loader.take() is None
    loader.request(page(4), urgent=True)
    loader.forget(lambda _: True)
    assert loader.take() is None


def test_closing_ends_the_thread_and_is_safe_twice_and_before_any_request() -> None:
    threads = threading.active_count()
    unused = BackgroundLoader(Source().fetch)
    unused.close()
    loader = BackgroundLoader(Source().fetch)
    loader.request(page(1), urgent=True)
    assert threading.active_count() == threads + 1
    loader.close()
    loader.close()
    loader.request(page(2), urgent=True)
    assert threading.active_count() == threads
    assert loader.take() is None
