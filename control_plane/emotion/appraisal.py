"""What a text feels like: a port, and an embedded lexicon behind it.

Valence comes from VADER (Hutto and Gilbert, 2014), sentence by sentence; arousal and dominance from
families of words and emoji and from how the text is written: exclamation marks, capitals,
stretched words, hedges, commands. A small model may take its place behind `Appraiser`.
"""

import math
import re
import string
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from control_plane.emotion.cues import (
    ASSERTIVE,
    DAMPENERS,
    ENGLISH,
    FOREIGN,
    HEDGES,
    IMPERATIVES,
    INTENSIFIERS,
    NEGATIONS,
    SWEARS,
    cues,
)
from control_plane.emotion.labels import label_of
from control_plane.emotion.mood import clamp
from engine.packet import Mood

__all__ = ["Appraisal", "Appraiser", "LexiconAppraiser", "default_appraiser", "is_english"]

# A long text is judged by how it begins and how it ends, for VADER takes 1 us a character.
_HEAD_CHARS = 500
_TAIL_CHARS = 250

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_SENTENCE_END = re.compile(r"(?<=[.!?\n])\s+")
_PIECE = re.compile(r"\S.{0,160}\S*", re.DOTALL)
_STRETCHED = re.compile(r"([a-z])\1{2,}")
_STRETCH = re.compile(r"(.)\1{2,}")
_WEB_ADDRESS = re.compile(r"\bhttps?://\S+|\bwww\.\S+")
_STARTLED = re.compile(r"\b(?:really|seriously|what|for real|no way|you did|wait)\s*[?!]")

# VADER reads these as feelings; in chat they mostly carry on the talk.
_LEXICON_CHANGES = {
    "fine": 0.4,
    "help": 0.2,
    "kind": 0.8,
    "like": 0.6,
    "no": -0.4,
    "ok": 0.1,
    "okay": 0.1,
    "please": 0.2,
    "pretty": 0.6,
    "sure": 0.3,
    "unacceptable": -2.8,
    "want": 0.0,
    "well": 0.3,
    "yes": 0.2,
    "yep": 0.2,
}


@dataclass(frozen=True, slots=True)
class Appraisal:
    """What a text feels like.

    Attributes:
        vad: Where it lies in the cube.
        intensity: How strongly it is felt, [0, 1].
        label: The emotion's name.
        confidence: How far to trust it, [0, 1]; at most 0.35 where the language is not read.
    """

    vad: Mood
    intensity: float
    label: str
    confidence: float


class Appraiser(Protocol):
    """Tells what a text feels like."""

    def appraise(self, text: str) -> Appraisal:
        """Appraises a text of any length and language; under 1 ms; never raises."""


@dataclass(frozen=True, slots=True)
class _Evidence:
    """Weighted mean place of the cues found, and how much they weigh."""

    place: Mood
    weight: float


@dataclass(frozen=True, slots=True)
class _Manner:
    """How the text is written, each of about [0, 1]."""

    exclaimed: float
    asked: bool
    shouted: float
    stretched: bool
    startled: bool
    trailing: bool
    degree: float
    certainty: float


class LexiconAppraiser:
    """VADER and rules. Reads VADER's lexicon when made (tens of ms); then pure and thread-safe."""

    def __init__(self) -> None:
        self._vader = SentimentIntensityAnalyzer()
        self._vader.lexicon.update(_LEXICON_CHANGES)
        # Emoji are our own cues; their spelled-out names would be counted twice.
        self._vader.emojis = {
            key: text for key, text in self._vader.emojis.items() if key not in cues().marks
        }

    def appraise(self, text: str) -> Appraisal:
        """See `Appraiser.appraise`."""
        excerpt = _WEB_ADDRESS.sub(" ", _excerpt(text)).replace("\u2019", "'")
        lower = excerpt.lower()
        words = _WORD.findall(lower)
        marks = cues().mark_pattern.findall(lower)
        english = _is_english(lower, words)
        evidence = _gather(lower if english else "", marks)
        polarity = self._polarity(excerpt) if english else 0.0
        manner = _manner(excerpt, lower, words, english=english)
        vad = _place(polarity, evidence, manner)
        feeling = max(abs(vad.valence), 0.85 * abs(vad.arousal), 0.7 * abs(vad.dominance))
        return Appraisal(
            vad=vad,
            intensity=min(1.0, 0.05 + 1.1 * feeling),
            label=label_of(vad),
            confidence=_confidence(polarity, evidence, english=english, words=len(words)),
        )

    def _polarity(self, text: str) -> float:
        """VADER's compound score [-1, 1], over sentences, the stronger ones counting more."""
        plain = text.translate(cues().mark_blanks)
        total = weight = 0.0
        for sentence in _SENTENCE_END.split(plain):
            # VADER's time grows with the square of a sentence's length.
            for piece in _PIECE.findall(sentence):
                if not self._may_feel(piece):
                    continue
                score: float = self._vader.polarity_scores(piece)["compound"]
                total += score * abs(score)
                weight += abs(score)
        return total / weight if weight else 0.0

    def _may_feel(self, piece: str) -> bool:
        """Whether VADER can find anything in it: a look at its words is quicker than its answer."""
        known = self._vader.lexicon
        for token in piece.lower().split():
            if token in known or token.strip(string.punctuation) in known:
                return True
        return any(char in self._vader.emojis for char in piece if char > "\u2000")


@cache
def default_appraiser() -> LexiconAppraiser:
    """The process's one lexicon appraiser, made at the first call."""
    return LexiconAppraiser()


