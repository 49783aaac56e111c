"""What people tell of without naming a feeling: "she left me", "no rush", "it crashed again".

The patterns are in `data/situations.txt`, by family of feelings (`control_plane.emotion.cues`).
They are looked up by their first word, so that hundreds of them take microseconds.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["Situations", "situation_families", "situations_of"]

_PATH = Path(__file__).parent / "data" / "situations.txt"


@dataclass(frozen=True, slots=True)
class Situations:
    """The situations that begin with one word, each by how the text goes on after it.

    Attributes:
        one: Finds whether it is any of them: mostly it is none.
        each: Their families, each with its pattern.
    """

    one: re.Pattern[str]
    each: tuple[tuple[str, re.Pattern[str]], ...]


def situations_of(word: str) -> Situations | None:
    """The situations that begin with a lower-case word; None: there are none."""
    return _by_first_word().get(word)


def situation_families() -> frozenset[str]:
    """The families that situations stand for."""
    return frozenset(family for found in _by_first_word().values() for family, _ in found.each)


@cache
def _by_first_word() -> dict[str, Situations]:
    """The situations by their first word; read at the first call, in some tens of ms."""
    found: dict[str, list[tuple[str, str]]] = {}
    family = ""
    for line in _PATH.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            family = line.strip("[]")
            continue
        firsts, _, rest = line.partition(" ")
        pattern = rf",? {rest}" if rest else r"\b"
        for first in firsts.split("|"):
            found.setdefault(first, []).append((family, pattern))
    return {first: _compiled(patterns) for first, patterns in found.items()}


def _compiled(patterns: list[tuple[str, str]]) -> Situations:
    each = tuple((family, re.compile(pattern)) for family, pattern in patterns)
    joined = "|".join(pattern for _, pattern in patterns)
    return Situations(each[0][1] if len(each) == 1 else re.compile(joined), each)
