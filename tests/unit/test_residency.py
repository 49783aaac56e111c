"""What the GPU backend draws in place of pages that are not there."""

from typing import cast

import numpy as np

from compositor.cache import TextureCache
from compositor.library import LoadedAvatar
from compositor.pages import Page, ResidualPage, TexturePage
from compositor.prepared import prepare
from compositor.wgpu_atlas import Atlas, Place
from compositor.wgpu_layers import Rect
from compositor.wgpu_records import NOT_DRAWN
from compositor.wgpu_residency import AvatarPages
from compositor.wgpu_store import Fetched, Stored
from compositor.wgpu_words import Run
from tests.unit.avatars import synthetic_avatar

PARTS = prepare(synthetic_avatar(0.5))
AVATAR = LoadedAvatar(3, "synthetic", 1024, PARTS)
FACE = next(k for k, part in enumerate(PARTS) if part.residual_rows)
FIRST = sum(len(part.level_sizes) for part in PARTS[:FACE])


class Cache:
    """Has what it is given, and remembers what it was asked for."""

    def __init__(self, *pages: Page) -> None:
        self._pages = pages
        self.asked: list[Page] = []

    def get(self, page: Page) -> Stored | None:
        self.asked.append(page)
        return self.instead(page)

    def instead(self, page: Page) -> Stored | None:
        if page not in self._pages:
            return None
        if isinstance(page, TexturePage):
            return Place(Rect(0, 0, 0, 1, 1), ((page.part, page.level), (1, 1), 0, 0))
        return Run(1000 + cast(ResidualPage, page).row, 1)


class Layer:
    """An atlas that takes pictures of so many texels a side."""

    def __init__(self, side: int = 4096) -> None:
        self._side = side

    def fits(self, size: tuple[int, int]) -> bool:
        return max(size) <= self._side


def pages(cache: Cache, layer: Layer | None = None) -> AvatarPages:
    known = cast(TextureCache[Fetched, Stored], cache)
    return AvatarPages(known, cast(Atlas, layer or Layer()), AVATAR)


def level(number: int) -> TexturePage:
    return TexturePage(3, FACE, number)


def shown(found: AvatarPages, wanted: int) -> int:
    record = found.levels(np.array([[FIRST + wanted]]))[0, 0]
    part, number = record["place"].tolist()
    assert part == FACE
    return int(number)


def test_wanted_level_is_shown_and_asked_for_once_a_batch() -> None:
    cache = Cache(level(0), level(1))
    found = pages(cache).levels(np.array([[FIRST, FIRST + 1], [FIRST + 1, FIRST]]))
    assert found["place"].tolist() == [[[FACE, 0], [FACE, 1]], [[FACE, 1], [FACE, 0]]]
    assert cache.asked == [level(0), level(1)]


def test_nearest_level_is_shown_for_one_that_is_missing() -> None:
    assert shown(pages(Cache(level(0), level(3))), 2) == 3
    assert shown(pages(Cache(level(1), level(3))), 2) == 1


def test_smaller_levels_that_may_fit_are_asked_for_too() -> None:
    cache = Cache(level(5))
    assert shown(pages(cache), 0) == 5
    assert cache.asked == [level(0), level(2), level(4)]


def test_level_larger_than_a_layer_is_not_asked_for() -> None:
    cache = Cache(level(2))
    side = max(PARTS[FACE].level_sizes[2])
    assert shown(pages(cache, Layer(side)), 0) == 2
    assert cache.asked == [level(2)]


def test_part_of_which_nothing_is_resident_is_not_drawn() -> None:
    found = pages(Cache()).levels(np.array([FIRST]))
    assert found["page"].tolist() == [NOT_DRAWN[2]]


def test_level_that_moved_is_shown_where_it_is_now() -> None:
    found = pages(cache := Cache(level(0), level(1)))
    assert shown(found, 0) == 0
    cache._pages = (level(1),)
    assert shown(found, 0) == 1
    cache._pages = (level(0),)
    assert shown(found, 0) == 0


def test_residuals_that_are_missing_have_no_place() -> None:
    cache = Cache(ResidualPage(3, FACE, 1))
    assert pages(cache).residuals(np.array([0, 1])).tolist() == [-1, 1001]
    assert cache.asked == [ResidualPage(3, FACE, 0), ResidualPage(3, FACE, 1)]
