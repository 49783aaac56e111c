"""The avatars and clips that a backend has loaded, and the cache of their pages."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from capsules.clip import Clip
from compositor.backend import Wanted
from compositor.cache import TextureCache
from compositor.errors import RenderError
from compositor.pages import (
    MEGABYTE,
    CacheOptions,
    FramePage,
    Page,
    PageStore,
    ResidualPage,
    TexturePage,
)
from compositor.prepared import PreparedPart
from compositor.sources import Sources, core_pages, floor_pages

__all__ = ["Library", "LoadedAvatar", "LoadedClip"]

_FIRST_FRAMES = 8  # of a clip that may begin
_AHEAD = 4  # frames; one comes in a few ms, and viewers of one clip share what it may hold

Fetched = TypeVar("Fetched")
Stored = TypeVar("Stored")


@dataclass(frozen=True, slots=True)
class LoadedAvatar:
    """An avatar that a backend has taken in.

    Attributes:
        serial: Its serial number, which no other has or had.
        name: Its name.
        canvas_px: Side of its canvas.
        parts: Its parts.
    """

    serial: int
    name: str
    canvas_px: int
    parts: tuple[PreparedPart, ...]


@dataclass(frozen=True, slots=True)
class LoadedClip:
    """A clip that a backend has taken in.

    Attributes:
        serial: Its serial number, which no other has or had.
        clip: The clip.
        fits_whole: Whether frames of full size can be resident; else those of half of it are used.
    """

    serial: int
    clip: Clip
    fits_whole: bool


class Library(Generic[Fetched, Stored]):
    """Loaded avatars and clips by name. The compositor's thread makes every call.

    Args:
        make_store: Makes the store of the backend's pages.
        options: Of the cache.

    Attributes:
        cache: Their pages.
    """

    def __init__(
        self,
        make_store: Callable[[Sources, CacheOptions], PageStore[Fetched, Stored]],
        options: CacheOptions,
    ) -> None:
        self._options = options
        self._sources = Sources()
        self._store = make_store(self._sources, options)
        self.cache: TextureCache[Fetched, Stored] = TextureCache(self._store, options)
        self._avatars: dict[str, LoadedAvatar] = {}
        self._clips: dict[str, LoadedClip] = {}
        self._last: dict[tuple[int, bool], int] = {}  # frame of each clip and tier
        self._broken: set[int] = set()  # clips that have failed

    def load(
        self, name: str, canvas_px: int, parts: tuple[PreparedPart, ...], core: Iterable[str]
    ) -> LoadedAvatar:
        """Takes in an avatar in place of one of the same name.

        Its coarsest pictures stay resident, and its core as far as it fits. Of one that is there
        already, the core stays beside what stayed before.

        Raises:
            RenderError: The coarsest pictures do not fit; what there was is kept.
        """
        core = tuple(core)
        replaced = self._avatars.get(name)
        if replaced is not None and _is_of(replaced, canvas_px, parts):
            self.cache.pin(core_pages(replaced.serial, parts, core))
            return replaced
        loaded = LoadedAvatar(self._sources.add_avatar(parts), name, canvas_px, parts)
        floors = floor_pages(loaded.serial, parts)
        if self.cache.pin(floors):
            need_bytes = sum(self._store.size_bytes(page) for page in floors)
            self._drop(loaded.serial)
            taken_bytes = self.cache.stats().pinned_bytes
            raise RenderError(
                f"avatar {name!r} does not fit the texture cache: even coarse it takes "
                f"{need_bytes / MEGABYTE:.1f} MB, and others hold {taken_bytes / MEGABYTE:.1f} MB "
                f"of {self._options.budget_bytes / MEGABYTE:.1f} MB"
            )
        self.cache.pin(core_pages(loaded.serial, parts, core))
        self.cache.prefetch(_residual_pages(loaded))
        self._avatars[name] = loaded
        if replaced is not None:
            self._drop(replaced.serial)
        return loaded

    def load_clip(self, clip: Clip) -> None:
        """Makes a clip known in place of one of the same id."""
        replaced = self._clips.get(clip.cid)
        serial = self._sources.add_clip(clip)
        fits_whole = self._store.fits(FramePage(serial, half=False, number=0))
        self._clips[clip.cid] = LoadedClip(serial, clip, fits_whole)
        if replaced is not None:
            self._drop(replaced.serial)

    def clip(self, cid: str) -> LoadedClip | None:
        """The clip of that id; None: it was not loaded."""
        return self._clips.get(cid)

    def prefetch(self, wanted: Wanted) -> None:
        """See `Compositor.prefetch`."""
        avatar = self._avatars.get(wanted.avatar)
        if avatar is not None:
            self.cache.prefetch(core_pages(avatar.serial, avatar.parts, wanted.bases))
        for cid in wanted.clips:
            found = self._clips.get(cid)
            if found is not None:
                half = wanted.half_clips or not found.fits_whole
                self.cache.prefetch(_frames(found, 0, _FIRST_FRAMES, half=half))

    def frame(self, loaded: LoadedClip, number: int, *, half: bool) -> Stored | None:
        """A frame of a clip; while it is missed, an earlier one or one of the other size.

        What follows is fetched before it is needed. None: there is nothing to show.

        Args:
            loaded: The clip.
            number: Of the frame, from 0.
            half: Whether frames of half the size will do; where others do not fit, they must.
        """
        half = half or not loaded.fits_whole
        number = min(max(number, 0), loaded.clip.frame_count - 1)
        page = FramePage(loaded.serial, half, number)
        found = self.cache.get(page)
        if self._last.get((loaded.serial, half)) != number:
            self._last[loaded.serial, half] = number
            ahead = min(_AHEAD, self._options.clip_frames // 2)
            self.cache.prefetch(_frames(loaded, number + 1, ahead, half=half))
        if found is not None:
            return found
        others = map(self.cache.instead, _instead(loaded.clip, page, self._options.clip_frames))
        return next((other for other in others if other is not None), None)

    def failures(self) -> list[str]:
        """See `Compositor.cache_failures`; of a clip, the first: a file that is gone has many."""
        found: list[str] = []
        for page, error in self.cache.failures():
            if isinstance(page, FramePage):
                if page.clip in self._broken:
                    continue
                self._broken.add(page.clip)
            found.append(f"{self._named(page)}: {error}")
        return found

    def close(self) -> None:
        """Frees everything and ends the loader's thread; safe twice."""
        self._sources.close()  # first: the loader's thread may be far from done with a frame
        self.cache.close()
        self._avatars.clear()
        self._clips.clear()

    def _drop(self, serial: int) -> None:
        self.cache.forget(lambda page: _serial(page) == serial)
        self._sources.drop(serial)
        for key in [key for key in self._last if key[0] == serial]:
            del self._last[key]
        self._broken.discard(serial)

    def _named(self, page: Page) -> str:
        """A page for people to read."""
        if isinstance(page, FramePage):
            names = [cid for cid, one in self._clips.items() if one.serial == page.clip]
            return f"frame {page.number} of clip {''.join(names)!r}"
        avatar = next((one for one in self._avatars.values() if one.serial == page.avatar), None)
        part = "" if avatar is None else avatar.parts[page.part].part.name
        what = f"level {page.level}" if isinstance(page, TexturePage) else f"residual {page.row}"
        return f"{what} of part {part!r} of avatar {'' if avatar is None else avatar.name!r}"


