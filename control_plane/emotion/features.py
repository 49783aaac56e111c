"""Numbers for a text: what the text model is trained on and reads.

Two kinds. The dense ones say what the words feel like (`control_plane.emotion.words` and
`felt_words`), who does what to whom (`turns`), what the rules find (`rules`), and how the text is
written. The sparse ones
are its words, pairs of words and the pieces of two to five letters of each word, hashed into a
fixed number of places (Weinberger et al., "Feature hashing for large scale multitask learning",
2009), so that no vocabulary has to be shipped. Whoever changes what is read here, tables included,
trains again.
"""

import math
from collections.abc import Container, Sequence
from typing import NamedTuple
from zlib import crc32

import numpy as np
import numpy.typing as npt

from control_plane.emotion.chunks import Chunk, ChunkedText, Hint, in_chunks
from control_plane.emotion.felt_words import felt_words, of_feelings, of_persons, of_vader
from control_plane.emotion.rules import RuleReading, capitals_in, read_rules
from control_plane.emotion.turns import TURNS, commands
from control_plane.emotion.word_facts import (
    BUCKETS,
    CHAR_BUCKETS,
    WORD_BUCKETS,
    WordFacts,
)
from control_plane.emotion.words import word_feelings

__all__ = [
    "BUCKETS",
    "CHAR_BUCKETS",
    "WORD_BUCKETS",
    "FeatureReader",
    "Features",
    "plain",
]

_STRAIGHT = str.maketrans(
    {"\u2019": "'", "\u2018": "'", "\u201c": '"', "\u201d": '"', "\u00ad": ""}
)
_OF_COMMANDS = 3  # how many numbers there are
_EVIDENCE_HALF = 0.6  # weight of cues that are half trusted

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]


class Features(NamedTuple):
    """A text in numbers.

    Attributes:
        dense: The dense features, (dense_size,).
        chunks: Its chunks, with the words, numbers and marks in them.
        pairs: Places of the pairs of these in [0, WORD_BUCKETS), as often as they are there.
    """

    dense: Floats
    chunks: Sequence[Chunk]
    pairs: Places

    @property
    def tokens(self) -> list[WordFacts]:
        """Words, numbers and marks; their `place` and `pieces` are sparse features."""
        return [facts for chunk in self.chunks for facts in chunk.tokens]


def plain(text: str) -> str:
    """With straight quotation marks and without soft hyphens."""
    return text if text.isascii() else text.translate(_STRAIGHT)


class FeatureReader:
    """Turns texts into numbers. Thread-safe; about 0.03 ms a message.

    Attributes:
        dense_size: Number of the dense features.
        tuned_size: How many of them, the last ones, stand on lists that were written with the
            training part's ratings in view: what those promise there they do not keep elsewhere.
    """

    def __init__(self) -> None:
        self.tuned_size = TURNS + _OF_COMMANDS + len(word_feelings().families)
        self._untuned = len(_untuned("", in_chunks(""), (), set(), read_rules("")))
        self.dense_size = self._untuned + self.tuned_size

    def read(self, text: str, reading: RuleReading | None = None) -> Features:
        """The features of a text that went through `plain`.

        Args:
            text: The text.
            reading: What the rules found in it; None: they read it now.
        """
        reading = reading or read_rules(text)
        said = reading.said if text == reading.text else in_chunks(text.lower())
        dense = np.zeros(self.dense_size)
        words: list[WordFacts] = []
        ends: set[int] = set()
        turns: list[int] = []
        families: list[int] = []
        pairs: list[int] = []
        last = None
        for chunk in said.chunks:
            if not chunk.opens:
                continue
            words += chunk.read
            turns += chunk.turns
            families += chunk.families
            if chunk.ends_clause:
                ends.add(len(words) - 1)
            if last is not None:
                pairs.append(crc32(chunk.opens, last))
            pairs += chunk.pairs
            last = chunk.closes
        turns += _phrases(said, words)
        tuned = self._untuned
        dense[:tuned] = _untuned(text, said, words, ends, reading)
        for turn in set(turns):
            dense[tuned + turn] = min(2, turns.count(turn))
        tuned += TURNS
        for number in _of_commands(said, len(words)):
            dense[tuned] = number
            tuned += 1
        for family in set(families):
            dense[tuned + family] = math.log1p(families.count(family))
        return Features(dense, said.chunks, np.array(pairs, np.int64) & (WORD_BUCKETS - 1))


