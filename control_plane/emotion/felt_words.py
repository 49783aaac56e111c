"""What the words of a text feel like, in numbers: part of what the text model reads.

Sums, means and extremes over the words that feel something, what is said of whom, and VADER's
scores (Hutto and Gilbert, ICWSM 2014). Negations and reversals hold for a few words.
"""

import math
from collections.abc import Container, Sequence
from typing import NamedTuple

import numpy as np

from control_plane.emotion.word_facts import WordFacts

__all__ = ["FeltWord", "felt_words", "of_feelings", "of_persons", "of_vader"]

_REACH = 3  # words over which a negation or reversal holds
# Samples' worth of plain words in a mean: few words say less than many.
_PLAIN_WORDS = 4.0
_PERSONS = 3


class FeltWord(NamedTuple):
    """A word that feels something, as it is meant where it stands.

    Attributes:
        feeling: Valence, arousal, dominance, each in [-1, 1].
        place: Where in the text it is, [0, 1).
        person: Whom it is said of, by the last pronoun: 0 me, 1 you, 2 others, 3 nobody.
    """

    feeling: tuple[float, float, float]
    place: float
    person: int


_NOTHING = FeltWord((0.0, 0.0, 0.0), 0.0, _PERSONS)


def felt_words(words: Sequence[WordFacts], ends: Container[int] = ()) -> list[FeltWord]:
    """The words of a text that feel something.

    Args:
        words: All words of the text.
        ends: Indices of the words that end a clause: no negation reaches beyond.
    """
    felt = []
    negated_at = reversed_at = -_REACH - 1
    person = _PERSONS
    for index, word in enumerate(words):
        if word.person is not None:
            person = word.person
        if word.feeling is not None:
            valence, arousal, dominance = word.feeling
            if index - negated_at <= _REACH:
                valence, arousal, dominance = -0.6 * valence, 0.6 * arousal, -0.4 * dominance
            elif index - reversed_at <= _REACH and not word.reverses and valence < -0.2:
                valence, dominance = -0.4 * valence, 0.3
            felt.append(FeltWord((valence, arousal, dominance), index / len(words), person))
        if word.negates:
            negated_at = index
        if word.reverses:
            reversed_at = index
        if index in ends:
            negated_at = reversed_at = -_REACH - 1
    return felt


def of_feelings(felt: Sequence[FeltWord], count: int) -> list[float]:
    """Sums, means and extremes of the feelings in a text of `count` words."""
    felt = felt or [_NOTHING]
    number, root = len(felt), math.sqrt(count)
    table = np.array([one.feeling for one in felt])
    sizes = np.abs(table)
    # Row by row what each axis sums to, every word weighed by how far out it is on another.
    weighed = (table.T @ sizes).tolist()
    totals, all_sizes = table.sum(axis=0).tolist(), sizes.sum(axis=0).tolist()
    spreads, strongest = table.std(axis=0).tolist(), table[sizes[:, 0].argmax()].tolist()
    highest, lowest = table.max(axis=0).tolist(), table.min(axis=0).tolist()
    numbers: list[float] = []
    for axis, (total, size) in enumerate(zip(totals, all_sizes, strict=True)):
        numbers += (
            total / number,
            total / root,
            total / count,
            total / (number + _PLAIN_WORDS),
            highest[axis],
            lowest[axis],
            0.5 * (size + total) / root,
            0.5 * (size - total) / root,
            spreads[axis],
            weighed[axis][axis] / root,
            strongest[axis],
            strongest[axis] / math.sqrt(1.0 + count / 8.0),
            *(weighed[axis][by] / (all_sizes[by] + 0.3) for by in range(3)),
        )
    total = totals[0]
    tone = math.tanh(total)
    valences = [one.feeling[0] for one in felt]
    return [
        *numbers,
        tone,
        math.tanh(2.0 * total),
        sum(one.feeling[0] * (0.5 + one.place) for one in felt) / root,
        valences[-1],
        valences[0],
        float(sum(value > 0.4 for value in valences)),
        float(sum(value < -0.4 for value in valences)),
        number / count,
        number / root,
        highest[1] * tone,
        total * totals[1] / (number * number),
    ]


def of_persons(felt: Sequence[FeltWord], words: Sequence[WordFacts], count: int) -> list[float]:
    """What is felt of me, of you, of others and of nobody, and how often they are named."""
    root = math.sqrt(count)
    sums = [0.0] * (3 * (_PERSONS + 1))
    for one in felt:
        first = 3 * one.person
        valence, arousal, dominance = one.feeling
        sums[first] += valence
        sums[first + 1] += arousal
        sums[first + 2] += dominance
    named = [0] * _PERSONS
    for word in words:
        if word.person is not None:
            named[word.person] += 1
    return [
        *(total / root for total in sums),
        *(times / root for times in named),
        *(float(times > 0) for times in named),
    ]


def of_vader(words: Sequence[WordFacts], count: int) -> list[float]:
    """VADER's scores, negated where a negation is near."""
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
