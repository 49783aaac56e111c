"""What the CPU backend keeps in its texture cache."""

import numpy as np
from numpy.typing import NDArray

from capsules.avatar import Part
from compositor import kernels
from compositor.mapped import give_back
from compositor.pages import CacheOptions, FramePage, Page, ResidualPage, TexturePage
from compositor.sources import Sources

__all__ = ["NumbaStore", "Patch", "Stored", "Texture", "TextureLevel"]

Texture = NDArray[np.uint64]
"""A bordered texture; see `compositor.kernels`."""

_TEXEL_BYTES = 8
_NORMAL_BYTES = 2
_UV_BYTES = 16  # of a vertex


class TextureLevel:
    """One texture level of one part, and the buffers that hold it changed.

    Args:
        sources: Where it comes from.
        page: Its name.

    Attributes:
        texture: The level, bordered.
        texels: Where the part's vertices lie in it (V, 2).
    """

    def __init__(self, sources: Sources, page: TexturePage) -> None:
        prepared = sources.part(page)
        part = prepared.part
        self.texture = bordered(sources.texture(page))
        give_back(part.texture)
        height, width = prepared.level_sizes[page.level]
        uv = np.clip(part.uv.astype(np.float64), 0.0, 1.0)
        self.texels = uv * (width, height) - 0.5 + kernels.BORDER
        full_height, full_width = part.texture.shape[:2]
        left, top, across, down = part.residual_rect
        x_scale, y_scale = width / full_width, height / full_height
        self._rect = (left * x_scale, top * y_scale, across * x_scale, down * y_scale)
        # Now, since it takes long: the first lit frame would wait for them.
        self._normals = _bordered_normals(sources, page)
        self._retouched: Texture | None = None
        self._relit: Texture | None = None
        self._relit_by: bytes | None = None

    def retouched(self, residual: NDArray[np.float32]) -> Texture:
        """The texture with a residual. What the residual does not cover is never written."""
        if self._retouched is None:
            self._retouched = self.texture.copy()
        kernels.retouch(self.texture, residual, self._rect, self._retouched)
        return self._retouched

    def relit(self, texture: Texture, polynomial: NDArray[np.float32]) -> Texture:
        """`texture`, which is this level's, in a light; only of a part that has normals."""
        if self._normals is None:
            raise ValueError("a part without normals cannot be lit")
        if self._relit is None:
            self._relit = np.empty_like(self.texture)
        # A light that stands still costs nothing on a part without residuals.
        light = polynomial.tobytes() if texture is self.texture else None
        if light is None or light != self._relit_by:
            kernels.relight(texture, self._normals, polynomial, self._relit)
            self._relit_by = light
        return self._relit


class Patch:
    """What of a residual is not 0.

    Attributes:
        residual: It (h, w, 3).
        top: Its first row in the residual.
        left: Its first column there.
    """

    __slots__ = ("left", "residual", "top")

    def __init__(self, sources: Sources, page: ResidualPage) -> None:
        self.top, bottom, self.left, right = sources.part(page).residual_boxes[page.row]
        whole = sources.residual(page)
        self.residual = np.array(whole[self.top : bottom, self.left : right])
        give_back(whole)


Stored = TextureLevel | Patch | Texture


class NumbaStore:
    """Pages as the kernels read them; all the work is in fetching. See `PageStore`."""

    def __init__(self, sources: Sources, options: CacheOptions) -> None:
        self._sources = sources
        self._options = options

    def size_bytes(self, page: Page) -> int:
        """What a page takes, with the buffers that drawing may come to need for it."""
        if isinstance(page, FramePage):
            return _bordered_bytes(self._sources.frame_size(page), _TEXEL_BYTES)
        prepared = self._sources.part(page)
        if isinstance(page, ResidualPage):
            top, bottom, left, right = prepared.residual_boxes[page.row]
            return (bottom - top) * (right - left) * 3
        texel_bytes = _TEXEL_BYTES
        if prepared.residual_rows:
            texel_bytes += _TEXEL_BYTES
        if prepared.normals:
            texel_bytes += _TEXEL_BYTES + _NORMAL_BYTES
        texels_bytes = _bordered_bytes(prepared.level_sizes[page.level], texel_bytes)
        return texels_bytes + _vertex_bytes(prepared.part)

    def fits(self, page: Page) -> bool:  # noqa: ARG002 - the protocol's
        """See `PageStore.fits`."""
        return True

    def group(self, page: Page) -> tuple[object, int] | None:
        """See `PageStore.group`: frames of one clip and tier."""
        if isinstance(page, FramePage):
            return (page.clip, page.half), self._options.clip_frames
        return None

    def pool(self, page: Page) -> object:  # noqa: ARG002 - the protocol's
        """See `PageStore.pool`: the process's memory."""
        return None

    def fetch(self, page: Page) -> Stored:
        """See `PageStore.fetch`."""
        if isinstance(page, FramePage):
            return bordered(self._sources.frame(page))
        if isinstance(page, ResidualPage):
            return Patch(self._sources, page)
        return TextureLevel(self._sources, page)

    def upload(self, page: Page, fetched: Stored) -> Stored:  # noqa: ARG002 - the protocol's
        """See `PageStore.upload`: nothing is left to do."""
        return fetched

    def free(self, page: Page, stored: Stored) -> None:
        """See `PageStore.free`: nothing refers to it any more."""


def bordered(rgba: NDArray[np.uint8]) -> Texture:
    """A premultiplied RGBA picture (h, w, 4) as a texture with its border."""
    border = kernels.BORDER
    padded = np.pad(rgba, ((border, border), (border, border), (0, 0)), mode="edge")
    texture = np.empty(padded.shape[:2], np.uint64)
    kernels.spread(np.ascontiguousarray(padded).view("<u4")[:, :, 0], texture)
    return texture


def _bordered_normals(sources: Sources, page: TexturePage) -> NDArray[np.int8] | None:
    """Normals' x and y (2, h, w), with the border of the texture; None for an unlit part."""
    normals = sources.normals(page)
    full = sources.part(page).part.normals
    if normals is None or full is None:
        return None
    border = kernels.BORDER
    padded = np.pad(normals, ((border, border), (border, border), (0, 0)), mode="edge")
    give_back(full)
    return np.ascontiguousarray(padded.transpose(2, 0, 1))


def _bordered_bytes(size: tuple[int, int], texel_bytes: int) -> int:
    height, width = size
    return (height + 2 * kernels.BORDER) * (width + 2 * kernels.BORDER) * texel_bytes


def _vertex_bytes(part: Part) -> int:
    return len(part.vertices) * _UV_BYTES
