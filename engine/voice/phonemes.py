"""Phonemes to mouth shapes, by the table in `data/phonemes.json`."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise

from capsules.arkit import VISEMES
from engine.voice.port import SpeechViseme

__all__ = [
    "SILENCE",
    "MouthShape",
    "PhonemeTable",
    "is_stressed",
    "load_phonemes",
    "visemes_from_marks",
]

SILENCE = VISEMES.index("sil")
MouthShape = tuple[tuple[int, float], ...]  # visemes in order, each with its share of the time

_STRESS_MARKS = "',%=\"|"
_STRESSED = ("'", '"')  # primary, and that of an emphasised word
_LENGTH_AND_VARIANT_MARKS = ":#2-;~^`/"
_NEUTRAL_VOWEL: MouthShape = ((VISEMES.index("E"), 1.0),)


@dataclass(frozen=True, slots=True)
class PhonemeTable:
    """What mouth shape each phoneme makes.

    Attributes:
        espeak: By eSpeak NG's mnemonic, without stress marks.
        espeak_by_first: By the first character of a mnemonic that `espeak` does not list.
    """

    espeak: Mapping[str, MouthShape]
    espeak_by_first: Mapping[str, MouthShape]

    def of_espeak(self, symbol: str) -> MouthShape:
        """The shape of an eSpeak mnemonic; any symbol has one."""
        plain = symbol.strip(_STRESS_MARKS)
        for name in (plain, plain.rstrip(_LENGTH_AND_VARIANT_MARKS)):
            if name in self.espeak:
                return self.espeak[name]
        if not plain:
            return ((SILENCE, 1.0),)
        return self.espeak_by_first.get(plain[0], _NEUTRAL_VOWEL)


def is_stressed(symbol: str) -> bool:
    """Whether an eSpeak mnemonic is that of a vowel with the word's main stress."""
    return symbol.startswith(_STRESSED)


def _shape(entries: list[tuple[str, float]]) -> MouthShape:
    return tuple((VISEMES.index(name), float(share)) for name, share in entries)


@cache
def load_phonemes() -> PhonemeTable:
    """The packaged table; read once."""
    data = json.loads(files("engine.voice").joinpath("data/phonemes.json").read_text("utf-8"))
    return PhonemeTable(
        espeak={symbol: _shape(entries) for symbol, entries in data["espeak"].items()},
        espeak_by_first={
            first: ((VISEMES.index(name), 1.0),) for first, name in data["espeak_by_first"].items()
        },
    )


def visemes_from_marks(
    marks: Iterable[tuple[MouthShape, float]], duration_ms: float
) -> tuple[SpeechViseme, ...]:
    """Lays mouth shapes end to end over a piece of speech.

    Args:
        marks: Shapes with the time in ms at which each starts, ascending; each lasts until the
            next. Times outside [0, `duration_ms`] are clamped.
        duration_ms: The speech's length.

    Returns:
        Ascending without gaps from 0 to `duration_ms`; silence before the first mark. Neighbours
        of the same shape are one. Empty where the length is 0.
    """
    edges: list[tuple[int, float]] = [(SILENCE, 0.0)]
    starts = [(shape, min(max(start_ms, 0.0), duration_ms)) for shape, start_ms in marks]
    starts.append((((SILENCE, 1.0),), duration_ms))
    for (shape, start_ms), (_, end_ms) in pairwise(starts):
        at_ms = start_ms
        for viseme, share in shape:
            edges.append((viseme, at_ms))
            at_ms += share * (end_ms - start_ms)
    return _joined(edges, duration_ms)


def _joined(edges: list[tuple[int, float]], duration_ms: float) -> tuple[SpeechViseme, ...]:
    joined: list[SpeechViseme] = []
    for (viseme, start_ms), (_, end_ms) in pairwise([*edges, (SILENCE, duration_ms)]):
        if end_ms <= start_ms:
            continue
        repeats = bool(joined) and joined[-1].viseme == viseme
        first_ms = joined.pop().start_ms if repeats else start_ms
        joined.append(SpeechViseme(viseme, first_ms, end_ms - first_ms))
    return tuple(joined)
