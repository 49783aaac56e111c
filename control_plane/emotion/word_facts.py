"""All that is known of a word, found once and kept: a text then costs one look-up a word."""

import zlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from control_plane.emotion.cues import NEGATIONS
from control_plane.emotion.turns import REVERSERS, WordTurns, turns_of
from control_plane.emotion.words import Feeling, WordFeelings

__all__ = ["BUCKETS", "CHAR_BUCKETS", "KEPT_WORDS", "WORD_BUCKETS", "WordFactTable", "WordFacts"]

WORD_BUCKETS = 1 << 16
CHAR_BUCKETS = 1 << 17
BUCKETS = WORD_BUCKETS + CHAR_BUCKETS
"""Places of the sparse features: words and pairs first, then pieces of letters."""

# A chat has far fewer words in use at once; somebody may send others for ever.
KEPT_WORDS = 20_000
_NEGATING = NEGATIONS | {"neither", "nor", "haven't", "hasn't", "hadn't", "weren't"}
_LENGTHS = (2, 3, 4, 5)
_TURNING = frozenset(("but", "however", "yet", "although", "though"))
_PRONOUNS = (
    "i me my mine myself we us our ours i'm i've i'd i'll we're we've we'll",
    "you your yours you're you've you'll you'd",
    "he she they him her them his their he's she's they're he'd she'd",
)
_PERSONS = {word: person for person, words in enumerate(_PRONOUNS) for word in words.split()}

Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class WordFacts:
    """A lower-case word, number or mark.

    Attributes:
        word: Itself.
        is_word: Whether it is a word.
        feeling: What it feels like; None where that is not known.
        families: Numbers of its fields.
        score: VADER's, [-4, 4]; None where VADER does not have it.
        negates: Whether it negates what follows.
        reverses: Whether it turns what follows into its opposite.
        contrasts: Whether it sets what follows against what came before.
        person: Whom it names: 0 me, 1 you, 2 others; None where it is no pronoun.
        turns: The turns of phrase it has part in.
        checksum: CRC-32 of its UTF-8.
        continued: Its UTF-8 after a blank, to continue a checksum with.
        place: Where it is among the sparse features, [0, WORD_BUCKETS).
        pieces: Places of its pieces of letters in [WORD_BUCKETS, BUCKETS).
    """

    word: str
    is_word: bool
    feeling: Feeling | None
    families: tuple[int, ...]
    score: float | None
    negates: bool
    reverses: bool
    contrasts: bool
    person: int | None
    turns: WordTurns
    checksum: int
    continued: bytes
    place: int
    pieces: Places


class WordFactTable:
    """Finds the facts of words and keeps those of the last 20,000; thread-safe.

    Attributes:
        of: The facts of a lower-case word, number or mark; 0.1 us for one that is kept.
    """

    def __init__(self, feelings: WordFeelings) -> None:
        self._feelings = feelings
        self.of = lru_cache(KEPT_WORDS)(self._find)

    def _find(self, word: str) -> WordFacts:
        feeling, families = self._feelings.of(word)
        checksum = zlib.crc32(word.encode())
        return WordFacts(
            word=word,
            is_word="a" <= word[0] <= "z",
            feeling=feeling,
            families=families,
            score=self._feelings.vader.get(word),
            negates=word in _NEGATING,
            reverses=word in REVERSERS,
            contrasts=word in _TURNING,
            person=_PERSONS.get(word),
            turns=turns_of(word),
            checksum=checksum,
            continued=f" {word}".encode(),
            place=checksum & (WORD_BUCKETS - 1),
            pieces=_letter_pieces(word) + WORD_BUCKETS,
        )


def _letter_pieces(word: str) -> Places:
    """Places of all pieces of 2 to 5 characters, a rolling hash of their code points."""
    codes = np.frombuffer(f" {word} ".encode("utf-32-le"), dtype="<u4").astype(np.uint64)
    hashed = codes
    found = []
    for length in range(2, _LENGTHS[-1] + 1):
        if codes.size < length:
            break
        hashed = hashed[: codes.size - length + 1] * np.uint64(0x01000193) + codes[length - 1 :]
        # A multiplicative hash keeps its best bits on top.
        mixed = hashed * np.uint64(0x9E3779B97F4A7C15)
        found.append(mixed >> np.uint64(64 - 17))
    return np.concatenate(found).astype(np.int64)
