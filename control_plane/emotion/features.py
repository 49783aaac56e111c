"""Numbers for a text: what the text model is trained on and reads.

Two kinds. The dense ones say what the words feel like (`control_plane.emotion.words`), who does
what to whom (`turns`), what the rules find (`rules`), and how the text is written. The sparse ones
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

from control_plane.emotion.rules import RuleReading, read_rules
from control_plane.emotion.turns import TURNS, commands
from control_plane.emotion.word_facts import (
    BUCKETS,
    CHAR_BUCKETS,
    WORD_BUCKETS,
    WordFacts,
    WordFactTable,
)
from control_plane.emotion.words import Feeling, WordFeelings

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
_REACH = 3  # words over which a negation or reversal holds
_EVIDENCE_HALF = 0.6  # weight of cues that are half trusted
_NOTHING: Feeling = (0.0, 0.0, 0.0)

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
_Felt = tuple[float, float, float, float]


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
        facts: What is known of a token.
    """

    def __init__(self, feelings: WordFeelings) -> None:
        self._table = WordFactTable(feelings)
        self._family_count = len(feelings.families)
        self.facts = self._table.of
        self.dense_size = self.read("a").dense.size

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
        numbers = _of_feelings(_felt(words), count)
        numbers += _of_vader(words, count)
        numbers += _of_manner(text, lower, words)
        numbers += _of_turns(lower, found, words)
        numbers += _of_rules(reading or read_rules(text), count)
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


def _felt(words: Sequence[WordFacts]) -> list[_Felt]:
    """Valence, arousal, dominance and place in the text [0, 1) of each word that feels."""
    felt = []
    negated_at = reversed_at = -_REACH - 1
    for index, word in enumerate(words):
        if word.feeling is not None:
            valence, arousal, dominance = word.feeling
            if index - negated_at <= _REACH:
                valence, arousal, dominance = -0.6 * valence, 0.6 * arousal, -0.4 * dominance
            elif index - reversed_at <= _REACH and not word.reverses and valence < -0.2:
                valence, dominance = -0.4 * valence, 0.3
            felt.append((valence, arousal, dominance, index / len(words)))
        if word.negates:
            negated_at = index
        if word.reverses:
            reversed_at = index
    return felt


def _of_vader(words: Sequence[WordFacts], count: int) -> list[float]:
    scores = []
    negated_at = -_REACH - 1
    for index, word in enumerate(words):
        if word.score is not None:
            scores.append(-0.7 * word.score if index - negated_at <= _REACH else word.score)
        if word.negates:
            negated_at = index
    total = sum(scores)
    root = math.sqrt(count)
    return [
        total / math.sqrt(total * total + 15.0),  # VADER's own way to bound a sum
        total / 4.0,
        total / (len(scores) or 1),
        total / count,
        max(scores, default=0.0),
        min(scores, default=0.0),
        sum(score for score in scores if score > 0.0) / root,
        sum(score for score in scores if score < 0.0) / root,
        len(scores) / count,
    ]


def _of_feelings(felt: list[_Felt], count: int) -> list[float]:
    """Sums, means and extremes of the feelings of `count` words."""
    felt = felt or [(*_NOTHING, 0.0)]
    number, root = len(felt), math.sqrt(count)
    numbers: list[float] = []
    axes = [list(axis) for axis in zip(*felt, strict=True)]
    valences, arousals, _, places = axes
    strongest = max(felt, key=lambda one: abs(one[0]))
    for axis, strong in zip(axes[:3], strongest, strict=False):
        total = sum(axis)
        squares = sum(value * abs(value) for value in axis)
        numbers += (
            total / number,
            total / root,
            total / count,
            max(axis),
            min(axis),
            squares / root,
            squares / (sum(map(abs, axis)) + 0.2),
            strong,
            strong / math.sqrt(1.0 + count / 8.0),
        )
    total = sum(valences)
    tone = math.tanh(total)
    return [
        *numbers,
        tone,
        math.tanh(2.0 * total),
        sum(value * (0.5 + at) for value, at in zip(valences, places, strict=True)) / root,
        valences[-1],
        valences[0],
        sum(value for value in valences if value > 0.0) / root,
        sum(value for value in valences if value < 0.0) / root,
        float(sum(value > 0.4 for value in valences)),
        float(sum(value < -0.4 for value in valences)),
        number / count,
        number / root,
        max(arousals) * tone,
        total * sum(arousals) / (number * number),
    ]


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
