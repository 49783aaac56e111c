"""A text in chunks: a word, or several joined by hyphens, with the marks and blanks after it.

Rules, situations and the text model all look for words, each for a kind of its own. None of these
goes beyond a chunk, so that whatever is to be known of one is found once and kept: a text then
costs a look-up a chunk, and what is rare is looked for only where a chunk hints at it.
"""

import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from typing import NamedTuple

from control_plane.emotion.counts import Counts, packed, unpacked
from control_plane.emotion.situations import Situations, situations_of
from control_plane.emotion.turns import Phrase
from control_plane.emotion.word_facts import (
    KEPT_WORDS,
    LONGEST_KEPT,
    WordFacts,
    WordFactTable,
)
from control_plane.emotion.words import word_feelings

__all__ = [
    "Chunk",
    "ChunkTable",
    "ChunkedText",
    "Hint",
    "chunk_of",
    "facts_of",
    "in_chunks",
]

_CLAUSE_MARKS = frozenset(",;:.!?")

_CHUNK = re.compile(r"[\w'-]+[^\w'-]*|[^\w'-]+")
_HEAD = re.compile(r"[\w'-]*")
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_TOKEN = re.compile(r"[a-z]+(?:'[a-z]+)?|[!?;:\"$()]|\d+")


class Hint:
    """Bits: what a chunk gives reason to look for in the text, or is by itself."""

    LAUGHTER = 1
    STRETCHED = 2
    CUE = 4
    FACE = 8
    SARCASM = 16
    PART = 32


_HINTS = {
    Hint.PART: re.compile(r"[.!?;]\s|\""),
    Hint.LAUGHTER: re.compile(
        r"\b(?:(?:ja){2,}|(?:je){2,}|k{4,}|mdr|ptdr|w{4,}|rs{2,})\b"
        r"|(?:\u0445\u0430){2,}|哈{2,}|ㅋ{2,}|笑"
    ),
    Hint.STRETCHED: re.compile(r"([a-z])\1{2,}"),
    Hint.FACE: re.compile(r"[:;=<^]|xd"),
    # A word or mark of each way to mark sarcasm that the rules know.
    Hint.SARCASM: re.compile(
        r"/|\.\.|\b(?:yeah|nothing|just|simply|oh|sure|worked|clap|surprise|original)\b"
    ),
}


@dataclass(frozen=True, slots=True)
class Chunk:
    """What is known of a chunk of lower-case text.

    Attributes:
        text: Itself.
        length: In characters.
        head: The same, without the marks and blanks at its end.
        situations: Those that it may begin.
        words: Its words, of letters of any alphabet.
        placed: The same, each with where it begins in the chunk.
        pauses: Whether a mark that ends a clause is in it.
        tokens: Its words, numbers and marks, as the text model reads them.
        read: Those of the tokens that are words.
        ends_clause: Whether a mark that ends a clause follows right after the last of these.
        pairs: Checksums of the pairs of its tokens.
        opens: What its first token continues a checksum with; empty where it has no token.
        closes: The checksum of its last token.
        turns: Numbers of the turns of phrase that its tokens are by themselves.
        phrases: Those that they may begin, each with where in the chunk they would go on.
        families: Numbers of its words' fields.
        counts: `Counts`, packed.
        hints: Bits of `Hint`.
    """

    text: str
    length: int
    head: int
    situations: Situations | None
    words: tuple[WordFacts, ...]
    placed: tuple[tuple[WordFacts, int], ...]
    pauses: bool
    tokens: tuple[WordFacts, ...]
    read: tuple[WordFacts, ...]
    ends_clause: bool
    pairs: tuple[int, ...]
    opens: bytes
    closes: int
    turns: tuple[int, ...]
    phrases: tuple[tuple[tuple[Phrase, ...], int], ...]
    families: tuple[int, ...]
    counts: int
    hints: int


