"""Where pages come from: the avatars and clips that a backend has loaded.

The same for both backends. A serial number names each avatar and clip, so that what was fetched
of one that has been replaced is never taken for the new one's.
"""

import itertools
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from capsules.clip import Clip, ClipReader
from compositor.cache import TextureCache
from compositor.levels import floor_level, resample
from compositor.pages import FramePage, ResidualPage, TexturePage
from compositor.prepared import PreparedPart

__all__ = ["Sources", "core_pages", "floor_pages", "nearest_levels", "wanted_or_nearest"]

Fetched = TypeVar("Fetched")
Stored = TypeVar("Stored")

_MOST_FILES = 8  # of clips kept open; a decoder takes 16 MB at 1024x1024


class Sources:
    """Avatars and clips by serial number. Its methods may be called from any thread."""

    def __init__(self) -> None:
        self._serials = itertools.count(1)
        self._parts: dict[int, tuple[PreparedPart, ...]] = {}
        self._clips: dict[int, Clip] = {}
        self._readers: OrderedDict[int, ClipReader] = OrderedDict()
        self._reading = threading.Lock()  # by whom frames are decoded, however long it takes
        self._guard = threading.Lock()  # of clips and readers, and never for long

    def add_avatar(self, parts: tuple[PreparedPart, ...]) -> int:
        """Takes in an avatar's parts; its serial number."""
        serial = next(self._serials)
        self._parts[serial] = parts
        return serial

    def add_clip(self, clip: Clip) -> int:
        """Takes in a clip; its serial number."""
        serial = next(self._serials)
        with self._guard:
            self._clips[serial] = clip
        return serial

    def drop(self, serial: int) -> None:
        """Forgets an avatar or a clip; a frame of it that is being read is given up."""
        self._parts.pop(serial, None)
        with self._guard:
            self._clips.pop(serial, None)
            reader = self._readers.pop(serial, None)
        if reader is not None:
            reader.close()

    def close(self) -> None:
        """Forgets everything; safe twice."""
        for serial in (*self._parts, *self._clips):
            self.drop(serial)

    def part(self, page: TexturePage | ResidualPage) -> PreparedPart:
        """The part that a page is of.

        Raises:
            KeyError: Its avatar has been dropped.
        """
        return self._parts[page.avatar][page.part]

    def texture(self, page: TexturePage) -> NDArray[np.uint8]:
        """Premultiplied RGBA (h, w, 4)."""
        return self.part(page).textures[page.level]

    def normals(self, page: TexturePage) -> NDArray[np.int8] | None:
        """Normals' x and y (h, w, 2), as large as the texture; None for an unlit part."""
        normals = self.part(page).normals
        return normals[page.level] if normals else None

    def residual(self, page: ResidualPage) -> NDArray[np.int8]:
        """The residual (h, w, 3)."""
        residual: NDArray[np.int8] = self.part(page).residuals[page.row]
        return residual

    def frame(self, page: FramePage) -> NDArray[np.uint8]:
        """Premultiplied RGBA (h, w, 4).

        Raises:
            ClipError: The file cannot be read, or the clip has been dropped meanwhile.
            KeyError: The clip has been dropped.
        """
        with self._reading:
            picture = self._reader(page.clip).read(page.number)
            self._close_surplus()
        return resample(picture, self.frame_size(page))

    def frame_size(self, page: FramePage) -> tuple[int, int]:
        """Height and width of a frame."""
        clip = self._clips[page.clip]
        if not page.half:
            return clip.height, clip.width
        return max(1, clip.height // 2), max(1, clip.width // 2)

    def _reader(self, serial: int) -> ClipReader:
        with self._guard:
            reader = self._readers.get(serial)
            if reader is None:
                reader = self._readers[serial] = ClipReader(self._clips[serial])
            self._readers.move_to_end(serial)
            return reader

    def _close_surplus(self) -> None:
        """Closes the clips read longest ago, while too many files are open."""
        surplus: list[ClipReader] = []
        with self._guard:
            open_files = sum(reader.open_files for reader in self._readers.values())
            while open_files > _MOST_FILES and len(self._readers) > 1:
                _, reader = self._readers.popitem(last=False)
                open_files -= reader.open_files
                surplus.append(reader)
        for reader in surplus:
            reader.close()


def floor_pages(serial: int, parts: Sequence[PreparedPart]) -> list[TexturePage]:
    """One coarse level of each part: with them resident, there always is a picture."""
    floors = (floor_level(part.level_sizes) for part in parts)
    return [TexturePage(serial, number, level) for number, level in enumerate(floors)]


def core_pages(
    serial: int, parts: Sequence[PreparedPart], names: Sequence[str]
) -> list[ResidualPage]:
    """The residuals of bases, in the order of the names; parts that know none are left out."""
    rows: list[Mapping[str, int]] = [part.residual_rows for part in parts]
    return [
        ResidualPage(serial, number, of_part[name])
        for name in names
        for number, of_part in enumerate(rows)
        if name in of_part
    ]


def nearest_levels(wanted: int, count: int) -> list[int]:
    """The levels to show instead of one that is missing, the best first; finer before coarser."""
    others = (level for level in range(count) if level != wanted)
    return sorted(others, key=lambda level: (abs(level - wanted), level))


def wanted_or_nearest(
    cache: TextureCache[Fetched, Stored], wanted: TexturePage, count: int
) -> tuple[TexturePage, Stored] | None:
    """A texture level; while it is missed, the nearest that is there.

    On the way, levels of half, a quarter and so on of the size are asked for: they may fit where
    the wanted one does not.

    Args:
        cache: Where levels are.
        wanted: The level.
        count: Levels of its part.

    Returns:
        The level that is there, and what is stored of it; None: there is none.
    """
    found = cache.get(wanted)
    if found is not None:
        return wanted, found
    for level in nearest_levels(wanted.level, count):
        other = TexturePage(wanted.avatar, wanted.part, level)
        is_half = level > wanted.level and (level - wanted.level) % 2 == 0
        found = cache.get(other) if is_half else cache.instead(other)
        if found is not None:
            return other, found
    return None
