"""Cuts text to say into pieces that fit a packet, where a speaker would pause."""

import re
import unicodedata

__all__ = ["split_text"]

# A cut this early would leave a stub behind; a lesser pause further on is better.
_EARLIEST_SHARE = 0.4
_MAX_CLUSTER_CHARS = 16
_JOINER = "\u200d"

_PAUSES = (
    re.compile(r"[.!?\u2026][\"'\u201d\u2019)\]]*\s+|[\u3002\uff01\uff1f]+\s*|\n\s*"),
    re.compile(r"[,;:\u2014\u2013)]\s+|[\u3001\uff0c\uff1b]"),
    re.compile(r"\s+"),
)


def split_text(text: str, limit_bytes: int, first_limit_bytes: int | None = None) -> list[str]:
    """Pieces of at most `limit_bytes` of UTF-8 that, joined, are `text` again.

    Cut at the end of a sentence, of a clause, of a word, and only in a word longer than the limit
    between characters as a reader sees them. White space stays with the piece before it.

    Args:
        text: Without lone surrogates.
        limit_bytes: At least 4, the longest character.
        first_limit_bytes: Another limit for the first piece.

    Raises:
        ValueError: A limit is below 4.
    """
    limit = limit_bytes if first_limit_bytes is None else first_limit_bytes
    if min(limit, limit_bytes) < 4:
        raise ValueError(f"limit is {min(limit, limit_bytes)} bytes, expected at least 4")
    pieces: list[str] = []
    start = 0
    while start < len(text):
        end = _cut(text, start, limit)
        pieces.append(text[start:end])
        start, limit = end, limit_bytes
    return pieces


def _cut(text: str, start: int, limit: int) -> int:
    """Where the piece that begins at `start` ends; always after `start`."""
    window = text[start : start + limit]
    fitting = len(window.encode()[:limit].decode(errors="ignore"))
    end = start + fitting
    if end == len(text):
        return end
    earliest = start + int(_EARLIEST_SHARE * fitting)
    for pause in _PAUSES:
        cuts = [match.end() for match in pause.finditer(text, start, end)]
        if cuts and cuts[-1] > earliest:
            return cuts[-1]
    spaces = [match.end() for match in _PAUSES[-1].finditer(text, start, end)]
    if spaces:
        return spaces[-1]
    return end if text[end].isspace() else _whole_cluster(text, start, end)


def _whole_cluster(text: str, start: int, end: int) -> int:
    """Moves a cut back so that no accent or emoji part is torn from its base."""
    cut = end
    while start < cut - 1 and end - cut < _MAX_CLUSTER_CHARS:
        joined = text[cut - 1] == _JOINER or _extends(text[cut])
        if not joined:
            return cut
        cut -= 1
    return end


def _extends(char: str) -> bool:
    return (
        char == _JOINER
        or unicodedata.combining(char) != 0
        or "\ufe00" <= char <= "\ufe0f"
        or "\U0001f3fb" <= char <= "\U0001f3ff"
    )
