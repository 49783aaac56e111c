"""Pictures with an avatar's rearmost part alone, which recur as long as a camera stands still."""

from collections import OrderedDict
from collections.abc import Callable, Hashable

import numpy as np

from compositor.numba_part import Picture

__all__ = ["RearmostPictures"]

_OPAQUE_BLACK = np.uint32(0xFF000000)
_PIXEL_BYTES = 4
_MOST_BYTES = 4 * _PIXEL_BYTES * 1920 * 1080  # four pictures of 1080p


class RearmostPictures:
    """Keeps what was wanted twice within a while: a moving camera costs no copy.

    How long a while is depends on what was wanted in between: the least recently wanted gives way,
    and what was wanted once counts as if it were kept. So pictures that take turns, and are too
    many to be kept, are not copied in vain.
    """

    def __init__(self) -> None:
        # By size and what is wanted, the newest last; None: it was wanted once.
        self._wanted: OrderedDict[tuple[tuple[int, ...], Hashable], Picture | None] = OrderedDict()
        self._bytes = 0  # what all of them take, or would if they were kept

    @property
    def kept_bytes(self) -> int:
        """What the pictures take that are kept."""
        return sum(one.nbytes for one in self._wanted.values() if one is not None)

    def begin(self, picture: Picture, wanted: Hashable, draw: Callable[[Picture], None]) -> None:
        """Fills a picture.

        Args:
            picture: What is filled.
            wanted: All that decides what it shows.
            draw: Draws the part over black.
        """
        key = picture.shape, wanted
        if key not in self._wanted:
            _draw_over_black(picture, draw)
            self._wanted[key] = None
            self._bytes += picture.nbytes
            self._make_room()
            return
        self._wanted.move_to_end(key)
        kept = self._wanted[key]
        if kept is None:
            _draw_over_black(picture, draw)
            self._wanted[key] = picture.copy()
        else:
            np.copyto(picture, kept)

    def clear(self) -> None:
        """Drops everything."""
        self._wanted.clear()
        self._bytes = 0

    def _make_room(self) -> None:
        """Drops the least recently wanted; the last one stays, however large it is."""
        while self._bytes > _MOST_BYTES and len(self._wanted) > 1:
            ((height, width), _), _ = self._wanted.popitem(last=False)
            self._bytes -= height * width * _PIXEL_BYTES


def _draw_over_black(picture: Picture, draw: Callable[[Picture], None]) -> None:
    picture.fill(_OPAQUE_BLACK)
    draw(picture)
