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
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from control_plane.emotion.felt_words import felt_words, of_feelings, of_persons, of_vader
from control_plane.emotion.rules import RuleReading, read_rules
from control_plane.emotion.turns import TURNS, commands
from control_plane.emotion.word_facts import (
    BUCKETS,
    CHAR_BUCKETS,
    WORD_BUCKETS,
    WordFacts,
    WordFactTable,
)
from control_plane.emotion.words import WordFeelings

__all__ = [
    "BUCKETS",
    "CHAR_BUCKETS",
    "WORD_BUCKETS",
    "FeatureReader",
    "Features",
    "plain",
]

_TOKEN = re.compile(r"[a-z]+(?:'[a-z]+)?|[!?;:\"$()]|\d+")
_STRAIGHT = str.maketrans(
    {"\u2019": "'", "\u2018": "'", "\u201c": '"', "\u201d": '"', "\u00ad": ""}
)
_CLAUSE_MARKS = frozenset(",;:.!?")
_EVIDENCE_HALF = 0.6  # weight of cues that are half trusted

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Features:
    """A text in numbers.

    Attributes:
        dense: The dense features, (dense_size,).
        tokens: Its words, numbers and marks; their `place` and `pieces` are sparse features.
        pairs: Places of the pairs of tokens in [0, WORD_BUCKETS), as often as they are there.
    """

    dense: Floats
    tokens: tuple[WordFacts, ...]
    pairs: Places


def plain(text: str) -> str:
    """With straight quotation marks and without soft hyphens."""
    return text.translate(_STRAIGHT)


class FeatureReader:
    """Turns texts into numbers. Thread-safe; about 0.05 ms a message.

    Attributes:
        dense_size: Number of the dense features.
        tuned_size: How many of them, the last ones, stand on lists that were written with the
            training part's ratings in view: what those promise there they do not keep elsewhere.
        facts: What is known of a token.
    """

    def __init__(self, feelings: WordFeelings) -> None:
        self._table = WordFactTable(feelings)
        self._family_count = len(feelings.families)
        self.facts = self._table.of
        self.dense_size = self.read("a").dense.size
        self.tuned_size = len(_of_turns("", (), ())) + self._family_count

    def read(self, text: str, reading: RuleReading | None = None) -> Features:
        """The features of a text that went through `plain`.

        Args:
            text: The text.
            reading: What the rules found in it; None: they read it now.
        """
        lower = text.lower()
        of = self._table.of
        found = [(of(match.group()), match.end()) for match in _TOKEN.finditer(lower)]
        tokens = [facts for facts, _ in found]
        words = [facts for facts in tokens if facts.is_word]
        count = max(1, len(words))
        felt = felt_words(words, _clause_ends(lower, found))
        numbers = of_feelings(felt, count)
        numbers += of_persons(felt, words, count)
        numbers += of_vader(words, count)
        numbers += _of_manner(text, lower, words)
        numbers += _of_rules(reading or read_rules(text), count)
        numbers += _of_turns(lower, found, words)
        numbers += self._of_families(words)
        return Features(np.array(numbers), tuple(tokens), _pairs(tokens))

    def _of_families(self, words: Sequence[WordFacts]) -> list[float]:
        counts = [0.0] * self._family_count
        for word in words:
            for family in word.families:
                counts[family] += 1.0
        return [math.log1p(count) if count else 0.0 for count in counts]


def _pairs(tokens: Sequence[WordFacts]) -> Places:
    checksums = [zlib.crc32(second.continued, first.checksum) for first, second in pairwise(tokens)]
    return np.array(checksums, dtype=np.int64) & (WORD_BUCKETS - 1)


def _clause_ends(lower: str, found: Sequence[tuple[WordFacts, int]]) -> set[int]:
    """Indices among the words of those right before a mark that ends a clause."""
    ends = [end for facts, end in found if facts.is_word]
    return {index for index, end in enumerate(ends) if lower[end : end + 1] in _CLAUSE_MARKS}


def _of_manner(text: str, lower: str, words: Sequence[WordFacts]) -> list[float]:
    """How it is written: length, marks, capitals, negations."""
    count, chars = max(1, len(words)), max(1, len(text))
    root = math.sqrt(count)
    tokens = text.split()
    end = text.rstrip()[-1:]
    exclaimed, asked, quoted = text.count("!"), text.count("?"), text.count('"')
    negations = sum(word.negates for word in words)
    capitals = sum(map(str.isupper, text))
    return [
        math.log1p(len(words)),
        math.log1p(len(text)),
        min(3, exclaimed),
        float(exclaimed > 0),
        float(exclaimed > 0) / root,
        float(asked > 0),
        min(3, asked),
        float(quoted > 0),
        min(4, quoted),
        float(quoted > 0 and count < 8),
        sum(token.isupper() and len(token) > 2 for token in tokens) / count,
        float(end == "."),
        float(end.isalnum()),
        float("..." in text),
        sum(map(str.isdigit, text)) / chars,
        sum(len(word.continued) - 1 for word in words) / count,
        text.count(",") / count,
        float(text[:1].isupper()),
        sum(token[:1].isupper() for token in tokens) / count,
        float(count < 4),
        float(";" in text),
        float(":" in text),
        float("(" in text),
        min(30, count),
        1.0 / count,
        1.0 / root,
        capitals / chars,
        float(text.isupper()),
        float(negations > 0) / root,
        float(negations),
        sum(word.reverses for word in words) / root,
        float(any(word.contrasts for word in words)),
        float(lower[-1:] in '!"' and "!" in lower[-3:]),
    ]


def _of_turns(
    lower: str, tokens: Sequence[tuple[WordFacts, int]], words: Sequence[WordFacts]
) -> list[float]:
    """How often each turn of phrase is there, up to twice, and whether it is a command."""
    counts = [0.0] * TURNS
    for facts, end in tokens:
        turns = facts.turns
        for turn in turns.anywhere:
            counts[turn] += 1.0
        for turn, rest in turns.phrases:
            if rest.match(lower, end) is not None:
                counts[turn] += 1.0
    if words:
        for turn in words[0].turns.opening:
            counts[turn] += 1.0
    commanding, parts = commands(lower)
    root = math.sqrt(max(1, len(words)))
    return [
        *(counts if max(counts) <= 2.0 else [min(2.0, count) for count in counts]),
        float(commanding),
        float(commanding) / root,
        float(parts),
    ]


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
