"""Text as coverage, from a small atlas of distance fields that comes with the package.

Distance fields stay sharp at any size: a pixel's coverage is how far its centre lies inside the
outline, in pixels. `scripts/font_atlas.py` makes the atlas.
"""

from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

__all__ = ["LINE", "can_write", "write", "written_width"]

_EM = 32.0  # pixels of a field to an em
_SPREAD = 4.0  # pixels of a field from its middle value to its ends
_CELL = 48.0  # sides of a field
_BASELINE = 34.0  # rows of a field above it
_FINER = 3  # samples a pixel and axis, for small letters

_ASCENT, _DESCENT = 0.98, 0.25  # of an em: what a line of text takes above and below its baseline
LINE = _ASCENT + _DESCENT
"""Height of a line of text, in ems."""


@dataclass(frozen=True, slots=True)
class _Atlas:
    rows: dict[str, int]
    fields: NDArray[np.float32]
    advances: NDArray[np.float32]


@cache
def _atlas() -> _Atlas:
    with (resources.files("compositor") / "data" / "lettering.npz").open("rb") as file:
        loaded = np.load(file, allow_pickle=False)
        characters = [chr(code) for code in loaded["characters"].tolist()]
        fields = (loaded["fields"].astype(np.float32) - 128.0) * (_SPREAD / 127.0)
        advances = loaded["advances"]
        # A soft hyphen has a place in the font, but nothing of it is ever written.
        rows = {c: k for k, c in enumerate(characters) if advances[k] > 0.0}
        return _Atlas(rows, fields, advances)


def can_write(text: str) -> bool:
    """Whether there is a letter for every character: Latin-1 and some punctuation."""
    return all(character in _atlas().rows for character in text)


def written_width(text: str, size_px: float) -> float:
    """How wide text is in pixels.

    Raises:
        KeyError: There is no such letter.
    """
    atlas = _atlas()
    return size_px * float(sum(atlas.advances[atlas.rows[character]] for character in text))


def write(text: str, size_px: float) -> NDArray[np.float64]:
    """One line of text.

    Args:
        text: What `can_write` takes.
        size_px: Size of an em.

    Returns:
        Coverage (h, w) in [0, 1].

    Raises:
        KeyError: There is no such letter.
    """
    atlas, em = _atlas(), size_px * _FINER
    height = int(np.ceil(LINE * size_px)) * _FINER
    width = int(np.ceil(written_width(text, size_px))) * _FINER
    fine = np.zeros((height, width))
    scale = _EM / em
    v = _places(0, height) * scale + (_BASELINE - 0.5 - _ASCENT * em * scale)
    pen = 0.0
    for character in text:
        row = atlas.rows[character]
        first, last = max(0, int(pen - _SPREAD / scale)), int(pen + _CELL / scale)
        u = _places(first, min(last, width)) * scale + (_SPREAD - 0.5 - pen * scale)
        inside = np.clip(_sampled(atlas.fields[row], u, v) / scale + 0.5, 0.0, 1.0)
        place = fine[:, first : first + len(u)]
        np.maximum(place, inside, out=place)
        pen += em * float(atlas.advances[row])
    shape = (height // _FINER, _FINER, width // _FINER, _FINER)
    coverage: NDArray[np.float64] = fine.reshape(shape).mean(axis=(1, 3))
    return coverage


def _places(first: int, end: int) -> NDArray[np.float64]:
    """Centres of samples."""
    return np.arange(first, end, dtype=np.float64) + 0.5


def _sampled(
    field: NDArray[np.float32], u: NDArray[np.float64], v: NDArray[np.float64]
) -> NDArray[np.float64]:
    """A field, bilinearly, at columns `u` of rows `v`; far outside beyond its ends."""
    padded = np.pad(field.astype(np.float64), 1, constant_values=-_SPREAD)
    column, right = _between(u + 1, padded.shape[1])
    row, below = _between(v + 1, padded.shape[0])
    rows = padded[row] * (1.0 - below[:, np.newaxis]) + padded[row + 1] * below[:, np.newaxis]
    return rows[:, column] * (1.0 - right) + rows[:, column + 1] * right


def _between(at: NDArray[np.float64], count: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The sample before each place, kept among `count` samples, and the share of the next one."""
    place = np.clip(at, 0.0, count - 1.0)
    first = np.minimum(place.astype(np.int64), count - 2)
    return first, place - first
