"""All that is known of a word, found once and kept."""

import re
import zlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from control_plane.emotion.counts import Counts, packed
from control_plane.emotion.cues import (
    ASSERTIVE,
    DAMPENERS,
    ENGLISH,
    FOREIGN,
    HEDGES,
    INTENSIFIERS,
    NEGATIONS,
    SWEARS,
    Cue,
    cues,
)
from control_plane.emotion.turns import REVERSERS, WordTurns, turns_of
from control_plane.emotion.words import Feeling, WordFeelings

__all__ = [
    "BUCKETS",
    "CHAR_BUCKETS",
    "KEPT_WORDS",
    "LONGEST_KEPT",
    "WORD_BUCKETS",
    "WordFactTable",
    "WordFacts",
]

WORD_BUCKETS = 1 << 16
CHAR_BUCKETS = 1 << 17
BUCKETS = WORD_BUCKETS + CHAR_BUCKETS
"""Places of the sparse features: words and pairs first, then pieces of letters."""

# A chat has far fewer words in use at once; somebody may send others for ever.
KEPT_WORDS = 20_000
# Nothing longer is kept: it hardly comes again, and 20,000 such would fill the memory.
LONGEST_KEPT = 64
_NEGATING = NEGATIONS | {"neither", "nor", "haven't", "hasn't", "hadn't", "weren't"}
_LONGEST_PIECE = 5
_64_BITS = (1 << 64) - 1
_STRETCH = re.compile(r"(.)\1{2,}")
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
        cue: The family of feelings that it stands for, however stretched; None: it stands for none.
        is_negation: Whether it negates a cue that follows.
        negates: Whether it negates what the text model reads after it.
        reverses: Whether it turns what follows into its opposite.
        contrasts: Whether it sets what follows against what came before.
        person: Whom it names: 0 me, 1 you, 2 others; None where it is no pronoun.
        turns: The turns of phrase it has part in.
        counts: What it counts as among words of any alphabet: `Counts`, packed.
        read_counts: What it counts as among those that the text model reads.
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
    cue: Cue | None
    is_negation: bool
    negates: bool
    reverses: bool
    contrasts: bool
    person: int | None
    turns: WordTurns
    counts: int
    read_counts: int
    checksum: int
    continued: bytes
    place: int
    pieces: Places


class WordFactTable:
    """Finds the facts of words and keeps those of the last 20,000; thread-safe."""

    def __init__(self, feelings: WordFeelings) -> None:
        self._feelings = feelings
        self._kept = lru_cache(KEPT_WORDS)(self._find)

    def of(self, word: str) -> WordFacts:
        """The facts of a lower-case word, number or mark."""
        return self._kept(word) if len(word) <= LONGEST_KEPT else self._find(word)

    def _find(self, word: str) -> WordFacts:
        feeling, families = self._feelings.of(word)
        score, person = self._feelings.vader.get(word), _PERSONS.get(word)
        negates, reverses, contrasts = word in _NEGATING, word in REVERSERS, word in _TURNING
        checksum = zlib.crc32(word.encode())
        counts = Counts(
            english=word in ENGLISH,
            foreign=word in FOREIGN,
            assertive=word in ASSERTIVE,
            hedges=word in HEDGES,
            swears=word in SWEARS,
            intensifiers=word in INTENSIFIERS,
            dampeners=word in DAMPENERS,
            known=feeling is not None,
        )
        read_counts = Counts(
            scored=score is not None,
            letters=len(word),
            negating=negates,
            reversing=reverses,
            contrasting=contrasts,
            mine=person == 0,
            yours=person == 1,
            others=person == 2,
        )
        return WordFacts(
            word=word,
            is_word="a" <= word[0] <= "z",
            feeling=feeling,
            families=families,
            score=score,
            cue=cues().of_word(word) or cues().of_word(_STRETCH.sub(r"\1", word)),
            is_negation=word in NEGATIONS,
            negates=negates,
            reverses=reverses,
            contrasts=contrasts,
            person=person,
            turns=turns_of(word),
            counts=packed(counts),
            read_counts=packed(read_counts),
            checksum=checksum,
            continued=f" {word}".encode(),
            place=checksum & (WORD_BUCKETS - 1),
            pieces=np.array(_letter_pieces(word), dtype=np.int64) + WORD_BUCKETS,
        )


def _letter_pieces(word: str) -> list[int]:
    """Places of all pieces of 2 to 5 characters, a rolling hash of their code points."""
    hashed = codes = list(map(ord, f" {word} "))
    found = []
    for shorter in range(1, _LONGEST_PIECE):
        hashed = [
            (before * 0x01000193 + code) & _64_BITS
            for before, code in zip(hashed, codes[shorter:], strict=False)
        ]
        # A multiplicative hash keeps its best bits on top.
        found += [(piece * 0x9E3779B97F4A7C15 & _64_BITS) >> (64 - 17) for piece in hashed]
    return found
