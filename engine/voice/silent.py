"""Speech without sound: a mouth that moves where there is no voice."""

import re

import numpy as np

from capsules.arkit import VISEMES
from engine.voice.phonemes import MouthShape, visemes_from_marks
from engine.voice.port import SAMPLE_RATE_HZ, Speech, VoiceDelta

__all__ = ["SilentTts"]

_MAX_TEXT_CHARS = 2000
_VOWEL_MS = 110.0
_CONSONANT_MS = 70.0
_WORD_GAP_MS = 20.0
_PAUSE_MS = 200.0

# Letters to visemes, the longest spelling first; a rough reading is enough for a silent mouth.
_SPELLINGS = {
    "th": "TH", "sh": "CH", "ch": "CH", "ph": "FF", "ck": "kk", "ng": "kk", "qu": "kk",
    "oo": "ou", "ou": "ou", "ow": "ou", "ee": "ih", "ea": "ih", "ai": "E", "ay": "E", "oa": "oh",
    "a": "aa", "b": "PP", "c": "kk", "d": "DD", "e": "E", "f": "FF", "g": "kk", "h": "kk",
    "i": "ih", "j": "CH", "k": "kk", "l": "nn", "m": "PP", "n": "nn", "o": "oh", "p": "PP",
    "q": "kk", "r": "RR", "s": "SS", "t": "DD", "u": "ou", "v": "FF", "w": "ou", "x": "SS",
    "y": "ih", "z": "SS",
}  # fmt: skip
_VOWELS = frozenset({"aa", "E", "ih", "oh", "ou"})
_TOKEN = re.compile(
    "|".join(sorted(_SPELLINGS, key=len, reverse=True)) + r"|\d|\s+|[.,;:!?]|\S", re.IGNORECASE
)
_DIGIT = "E"
_OTHER = "E"


class SilentTts:
    """`TextToSpeech` that makes silence with estimated visemes.

    For machines without a voice, and for a sentence that the voice failed on. The same text always
    gives the same result; of the delta only the rate counts.
    """

    async def synthesize(self, text: str, delta: VoiceDelta) -> Speech:
        """See `TextToSpeech.synthesize`; a text is cut after 2,000 characters, and none fails."""
        rate = min(max(delta.rate, 0.5), 2.0)
        marks: list[tuple[MouthShape, float]] = []
        at_ms = 0.0
        for letters in _TOKEN.findall(text[:_MAX_TEXT_CHARS].strip()):
            name, length_ms = _reading(letters)
            marks.append((((VISEMES.index(name), 1.0),), at_ms))
            at_ms += length_ms / rate
        samples = np.zeros(round(at_ms * SAMPLE_RATE_HZ / 1000), np.float32)
        speech = Speech(text, samples, ())
        return Speech(text, samples, visemes_from_marks(marks, speech.duration_ms))

    async def aclose(self) -> None:
        """See `TextToSpeech.aclose`; nothing to release."""


def _reading(letters: str) -> tuple[str, float]:
    """Viseme and plain length of a piece of text."""
    if letters.isspace():
        return "sil", _WORD_GAP_MS
    if letters in ".,;:!?":
        return "sil", _PAUSE_MS
    if letters.isdigit():
        return _DIGIT, 2 * _VOWEL_MS
    name = _SPELLINGS.get(letters.lower())
    if name is None:
        return (_OTHER, _VOWEL_MS) if letters.isalpha() else ("sil", 0.0)
    return name, _VOWEL_MS if name in _VOWELS else _CONSONANT_MS
