"""What every compositor backend can do."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from capsules.avatar import Avatar
from capsules.clip import Clip
from compositor.drawlist import DrawList
from compositor.pages import CacheStats

__all__ = ["I420", "Compositor", "Wanted"]

I420 = NDArray[np.uint8]
"""A frame (height * 3 / 2, width) uint8: Y, then U, then V; BT.601, limited range.

The layout that `av.VideoFrame.from_ndarray(..., format="yuv420p")` takes.
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a session may need soon.

    Attributes:
        avatar: Name of its avatar.
        bases: Names of bases, the likeliest first.
        clips: Ids of clips that may begin, the likeliest first.
        half_clips: Whether their frames are wanted at half their size.
    """

    avatar: str
    bases: tuple[str, ...] = ()
    clips: tuple[str, ...] = ()
    half_clips: bool = False


class Compositor(Protocol):
    """Turns draw lists into frames. One thread owns it and makes every call."""

    @property
    def name(self) -> str:
        """Backend and device, for people to read, such as "numba (CPU)"."""

    def load(self, avatar: Avatar, core: Iterable[str] = ()) -> None:
        """Takes in an avatar; loading one of the same name again replaces it.

        Args:
            avatar: The avatar.
            core: Names of bases that stay resident, the most important first.

        Raises:
            InvalidAvatarError: The avatar's arrays do not fit each other.
            RenderError: The backend cannot take it, and keeps what it had.
            DeviceLostError: The GPU is gone.
        """

    def render(self, draw_lists: Sequence[DrawList]) -> list[I420]:
        """Draws one frame a draw list, in order; each frame is a fresh array of the caller's.

        Raises:
            UnknownAvatarError: A draw list names an avatar that is not loaded.
            RenderError: These could not be drawn; others can be.
            DeviceLostError: The GPU is gone; no frame was drawn.
        """

    def load_clip(self, clip: Clip) -> None:
        """Makes a clip known; one of the same id is replaced. No frame is read yet."""

    def prefetch(self, wanted: Wanted) -> None:
        """Fetches, off the frame path, what may be needed soon; what is not loaded is left out."""

    def cache_stats(self) -> CacheStats:
        """What the texture cache has done so far."""

    def cache_failures(self) -> list[str]:
        """Pages that could not be had since the last call, each in words."""

    def close(self) -> None:
        """Releases everything; safe twice."""