class ChunkedText(NamedTuple):
    """A lower-case text in chunks.

    Attributes:
        lower: The text.
        chunks: Its chunks.
        words: Its words, of letters of any alphabet.
        begun: Situations that may be told of, with where each would begin and go on.
        phrases: Turns of phrase that it may hold, with where each would go on.
        counts: How many words are what.
        hints: Bits of `Hint` that any chunk has.
    """

    lower: str
    chunks: list[Chunk]
    words: list[WordFacts]
    begun: list[tuple[Situations, int, int]]
    phrases: list[tuple[tuple[Phrase, ...], int]]
    counts: Counts
    hints: int


class ChunkTable:
    """Finds what is known of chunks and keeps that of the last 20,000; thread-safe.

    Attributes:
        word: Gives the facts of a lower-case word, number or mark.
    """

    def __init__(self) -> None:
        self.word = WordFactTable(word_feelings()).of
        self._kept = lru_cache(KEPT_WORDS)(self._find)

    def of(self, texts: Iterable[str]) -> list[Chunk]:
        """The facts of chunks; 0.1 us for one that is kept."""
        kept, find = self._kept, self._find
        return [kept(text) if len(text) <= LONGEST_KEPT else find(text) for text in texts]

    def _find(self, text: str) -> Chunk:
        head = _HEAD.match(text)
        end = 0 if head is None else head.end()
        placed = tuple(
            (self.word(match.group()), match.start()) for match in _WORD.finditer(text, 0, end)
        )
        found = [(self.word(match.group()), match.end()) for match in _TOKEN.finditer(text)]
        ends = [end for facts, end in found if facts.is_word]
        words = tuple(facts for facts, _ in placed)
        tokens = tuple(facts for facts, _ in found)
        read = tuple(facts for facts in tokens if facts.is_word)
        hints = sum(hint for hint, pattern in _HINTS.items() if pattern.search(text))
        return Chunk(
            text=text,
            length=len(text),
            head=end,
            situations=situations_of(text[:end]),
            words=words,
            placed=placed,
            pauses=not _CLAUSE_MARKS.isdisjoint(text),
            tokens=tokens,
            read=read,
            ends_clause=bool(ends) and text[ends[-1] : ends[-1] + 1] in _CLAUSE_MARKS,
            pairs=tuple(
                zlib.crc32(second.continued, first.checksum) for first, second in pairwise(tokens)
            ),
            opens=tokens[0].continued if tokens else b"",
            closes=tokens[-1].checksum if tokens else 0,
            turns=tuple(turn for facts in tokens for turn in facts.turns.anywhere),
            phrases=tuple(
                (facts.turns.phrases, end) for facts, end in found if facts.turns.phrases
            ),
            families=tuple(family for facts in read for family in facts.families),
            counts=sum(facts.counts for facts in words)
            + sum(facts.read_counts for facts in read)
            + packed(Counts(digits=sum(map(str.isdigit, text)))),
            hints=hints | (Hint.CUE if any(word.cue for word in words) else 0),
        )


def in_chunks(lower: str) -> ChunkedText:
    """A lower-case text in chunks; about 0.3 us a word."""
    chunks = _table().of(_CHUNK.findall(lower))
    words: list[WordFacts] = []
    begun: list[tuple[Situations, int, int]] = []
    phrases: list[tuple[tuple[Phrase, ...], int]] = []
    counts = hints = start = 0
    for chunk in chunks:
        words += chunk.words
        counts += chunk.counts
        hints |= chunk.hints
        if chunk.situations is not None:
            begun.append((chunk.situations, start, start + chunk.head))
        for possible, end in chunk.phrases:
            phrases.append((possible, start + end))
        start += chunk.length
    return ChunkedText(lower, chunks, words, begun, phrases, unpacked(counts), hints)


def facts_of(word: str) -> WordFacts:
    """What is known of a lower-case word, number or mark."""
    return _table().word(word)


def chunk_of(text: str) -> Chunk:
    """What is known of a chunk."""
    (chunk,) = _table().of((text,))
    return chunk


@cache
def _table() -> ChunkTable:
    """The process's one table, made at the first call (tens of ms)."""
    return ChunkTable()
