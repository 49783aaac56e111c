"""Rules for where somebody lives and comes from, what they do, and how old they are."""

import re
from collections.abc import Iterator

from control_plane.memory.notes import Kind, Note
from control_plane.memory.sentences import phrase
from control_plane.memory.word_lists import is_common_word, occupations, places

__all__ = ["fact_notes", "home", "place_of", "work"]

_HOME = re.compile(
    r"\b(?:i|we)(?:'m| am|'re| are)?(?: currently| now| still| actually| also)* (?:live"
    r"|living|based|settled)(?: now| currently)? in (?P<in>\S.*)"
    r"|\b(?:i|we)(?:'ve| have)?(?: just| recently)? moved to (?P<to>\S.*)",
    re.IGNORECASE,
)
_ORIGIN = re.compile(
    r"\bi(?:'m| am)(?: originally| actually)? from (?P<from>\S.*)|\bi (?:come from"
    r"|grew up in|was born in) (?P<grew>\S.*)",
    re.IGNORECASE,
)
_A_TOWN = re.compile(
    r"an? (?:(?:small|tiny|little|quiet|big) )?(?:town|village|city|farm|suburb"
    r"|island)\b(?: (?:near|outside|in|north of|south of|east of"
    r"|west of) (?:the )?[A-Z][\w'-]+(?: [A-Z][\w'-]+)?)?"
)
_STOPS = frozenset(
    (
        "with",
        "near",
        "at",
        "in",
        "last",
        "this",
        "next",
        "about",
        "around",
        "after",
        "from",
        "by",
        "on",
        "a",
        "alone",
        "until",
        "before",
        "all",
        "my",
    )
)
_WORK_AS = re.compile(
    r"\bi(?:'m| am)? (?:currently |now )?work(?:ing)?(?: (?:in|at"
    r"|for) [\w' -]{2,30}?)? (?:as|part-time as) (?:an? |the )?(?P<rest>\S.*)",
    re.IGNORECASE,
)
_I_AM_A = re.compile(
    r"\b(?:i'm|i am|im|i've been|i have been)(?: actually| still| now| currently"
    r"| also)? an? (?P<rest>\S.*)",
    re.IGNORECASE,
)
_WORK_AT = re.compile(
    r"\b[Ii](?:'m| am)? (?:currently |now )?work(?:ing)? (?P<how>at|for|in) (?P<rest>(?:an?"
    r"|the) (?:\w+ )?(?:bakery|bank|hospital|school|kindergarten|library|restaurant"
    r"|caf\u00e9|cafe"
    r"|shop|bookshop|bookstore|store|supermarket|factory|museum|theatre|theater|university"
    r"|hotel|pharmacy|garage|office|lab|warehouse|startup|start-up|call centre|call center"
    r"|law firm|company|zoo|gym|salon|nursery|hospice|newspaper|post office|city council"
    r"|farm|bar|kitchen|studio)\b|[A-Z][\w&'-]+(?: [A-Z][\w&'-]+){0,2})",
)
_HOW = re.compile(
    r"bad|good|better|worse|great|slow|fast|quick|big|little|huge|real|total|decent|careful|natural"
    r"|born|so-so|picky|fussy|solid|horrible|amazing|lousy|fine|strange|weird|bit|huge",
    re.IGNORECASE,
)
_FIELDS = re.compile(
    r"\bi(?:'m| am)? (?:currently |now )?work(?:ing)? in (?P<rest>(?:IT|HR|PR|marketing"
    r"|finance|sales|advertising|logistics|construction|retail|banking|insurance"
    r"|publishing|education|tourism|healthcare|robotics|fashion|film|journalism|law"
    r"|research)\b)",
    re.IGNORECASE,
)
_STUDY = re.compile(
    r"\bi(?:'m| am)? (?:currently |now )?(?:study|studying|majoring in) (?P<rest>(?!for\b"
    r"|at\b|in\b|a\b|the\b|my\b|hard\b|too\b|all\b|every\b|so\b|with\b|from\b|this\b"
    r"|that\b|it\b|abroad\b|together\b|on\b|tomorrow\b|tonight\b|today\b|now\b"
    r"|right\b)\S.*)",
    re.IGNORECASE,
)
_AGE = re.compile(
    r"\b(?:i'm|i am|im|i just turned|i turned) (?P<age>[1-9]\d)(?: years? old"
    r"| yo)?(?=\s*(?:$|[.,!]|and\b|now\b|today\b|years? old))(?!\s*,?\s*\d)",
    re.IGNORECASE,
)
_BIRTHDAY = re.compile(
    r"\bmy birthday(?:'s| is)(?: on| the)* (?:(?P<month>january|february|march|april|may"
    r"|june|july|august|september|october|november"
    r"|december)\.? (?:the )?(?P<day>\d{1,2})(?:st|nd|rd|th)?"
    r"|(?:the )?(?P<day2>\d{1,2})(?:st|nd|rd|th)?(?: of)? (?P<month2>january|february"
    r"|march|april|may|june|july|august|september|october|november|december))\b",
    re.IGNORECASE,
)
_NOT = re.compile(
    r"\b(?:not|never|don't|didn't|isn't|wasn't|no longer|want to|wanna|hope to|plan to"
    r"|going to|like to|love to|hate to|afraid to|trying to|nowhere to|have to|need to"
    r"|about to)\b",
    re.IGNORECASE,
)


