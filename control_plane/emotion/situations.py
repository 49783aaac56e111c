"""What people tell of without naming a feeling: "she left me", "no rush", "it crashed again".

The patterns are in `data/situations.txt`, by family of feelings (`control_plane.emotion.cues`).
They are looked up by their first word, so that hundreds of them take microseconds.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

__all__ = ["situation_families", "situations_in"]

_PATH = Path(__file__).parent / "data" / "situations.txt"
_WORD = re.compile(r"[\w'-]+")
_Pattern = tuple[str, re.Pattern[str]]


def situations_in(lower: str) -> Iterator[tuple[str, int, int]]:
    """Families of the situations told of in a lower-case text, each with where it stands.

    One that lies within a longer one is none: in "my phone died" nobody died.
    """
    table = _by_first_word()
    found = [
        (family, word.start(), match.end())
        for word in _WORD.finditer(lower)
        for family, pattern in table.get(word.group(), ())
        if (match := pattern.match(lower, word.end())) is not None
    ]
    for family, start, end in found:
        if not any(
            first <= start and end <= last and last - first > end - start
            for _, first, last in found
        ):
            yield family, start, end


def situation_families() -> frozenset[str]:
    """The families that situations stand for."""
    return frozenset(family for found in _by_first_word().values() for family, _ in found)


@cache
def _by_first_word() -> dict[str, tuple[_Pattern, ...]]:
    """The patterns by their first word; read at the first call, in some tens of ms."""
    found: dict[str, list[_Pattern]] = {}
    family = ""
    for line in _PATH.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            family = line.strip("[]")
            continue
        firsts, _, rest = line.partition(" ")
        pattern = re.compile(rf",? {rest}" if rest else r"\b")
        for first in firsts.split("|"):
            found.setdefault(first, []).append((family, pattern))
    return {first: tuple(patterns) for first, patterns in found.items()}
