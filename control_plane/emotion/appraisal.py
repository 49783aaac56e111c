"""What a text feels like: a port, and what is behind it by default.

A small model trained on rated sentences (`control_plane.emotion.text_model`) says how good, how
stirring and how commanding the words are; rules (`rules`) read what it has never seen: emoji,
laughter, everyday situations, sarcasm, capitals. Where the rules find something they lead.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

from control_plane.emotion.labels import label_of
from control_plane.emotion.onnx_rater import OnnxRater
from control_plane.emotion.rules import Evidence, Manner, RuleReading, is_english, read_rules
from control_plane.emotion.text_model import Rater, default_text_model
from control_plane.emotion.vad import clamp
from engine.packet import Mood

__all__ = [
    "Appraisal",
    "Appraiser",
    "TextAppraiser",
    "default_appraiser",
    "is_english",
    "open_appraiser",
]

# From EmoBank's scale to ours. Zero is what plain messages are rated on average; the factors give
# the calibration half of the conversation set the spread of its expected emotions. See
# docs/emotion.md.
_ZERO = (3.0, 3.0, 3.05)
_FACTORS = (1.5, 1.7, 2.5)
# Readers of EmoBank found whatever is good or bad stirring as well; quiet chat stirs nobody.
_STIR = 0.1
# Values well below this are noise: most of what is plain lies there.
_NOISE = 0.30
# Courtesies mean no more than they say.
_COURTESY_TRUST = 0.85
# How much an exclamation mark counts after a greeting or thanks.
_COURTEOUS = 0.3
# Cues of this weight count as much as the model.
_EVIDENCE_HALF = 0.6
# What is found in another language or without words is trusted no further.
_MAX_UNREAD_CONFIDENCE = 0.35
# Where feeling something and feeling nothing meet: what lies here may be either.
_BORDER = 0.2


@dataclass(frozen=True, slots=True)
class Appraisal:
    """What a text feels like.

    Attributes:
        vad: Where it lies in the cube.
        intensity: How strongly it is felt, [0, 1].
        label: The emotion's name.
        confidence: How far to trust it, [0, 1]; at most 0.35 where the language is not read.
        sarcastic: Whether it praises what it means to blame.
    """

    vad: Mood
    intensity: float
    label: str
    confidence: float
    sarcastic: bool = False


class Appraiser(Protocol):
    """Tells what a text feels like."""

    def appraise(self, text: str) -> Appraisal:
        """Appraises a text of any length and language; under 1 ms; never raises."""


class TextAppraiser:
    """The text model and the rules together; pure and thread-safe.

    Args:
        model: Rates texts; None: the one that ships, read now (tens of ms).
    """

    def __init__(self, model: Rater | None = None) -> None:
        self._model = default_text_model() if model is None else model
        # Tables are read now, not while somebody waits for a face.
        read_rules("Warm.")

    def appraise(self, text: str) -> Appraisal:
        """See `Appraiser.appraise`."""
        reading = read_rules(text)
        heard = self._heard(reading)
        vad = _place(heard, reading)
        feeling = max(abs(vad.valence), 0.85 * abs(vad.arousal), 0.7 * abs(vad.dominance))
        return Appraisal(
            vad=vad,
            intensity=min(1.0, 0.05 + 1.1 * feeling),
            label=label_of(vad),
            confidence=_confidence(reading, heard, vad),
            sarcastic=reading.sarcastic,
        )

    def _heard(self, reading: RuleReading) -> Mood:
        """What the model makes of the words, on our scale."""
        if not reading.english:
            return Mood()
        rating = self._model.rate(reading.text, reading)
        valence = _FACTORS[0] * (rating.valence - _ZERO[0])
        arousal = _FACTORS[1] * (rating.arousal - _ZERO[1]) - _STIR * abs(valence)
        dominance = _FACTORS[2] * (rating.dominance - _ZERO[2])
        # What is neither good nor bad, and said without a mark, stirs nobody.
        meant = 1.0 if reading.manner.exclaimed else min(1.0, 0.05 + abs(valence) / 0.4)
        return clamp(_quieted(valence), meant * _quieted(arousal), meant * _quieted(dominance))


@cache
def default_appraiser() -> TextAppraiser:
    """The process's one appraiser, made at the first call."""
    return TextAppraiser()


