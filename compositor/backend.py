"""What every compositor backend can do."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from capsules.avatar import Avatar
from compositor.drawlist import DrawList

__all__ = ["I420", "Compositor"]

I420 = NDArray[np.uint8]
"""A frame (height * 3 / 2, width) uint8: Y, then U, then V; BT.601, limited range.

The layout that `av.VideoFrame.from_ndarray(..., format="yuv420p")` takes.
"""


class Compositor(Protocol):
    """Turns draw lists into frames. One thread owns it and makes every call."""

    @property
    def name(self) -> str:
        """Backend and device, for people to read, such as "numba (CPU)"."""

    def load(self, avatar: Avatar) -> None:
        """Takes in an avatar; loading one of the same name again replaces it.

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

    def close(self) -> None:
        """Releases everything; safe twice."""
