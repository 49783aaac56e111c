"""Rules for what somebody likes and does not like."""

import re
from collections.abc import Iterator

from control_plane.memory.notes import Kind, Note
from control_plane.memory.sentences import phrase

__all__ = ["taste", "taste_notes"]

_HOW = (
    r"(?:(?:really|absolutely|also|do|still|totally|simply|just|especially|always|truly"
    r"|actually|so) )*"
)
_LIKES = re.compile(
    rf"(?:^|\bi {_HOW}|\b(?:and|but) (?:i )?{_HOW})(?P<verb>love|like|adore|enjoy"
    rf"|prefer) (?P<rest>\S.*)"
    r"|\bi(?:'m| am) (?:a (?:big|huge|great) fan of|(?:really |very |so )?into|(?:really "
    r"|very )?fond of|crazy about) (?P<fan>\S.*)",
    re.IGNORECASE,
)
_DISLIKES = re.compile(
    rf"(?:\bi {_HOW}|\b(?:and|but) (?:i )?{_HOW}|^)(?:hate|dislike|detest|loathe|despise"
    rf"|can't stand|cannot stand|can't bear) (?P<rest>\S.*)"
    rf"|\bi (?:really )?(?:don't|do not) (?:really |actually )?(?:like|enjoy) (?P<not>\S.*)",
    re.IGNORECASE,
)
_FAVOURITE = re.compile(
    r"\bmy (?:all-time )?favou?rite (?P<what>\w+(?: \w+)?) (?:is|are"
    r"|has always been) (?P<rest>\S.*)",
    re.IGNORECASE,
)
_IS_FAVOURITE = re.compile(
    r"^(?P<value>[\w' -]{2,40}?) (?:is|are) my (?:all-time )?favou?rite (?P<what>\w+)\b",
    re.IGNORECASE,
)
# Of a moment, of somebody, or of no thing at all.
_NO_THING = re.compile(
    r"^(?:not|you|your|yours|u|it|its|that|this|these|those|him|her|his|them|their|me|my"
    r"|myself|mine|us|our|how|when|what|where|who|why"
    r"|everything|everyone|everybody|nothing|something|someone|anything|all|one|both|some"
    r"|the|an?|waiting|being|having to|to (?:say|be|think|see"
    r"|know|ask|admit|bother|break|go|get|hear|interrupt|have|do|talk|thank|imagine"
    r"|believe|tell)|life|crying|dying|hell|people|shit|crazy|mad|there|here)\b"
    r"(?!'s)",
    re.IGNORECASE,
)
_PROPER = re.compile(r"^(?:the|a) [A-Z]")
_ABOUT_THEM = re.compile(r"\b(?:you|your|this|that|it)\b", re.IGNORECASE)
_LIST = re.compile(r"\s*,\s*(?:and )?|\s+and\s+", re.IGNORECASE)
_MOST = 5
_FALSE_START = re.compile(
    r"\b(?:looks?|feels?|sounds?|seems?|something|anything|it's|be|was|just) like\b|\bwaiting\b",
    re.IGNORECASE,
)
_LONG_AGO = re.compile(
    r"\b(?:no longer|not anymore|never|'d|don't) (?:love|like|enjoy|adore)\b", re.IGNORECASE
)


def taste_notes(sentence: str) -> Iterator[Note]:
    """What the user says that they like, and do not."""
    favourite = _favourite(sentence)
    if favourite is not None:
        yield favourite
        return
    disliked = _DISLIKES.search(sentence)
    if disliked is not None and not _is_bare(disliked, sentence):
        yield from _each(Kind.DISLIKE, disliked.group("rest") or disliked.group("not"))
        return
    if _FALSE_START.search(sentence) or _LONG_AGO.search(sentence):
        return
    liked = _LIKES.search(sentence)
    if liked is not None and not _is_bare(liked, sentence):
        yield from _each(Kind.LIKE, liked.group("rest") or liked.group("fan"))


def taste(kind: Kind, value: str) -> Note:
    """That the user likes something, or does not."""
    verb = "likes" if kind is Kind.LIKE else "does not like"
    return Note(kind, value, f"The user {verb} {value}.", confidence=0.85)


def _is_bare(match: re.Match[str], sentence: str) -> bool:
    """A sentence that begins with the verb says nothing of who likes it, unless it was cut off."""
    return (
        match.start() == 0
        and not re.match(r"i\b", sentence, re.IGNORECASE)
        and not sentence[0].islower()
    )


def _favourite(sentence: str) -> Note | None:
    match = _FAVOURITE.search(sentence)
    if match is not None:
        value = phrase(match.group("rest"), _MOST)
    else:
        match = _IS_FAVOURITE.match(sentence)
        value = match.group("value") if match is not None else ""
    if (
        match is None
        or not value
        or re.match(r"(?:not|it|that|this|he|she|they|you)\b", value, re.IGNORECASE)
    ):
        return None
    what = match.group("what").lower()
    content = f"The user's favourite {what} is {value}."
    return Note(Kind.FAVOURITE, value, content, about=what)


def _each(kind: Kind, rest: str) -> Iterator[Note]:
    """One note for each thing of a list."""
    head = re.split(
        r"[.!?;:()]|\s(?:but|because|so|since|when|while|if|though|although|who|which)\b",
        rest,
        maxsplit=1,
        flags=re.IGNORECASE,
    )[0]
    for number, part in enumerate(_LIST.split(head)):
        if number == 4 or re.match(r"(?:i|we|you|he|she|they|it|my)\b", part, re.IGNORECASE):
            return
        thing = phrase(part, _MOST)
        refused = _NO_THING.match(thing) and not _PROPER.match(thing)
        if not thing or refused or _ABOUT_THEM.search(thing):
            return
        yield taste(kind, thing)
