"""How many words of a text are what, summed up at once."""

import struct
from typing import NamedTuple

__all__ = ["Counts", "packed", "unpacked"]


class Counts(NamedTuple):
    """How many words of a text are what; `digits` and `letters` count characters.

    Those up to `known` are of words in any alphabet, the others of what the text model reads.
    """

    english: int = 0
    foreign: int = 0
    assertive: int = 0
    hedges: int = 0
    swears: int = 0
    intensifiers: int = 0
    dampeners: int = 0
    known: int = 0
    scored: int = 0
    letters: int = 0
    negating: int = 0
    reversing: int = 0
    contrasting: int = 0
    mine: int = 0
    yours: int = 0
    others: int = 0
    digits: int = 0


_LAYOUT = struct.Struct(f"<{len(Counts._fields)}I")


def packed(counts: Counts) -> int:
    """All of them in one whole number: sums of such are packed sums, of less than 2**32 each."""
    return int.from_bytes(_LAYOUT.pack(*counts), "little")


def unpacked(total: int) -> Counts:
    """The counts in a packed number or in a sum of such."""
    return Counts._make(_LAYOUT.unpack(total.to_bytes(_LAYOUT.size, "little")))
