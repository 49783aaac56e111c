"""What in a message moves the traits: thanks, questions, errors, and the like.

Found by words and by how the text was appraised. Thanks and apologies are known in some
languages; the rest of the words are English.
"""

import re

from control_plane.emotion.appraisal import Appraisal
from control_plane.emotion.traits import Signal

__all__ = ["signals_in"]

# What a turn is about stands at the beginning or at the end of a long message.
_HEAD_CHARS = 400
_TAIL_CHARS = 200
_STIRRING = 0.5
_HOSTILE_VALENCE = -0.35
_HOSTILE_DOMINANCE = 0.05

_QUESTION_MARKS = ("?", "\uff1f", "\u061f")
_WORDS: dict[Signal, re.Pattern[str]] = {
    Signal.THANKS: re.compile(
        r"\b(?:thanks|thank you|thx|ty|grateful|appreciate[sd]?|danke|merci|gracias|grazie"
        r"|obrigad[oa]|bedankt|tack|dzi\u0119ki|\u0441\u043f\u0430\u0441\u0438\u0431\u043e)\b"
        r"|\u3042\u308a\u304c\u3068\u3046|\u8c22\u8c22|\u8b1d\u8b1d|\uac10\uc0ac"
    ),
    Signal.APOLOGY: re.compile(
        r"\b(?:sorry|apologi[sz]e|my bad|forgive me|entschuldigung|pardon|perd\u00f3n"
        r"|lo siento|scusa)\b|\u3054\u3081\u3093|\u5bf9\u4e0d\u8d77"
    ),
    Signal.ERROR: re.compile(
        r"\b(?:errors?|exceptions?|crash(?:ed|es|ing)?|bugs?|broken|mistakes?|wrong|incorrect"
        r"|failed|fails|failing|timed out|(?:does|did|is|was)(?:n't| not) work(?:ing)?"
        r"|not working|won't (?:work|start|open))\b"
    ),
    Signal.SUCCESS: re.compile(
        r"\b(?:it works|works now|that worked|it worked|fixed it|solved it|got it working"
        r"|succeeded|passed)\b"
    ),
}
_UNTRUE = re.compile(r"\b(?:no|not|without|never|zero|no more|nothing|isn't|wasn't)\s+(?:\w+\s+)?$")


def signals_in(text: str, appraisal: Appraisal) -> tuple[Signal, ...]:
    """What happened in a user's message, in the order of `Signal`.

    Args:
        text: The message.
        appraisal: What it feels like.
    """
    excerpt = text if len(text) <= _HEAD_CHARS + _TAIL_CHARS else _ends(text)
    lower = excerpt.lower().replace("\u2019", "'")
    found = {signal for signal, pattern in _WORDS.items() if _says(lower, pattern)}
    if lower.rstrip(" \n\"')*").endswith(_QUESTION_MARKS):
        found.add(Signal.QUESTION)
    vad = appraisal.vad
    if vad.arousal >= _STIRRING and vad.valence > 0.0:
        found.add(Signal.EXCITEMENT)
    if vad.valence <= _HOSTILE_VALENCE and vad.dominance >= _HOSTILE_DOMINANCE:
        found.add(Signal.HOSTILITY)
    return tuple(signal for signal in Signal if signal in found)


def _ends(text: str) -> str:
    return f"{text[:_HEAD_CHARS]}\n{text[-_TAIL_CHARS:]}"


def _says(lower: str, pattern: re.Pattern[str]) -> bool:
    """Whether any of its words is there without a "no" right before it."""
    return any(
        not _UNTRUE.search(lower[max(0, match.start() - 24) : match.start()])
        for match in pattern.finditer(lower)
    )
