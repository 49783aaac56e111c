"""What in a message moves the traits: thanks, questions, errors, and the like.

Found by words and by how the text was appraised. Thanks and apologies are known in some
languages; the rest of the words are English.
"""

import re
from collections.abc import Sequence

from control_plane.emotion.appraisal import Appraisal
from control_plane.emotion.traits import Signal

__all__ = ["signals_in"]

# What a turn is about stands at the beginning or at the end of a long message.
_HEAD_CHARS = 400
_TAIL_CHARS = 200
_STIRRING = 0.5
_HOSTILE_VALENCE = -0.35
_HOSTILE_DOMINANCE = 0.05

_ORDER = tuple(Signal)
_QUESTION_MARKS = ("?", "\uff1f", "\u061f")
# What says each, word by word.
_WORDS: dict[Signal, tuple[str, ...]] = {
    Signal.THANKS: (
        *("thanks", "thank you", "thx", "ty", "grateful", "appreciate", "appreciates"),
        *("appreciated", "danke", "merci", "gracias", "grazie", "obrigado", "obrigada", "bedankt"),
        *("tack", "dzi\u0119ki", "\u0441\u043f\u0430\u0441\u0438\u0431\u043e"),
    ),
    Signal.APOLOGY: (
        *("sorry", "apologise", "apologize", "my bad", "forgive me", "entschuldigung", "pardon"),
        *("perd\u00f3n", "lo siento", "scusa"),
    ),
    Signal.ERROR: (
        *("error", "errors", "exception", "exceptions", "crash", "crashed", "crashes", "crashing"),
        *("bug", "bugs", "broken", "mistake", "mistakes", "wrong", "incorrect", "failed", "fails"),
        *("failing", "timed out", "not working", "won't work", "won't start", "won't open"),
        *(f"{verb}{no} work" for verb in ("does", "did", "is", "was") for no in ("n't", " not")),
        *(f"{verb}{no} working" for verb in ("does", "did", "is", "was") for no in ("n't", " not")),
    ),
    Signal.SUCCESS: (
        *("it works", "works now", "that worked", "it worked", "fixed it", "solved it"),
        *("got it working", "succeeded", "passed"),
    ),
}
# ... and what says it in languages that put nothing between words.
_UNSPACED: dict[Signal, str] = {
    Signal.THANKS: "|\u3042\u308a\u304c\u3068\u3046|\u8c22\u8c22|\u8b1d\u8b1d|\uac10\uc0ac",
    Signal.APOLOGY: "|\u3054\u3081\u3093|\u5bf9\u4e0d\u8d77",
}
_PATTERNS = {
    signal: re.compile(rf"\b(?:{'|'.join(words)})\b{_UNSPACED.get(signal, '')}")
    for signal, words in _WORDS.items()
}
_RUN = re.compile(r"\w+")
# The longest word of each: where a text in ASCII has none of them, nothing of it is said.
_TELLING = frozenset(
    max(_RUN.findall(said), key=len) for words in _WORDS.values() for said in words
)
_UNTRUE = re.compile(r"\b(?:no|not|without|never|zero|no more|nothing|isn't|wasn't)\s+(?:\w+\s+)?$")


def signals_in(text: str, appraisal: Appraisal) -> tuple[Signal, ...]:
    """What happened in a user's message, in the order of `Signal`.

    Args:
        text: The message.
        appraisal: What it feels like.
    """
    excerpt = text if len(text) <= _HEAD_CHARS + _TAIL_CHARS else _ends(text)
    lower = excerpt.lower().replace("\u2019", "'")
    found = list(_said_in(lower))
    vad = appraisal.vad
    if lower.rstrip(" \n\"')*").endswith(_QUESTION_MARKS):
        found.append(Signal.QUESTION)
    if vad.arousal >= _STIRRING and vad.valence > 0.0:
        found.append(Signal.EXCITEMENT)
    if vad.valence <= _HOSTILE_VALENCE and vad.dominance >= _HOSTILE_DOMINANCE:
        found.append(Signal.HOSTILITY)
    return tuple([signal for signal in _ORDER if signal in found]) if found else ()


def _said_in(lower: str) -> Sequence[Signal]:
    """The signals that words give."""
    if lower.isascii() and _TELLING.isdisjoint(_RUN.findall(lower)):
        return ()
    return [signal for signal, pattern in _PATTERNS.items() if _says(lower, pattern)]


def _ends(text: str) -> str:
    return f"{text[:_HEAD_CHARS]}\n{text[-_TAIL_CHARS:]}"


def _says(lower: str, pattern: re.Pattern[str]) -> bool:
    """Whether any of its words is there without a "no" right before it."""
    return any(
        not _UNTRUE.search(lower[max(0, match.start() - 24) : match.start()])
        for match in pattern.finditer(lower)
    )
