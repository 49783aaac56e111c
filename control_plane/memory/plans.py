"""Rules for what somebody has before them, on a day that they name."""

import re
from collections.abc import Iterator
from datetime import date

from control_plane.memory.dates import find_day
from control_plane.memory.notes import Kind, Note
from control_plane.memory.sentences import phrase

__all__ = ["OCCASIONS", "plan_notes"]

OCCASIONS = (
    "exam|test|quiz|interview|appointment|date|meeting|presentation|wedding|flight|trip"
    "|party|concert|gig|game|match|deadline|race|marathon|recital|audition"
    "|finals?|birthday|funeral|vacation|holiday|hearing|performance|competition"
    "|tournament|graduation|ceremony|conference|talk|speech|rehearsal|reunion|show"
    "|first day|viva|defen[cs]e|oral|premiere|anniversary|sleepover|move|class trip"
    "|picnic|dinner|barbecue|festival"
)
"""What people have on a day, for a pattern."""

_HAVE = re.compile(
    rf"\b(?:i|we)(?:'ve got| have got| have| got|'m having| am having|'re having"
    rf"| are having) (?:an? |my |the |our |another "
    rf"|this )?(?P<what>(?:[\w'-]+ ){{0,3}}?(?:{OCCASIONS}))\b(?! (?:{OCCASIONS})\b)",
    re.IGNORECASE,
)
_MINE = re.compile(
    rf"\b(?:my|our) (?P<what>(?:[\w'-]+ ){{0,2}}?(?:{OCCASIONS}))(?:'s| is| takes place"
    rf"| starts| begins)(?: (?:already|finally|on))?\s*$",
    re.IGNORECASE,
)
_IS_MINE = re.compile(
    rf"^ (?:is|'s) (?:my|our) (?P<what>(?:[\w'-]+ ){{0,2}}?(?:{OCCASIONS}))\s*[.!]*$", re.IGNORECASE
)
_GO = re.compile(
    r"\b(?:i'm|i am|we're|we are)(?: finally| actually| also)? (?P<what>(?P<verb>flying"
    r"|travell?ing|going on|moving|visiting|meeting|seeing|getting married|starting"
    r"|leaving for|running|taking|playing|driving)"
    r"(?P<rest>\b.*))",
    re.IGNORECASE,
)
# What each verb is a plan of, and what has to follow it.
_GOING = {
    "flying": ("trip", r"^ (?:to|home|back)\b"),
    "traveling": ("trip", r"^ to\b"),
    "travelling": ("trip", r"^ to\b"),
    "going on": (
        "trip",
        r"^ (?:a |an |my |our )?(?:vacation|holiday|trip|honeymoon|date|journey|cruise)\b",
    ),
    "moving": ("move", r"^ (?:to|out|in with|house)\b"),
    "visiting": ("visit", r"^ (?:my|our|[A-Z])"),
    "meeting": ("meeting", r"^ (?:my|[A-Z])"),
    "seeing": ("meeting", r"^ (?:my (?!way)|[A-Z])"),
    "getting married": ("wedding", r"^"),
    "starting": ("start", r"^ (?:my|a|an|at|school|university|college|uni|work)\b"),
    "leaving for": ("trip", r"^ (?:the |my )?\w"),
    "running": ("run", r"^ (?:a|the|my)\b"),
    "taking": ("exam", r"^ (?:my|the|an?) (?:\w+ ){0,2}(?:exam|test)\b"),
    "playing": ("game", r"^ (?:a|my|the|our) (?:\w+ ){0,2}(?:game|match|concert|gig)\b"),
    "driving": ("trip", r"^ to\b"),
}
_NOT = re.compile(
    r"\b(?:no|not|never|don't|doesn't|didn't|isn't|won't|can't|cancell?ed|postponed|was"
    r"|were|had|you|your|yours|hate|hope|want)\b",
    re.IGNORECASE,
)
_LEADING = re.compile(
    r"^(?:an?|my|the|our|another|big|really|very|huge|important|long|great|nice|little"
    r"|second|hot|special)\s+",
    re.IGNORECASE,
)


def plan_notes(sentence: str, today: date) -> Iterator[Note]:
    """What the user has before them."""
    day = find_day(sentence, today)
    if day is None or _NOT.search(sentence):
        return
    rest = " ".join(
        (sentence[: day.start].rstrip(" ,") + " " + sentence[day.end :].lstrip(" ,")).split()
    )
    before = sentence[: day.start].rstrip(" ,")
    match = _HAVE.search(rest) or _MINE.search(before) or _IS_MINE.match(sentence[day.end :])
    if match is not None:
        what = _bare(match.group("what"))
        yield _plan(what, what, f"has {_article(what)} {what}", day.on)
        return
    going = _GO.search(rest)
    if going is None:
        return
    about, needed = _GOING[going.group("verb").lower()]
    if not re.match(needed, going.group("rest")):
        return
    value = phrase(going.group("what"), 7)
    if value:
        yield _plan(about, value, f"is {value}", day.on)


def _plan(about: str, value: str, does: str, on: date) -> Note:
    content = f"The user {does} on {on.isoformat()}."
    return Note(Kind.PLAN, value, content, about=about.lower(), due=on)


def _bare(what: str) -> str:
    """Without articles and what only says how much of it there is."""
    while (shorter := _LEADING.sub("", what)) != what:
        what = shorter
    return what


def _article(what: str) -> str:
    return "an" if what[0].lower() in "aeiou" else "a"