def fact_notes(sentence: str) -> Iterator[Note]:
    """Where the user lives, what they do, how old they are, when they were born."""
    for pattern, make in ((_HOME, home), (_ORIGIN, _origin)):
        match = pattern.search(sentence)
        if match is not None and not _NOT.search(
            sentence[: match.end()].removesuffix(match.group(match.lastgroup or 0))
        ):
            place = place_of(match.group(match.lastgroup or 0))
            if place and (pattern is _HOME or not place.startswith("a")):
                yield make(place)
    yield from _work_notes(sentence)
    aged = _AGE.search(sentence)
    if aged is not None:
        yield Note(
            Kind.AGE,
            aged.group("age"),
            f"The user is {aged.group('age')} years old.",
            confidence=0.85,
        )
    born = _BIRTHDAY.search(sentence)
    if born is not None:
        month = (born.group("month") or born.group("month2")).capitalize()
        value = f"{month} {int(born.group('day') or born.group('day2'))}"
        yield Note(Kind.BIRTHDAY, value, f"The user's birthday is on {value}.", confidence=0.95)


def place_of(text: str) -> str:
    """The place at the beginning of a text; empty: it is none that is known or looks like one."""
    town = _A_TOWN.match(text)
    if town is not None:
        return town.group().strip()
    words = phrase(text, 4, _STOPS).split()
    if words and words[0].lower() == "the" and len(words) > 1 and words[1][0].isupper():
        proper = [words[0]]
        words = words[1:]
    else:
        proper = []
    for word in words:
        if not word[0].isupper() and word.lower() not in (
            "de",
            "la",
            "del",
            "da",
            "am",
            "upon",
            "of",
        ):
            break
        proper.append(word)
    if proper and proper[-1][0].isupper() and not proper[-1].isupper():
        return " ".join(proper)
    for count in (3, 2, 1):
        low = " ".join(words[:count]).lower()
        if len(words) >= count and low in places():
            return low.title().replace("The ", "the ").replace(" De ", " de ")
    return proper[-1] if proper and proper[-1] in ("USA", "UK", "US", "NYC", "LA") else ""


def home(place: str) -> Note:
    """That the user lives somewhere."""
    return Note(Kind.HOME, place, f"The user lives in {place}.")


def work(what: str) -> Note:
    """What the user does for a living: "nurse", "at a bakery"."""
    first = what.split()[0].lower()
    where = first in ("at", "for", "in")
    article = "an" if what[0].lower() in "aeiou" else "a"
    content = f"The user works {what}." if where else f"The user is {article} {what}."
    return Note(Kind.WORK, what, content)


def _origin(place: str) -> Note:
    return Note(Kind.ORIGIN, place, f"The user comes from {place}.", confidence=0.85)


def _work_notes(sentence: str) -> Iterator[Note]:
    if _NOT.search(sentence):
        return
    for pattern in (_WORK_AS, _I_AM_A):
        match = pattern.search(sentence)
        job = _occupation(match.group("rest")) if match is not None else ""
        if job:
            yield work(job)
            return
    place = _WORK_AT.search(sentence)
    if place is not None:
        yield work(f"{place.group('how')} {place.group('rest')}")
        return
    field = _FIELDS.search(sentence)
    if field is not None:
        yield work(f"in {field.group('rest')}")
        return
    studied = _STUDY.search(sentence)
    subject = (
        phrase(studied.group("rest"), 3, frozenset(("in", "at", "here", "on", "abroad")))
        if studied
        else ""
    )
    if subject and len(subject) > 2:
        yield Note(Kind.STUDY, subject, f"The user studies {subject}.", confidence=0.85)


def _says_how(word: str) -> bool:
    return _HOW.fullmatch(word) is not None or is_common_word(word)


def _occupation(text: str) -> str:
    """The occupation at the beginning, with up to two words before it that say which."""
    words = phrase(
        text, 6, frozenset(("at", "in", "from", "by", "of", "here", "there", "on"))
    ).split()
    for end in range(min(len(words), 4), 0, -1):
        for begin in range(end):
            known = " ".join(words[begin:end]).lower() in occupations() and end == len(words)
            # "a bad cook" is no cook by trade.
            if known and not any(_says_how(word) for word in words[:begin]):
                return " ".join(words[:end])
    return ""
