"""From what an avatar's batches want to what is resident of it."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from compositor.cache import TextureCache
from compositor.library import LoadedAvatar
from compositor.pages import ResidualPage, TexturePage
from compositor.sources import wanted_or_nearest
from compositor.wgpu_atlas import Atlas, Place
from compositor.wgpu_records import LEVEL_DTYPE, NOT_DRAWN, LevelRecord
from compositor.wgpu_store import Fetched, Stored
from compositor.wgpu_words import Run

__all__ = ["AvatarPages"]

_Ints = NDArray[np.int64]


class AvatarPages:
    """Where an avatar's pages lie, for a batch at a time.

    Levels and residuals are numbered part by part, as the planner does.

    Args:
        cache: Where its pages are.
        atlas: Which tells how large a texture may be.
        avatar: The avatar.
    """

    def __init__(
        self, cache: TextureCache[Fetched, Stored], atlas: Atlas, avatar: LoadedAvatar
    ) -> None:
        serial, parts = avatar.serial, avatar.parts
        self._cache = cache
        self._counts = [len(part.level_sizes) for part in parts]
        self._levels = [
            TexturePage(serial, number, level)
            for number, count in enumerate(self._counts)
            for level in range(count)
        ]
        self._residuals = [
            ResidualPage(serial, number, row)
            for number, part in enumerate(parts)
            for row in part.residual_rows.values()
        ]
        self._shown = np.array(list(_that_fit(avatar, atlas)), np.int64)
        self._records = np.zeros(len(self._levels), LEVEL_DTYPE)
        self._found: list[LevelRecord | None] = [None] * len(self._levels)

    def levels(self, wanted: _Ints) -> NDArray[np.void]:
        """`LEVEL_DTYPE` of the texture levels, or of the nearest that are resident.

        Args:
            wanted: Numbers of levels, of any shape.
        """
        shown = self._shown[wanted]
        is_wanted = np.zeros(len(self._levels), np.bool_)
        is_wanted[shown] = True
        for number in np.flatnonzero(is_wanted).tolist():
            found = self._level(number)
            if found is not self._found[number]:  # few change from tick to tick
                self._found[number] = found
                self._records[number] = found
        records: NDArray[np.void] = self._records[shown]
        return records

    def residuals(self, wanted: _Ints) -> _Ints:
        """The first words of residuals; -1 for those that are not resident.

        Args:
            wanted: Numbers of residuals, each once.
        """
        found = (self._cache.get(self._residuals[number]) for number in wanted.tolist())
        return np.array([one.first if isinstance(one, Run) else -1 for one in found], np.int64)

    def _level(self, number: int) -> LevelRecord:
        page = self._levels[number]
        shown = wanted_or_nearest(self._cache, page, self._counts[page.part])
        found = None if shown is None else shown[1]
        return found.level if isinstance(found, Place) else NOT_DRAWN


def _that_fit(avatar: LoadedAvatar, atlas: Atlas) -> Iterator[int]:
    """For each level of each part its own number, or that of the finest that fits a layer."""
    first = 0
    for part in avatar.parts:
        count = len(part.level_sizes)
        finest = next((k for k, size in enumerate(part.level_sizes) if atlas.fits(size)), count - 1)
        yield from (first + max(level, finest) for level in range(count))
        first += count
