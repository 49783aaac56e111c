"""Where pages come from, and the library of what is loaded."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from capsules.clip import Clip
from capsules.errors import ClipError
from compositor import sources
from compositor.backend import Wanted
from compositor.errors import RenderError
from compositor.library import Library
from compositor.loader import InlineLoader
from compositor.numba_pages import NumbaStore, Patch, Stored, TextureLevel
from compositor.pages import CacheOptions, FramePage, Page, ResidualPage, TexturePage
from compositor.prepared import PreparedPart, prepare
from compositor.sources import Sources, core_pages, floor_pages, nearest_levels
from tests.unit.avatars import synthetic_avatar

AVATAR = synthetic_avatar(0.5)
FACE = 2
BUDGET = 50_000_000


class Reader:
    """Frames in the grey of their number."""

    opened: list["Reader"]

    def __init__(self, clip: Clip) -> None:
        self.clip = clip
        self.open_files = 1
        self.read_numbers: list[int] = []
        self.closed = 0
        self.opened.append(self)

    def read(self, number: int) -> NDArray[np.uint8]:
        assert not self.closed
        if self.clip.cid == "EF_GONE":
            raise ClipError(self.clip.path, "is no longer there")
        self.read_numbers.append(number)
        return np.full((self.clip.height, self.clip.width, 4), number, np.uint8)

    def close(self) -> None:
        self.closed += 1


@pytest.fixture(autouse=True)
def readers(monkeypatch: pytest.MonkeyPatch) -> list[Reader]:
    monkeypatch.setattr(sources, "ClipReader", Reader)
    monkeypatch.setattr(Reader, "opened", [], raising=False)
    return Reader.opened


@pytest.fixture(scope="module")
def parts() -> tuple[PreparedPart, ...]:
    return prepare(AVATAR)


def clip(cid: str = "EF_1", frame_count: int = 40) -> Clip:
    rect = (0.0, 0.0, 1.0, 1.0)
    return Clip(cid, Path(f"{cid}.webm"), 31, 20, 25.0, frame_count, "alpha", rect, "face")


# Sources


def test_pages_of_an_avatar_are_its_parts_arrays(parts: tuple[PreparedPart, ...]) -> None:
    made = Sources()
    serial = made.add_avatar(parts)
    page = TexturePage(serial, FACE, 3)
    np.testing.assert_array_equal(made.texture(page), parts[FACE].textures[3])
    normals = made.normals(page)
    assert normals is not None
    assert normals.shape == (*parts[FACE].level_sizes[3], 2)
    assert made.normals(TexturePage(serial, 0, 0)) is None
    residual = made.residual(ResidualPage(serial, FACE, 1))
    np.testing.assert_array_equal(residual, parts[FACE].residuals[1])


def test_serial_numbers_are_never_given_twice(parts: tuple[PreparedPart, ...]) -> None:
    made = Sources()
    serials = [made.add_avatar(parts), made.add_clip(clip()), made.add_avatar(parts)]
    made.drop(serials[0])
    serials.append(made.add_avatar(parts))
    assert len(set(serials)) == 4
    with pytest.raises(KeyError):
        made.texture(TexturePage(serials[0], 0, 0))


def test_frames_of_half_the_size_are_resampled(readers: list[Reader]) -> None:
    made = Sources()
    serial = made.add_clip(clip())
    whole, half = (made.frame(FramePage(serial, tier, 7)) for tier in (False, True))
    assert (whole.shape, half.shape) == ((20, 31, 4), (10, 15, 4))
    assert (half == 7).all()
    for tier in (False, True):
        page = FramePage(serial, tier, 7)
        assert made.frame(page).shape[:2] == made.frame_size(page)
    assert len(readers) == 1


def test_few_files_are_open_at_a_time(readers: list[Reader]) -> None:
    made = Sources()
    serials = [made.add_clip(clip(f"EF_{k}")) for k in range(12)]
    for serial in serials:
        made.frame(FramePage(serial, half=False, number=0))
    assert [one.closed for one in readers] == [1] * 4 + [0] * 8
    made.frame(FramePage(serials[4], half=False, number=1))
    made.frame(FramePage(serials[0], half=False, number=1))
    assert [one.closed for one in readers] == [1] * 4 + [0, 1] + [0] * 7
    made.drop(serials[11])
    assert readers[11].closed == 1
    with pytest.raises(KeyError):
        made.frame(FramePage(serials[11], half=False, number=0))
    made.close()
    made.close()
    assert all(one.closed == 1 for one in readers)


def test_clip_read_at_many_places_leaves_room_for_fewer_others(readers: list[Reader]) -> None:
    made = Sources()
    serials = [made.add_clip(clip(f"EF_{k}")) for k in range(4)]
    for serial in serials:
        made.frame(FramePage(serial, half=False, number=0))
    for open_files, closed in ((5, [0, 0, 0, 0]), (6, [1, 0, 0, 0]), (9, [1, 1, 1, 0])):
        readers[3].open_files = open_files
        made.frame(FramePage(serials[3], half=False, number=1))
        assert [one.closed for one in readers] == closed


# What stays


def test_floor_is_one_coarse_level_of_each_part(parts: tuple[PreparedPart, ...]) -> None:
    floors = floor_pages(9, parts)
    assert [page.part for page in floors] == list(range(len(parts)))
    for page, part in zip(floors, parts, strict=True):
        assert max(part.level_sizes[page.level]) <= 96
        assert page.level == 0 or max(part.level_sizes[page.level - 1]) > 96


def test_core_is_in_the_order_of_its_names(parts: tuple[PreparedPart, ...]) -> None:
    rows = parts[FACE].residual_rows
    pages = core_pages(9, parts, ("b04", "nobody", "b01", "b00"))
    assert pages == [ResidualPage(9, FACE, rows["b04"]), ResidualPage(9, FACE, rows["b00"])]


def test_nearest_level_is_tried_first_and_the_finer_of_two() -> None:
    assert nearest_levels(2, 6) == [1, 3, 0, 4, 5]
    assert nearest_levels(0, 3) == [1, 2]
    assert nearest_levels(0, 1) == []


# The library


def library(budget: int = BUDGET, *, background: bool = False) -> Library[Stored, Stored]:
    return Library(NumbaStore, CacheOptions(budget, background=background, clip_frames=8))


def loaded(made: Library[Stored, Stored], *core: str) -> int:
    return made.load(AVATAR.name, AVATAR.canvas_px, prepare(AVATAR), core).serial


def test_coarsest_pictures_and_the_core_stay() -> None:
    made = library()
    serial = loaded(made, "b02", "b06")
    parts = prepare(AVATAR)
    core = core_pages(serial, parts, ("b02", "b06"))
    kept: list[Page] = [*floor_pages(serial, parts), *core]
    assert all(page in made.cache for page in kept)
    stats = made.cache.stats()
    assert stats.pinned_bytes == stats.resident_bytes > 0
    assert stats.pages == len(parts) + 2


def test_avatar_that_does_not_even_fit_coarse_is_refused_and_the_old_one_stays() -> None:
    parts = prepare(AVATAR)
    probe = library()
    loaded(probe)
    need = probe.cache.stats().pinned_bytes
    made = library(need - 1)
    with pytest.raises(RenderError, match=rf"'synthetic'.*{need / 1e6:.1f} MB, and others hold"):
        loaded(made)
    assert made.cache.stats().pages == 0
    made = library(need)
    serial = loaded(made, "b00")  # has no room
    assert ResidualPage(serial, FACE, 0) not in made.cache
    with pytest.raises(RenderError):
        made.load(AVATAR.name, AVATAR.canvas_px, prepare(synthetic_avatar(0.5)), ())
    assert all(page in made.cache for page in floor_pages(serial, parts))
    assert made.cache.stats().short


def test_replaced_avatar_leaves_nothing_behind() -> None:
    made = library()
    first = loaded(made, "b00")
    before = made.cache.stats()
    other = prepare(synthetic_avatar(0.5))
    assert made.load(AVATAR.name, AVATAR.canvas_px, other, ("b00",)).serial != first
    after = made.cache.stats()
    assert (after.pages, after.pinned_bytes) == (before.pages, before.pinned_bytes)


def test_avatar_that_is_there_keeps_its_pages_and_gets_more_core() -> None:
    made = library()
    first = loaded(made, "b00")
    uploads = made.cache.stats().uploads
    assert loaded(made, "b02") == first
    rows = prepare(AVATAR)[FACE].residual_rows
    for name in ("b00", "b02"):
        assert ResidualPage(first, FACE, rows[name]) in made.cache
    assert made.cache.stats().uploads == uploads + 1


def drained(made: Library[Stored, Stored]) -> None:
    """Takes in what was asked for; the loader fetches when it is asked for what has come."""
    made.cache.begin_tick()
    made.cache.begin_tick()


@pytest.fixture
def wishing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Library[Stored, Stored]]:
    """A library whose loader fetches wishes too, at the next tick."""

    class Wishing(InlineLoader[Stored]):
        def request(self, page: object, *, urgent: bool) -> None:
            super().request(page, urgent=True)  # type: ignore[arg-type] # any page

    monkeypatch.setattr("compositor.cache.BackgroundLoader", Wishing)
    made = library(background=True)
    yield made
    made.close()


def test_all_residuals_are_fetched_once_an_avatar_is_there(
    wishing: Library[Stored, Stored],
) -> None:
    serial = loaded(wishing)
    drained(wishing)
    rows = prepare(AVATAR)[FACE].residual_rows.values()
    assert all(ResidualPage(serial, FACE, row) in wishing.cache for row in rows)


def test_wishes_are_residuals_and_the_first_frames(wishing: Library[Stored, Stored]) -> None:
    wishing.load_clip(clip(frame_count=5))
    wishing.load_clip(clip("EF_2"))
    wishing.prefetch(Wanted("nobody", ("b00",), ("EF_1", "EF_NONE", "EF_2"), half_clips=True))
    drained(wishing)
    one, other = wishing.clip("EF_1"), wishing.clip("EF_2")
    assert one is not None
    assert other is not None
    for number in range(5):
        assert FramePage(one.serial, half=True, number=number) in wishing.cache
    assert FramePage(one.serial, half=False, number=0) not in wishing.cache
    assert FramePage(other.serial, half=True, number=7) in wishing.cache
    assert FramePage(other.serial, half=True, number=8) not in wishing.cache


def test_what_follows_a_frame_is_fetched_before_it_is_needed(
    wishing: Library[Stored, Stored],
) -> None:
    wishing.load_clip(clip())
    found = wishing.clip("EF_1")
    assert found is not None
    assert wishing.frame(found, 10, half=False) is None
    drained(wishing)
    for number in range(10, 15):
        assert FramePage(found.serial, half=False, number=number) in wishing.cache
    assert FramePage(found.serial, half=False, number=15) not in wishing.cache


def test_missed_frame_shows_an_earlier_one_and_then_the_other_size(
    wishing: Library[Stored, Stored],
) -> None:
    wishing.load_clip(clip())
    found = wishing.clip("EF_1")
    assert found is not None

    def shown(number: int, *, half: bool) -> tuple[int, int] | None:
        """Width and number of the frame that is shown."""
        texture = wishing.frame(found, number, half=half)
        assert texture is None or isinstance(texture, np.ndarray)
        return None if texture is None else (texture.shape[1] - 4, int(texture[9, 9]) & 255)

    wishing.frame(found, 10, half=False)
    drained(wishing)
    assert shown(17, half=False) == (31, 14)
    assert shown(9, half=False) is None
    assert shown(12, half=True) == (31, 12)
    assert shown(38, half=False) is None
    drained(wishing)
    assert shown(17, half=False) == (31, 17)
    assert shown(12, half=True) == (15, 12)


def test_frame_beyond_the_clip_is_its_last(readers: list[Reader]) -> None:
    made = library()
    made.load_clip(clip(frame_count=5))
    found = made.clip("EF_1")
    assert found is not None
    assert made.frame(found, 9, half=False) is not None
    assert readers[0].read_numbers == [4]


def test_replaced_clip_shows_its_own_frames(readers: list[Reader]) -> None:
    made = library()
    for _ in range(2):
        made.load_clip(clip())
        found = made.clip("EF_1")
        assert found is not None
        made.frame(found, 3, half=False)
    assert [one.read_numbers for one in readers] == [[3], [3]]
    assert readers[0].closed == 1
    assert made.cache.stats().pages == 1


def test_clip_that_cannot_be_read_is_named_once() -> None:
    made = library()
    made.load_clip(clip("EF_GONE"))
    found = made.clip("EF_GONE")
    assert found is not None
    for number in range(4):
        assert made.frame(found, number, half=False) is None
    assert made.failures() == ["frame 0 of clip 'EF_GONE': clip EF_GONE.webm: is no longer there"]
    assert made.failures() == []


def test_viewers_of_one_clip_leave_each_other_their_frames(
    wishing: Library[Stored, Stored],
) -> None:
    made = Library(NumbaStore, CacheOptions(BUDGET, background=True))
    made.load_clip(replace(clip(frame_count=64), loop_frames=64))
    found = made.clip("EF_1")
    assert found is not None
    misses: list[int] = []
    for tick in range(96):
        made.cache.begin_tick()
        for viewer in range(3):
            made.frame(found, (tick + 16 * viewer) % 64, half=False)
        misses.append(made.cache.stats().misses)
    assert misses[-1] == misses[8]
    made.close()


def test_clip_too_large_for_the_store_is_fetched_and_drawn_at_half_its_size(
    wishing: Library[Stored, Stored], monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_half(_: NumbaStore, page: Page) -> bool:
        return isinstance(page, FramePage) and page.half

    monkeypatch.setattr(NumbaStore, "fits", is_half)
    wishing.load_clip(clip())
    found = wishing.clip("EF_1")
    assert found is not None
    wishing.prefetch(Wanted("nobody", (), ("EF_1",), half_clips=False))
    drained(wishing)
    assert FramePage(found.serial, half=True, number=0) in wishing.cache
    assert FramePage(found.serial, half=False, number=0) not in wishing.cache
    texture = wishing.frame(found, 0, half=False)
    assert isinstance(texture, np.ndarray)
    assert texture.shape[1] - 4 == 15
    assert wishing.cache.stats().misses == 0


# What the CPU makes of them


def test_pages_take_what_the_store_says() -> None:
    made = Sources()
    serial = made.add_avatar(prepare(AVATAR))
    store = NumbaStore(made, CacheOptions())
    lit = TexturePage(serial, FACE, 2)
    level = store.fetch(lit)
    assert isinstance(level, TextureLevel)
    level.retouched(np.zeros((48, 48, 3), np.float32))
    level.relit(level.texture, np.zeros((3, 9), np.float32))
    held = [value for value in vars(level).values() if isinstance(value, np.ndarray)]
    assert sum(array.nbytes for array in held) == store.size_bytes(lit)
    plain = TexturePage(serial, 0, 2)
    level = store.fetch(plain)
    assert isinstance(level, TextureLevel)
    assert level.texture.nbytes + level.texels.nbytes == store.size_bytes(plain)
    residual = ResidualPage(serial, FACE, 1)
    patch = store.fetch(residual)
    assert isinstance(patch, Patch)
    assert patch.residual.nbytes == store.size_bytes(residual)
    frame = FramePage(made.add_clip(clip()), half=True, number=3)
    texture = store.fetch(frame)
    assert isinstance(texture, np.ndarray)
    assert texture.nbytes == store.size_bytes(frame)
    assert store.group(frame) == ((frame.clip, True), CacheOptions().clip_frames)
    assert store.group(lit) is None
