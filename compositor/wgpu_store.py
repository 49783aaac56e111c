"""Where the GPU backend's pages lie: pictures in the atlas, residuals in a buffer of words."""

import numpy as np
from numpy.typing import NDArray

from compositor.errors import RenderError
from compositor.mapped import give_back
from compositor.pages import CacheOptions, FramePage, Page, ResidualPage, TexturePage
from compositor.sources import Sources
from compositor.wgpu_atlas import Atlas, Picture, Place, bordered
from compositor.wgpu_words import WORD_BYTES, Run, Words, word_count, words_of

__all__ = ["Fetched", "GpuPages", "Stored"]

Fetched = Picture | NDArray[np.uint32]
Stored = Place | Run


class GpuPages:
    """The pages of all avatars and clips; a `compositor.pages.PageStore`.

    What the pages in both take together is what the cache counts. Places are cut from memory that
    is never given back, of which each of the two may come to have as much as the budget allows.

    Args:
        atlas: Holds textures, their normals, and frames of clips.
        words: Holds residuals.
        sources: Where they come from.
        options: Of the cache.
    """

    def __init__(self, atlas: Atlas, words: Words, sources: Sources, options: CacheOptions) -> None:
        self._atlas = atlas
        self._words = words
        self._sources = sources
        self._clip_frames = options.clip_frames

    def size_bytes(self, page: Page) -> int:
        """See `PageStore.size_bytes`."""
        if isinstance(page, ResidualPage):
            return word_count(self._sources.part(page).residual_boxes[page.row]) * WORD_BYTES
        return self._atlas.size_bytes(self._picture_size(page))

    def fits(self, page: Page) -> bool:
        """See `PageStore.fits`: a picture lies on one layer of the atlas."""
        return isinstance(page, ResidualPage) or self._atlas.fits(self._picture_size(page))

    def group(self, page: Page) -> tuple[object, int] | None:
        """See `PageStore.group`."""
        if isinstance(page, FramePage):
            return (page.clip, page.half), self._clip_frames
        return None

    def pool(self, page: Page) -> object:
        """See `PageStore.pool`."""
        return self._words if isinstance(page, ResidualPage) else self._atlas

    def fetch(self, page: Page) -> Fetched:
        """See `PageStore.fetch`.

        Raises:
            ClipError: The clip's file cannot be read.
            KeyError: The avatar or the clip has been dropped.
            RenderError: It is larger than a layer of the atlas.
        """
        if isinstance(page, ResidualPage):
            residual = self._sources.residual(page)
            words = words_of(residual, self._sources.part(page).residual_boxes[page.row])
            give_back(residual)
            return words
        if not self.fits(page):
            height, width = self._picture_size(page)
            raise RenderError(f"a picture of {width} x {height} fits no layer of the atlas")
        if isinstance(page, TexturePage):
            picture = bordered(self._sources.texture(page), self._sources.normals(page))
            part = self._sources.part(page).part
            give_back(part.texture)
            if part.normals is not None:
                give_back(part.normals)
            return picture
        return bordered(self._sources.frame(page), None)

    def upload(self, page: Page, fetched: Fetched) -> Stored:  # noqa: ARG002 - of the protocol
        """See `PageStore.upload`."""
        if isinstance(fetched, Picture):
            return self._atlas.put(fetched)
        return self._words.put(fetched)

    def free(self, page: Page, stored: Stored) -> None:  # noqa: ARG002 - of the protocol
        """See `PageStore.free`."""
        if isinstance(stored, Place):
            self._atlas.free(stored)
        else:
            self._words.free(stored)

    def _picture_size(self, page: TexturePage | FramePage) -> tuple[int, int]:
        """Height and width."""
        if isinstance(page, FramePage):
            return self._sources.frame_size(page)
        return self._sources.part(page).level_sizes[page.level]
