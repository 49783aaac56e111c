"""Turns of phrase that say who acts, who asks and who cannot: patterns the text model counts.

They stand mostly for dominance: "I couldn't move" and "Stop calling me that" differ in nothing that
a list of good and bad words knows. What each weighs is learned from the training data.
"""

import re
from dataclasses import dataclass
from functools import cache

__all__ = ["REVERSERS", "TURNS", "WordTurns", "commands", "turns_of"]

_STRONG_VERBS = (
    "demand|demanded|order|ordered|insist|insisted|refuse|refused|command|commanded|decide|decided"
    "|control|controlled|force|forced|win|won|beat|defeat|defeated|kill|killed|attack|attacked"
    "|fight|fought|conquer|hit|struck|punched|kicked|threw|grabbed|pulled|pushed|broke|destroyed"
    "|built|created|led|lead|own|owned|achieved|succeed|succeeded|dare|dared|challenge|challenged"
    "|shout|shouted|yell|yelled|growled|barked|snapped|stared|glared|declared|announced|swore"
    "|promise|promised|vow|vowed|know|knew|take|took|stop|stopped|catch|caught|choose|chose|make"
    "|made|run|ran|free|freed|lift|lifted|raised|drove|shot|slammed|slapped|squeezed|pinned"
)

_BY_WORD = (
    r"please",
    r"warn[a-z]*|dared?|dares",
    r"me|us",
    r"by",
    r"[a-z]+est|worst|most",
    r"thanks?|grateful|appreciate|welcome",
    r"sorry|apolog[a-z]+|forgive",
    r"oh|ah|ahh|wow|hey|hi|hello|whoa|yay|haha|ha|lol|ew|ugh|huh|hm+|ahem|alas|yes|yeah|yep|okay|ok"
    r"|well|no",
    r"killed|dead|dies|died|deaths?|kills|killing|wounded|injured|dying",
    r"(?:thousand|million|billion|hundred|dozen)s?",
    r"cried|cry|crying|tears?|sob|sobb?ed|sobbing|wept|weeping|sigh[a-z]*|moan[a-z]*|frown[a-z]*",
    r"smil[a-z]+|laugh[a-z]*|grin[a-z]*|giggl[a-z]+|chuckl[a-z]+|hug[a-z]*|kiss[a-z]*|cheer[a-z]*",
    r"may|might|perhaps|maybe|possibly|probably|seems?|seemed|somewhat|rather|fairly|quite|almost"
    r"|slightly",
    r"very|extremely|incredibly|truly|absolutely|completely|totally|utterly|really|ever",
    r"said|asked|replied|told|says|whispered|murmured",
    r"if|unless|until|whether",
    r"but|although|though|however|despite|yet|except",
    r"you|your",
    r"he|she|him|her|his",
    r"should|ought",
    r"want|wants|wanted|need|needs|needed|like|likes|liked",
    r"alone|without|empty|away|gone|missing|disappear[a-z]*",
    r"free|freedom|independent|win|won|victory|power[a-z]*|strong|strength|own",
    r"new|first|latest",
    r"against|despite|refus[a-z]+|reject[a-z]*|deny|denied|denies",
    r"can't|cannot|couldn't|unable|incapable",
    r"i'm|we're",
    r"must|gotta",
    r"i'll|we'll",
)
_OPENINGS = (
    r"but|and|so|or|because|then",
    r"what|why|how|who|where|when|which|do|did|does|is|are|can|could|would|will",
    r"(?:i|we)(?:'[a-z]+)?",
    r"you(?:'[a-z]+)?",
    r"(?:he|she|they)(?:'[a-z]+)?",
    r"(?:it|this|that|there)(?:'s)?",
    r"the",
    r"no",
)
# The words before the first blank, one of which begins the phrase, and how it goes on.
_PHRASES = (
    r"can|could not\b",
    r"not able to\b",
    r"i|we (?:can't|cannot|couldn't|could not|can not)\b",
    r"don't|didn't (?:even )?(?:know|understand|remember|think|want|like|care|have|need|get)\b",
    r"do|did not (?:even )?(?:know|understand|remember|think|want|like|care|have|need|get)\b",
    r"no (?:idea|clue|choice|way|longer|more)\b",
    r"not (?:sure|enough)\b",
    r"nothing|at (?:left|a loss)\b",
    r"could|would|can|will|may|might (?:you|i|we)\b",
    r"i|we|he|she|they|you (?:wish|wished|hope|hoped|hoping|wonder|wondered|guess|suppose|pray"
    r"|prayed|begged|asked|tried|try)\b",
    r"had|has|have|having to\b",
    r"need|needs|ought|required|got to\b",
    r"i|we|i'm|we're (?:will|am going to|are going to|going to)\b",
    r"you (?:will|must|should|need|have to|better)\b",
    r"you'll|you'd [a-z]+\b",
    r"or (?:i'll|else|i will|we'll)\b",
    r"was|were|been|being|is|are|be|got|gets|get (?:[a-z]+ly )?[a-z]+(?:ed|en|wn|ught|ung|ost)\b",
    rf"i|we (?:{_STRONG_VERBS})\b",
    rf"he|she|they (?:{_STRONG_VERBS})\b",
    r"i|we (?:felt|feel|was|am|were)\b",
    r"would|could|should have\b",
    r"if only\b",
    r"too|so [a-z]+\b",
    r"laid|lay|laying|lays off\b",
    r"job cuts?\b",
    r"cut|cuts|cutting (?:[a-z]+ )?jobs\b",
    r"lack|lacks|lacking|loss|absence|shortage|end of\b",
    r"never|ever (?:been (?:so|more)|had|seen|met|felt)\b",
    r"my|our (?:[a-z]+ )?(?:mother|father|mom|dad|wife|husband|son|daughter|friends?|family|child"
    r"|children|brother|sister|heart|life|love|home)\b",
    r"forced|made|let|allowed|told|ordered|given|left|held|trapped|caught|stuck|lost|taken|hit"
    r"|struck (?:me|us|him|her|them|to)\b",
)
_WORD_PATTERNS = tuple(re.compile(pattern) for pattern in _BY_WORD)
_OPENING_PATTERNS = tuple(re.compile(pattern) for pattern in _OPENINGS)
# Most words are none of them.
_ANY_WORD = re.compile("|".join(_BY_WORD))
_ANY_OPENING = re.compile("|".join(_OPENINGS))
_AFTER_WORDS = len(_BY_WORD)
_AFTER_OPENINGS = _AFTER_WORDS + len(_OPENINGS)