def _is_of(avatar: LoadedAvatar, canvas_px: int, parts: tuple[PreparedPart, ...]) -> bool:
    """Whether an avatar is made of these very parts."""
    pairs = zip(avatar.parts, parts, strict=False)
    alike = avatar.canvas_px == canvas_px and len(avatar.parts) == len(parts)
    return alike and all(one is other for one, other in pairs)


def _residual_pages(avatar: LoadedAvatar) -> Iterator[ResidualPage]:
    for number, part in enumerate(avatar.parts):
        for row in range(len(part.residual_rows)):
            yield ResidualPage(avatar.serial, number, row)


def _frames(loaded: LoadedClip, first: int, count: int, *, half: bool) -> Iterator[FramePage]:
    length = loaded.clip.loop_frames or loaded.clip.frame_count
    for number in range(first, first + min(count, length)):
        if number < length or loaded.clip.loop_frames:
            yield FramePage(loaded.serial, half, number % length)


def _instead(clip: Clip, page: FramePage, reach: int) -> Iterator[FramePage]:
    """What is shown for a frame that is missing, the best first; no further back than `reach`.

    Before the first frame of a loop comes its last.
    """
    length = clip.loop_frames or clip.frame_count
    furthest = min(reach, length - 1 if clip.loop_frames else page.number)
    for half, nearest in ((page.half, 1), (not page.half, 0)):
        for back in range(nearest, furthest + 1):
            number = page.number - back
            yield FramePage(page.clip, half, number if number >= 0 else number + length)


def _serial(page: Page) -> int:
    return page.clip if isinstance(page, FramePage) else page.avatar
