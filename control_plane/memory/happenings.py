"""Rules for what happened to somebody, and what they feel strongly about."""

import re
from collections.abc import Iterator

from control_plane.memory.notes import Kind, Note
from control_plane.memory.people import KIN, PETS, whose
from control_plane.memory.plans import OCCASIONS
from control_plane.memory.sentences import phrase

__all__ = ["happening_notes"]

_SOMEBODY = rf"(?P<who>(?:(?:little|old|older|best|beloved|poor) )?(?:{PETS}|{KIN}))"
_LOST = re.compile(
    rf"\bmy {_SOMEBODY} (?P<what>(?:has |just |recently )*(?P<verb>died|passed away|has died))\b",
    re.IGNORECASE,
)
# Of others "I lost" may mean that they went away.
_CLOSEST = (
    "(?:grand|step)?(?:mother|father|mom|mum|dad|son|daughter)|wife|husband|grandma"
    "|grandpa|granny|sister"
    "|brother|baby|child|aunt|uncle"
)
_LOST_SOMEBODY = re.compile(
    rf"\b(?:i|we) (?:just |recently )?lost my (?P<who>(?:{PETS}|{_CLOSEST}))\b(?!'s"
    rf"| in (?!\d|an accident)"
    rf"| at\b|\s+\w+s\b)",
    re.IGNORECASE,
)
_LEFT = re.compile(
    r"\bmy (?P<who>girlfriend|boyfriend|wife|husband|partner|fiancee?) (?:just "
    r"|has )?(?P<what>broke up with me|left me|dumped me|cheated on me"
    r"|proposed(?: to me)?)\b",
    re.IGNORECASE,
)
_PARTED = re.compile(
    r"\bi (?:just |recently )?(?P<what>broke up with my) (?P<who>girlfriend|boyfriend"
    r"|partner|fiancee?)\b",
    re.IGNORECASE,
)
_WORK = re.compile(
    r"\bi(?:'ve| have)?(?: just| recently| finally)? (?P<what>lost my job(?! (?:interview"
    r"|application|offer|title|description|notes))|got (?:fired"
    r"|laid off|promoted|a (?:new job|promotion|raise|job offer)|the job)|was (?:fired"
    r"|laid off)|quit my job)\b",
    re.IGNORECASE,
)
_LIFE = re.compile(
    r"\b(?:i|we)(?:'ve| have)?(?: just| recently| finally)? (?P<what>got (?:married"
    r"|engaged|divorced)|graduated|got into (?:uni|university|college|med school"
    r"|law school)|bought a (?:house|flat)|became (?:a|an) (?:father|mother|dad|mum|mom"
    r"|aunt|uncle|grandmother|grandfather))\b(?! in \d|.* ago\b)",
    re.IGNORECASE,
)
_ABOUT_LIFE = {
    "married": "wedding",
    "engaged": "wedding",
    "divorced": "divorce",
    "graduated": "graduation",
    "into": "studies",
    "bought": "home",
    "became": "family",
}
_TRIED = re.compile(
    rf"\b(?:i|we)(?:'ve| have)?(?: just| finally)? (?P<what>(?P<verb>passed|failed|aced"
    rf"|flunked|won|lost) (?:my|the"
    rf"|our) (?P<about>(?:[\w'-]+ ){{0,2}}?(?:{OCCASIONS})s?))"
    r"(?=\s*(?:$|[,.!?)]|(?:today|yesterday|again|last|this|on|and|but|finally|with|in|so)\b))",
    re.IGNORECASE,
)
_BORN = re.compile(
    rf"\bmy {_SOMEBODY} (?P<what>was (?:just )?born)\b(?! in\b| on\b)", re.IGNORECASE
)