def _untuned(
    text: str,
    said: ChunkedText,
    words: Sequence[WordFacts],
    ends: Container[int],
    reading: RuleReading,
) -> list[float]:
    """All but the turns of phrase and the fields of words."""
    count = max(1, len(words))
    felt = felt_words(words, ends)
    numbers = of_feelings(felt, count)
    numbers += of_persons(felt, said.counts, count)
    numbers += of_vader(words, said.counts, count)
    numbers += _of_manner(text, said, len(words))
    numbers += _of_rules(reading, count)
    return numbers


def _of_manner(text: str, said: ChunkedText, words: int) -> list[float]:
    """How it is written: length, marks, capitals, negations."""
    count, chars = max(1, words), max(1, len(text))
    root = math.sqrt(count)
    counts, lower = said.counts, said.lower
    end = text.rstrip()[-1:]
    exclaimed, asked, quoted = text.count("!"), text.count("?"), text.count('"')
    negations = counts.negating
    capitals = begun = loud = 0
    if text != lower:
        capitals = capitals_in(text)
        tokens = text.split()
        begun = sum([token[0].isupper() for token in tokens])
        loud = sum([len(token) > 2 for token in tokens if token.isupper()])
    return [
        math.log1p(words),
        math.log1p(len(text)),
        min(3, exclaimed),
        exclaimed > 0,
        (exclaimed > 0) / root,
        asked > 0,
        min(3, asked),
        quoted > 0,
        min(4, quoted),
        quoted > 0 and count < 8,
        loud / count,
        end == ".",
        end.isalnum(),
        "..." in text,
        counts.digits / chars,
        counts.letters / count,
        text.count(",") / count,
        text[:1].isupper(),
        begun / count,
        count < 4,
        ";" in text,
        ":" in text,
        "(" in text,
        min(30, count),
        1.0 / count,
        1.0 / root,
        capitals / chars,
        text.isupper(),
        (negations > 0) / root,
        negations,
        counts.reversing / root,
        counts.contrasting > 0,
        lower[-1:] in '!"' and "!" in lower[-3:],
    ]


def _phrases(said: ChunkedText, words: Sequence[WordFacts]) -> list[int]:
    """The turns of phrase of more than one word, and those that stand at the beginning."""
    lower = said.lower
    found = [
        turn
        for phrases, end in said.phrases
        for turn, rest in phrases
        if rest.match(lower, end) is not None
    ]
    if words:
        found += words[0].turns.opening
    return found


def _of_commands(said: ChunkedText, words: int) -> tuple[float, float, float]:
    """Whether it is a command."""
    # Without a mark that parts it, it is one part.
    commanding, parts = commands(said.lower, divided=bool(said.hints & Hint.PART))
    return float(commanding), float(commanding) / math.sqrt(max(1, words)), float(parts)


def _of_rules(reading: RuleReading, count: int) -> list[float]:
    """What the rules make of it: everyday situations, emoji, hedges, sarcasm."""
    weight, place, manner = reading.evidence.weight, reading.evidence.place, reading.manner
    trust = weight / (weight + _EVIDENCE_HALF)
    felt = (trust * place.valence, trust * place.arousal, trust * place.dominance)
    root = math.sqrt(count)
    return [
        trust,
        *felt,
        *(value / root for value in felt),
        manner.degree,
        manner.certainty,
        manner.shouted,
        float(reading.sarcastic),
        float(manner.startled),
    ]
