import pytest

from compositor.pages import CacheOptions, FramePage, Page, ResidualPage, TexturePage
from tests.unit.modelled_cache import BROKEN, RETRY_TICKS, World


def texture(part: int, level: int = 0) -> TexturePage:
    return TexturePage(1, part, level)


def frame(number: int, *, half: bool = False) -> FramePage:
    return FramePage(3, half, number)


def world(
    budget: int = 2_000,
    *,
    background: bool = False,
    allowance: int = 100_000,
    frames: int = 32,
    slots: int = 1_000,
) -> World:
    return World(CacheOptions(budget, allowance, background, frames), slots)


def test_page_is_there_when_it_is_asked_for_offline() -> None:
    one = world()
    assert one.get(texture(0)) is not None
    stats = one.cache.stats()
    assert (stats.hits, stats.misses, stats.uploads, stats.uploaded_bytes) == (0, 1, 1, 400)
    one.get(texture(0))
    assert one.cache.stats().hits == 1


def test_missed_page_comes_in_a_later_tick_when_live() -> None:
    one = world(background=True)
    one.tick()
    assert one.get(texture(0)) is None
    one.work(1)
    assert one.get(texture(0)) is None
    one.tick()
    assert one.get(texture(0)) is not None
    assert one.fetches[texture(0)] == 1


def test_the_least_recently_used_goes_first() -> None:
    one = world(budget=1_300)
    for page in (texture(0, 1), texture(1, 1), texture(2, 1)):
        one.tick()
        one.get(page)
    for _ in range(3):
        one.tick()
    one.get(texture(0, 1))
    for _ in range(3):
        one.tick()
    one.get(texture(0, 0))
    one.get(texture(1, 0))
    assert one.evicted == [texture(1, 1), texture(2, 1)]


def test_pages_are_evicted_above_nine_tenths_of_the_budget() -> None:
    one = world(budget=899)
    for page in (texture(0), texture(1)):
        one.get(page)
        for _ in range(3):
            one.tick()
    assert one.evicted == [texture(0)]
    roomy = world(budget=900)
    for page in (texture(0), texture(1)):
        roomy.get(page)
        for _ in range(3):
            roomy.tick()
    assert roomy.evicted == []


def test_what_this_tick_or_the_last_one_used_stays_and_the_newcomer_is_refused() -> None:
    one = world(budget=899)
    one.get(texture(0))
    one.get(texture(0, 1))
    one.tick()
    assert one.get(texture(1)) is None
    stats = one.cache.stats()
    assert (stats.refused, stats.evictions, stats.short) == (1, 0, True)
    assert stats.need_bytes == 400 + 210 + 410
    one.tick()
    assert one.get(texture(1)) is None  # not even asked for again
    assert one.fetches[texture(1)] == 1
    for _ in range(RETRY_TICKS):
        one.tick()
    assert one.get(texture(1)) is not None
    for _ in range(2 * RETRY_TICKS + 1):
        one.tick()
    assert not one.cache.stats().short
    assert one.cache.stats().need_bytes == 0


def test_sessions_with_ticks_of_their_own_do_not_take_turns_in_a_budget_that_is_too_small() -> None:
    one = world(budget=1_300, background=True)
    uploads = []
    for number in range(12 * 20):
        one.work(8)
        one.tick()
        one.get(texture(number % 4))
        uploads.append(one.cache.stats().uploads)
    assert one.cache.stats().short
    assert uploads[-1] == uploads[20] == 3
    assert one.evicted == []


def test_page_that_cannot_fit_evicts_nothing() -> None:
    one = world(budget=800)
    one.get(texture(0, 2))
    one.pin([texture(0)])
    for _ in range(5):
        one.tick()
    assert one.get(texture(1)) is None
    assert one.pin([texture(1)]) == [texture(1)]
    assert one.evicted == []


def test_pinned_pages_stay_until_they_are_forgotten() -> None:
    one = world(budget=900)
    assert one.pin([texture(0), texture(0), texture(1)]) == []
    assert one.pin([texture(2)]) == [texture(2)]
    for _ in range(5):
        one.tick()
    assert one.get(texture(2)) is None
    one.forget(1)
    stats = one.cache.stats()
    assert (stats.pinned_bytes, stats.resident_bytes, stats.pages) == (0, 0, 0)


def test_store_without_a_place_gets_one_freed() -> None:
    one = world(slots=2)
    for page in (texture(0), texture(1), texture(2)):
        for _ in range(3):
            one.tick()
        assert one.get(page) is not None
    assert one.evicted == [texture(0)]
    one.get(texture(1))
    assert one.get(texture(0)) is None
    assert one.cache.stats().refused == 1


def test_store_without_a_place_gets_none_freed_of_another_pool() -> None:
    one = World(CacheOptions(10_000), 2, has_pools=True)
    residuals: list[Page] = [ResidualPage(1, 0, 0), ResidualPage(1, 0, 1)]
    for page in [*residuals, texture(0), texture(1), texture(2)]:
        for _ in range(3):
            one.tick()
        assert one.get(page) is not None
    assert one.evicted == [texture(0)]


def test_offline_a_call_may_ask_for_more_frames_of_a_clip_than_the_limit() -> None:
    one = world(frames=2)
    assert all(one.get(frame(number)) for number in range(5))
    assert not one.cache.stats().short


def test_frames_beyond_the_limit_of_a_clip_are_no_short_budget() -> None:
    one = world(frames=2, background=True)
    for _ in range(4):
        for number in range(4):
            one.get(frame(number))
        one.work(8)
        one.tick()
    assert one.cache.stats().refused
    assert not one.cache.stats().short


def test_group_has_its_own_limit() -> None:
    one = world(frames=2)
    one.get(texture(0))
    one.get(frame(0, half=True))
    for number in range(4):
        for _ in range(3):
            one.tick()
        one.get(frame(number))
    assert one.evicted == [frame(0), frame(1)]


def test_tick_takes_in_about_its_allowance() -> None:
    one = world(background=True, allowance=500)
    one.prefetch([texture(0), texture(1), texture(2), texture(0, 1)])
    one.work(4)
    one.tick()
    assert list(one.live) == [texture(0), texture(1)]
    one.tick()
    assert list(one.live) == [texture(0), texture(1), texture(2), texture(0, 1)]


def test_page_that_cannot_be_had_is_reported_once_and_not_asked_for_again() -> None:
    one = world()
    (broken,) = (page for page in BROKEN if isinstance(page, ResidualPage))
    for _ in range(3):
        one.tick()
        assert one.get(broken) is None
    assert one.fetches[broken] == 1
    assert [(page, str(error)) for page, error in one.cache.failures()] == [
        (broken, f"{broken} is damaged")
    ]
    assert one.cache.failures() == []


def test_what_was_fetched_of_a_forgotten_avatar_is_not_taken_in() -> None:
    one = world(background=True)
    one.prefetch([texture(0)])
    one.work(1)
    one.forget(1)
    one.tick()
    assert not one.live
    assert one.get(texture(0)) is None
    one.work(1)
    one.tick()
    assert one.get(texture(0)) is not None


@pytest.mark.parametrize("background", [False, True])
def test_closing_frees_everything_and_is_safe_twice(*, background: bool) -> None:
    one = world(background=background)
    one.pin([texture(0)])
    one.prefetch([texture(1)])
    one._doing = ""
    one.cache.close()
    one.cache.close()
    assert not one.live
