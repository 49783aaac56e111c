"""Frames of clips on the CPU: where they lie, and laying them over the picture."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from capsules.clip import Clip
from compositor import kernels
from compositor.drawlist import ClipFrame, Overlay, OverlayMode
from compositor.geometry import Affine
from compositor.library import Library
from compositor.numba_pages import Stored, Texture
from compositor.numba_part import Picture

__all__ = ["OverlayDrawer", "by_part"]

_MODES: Mapping[OverlayMode, int] = {
    "override": kernels.OVERRIDE,
    "additive": kernels.ADDITIVE,
    "multiply": kernels.MULTIPLY,
}
_WHOLE = 256  # of a frame's weight; the kernel counts in 256ths


def by_part(overlays: Sequence[Overlay], names: Iterable[str]) -> Mapping[str, list[Overlay]]:
    """Overlays by the part after which they are drawn; those of no part of the avatar under ""."""
    known = frozenset(names)
    found: dict[str, list[Overlay]] = {}
    for overlay in overlays:
        found.setdefault(overlay.after if overlay.after in known else "", []).append(overlay)
    return found


class OverlayDrawer:
    """Draws overlays.

    Args:
        library: The clips and their frames.
    """

    def __init__(self, library: Library[Stored, Stored]) -> None:
        self._library = library
        self._none = np.zeros((2 * kernels.BORDER + 1,) * 2, np.uint64)
        self._texels = np.zeros((2, 2, 3), np.float64)
        self._shares = np.zeros(2, np.uint64)

    def draw(
        self, picture: Picture, overlay: Overlay, matrix: Affine, canvas_px: int, *, half: bool
    ) -> None:
        """Lays an overlay over a picture; of frames that are not there, nothing is drawn.

        Args:
            picture: What is drawn over.
            overlay: Which.
            matrix: From canvas to frame.
            canvas_px: Side of the canvas.
            half: Whether frames of half the size are drawn.
        """
        if matrix.scale < 1e-9:
            return
        shares = _shares(overlay.frames)
        textures = [self._none, self._none]
        self._shares.fill(0)
        for number, frame in enumerate(overlay.frames):
            loaded = self._library.clip(frame.clip)
            if loaded is None:
                continue
            found = self._library.frame(loaded, frame.number, half=half)
            if isinstance(found, np.ndarray):
                textures[number] = found
                self._shares[number] = shares[number]
                _place(loaded.clip, found, matrix.inverse, canvas_px, self._texels[number])
        if self._shares.any():
            one, other = textures
            mode = _MODES[overlay.mode]
            kernels.overlay(picture, one, other, kernels.BORDER, self._texels, self._shares, mode)


def _shares(frames: tuple[ClipFrame, ...]) -> list[int]:
    """Weights in 256ths, rounded so that their sum is right: a cross-fade lets nothing through."""
    total = 0.0
    shares: list[int] = []
    for frame in frames:
        total += frame.weight
        shares.append(min(round(total * _WHOLE), _WHOLE) - sum(shares))
    return shares


def _place(
    clip: Clip, texture: Texture, back: Affine, canvas_px: int, out: NDArray[np.float64]
) -> None:
    """Writes how frame pixels map to the texels of a clip's frame (2, 3)."""
    left, top, width, height = (share * canvas_px for share in clip.rect)
    inner = 2 * kernels.BORDER
    across, down = (texture.shape[1] - inner) / width, (texture.shape[0] - inner) / height
    to_texels = Affine(
        across,
        0.0,
        kernels.BORDER - 0.5 - left * across,
        0.0,
        down,
        kernels.BORDER - 0.5 - top * down,
    )
    m = to_texels.after(back)
    out[:] = ((m.a, m.b, m.c), (m.d, m.e, m.f))