def is_english(text: str) -> bool:
    """Whether the rules can read a text; true too for one without words."""
    lower = _excerpt(text).lower().replace("\u2019", "'")
    words = _WORD.findall(lower)
    return not words or _is_english(lower, words)


def _excerpt(text: str) -> str:
    if len(text) <= _HEAD_CHARS + _TAIL_CHARS:
        return text
    return f"{text[:_HEAD_CHARS]}\n{text[-_TAIL_CHARS:]}"


def _is_english(lower: str, words: list[str]) -> bool:
    """Whether the lexicon can read it: common words decide, then the alphabet."""
    if not words:
        return False
    ours = sum(word in ENGLISH for word in words)
    theirs = sum(word in FOREIGN for word in words)
    if theirs > ours or (theirs >= 2 and theirs == ours):
        return False
    letters = sum(len(word) for word in words)
    plain = sum("a" <= char <= "z" for char in lower)
    return plain >= 0.8 * letters


def _gather(lower: str, marks: list[str]) -> _Evidence:
    """Weighs up the cues of the words and marks; a negated cue counts little and the other way."""
    table = cues()
    found: list[tuple[Mood, float]] = [(table.marks[mark][1], 1.2) for mark in marks[:12]]
    phrases = table.phrase_pattern.findall(lower)
    found += [(table.phrases[phrase][1], 1.3) for phrase in phrases]
    words = _WORD.findall(table.phrase_pattern.sub(" ", lower) if phrases else lower)
    for index, word in enumerate(words):
        cue = table.of_word(word) or table.of_word(_STRETCH.sub(r"\1", word))
        if cue is None:
            continue
        place, weight = cue[1], 0.4 if cue[0] == "greeting" else 1.0
        if any(before in NEGATIONS for before in words[max(0, index - 3) : index]):
            place = clamp(-0.4 * place.valence, 0.2 * place.arousal, -0.3 * place.dominance)
            weight = 0.5
        found.append((place, weight))
    total = sum(weight for _, weight in found)
    if total == 0.0:
        return _Evidence(Mood(), 0.0)
    return _Evidence(
        clamp(
            sum(place.valence * weight for place, weight in found) / total,
            sum(place.arousal * weight for place, weight in found) / total,
            sum(place.dominance * weight for place, weight in found) / total,
        ),
        total,
    )


def _manner(text: str, lower: str, words: list[str], *, english: bool) -> _Manner:
    tokens = text.split()
    shouted = [token for token in tokens if token.isupper() and sum(map(str.isalpha, token)) > 2]
    lettered = sum(any(map(str.isalpha, token)) for token in tokens)
    certainty = degree = 0.0
    if english:
        certainty = 0.12 * min(3, sum(word in ASSERTIVE for word in words))
        certainty -= 0.12 * min(3, sum(word in HEDGES for word in words))
        certainty += 0.2 * any(word in SWEARS for word in words)
        certainty += 0.2 * (words[0] in IMPERATIVES and "?" not in text)
        degree = 0.1 * min(3, sum(word in INTENSIFIERS for word in words))
        degree -= 0.2 * min(2, sum(word in DAMPENERS for word in words))
    return _Manner(
        exclaimed=1.0 - math.exp(-(text.count("!") + text.count("\uff01")) / 2.0),
        asked="?" in text or "\uff1f" in text,
        # One short word in capitals is an abbreviation.
        shouted=len(shouted) / lettered if len("".join(shouted)) >= 5 else 0.0,
        stretched=bool(_STRETCHED.search(lower)),
        startled="?!" in text or "!?" in text or bool(_STARTLED.search(lower)),
        trailing=lower.rstrip().endswith(("...", "\u2026")),
        degree=degree,
        certainty=certainty,
    )


def _place(polarity: float, evidence: _Evidence, manner: _Manner) -> Mood:
    """Joins what is said with how it is said."""
    trust = evidence.weight / (evidence.weight + 0.35)
    said = evidence.place
    shaped = math.copysign(abs(polarity) ** 0.85, polarity)
    if manner.startled and abs(polarity) < 0.4:
        shaped *= 0.5  # "no way?!" is not a refusal
    valence = 0.6 * shaped + 0.55 * trust * said.valence if polarity and trust else shaped
    if not polarity:
        valence = 0.85 * trust * said.valence
    arousal = trust * said.arousal if trust else 0.3 * abs(shaped)
    dominance = trust * said.dominance if trust else 0.2 * shaped
    valence *= 1.0 + 0.5 * manner.degree
    arousal *= 1.0 + manner.degree
    arousal += 0.4 * manner.exclaimed + 0.35 * manner.shouted
    arousal += 0.3 * manner.startled + 0.1 * manner.stretched - 0.15 * manner.trailing
    if abs(valence) > 0.1:
        valence += math.copysign(0.15 * manner.exclaimed, valence)
    elif not manner.asked:
        valence += 0.2 * manner.exclaimed  # who exclaims without a complaint is rather pleased
    if valence < -0.1:
        valence -= 0.1 * manner.shouted
    dominance += manner.certainty
    if dominance > -0.15:  # who is afraid does not grow by shouting
        dominance += 0.3 * manner.shouted + 0.15 * manner.exclaimed
    dominance -= 0.1 * manner.asked + 0.2 * manner.startled
    return clamp(valence, arousal, dominance)


def _confidence(polarity: float, evidence: _Evidence, *, english: bool, words: int) -> float:
    if not english:
        return min(0.35, 0.05 + 0.15 * evidence.weight)
    found = 0.4 + 0.12 * min(3.0, evidence.weight) + (0.14 if abs(polarity) > 0.2 else 0.0)
    return found if words > 1 or evidence.weight else 0.5 * found
