"""What a message is to its listener: an insult, sad news, a joke, a goodbye.

How good or bad a text is does not say how to meet it: "you are useless" and "my boss is useless"
feel alike. An occasion is what a personality has an answer of its own to (`Reaction`). Words are
English; feelings are known in whatever language they were appraised.
"""

import re
from enum import StrEnum

from control_plane.emotion.appraisal import Appraisal
from control_plane.emotion.traits import Signal

__all__ = ["Occasion", "occasion_of"]


class Occasion(StrEnum):
    """What a personality may have an answer of its own to."""

    GREETED = "greeted"
    PARTED = "parted"
    THANKED = "thanked"
    DELIGHTED = "delighted"
    AMUSED = "amused"
    AMAZED = "amazed"
    ASKED = "asked"
    GRIEVED = "grieved"
    FRIGHTENED = "frightened"
    TROUBLED = "troubled"
    MOCKED = "mocked"
    INSULTED = "insulted"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


_HEAD_CHARS = 300
# Below this valence a text is bad to hear, above the other good.
_BAD, _GOOD, _VERY_GOOD = -0.25, 0.2, 0.5
_NOT_GOOD = 0.1  # an insult need not sound bad to a reader of words: stars hide them
_STIRRING = 0.4
_GREETING_WORDS = 8  # a longer message that begins with "hi" is about something else

_DEGREES = (
    r"(?:(?:so|such|a|an|the|most|really|very|just|absolutely|completely|totally|utterly|pretty"
    r"|quite|always|nothing but|being|complete|total|utter|bloody|fucking|damn|goddamn|freaking"
    r"|all|too|literally|kind of|kinda) ){0,4}"
)
_SCORN = (
    r"(?:stupid|useless|dumb|idiots?|idiotic|morons?|moronic|terrible|awful|annoying|ugly"
    r"|worthless|pathetic|incompetent|hopeless|disgusting|ridiculous|garbage|trash|a joke|clowns?"
    r"|losers?|liars?|fools?|horrible|worst|waste of|full of (?:shit|crap|it)|disappointment)"
)
_INSULT = re.compile(
    rf"\b(?:you|u|ya)(?:'re| are|r)? {_DEGREES}{_SCORN}\b|\byou(?:r whole \w+)? sucks?\b"
    r"|\bshut (?:the \w+ )?up\b|\byou (?:bore|disgust|annoy|sicken) me\b"
    r"|\bi (?:\w+ )?(?:hate|despise|dislike|can't stand|don't like|do not like) you\b"
    r"|\b(?:screw|fuck|f\*+k?|damn) (?:you|off)\b|\bgo to hell\b|\bget lost\b|\bpiss off\b"
    rf"|\b{_SCORN} (?:bot|machine|robot|program|thing|avatar|assistant|computer|ai)\b"
)
_UNTRUE = re.compile(r"\b(?:not|never|nobody|aren't|isn't|don't|doesn't)\s+(?:\w+\s+){0,2}$")
_LAUGHS = re.compile(
    r"\b(?:(?:ha){2,}h?|(?:he){2,}|lo+l|lmao|rofl)\b|[\U0001f602\U0001f923\U0001f606]"
    r"|\b(?:crack(?:s|ed)|laugh(?:s|ed|ing)?|hilarious)\b"
)
_AMAZES = re.compile(
    r"\b(?:wow|whoa|omg|oh my (?:god|gosh|goodness)|no way|what\s*[?!]|unbelievable"
    r"|(?:can't|cannot|won't|never) believe|guess what)"
)
_GREETS = re.compile(
    r"\W*(?:hi|hello|hey|hiya|howdy|welcome|greetings|good (?:morning|afternoon|evening))\b"
)
_PARTS = re.compile(
    r"\W*(?:(?:ok(?:ay)?|well|right|so|thanks?|thank you)\W+)*(?:(?:good ?)?bye|see (?:you|ya)"
    r"|good night|farewell|take care|cya|i(?:'ve| have)? (?:got to|gotta|have to|need to) go"
    r"|gotta go|talk (?:to you )?(?:later|soon))\b"
)
_FEARS = frozenset({"afraid", "worried", "embarrassed", "confused"})
_GRIEFS = frozenset({"sad", "lonely", "sorry", "disappointed", "tired"})


def occasion_of(
    text: str, appraisal: Appraisal, signals: tuple[Signal, ...] = ()
) -> Occasion | None:
    """What a user's message is to its listener; None: nothing in particular.

    Args:
        text: The message.
        appraisal: What it feels like.
        signals: What happened in it (`control_plane.emotion.signals`).
    """
    lower = text[:_HEAD_CHARS].lower().replace("\u2019", "'")
    valence = appraisal.vad.valence
    if valence < _NOT_GOOD and _insults(lower):
        return Occasion.INSULTED
    if valence < _BAD:
        found = _of_bad(appraisal)
        apologises = Signal.APOLOGY in signals and appraisal.label == "sorry"
        return None if apologises and found is Occasion.GRIEVED else found
    if valence > _GOOD and _LAUGHS.search(lower):
        return Occasion.AMUSED
    if appraisal.vad.arousal >= _STIRRING and _AMAZES.search(lower):
        return Occasion.AMAZED
    if _GREETS.match(lower) and len(lower.split()) <= _GREETING_WORDS:
        return Occasion.GREETED
    if _PARTS.match(lower):
        return Occasion.PARTED
    if Signal.THANKS in signals and valence > 0.0:
        return Occasion.THANKED
    if valence >= _VERY_GOOD and appraisal.vad.arousal >= _STIRRING:
        return Occasion.DELIGHTED
    return Occasion.ASKED if Signal.QUESTION in signals else None


def _insults(lower: str) -> bool:
    """Whether it says something bad of the listener, and does not deny it."""
    if not _INSULT.search(lower):  # mostly
        return False
    return any(not _UNTRUE.search(lower[: found.start()]) for found in _INSULT.finditer(lower))


def _of_bad(appraisal: Appraisal) -> Occasion:
    if appraisal.sarcastic:
        return Occasion.MOCKED
    if appraisal.label in _FEARS:
        return Occasion.FRIGHTENED
    return Occasion.GRIEVED if appraisal.label in _GRIEFS else Occasion.TROUBLED
