"""Lists of words that the rules know, read once."""

from functools import cache
from pathlib import Path

__all__ = [
    "creeds",
    "felt_words",
    "first_names",
    "is_common_word",
    "not_names",
    "occupations",
    "places",
]

_DATA = Path(__file__).parent / "data"
_FEELINGS = Path(__file__).parents[1] / "emotion" / "data" / "word_feelings.txt"


@cache
def first_names() -> frozenset[str]:
    """First names in lower case."""
    return frozenset(" ".join(_lines("first_names.txt")).split())


@cache
def not_names() -> frozenset[str]:
    """What follows words that introduce a name and is none, in lower case."""
    return frozenset(" ".join(_lines("not_names.txt")).split())


@cache
def creeds() -> frozenset[str]:
    """What people say that they are, such as "german" or "leo", in lower case."""
    return frozenset(" ".join(_lines("creeds.txt")).split())


@cache
def places() -> frozenset[str]:
    """Cities and countries in lower case."""
    return frozenset(_lines("places.txt"))


@cache
def occupations() -> frozenset[str]:
    """What people do for a living, in lower case."""
    return frozenset(_lines("occupations.txt"))


def is_common_word(word: str) -> bool:
    """Whether it is a word of which the emotion model knows what it feels like."""
    return word.lower() in felt_words()


@cache
def felt_words() -> frozenset[str]:
    """Words of which the emotion model knows what they feel like, in lower case."""
    lines = _FEELINGS.read_text(encoding="utf-8").splitlines()
    families = (line.partition(":")[2] for line in lines if not line.startswith("#"))
    return frozenset(word for family in families for word in family.lower().split())


def _lines(name: str) -> list[str]:
    lines = (_DATA / name).read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]