TURNS = _AFTER_OPENINGS + len(_PHRASES)
"""How many turns there are."""

Phrase = tuple[int, re.Pattern[str]]


@dataclass(frozen=True, slots=True)
class WordTurns:
    """Numbers of the turns that a word has part in, each in [0, TURNS).

    Attributes:
        anywhere: Those that it is by itself.
        opening: Those that it is as the first word of a text.
        phrases: Those that it may begin, each with how the lower-case text goes on after it.
    """

    anywhere: tuple[int, ...]
    opening: tuple[int, ...]
    phrases: tuple[Phrase, ...]


def turns_of(word: str) -> WordTurns:
    """The turns of a lower-case word; some microseconds, so keep what it gives."""
    anywhere = enumerate(_WORD_PATTERNS if _ANY_WORD.fullmatch(word) else ())
    opening = enumerate(_OPENING_PATTERNS if _ANY_OPENING.fullmatch(word) else (), _AFTER_WORDS)
    return WordTurns(
        anywhere=tuple(number for number, turn in anywhere if turn.fullmatch(word)),
        opening=tuple(number for number, turn in opening if turn.fullmatch(word)),
        phrases=_phrases_by_first_word().get(word, ()),
    )


@cache
def _phrases_by_first_word() -> dict[str, tuple[Phrase, ...]]:
    found: dict[str, list[Phrase]] = {}
    for number, phrase in enumerate(_PHRASES, _AFTER_OPENINGS):
        firsts, _, rest = phrase.partition(" ")
        pattern = re.compile(f" {rest}")
        for first in firsts.split("|"):
            found.setdefault(first, []).append((number, pattern))
    return {first: tuple(phrases) for first, phrases in found.items()}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


REVERSERS = _words(
    "cut cuts cutting reduce reduces reduced reducing halt halts halted end ends ended ending stop "
    "stops stopped stopping beat beats beating prevent prevents prevented preventing cure cures "
    "cured avoid avoids avoided survive survives survived free freed less fewer against fight "
    "fights fighting combat anti relief relieve relieved ease eases eased easing drop drops falls "
    "fall decline lift lifts without escape escapes escaped rid solve solved save saves saving "
    "saved protect protects lower lowers lowered overcome clear cleared recover recovers decrease "
    "decreases thwart foil foiled curb curbs"
)
"""Words that turn what follows into its opposite, as in "to end a war"."""

_COMMAND_VERBS = _words(
    "let go stop come take get make call join visit buy try order act click send wait listen look "
    "see tell give put keep leave bring show help hold turn run open close shut stay find think "
    "remember forget imagine consider note check read write ask answer use add eat drink enjoy "
    "learn discover start begin move walk watch hear feel be do have speak talk say sit stand "
    "follow let's kill fight hurry sleep pray save support donate share spread explore drive ride "
    "pick pull push throw catch hand pass cut break build set bet trust believe relax calm smile "
    "laugh forgive kiss hug love respect choose avoid beware ignore drop fire attack shoot damn "
    "fuck suck bite burn cross head grab compare download subscribe sign play win plan feed plant "
    "mix mind excuse thank welcome bless please cheer never don't"
)
_SUBJECTS = frozenset(("i", "you", "we", "he", "she", "they"))
_OPENING = re.compile(r"[^a-z]*([a-z]+(?:'[a-z]+)?)(?:[^a-z]*([a-z]+(?:'[a-z]+)?))?")
_PART = re.compile(r"(?<=[.!?;])\s+|\"")


def commands(lower: str, *, divided: bool = True) -> tuple[bool, int]:
    """Whether a part of the text begins as a command does, and the number of parts.

    Args:
        lower: The text, in lower case.
        divided: Whether it may have several parts.
    """
    parts = _PART.split(lower) if divided else (lower,)
    parts = [part for part in parts if part.strip(' ."')]
    for part in parts:
        if "?" in part:
            continue
        opening = _OPENING.match(part, 0, 60)
        if opening is not None and opening[1] in _COMMAND_VERBS and opening[2] not in _SUBJECTS:
            return True, len(parts)
    return False, len(parts)