def open_appraiser(folder: Path | None) -> TextAppraiser:
    """The process's one, or one with the model in `folder` (`onnx_rater`) in place of ours.

    Raises:
        RaterError: That model cannot be used.
    """
    return default_appraiser() if folder is None else TextAppraiser(OnnxRater(folder))


def _quieted(value: float) -> float:
    """Noise made smaller, what stands out left as it is."""
    return value * value * value / (value * value + _NOISE * _NOISE)


def _place(heard: Mood, reading: RuleReading) -> Mood:
    """Joins what the words say, what the cues say, and how it is written."""
    evidence, manner = reading.evidence, reading.manner
    if reading.sarcastic:
        return _sarcasm(heard, evidence, manner)
    trust = evidence.weight / (evidence.weight + _EVIDENCE_HALF)
    judged = evidence.judged_weight / (evidence.judged_weight + _EVIDENCE_HALF)
    if evidence.polite:
        trust = judged = max(trust, _COURTESY_TRUST)
    said = evidence.place
    valence = heard.valence + judged * (said.valence - heard.valence)
    arousal = heard.arousal + trust * (said.arousal - heard.arousal)
    if evidence.polite:
        arousal = said.arousal
    dominance = heard.dominance + judged * (said.dominance - heard.dominance)
    valence *= 1.0 + 0.3 * manner.degree
    arousal *= 1.0 + (manner.degree if arousal > 0.0 else 0.0)
    # The model has heard the marks where it alone speaks; "thanks!" is only polite.
    loud = trust if reading.english else 1.0
    exclaimed = (_COURTEOUS if evidence.polite else 1.0) * manner.exclaimed
    arousal += (0.15 + 0.25 * loud) * exclaimed + 0.35 * manner.shouted
    arousal += 0.3 * manner.startled + 0.1 * manner.stretched - 0.1 * manner.trailing
    if abs(valence) > 0.1:
        valence += 0.15 * loud * exclaimed * (1.0 if valence > 0.0 else -1.0)
    elif not manner.asked:
        valence += 0.1 * manner.exclaimed  # who exclaims without a complaint is rather pleased
    if valence < -0.1:
        valence -= 0.1 * manner.shouted
    dominance += manner.certainty * (1.0 - 0.5 * judged)
    if dominance > -0.15:  # who is afraid does not grow by shouting
        dominance += 0.3 * manner.shouted + 0.15 * manner.exclaimed
    # Cues of fear and doubt have heard the question already.
    dominance -= 0.1 * manner.asked * (1.0 - judged) + 0.2 * manner.startled
    return clamp(valence, arousal, dominance)


def _sarcasm(heard: Mood, evidence: Evidence, manner: Manner) -> Mood:
    """Praise that means blame: as bad as it sounds good, colder, and from above."""
    sounds = max(abs(heard.valence), abs(evidence.place.valence) * min(1.0, evidence.weight))
    return clamp(
        -0.3 - 0.25 * sounds,
        0.12 + 0.2 * manner.exclaimed + 0.3 * manner.shouted,
        0.3,
    )


def _confidence(reading: RuleReading, heard: Mood, vad: Mood) -> float:
    """More where cues and model agree and where the place found is clear; see docs/emotion.md."""
    evidence = reading.evidence
    if not reading.english:
        return min(_MAX_UNREAD_CONFIDENCE, 0.05 + 0.15 * evidence.weight)
    found = 0.4 + 0.35 * min(_clear(vad.valence), _clear(vad.arousal))
    if evidence.weight:
        trust = evidence.judged_weight / (evidence.judged_weight + _EVIDENCE_HALF)
        apart = abs(evidence.place.valence - heard.valence)
        found += trust * (0.2 - 0.15 * min(1.0, apart))
    if reading.sarcastic:
        found -= 0.1
    return found if len(reading.said.words) > 1 or evidence.weight else 0.5 * found


def _clear(value: float) -> float:
    """How far a value is from where feeling something and feeling nothing meet, [0, 1]."""
    return min(1.0, abs(abs(value) - _BORDER) / _BORDER)
