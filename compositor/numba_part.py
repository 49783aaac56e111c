"""One part of an avatar on the CPU: its mesh, what it is drawn with, and its working buffers."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from compositor import kernels
from compositor.cache import TextureCache
from compositor.errors import RenderError
from compositor.light import irradiance_polynomial
from compositor.numba_pages import Patch, Stored, Texture, TextureLevel
from compositor.pages import Page, ResidualPage, TexturePage
from compositor.prepared import PartPlan, PreparedPart
from compositor.sources import wanted_or_nearest

__all__ = ["NumbaPart", "Picture"]

Picture = NDArray[np.uint32]
"""A picture (h, w); see `compositor.kernels`."""

Cache = TextureCache[Stored, Stored]


class NumbaPart:
    """A part and its working buffers.

    Args:
        prepared: The part.
        avatar: Serial number of its avatar.
        number: Its position.
        cache: Where its textures and residuals are.
    """

    def __init__(self, prepared: PreparedPart, avatar: int, number: int, cache: Cache) -> None:
        part = prepared.part
        # Copies, since numba would compile its kernels anew for arrays that are read-only.
        self._rest = np.array(part.vertices, np.float32, order="C")
        self._triangles = np.array(part.triangles, np.int32, order="C")
        self._deltas = prepared.deltas.astype(np.float32)
        self._placed = self._rest.copy()
        self._points = np.zeros(self._rest.shape, np.float64)
        self._residual = np.zeros(prepared.residuals.shape[1:], np.float32)
        self._cache = cache
        count = len(prepared.level_sizes)
        self._levels = [TexturePage(avatar, number, level) for level in range(count)]
        self._patches = [
            ResidualPage(avatar, number, row) for row in range(len(prepared.residuals))
        ]
        self._level: TextureLevel | None = None
        self._shown: tuple[Page, ...] = ()
        self._is_retouched = False

    def accumulate(self, asked: PartPlan) -> None:
        """Sums the active bases, and places the vertices in frame pixels; `draw` draws them."""
        placed = self._rest
        if asked.deltas:
            placed = self._placed
            kernels.accumulate(self._rest, self._deltas, *_columns(asked.deltas), placed)
        m = asked.matrix
        kernels.transform(placed, m.a, m.b, m.c, m.d, m.e, m.f, self._points)
        level, self._level = self._nearest(asked.level)
        self._shown = (level, *self._sum_residuals(asked.residuals))

    @property
    def shown(self) -> tuple[Page, ...]:
        """What of the part is resident, of what was accumulated: its level and residuals."""
        return self._shown

    def draw(self, picture: Picture, asked: PartPlan, sh: tuple[float, ...]) -> None:
        """Draws the part, as it was accumulated, over a picture."""
        level, self._level = self._level, None  # which may be evicted before the next frame
        if level is None:
            return
        texture = self._shade(level, asked, sh)
        kernels.draw(picture, self._points, level.texels, self._triangles, texture)

    def _nearest(self, wanted: int) -> tuple[Page, TextureLevel]:
        """The level that is wanted; while it is missed, the nearest that is there."""
        shown = wanted_or_nearest(self._cache, self._levels[wanted], len(self._levels))
        if shown is not None:
            page, found = shown
            if isinstance(found, TextureLevel):
                return page, found
        raise RenderError(f"no level of {self._levels[wanted]} is resident")

    def _sum_residuals(self, asked: Sequence[tuple[int, float]]) -> list[Page]:
        """Sums the residuals that are there; a missed one comes in a later frame."""
        shown: list[Page] = []
        for row, weight in asked:
            page = self._patches[row]
            patch = self._cache.get(page)
            if not isinstance(patch, Patch):
                continue
            if not shown:
                self._residual.fill(0.0)
            shown.append(page)
            if patch.residual.size:
                kernels.add_residual(patch.residual, patch.top, patch.left, weight, self._residual)
        self._is_retouched = bool(shown)
        return shown

    def _shade(self, level: TextureLevel, asked: PartPlan, sh: tuple[float, ...]) -> Texture:
        """The texture with residuals and light."""
        texture = level.texture
        if self._is_retouched:
            texture = level.retouched(self._residual)
        if sh and asked.lit:
            texture = level.relit(texture, irradiance_polynomial(sh, asked.turn_degrees))
        return texture


def _columns(
    rows: tuple[tuple[int, float], ...],
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    indices, weights = zip(*rows, strict=True)
    return np.array(indices, np.int64), np.array(weights, np.float32)
