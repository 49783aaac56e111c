from collections.abc import Iterable
from typing import cast

from compositor.cache import TextureCache
from compositor.library import Library
from compositor.pages import CacheOptions, FramePage, Page, PageStore
from compositor.sources import Sources
from tests.unit.clips import clip


class Notes:
    """Stands for a cache that holds some frames: notes what is prefetched.

    Args:
        resident: Number and whether it is of half the size, of each frame; None: all are there.
    """

    def __init__(self, resident: set[tuple[int, bool]] | None = None) -> None:
        self.resident = resident
        self.prefetched: list[int] = []

    def get(self, page: Page) -> object:
        assert isinstance(page, FramePage)
        there = self.resident is None or (page.number, page.half) in self.resident
        return (page.number, page.half) if there else None

    instead = get

    def prefetch(self, pages: Iterable[Page]) -> None:
        self.prefetched += [page.number for page in pages if isinstance(page, FramePage)]


class NoStore:
    """Is never asked."""

    def fits(self, page: Page) -> bool:
        return isinstance(page, FramePage)

    def fetch(self, page: Page) -> object:
        raise AssertionError(page)


def fetched_ahead(number: int, loop_frames: int | None = None, clip_frames: int = 32) -> list[int]:
    """Frames that are fetched ahead of need when a frame of ten is drawn."""
    notes = Notes()
    drawn(notes, number, loop_frames, clip_frames)
    return notes.prefetched


def shown(number: int, *resident: tuple[int, bool], loop_frames: int | None = None) -> object:
    """Number and tier of what is shown for a frame of ten while only those are there."""
    return drawn(Notes(set(resident)), number, loop_frames)


def drawn(notes: Notes, number: int, loop_frames: int | None, clip_frames: int = 8) -> object:
    """What a library over such a cache gives for a frame of full size."""

    def store(_: Sources, __: CacheOptions) -> PageStore[object, object]:
        return cast("PageStore[object, object]", NoStore())

    library = Library(store, CacheOptions(clip_frames=clip_frames))
    library.cache = cast("TextureCache[object, object]", notes)
    library.load_clip(clip("ER_TEST", loop_frames=loop_frames, frame_count=10))
    loaded = library.clip("ER_TEST")
    assert loaded is not None
    return library.frame(loaded, number, half=False)


def test_few_that_follow_a_frame_are_fetched_ahead() -> None:
    assert fetched_ahead(2) == [3, 4, 5, 6]
    assert fetched_ahead(2, clip_frames=4) == [3, 4]


def test_nothing_follows_the_last_frame_of_a_clip_that_ends() -> None:
    assert fetched_ahead(8) == [9]


def test_first_frames_follow_the_last_one_of_a_loop() -> None:
    assert fetched_ahead(8, loop_frames=10) == [9, 0, 1, 2]


def test_loop_that_ends_before_its_file_leaves_out_what_comes_after() -> None:
    assert fetched_ahead(5, loop_frames=7) == [6, 0, 1, 2]
    assert shown(0, (9, False), (6, False), loop_frames=7) == (6, False)
    assert shown(1, (9, False), (8, False), loop_frames=7) is None


def test_short_loop_is_fetched_once() -> None:
    assert sorted(fetched_ahead(1, loop_frames=3)) == [0, 1, 2]


def test_missed_frame_shows_the_one_before_it_and_then_the_other_size() -> None:
    assert shown(5, (3, False), (4, True), (6, False)) == (3, False)
    assert shown(5, (5, True), (6, False)) == (5, True)


def test_missed_first_frame_of_a_loop_shows_the_last_one_that_is_there() -> None:
    assert shown(0, (8, False), (4, False), loop_frames=10) == (8, False)
    assert shown(1, (0, False), (9, False), loop_frames=10) == (0, False)


def test_nothing_comes_before_the_first_frame_of_a_clip_that_ends() -> None:
    assert shown(0, (8, False), (9, True)) is None


def test_missed_frame_of_a_loop_is_not_shown_by_one_long_gone() -> None:
    assert shown(2, (3, False), loop_frames=10) is None
    assert shown(0, (2, False), loop_frames=10) == (2, False)
