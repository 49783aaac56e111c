"""What single words feel like: our own tables of them and VADER's.

`data/word_ratings.txt` holds words that a language model rated one by one;
`data/word_feelings.txt` holds fields of words (death, joy, money ...) and words by their feeling,
for those that were not. A word that is in none is looked for by its base: "hugged" is read as
"hug".
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

__all__ = ["Feeling", "WordFeelings", "word_feelings"]

_DATA = Path(__file__).parent / "data"
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
_RATED_SHARE = 0.7

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

    def __init__(self, table: str, ratings: str, vader: dict[str, float]) -> None:
        self._ratings = _rated(ratings)
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
        listed = self._listed(word, bases, families)
        rated = next((self._ratings[base] for base in bases if base in self._ratings), None)
        feeling = listed if rated is None else rated
        if rated is not None and listed is not None:
            # Two who judged apart are right more often than one.
            share = _RATED_SHARE
            feeling = (
                share * rated[0] + (1.0 - share) * listed[0],
                share * rated[1] + (1.0 - share) * listed[1],
                share * rated[2] + (1.0 - share) * listed[2],
            )
        return _Entry(feeling, tuple(families))

    def _listed(self, word: str, bases: Sequence[str], families: list[int]) -> Feeling | None:
        """What VADER, the norms and the fields make of a word; None where it is in none."""
        norm = next((self._norms[base] for base in bases if base in self._norms), None)
        score = self.vader.get(word)
        if score is None and norm is None and not families:
            return None
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
        return sum(valences) / len(valences), arousal, dominance


@cache
def word_feelings() -> WordFeelings:
    """The process's one table, read at the first call (tens of ms)."""
    lexicon: dict[str, float] = SentimentIntensityAnalyzer().lexicon
    table, ratings = (
        (_DATA / name).read_text(encoding="utf-8")
        for name in ("word_feelings.txt", "word_ratings.txt")
    )
    return WordFeelings(table, ratings, lexicon)


def _rated(ratings: str) -> dict[str, Feeling]:
    """Feelings by word, from lines of three numbers from 1 to 9 and the words."""
    found: dict[str, Feeling] = {}
    for line in ratings.splitlines():
        if not line.startswith("#"):
            head, words = line.split(":", 1)
            valence, arousal, dominance = ((int(number) - 5) / 4.0 for number in head.split())
            found.update(dict.fromkeys(words.split(), (valence, arousal, dominance)))
    return found


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
