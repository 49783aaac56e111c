"""What single words feel like: our own table of them and VADER's.

`data/word_feelings.txt` holds fields of words (death, joy, money ...) and words by their feeling.
A word that is in neither is looked for by its base: "hugged" is read as "hug".
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

__all__ = ["Feeling", "WordFeelings", "word_feelings"]

_PATH = Path(__file__).parent / "data" / "word_feelings.txt"
# An ending, what may stand in its place, and whether a doubled consonant before it is one.
_ENDINGS: tuple[tuple[str, tuple[str, ...], bool], ...] = (
    ("'s", ("",), False),
    ("s", ("",), False),
    ("es", ("",), False),
    ("ies", ("y",), False),
    ("ed", ("", "e"), True),
    ("ied", ("y",), False),
    ("ing", ("", "e"), True),
    ("ly", ("",), False),
    ("er", ("", "e"), True),
    ("est", ("", "e"), False),
    ("ness", ("",), False),
    ("ment", ("",), False),
    ("ier", ("y",), False),
    ("iest", ("y",), False),
    ("ily", ("y",), False),
    ("ful", ("",), False),
    ("ion", ("e", ""), False),
    ("n't", ("",), False),
)
_MIN_BASE = 3
_VADER_SCALE = 4.0
_CACHED_WORDS = 50_000

Feeling = tuple[float, float, float]
"""Valence, arousal, dominance, each in [-1, 1]."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """What is known of a word: its feeling, if any, and the numbers of its fields."""

    feeling: Feeling | None
    families: tuple[int, ...]


class WordFeelings:
    """Looks words up, in lower case. What was found is kept, up to a bound; thread-safe.

    Attributes:
        families: Names of the fields of words, by number.
        vader: VADER's lexicon: [-4, 4] by word or emoticon.
    """

    def __init__(self, table: str, vader: dict[str, float]) -> None:
        self.families: list[str] = []
        self.vader = vader
        self._family_feelings: list[Feeling] = []
        self._families: dict[str, list[int]] = {}
        norms: dict[str, list[Feeling]] = {}
        for line in table.splitlines():
            if line.startswith("#"):
                continue
            head, words = line.split(":", 1)
            kind, *rest = head.split()
            valence, arousal, dominance = (int(number) / 10.0 for number in rest[-3:])
            if kind == "family":
                number = len(self.families)
                self.families.append(rest[0])
                self._family_feelings.append((valence, arousal, dominance))
                for word in words.split():
                    self._families.setdefault(word, []).append(number)
            else:
                for word in words.split():
                    norms.setdefault(word, []).append((valence, arousal, dominance))
        self._norms = {word: _mean(feelings) for word, feelings in norms.items()}
        self._found: dict[str, _Entry] = {}

    def of(self, word: str) -> tuple[Feeling | None, tuple[int, ...]]:
        """The feeling of a lower-case word, None where nothing is known, and its fields."""
        entry = self._found.get(word)
        if entry is None:
            entry = self._look_up(word)
            if len(self._found) < _CACHED_WORDS:
                self._found[word] = entry
        return entry.feeling, entry.families

    def _look_up(self, word: str) -> _Entry:
        bases = tuple(_bases(word))
        families = next((self._families[base] for base in bases if base in self._families), [])
        norm = next((self._norms[base] for base in bases if base in self._norms), None)
        score = self.vader.get(word)
        if score is None and norm is None and not families:
            return _Entry(None, ())
        field = _mean([self._family_feelings[number] for number in families])
        # VADER and the norms were made word by word; a field speaks for many words at once.
        valences: list[float] = []
        if score is not None:
            valences += [score / _VADER_SCALE] * 2
        if norm is not None:
            valences += [norm[0]] * 2
        if families:
            valences.append(field[0])
        placed = [norm] * 2 if norm is not None else []
        if families:
            placed.append(field)
        _, arousal, dominance = _mean(placed)
        return _Entry((sum(valences) / len(valences), arousal, dominance), tuple(families))


@cache
def word_feelings() -> WordFeelings:
    """The process's one table, read at the first call (tens of ms)."""
    lexicon: dict[str, float] = SentimentIntensityAnalyzer().lexicon
    return WordFeelings(_PATH.read_text(encoding="utf-8"), lexicon)


def _bases(word: str) -> Iterator[str]:
    yield word
    for ending, others, doubled in _ENDINGS:
        if not word.endswith(ending) or len(word) - len(ending) < _MIN_BASE:
            continue
        base = word[: -len(ending)]
        for other in others:
            yield base + other
        if doubled and base[-1] == base[-2]:
            yield base[:-1]


def _mean(feelings: list[Feeling]) -> Feeling:
    if not feelings:
        return (0.0, 0.0, 0.0)
    count = len(feelings)
    return (
        sum(feeling[0] for feeling in feelings) / count,
        sum(feeling[1] for feeling in feelings) / count,
        sum(feeling[2] for feeling in feelings) / count,
    )
