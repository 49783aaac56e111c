"""What the words of a text feel like, in numbers: part of what the text model reads.

Sums, means and extremes over the words that feel something, what is said of whom, and VADER's
scores (Hutto and Gilbert, ICWSM 2014). Negations and reversals hold for a few words.
"""

import math
from collections.abc import Container, Sequence
from typing import NamedTuple

import numpy as np

from control_plane.emotion.counts import Counts
from control_plane.emotion.word_facts import WordFacts

__all__ = ["FeltWords", "felt_words", "of_feelings", "of_persons", "of_vader"]

_REACH = 3  # words over which a negation or reversal holds
# Samples' worth of plain words in a mean: few words say less than many.
_PLAIN_WORDS = 4.0
_PERSONS = 3
_NO_SCORES = [0.0] * 9


class FeltWords(NamedTuple):
    """The words of a text that feel something, as they are meant where they stand.

    Attributes:
        feelings: Valence, arousal and dominance of the first, then those of the next.
        places: Where in the text each is, [0, 1).
        by_person: Valence, arousal and dominance, summed up over what is said of me, of you, of
            others and of nobody: by the last pronoun.
    """

    feelings: list[float]
    places: list[float]
    by_person: list[float]


_NOTHING = [0.0, 0.0, 0.0]


def felt_words(words: Sequence[WordFacts], ends: Container[int] = ()) -> FeltWords:
    """The words of a text that feel something.

    Args:
        words: All words of the text.
        ends: Indices of the words that end a clause: no negation reaches beyond.
    """
    feelings: list[float] = []
    places: list[float] = []
    by_person = [0.0] * (3 * (_PERSONS + 1))
    negated_at = reversed_at = -_REACH - 1
    of_person = 3 * _PERSONS
    count = len(words)
    for index, word in enumerate(words):
        if word.person is not None:
            of_person = 3 * word.person
        if word.feeling is not None:
            valence, arousal, dominance = word.feeling
            if index - negated_at <= _REACH:
                valence, arousal, dominance = -0.6 * valence, 0.6 * arousal, -0.4 * dominance
            elif index - reversed_at <= _REACH and not word.reverses and valence < -0.2:
                valence, dominance = -0.4 * valence, 0.3
            feelings += (valence, arousal, dominance)
            places.append(index / count)
            by_person[of_person] += valence
            by_person[of_person + 1] += arousal
            by_person[of_person + 2] += dominance
        if word.negates:
            negated_at = index
        if word.reverses:
            reversed_at = index
        if index in ends:
            negated_at = reversed_at = -_REACH - 1
    return FeltWords(feelings, places, by_person)


def of_feelings(felt: FeltWords, count: int) -> list[float]:
    """Sums, means and extremes of the feelings in a text of `count` words."""
    feelings, places = (felt.feelings, felt.places) if felt.places else (_NOTHING, [0.0])
    number, root = len(places), math.sqrt(count)
    axes = feelings[::3], feelings[1::3], feelings[2::3]
    valences, arousals, dominances = axes
    sizes = list(map(abs, valences))
    all_sizes = (sum(sizes), sum(map(abs, arousals)), sum(map(abs, dominances)))
    by_valence, by_arousal, by_dominance = [size + 0.3 for size in all_sizes]
    at_strongest = sizes.index(max(sizes))
    lengthened = math.sqrt(1.0 + count / 8.0)
    table = np.array(feelings).reshape(number, 3)
    # Row by row what each axis sums to, every word weighed by how far out it is on another.
    weighed = table.T.dot(abs(table)).tolist()
    numbers: list[float] = []
    for axis, values in enumerate(axes):
        total, size, row, strongest = (
            sum(values),
            all_sizes[axis],
            weighed[axis],
            values[at_strongest],
        )
        mean = total / number
        numbers += (
            mean,
            total / root,
            total / count,
            total / (number + _PLAIN_WORDS),
            max(values),
            min(values),
            0.5 * (size + total) / root,
            0.5 * (size - total) / root,
            math.sqrt(sum([(gap := value - mean) * gap for value in values]) / number),
            row[axis] / root,
            strongest,
            strongest / lengthened,
            row[0] / by_valence,
            row[1] / by_arousal,
            row[2] / by_dominance,
        )
    total = sum(valences)
    tone = math.tanh(total)
    numbers += (
        tone,
        math.tanh(2.0 * total),
        sum([valences[at] * (0.5 + place) for at, place in enumerate(places)]) / root,
        valences[-1],
        valences[0],
        sum([value > 0.4 for value in valences]),
        sum([value < -0.4 for value in valences]),
        number / count,
        number / root,
        max(arousals) * tone,
        total * sum(arousals) / (number * number),
    )
    return numbers


def of_persons(felt: FeltWords, counts: Counts, count: int) -> list[float]:
    """What is felt of me, of you, of others and of nobody, and how often they are named."""
    root = math.sqrt(count)
    mine, yours, others = counts.mine, counts.yours, counts.others
    return [
        *[total / root for total in felt.by_person],
        mine / root,
        yours / root,
        others / root,
        mine > 0,
        yours > 0,
        others > 0,
    ]


def of_vader(words: Sequence[WordFacts], counts: Counts, count: int) -> list[float]:
    """VADER's scores, negated where a negation is near."""
    if not counts.scored:
        return _NO_SCORES
    scores = []
    negated_at = -_REACH - 1
    for index, word in enumerate(words):
        score = word.score
        if score is not None:
            scores.append(-0.7 * score if index - negated_at <= _REACH else score)
        if word.negates:
            negated_at = index
    total = sum(scores)
    root = math.sqrt(count)
    return [
        total / math.sqrt(total * total + 15.0),  # VADER's own way to bound a sum
        total / 4.0,
        total / len(scores),
        total / count,
        max(scores),
        min(scores),
        sum([score for score in scores if score > 0.0]) / root,
        sum([score for score in scores if score < 0.0]) / root,
        len(scores) / count,
    ]