_FEELS = re.compile(
    r"\b(?:i'm|i am|im)(?: really| so| very| super| a bit| a little| pretty| still| quite"
    r"| terribly| also| incredibly)* "
    r"(?P<what>(?:worried|nervous|anxious|excited|happy|sad|upset|stressed|angry|furious"
    r"|mad|heartbroken|devastated|thrilled|scared|afraid|terrified|proud|ashamed|jealous"
    r"|frightened)"
    r" (?:about|of|for|at|by) (?P<rest>\S.*))",
    re.IGNORECASE,
)
_MISSES = re.compile(
    r"\bi (?:really |still |do |so )*(?P<what>miss (?P<rest>my (?!train|bus|flight|alarm"
    r"|stop|turn|appointment|class)\S.*))",
    re.IGNORECASE,
)
_NOT = re.compile(r"\b(?:not|never|don't|didn't|isn't|wasn't|no longer|hardly)\b", re.IGNORECASE)
_NO_OBJECT = re.compile(
    r"^(?:you|your|u|it|that|this|these|those|him|her|them|what|how|everything|nothing"
    r"|something|anything|all|myself|me|"
    r"the (?:fact|way|thought|idea)|being|it's|i|when|whether|having|doing|going|every\w*"
    r"|no one|nobody|life|time|us|ourselves)\b",
    re.IGNORECASE,
)
_MOST = 5


def happening_notes(sentence: str) -> Iterator[Note]:
    """What happened to the user, and what they feel strongly about."""
    if _NOT.search(sentence):
        return
    event = _event(sentence)
    if event is not None:
        yield event
        return
    for pattern in (_FEELS, _MISSES):
        match = pattern.search(sentence)
        if match is None:
            continue
        about = phrase(match.group("rest"), _MOST)
        if not about or _NO_OBJECT.match(about):
            continue
        head = match.group("what")[: match.start("rest") - match.start("what")]
        value = (
            f"{head.rstrip()} {about}".lower()
            if about.islower()
            else f"{head.rstrip().lower()} {about}"
        )
        bare = re.sub(r"^(?:my|the|an?|our) ", "", about, flags=re.IGNORECASE).lower()
        verb = "misses" if pattern is _MISSES else "is"
        told = value.removeprefix("miss ") if pattern is _MISSES else value
        yield Note(
            Kind.FEELING, value, f"The user {verb} {_their(told)}.", about=bare, confidence=0.8
        )


def _event(sentence: str) -> Note | None:
    for pattern in (_LOST, _LEFT, _BORN):
        match = pattern.search(sentence)
        if match is not None:
            verb = match.group("verb") if pattern is _LOST else match.group("what")
            who = whose(match.group("who"))
            value = f"{match.group('who').lower()} {verb.lower()}"
            return _happened(who, value, f"The user's {_their(value)}.")
    match = _LOST_SOMEBODY.search(sentence)
    if match is not None:
        who = match.group("who").lower()
        return _happened(whose(who), f"{who} died", f"The user lost their {who}.", 0.75)
    match = _PARTED.search(sentence)
    if match is not None:
        who = match.group("who").lower()
        return _happened(who, f"broke up with my {who}", f"The user broke up with their {who}.")
    match = _TRIED.search(sentence)
    if match is not None:
        value = match.group("what").lower()
        return _happened(match.group("about").lower(), value, f"The user {_their(value)}.")
    match = _WORK.search(sentence)
    if match is not None:
        value = match.group("what").lower()
        return _happened("job", value, f"The user {_their(value)}.")
    match = _LIFE.search(sentence)
    if match is None:
        return None
    value = match.group("what").lower()
    about = next(about for word, about in _ABOUT_LIFE.items() if word in value.split())
    return _happened(about, value, f"The user {value}.")


def _happened(about: str, value: str, content: str, confidence: float = 0.9) -> Note:
    return Note(Kind.EVENT, value, content, about=about, confidence=confidence)


def _their(words: str) -> str:
    """The words as one speaks of somebody else."""
    return re.sub(
        r"\b(my|me|our)\b",
        lambda found: {"me": "them"}.get(found.group().lower(), "their"),
        words,
        flags=re.IGNORECASE,
    )
