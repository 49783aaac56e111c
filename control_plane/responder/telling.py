"""A memory as one tells it to the user: "The user lives in Bonn." becomes "you live in Bonn"."""

import re
from datetime import date, timedelta

from control_plane.responder.reflection import reflect
from storage.recalled import Recalled

__all__ = ["due_day", "told"]

# A plan's day is told at noon where the user is; in UTC that may be the evening before.
_NOON_SLACK = timedelta(hours=2)
_VERBS = {
    "likes": "like",
    "lives": "live",
    "comes": "come",
    "works": "work",
    "studies": "study",
    "misses": "miss",
    "is": "are",
    "has": "have",
    "does": "do",
}


def told(memory: Recalled, today: date | None) -> str:
    """The memory in the second person, without a full stop.

    Args:
        memory: What is remembered.
        today: The day where the user is; None: unknown.
    """
    if memory.kind == "asked":
        return reflect(memory.value)
    words = memory.content.rstrip(".")
    due = due_day(memory)
    if due is not None:
        words = re.sub(r" on \d{4}-\d\d-\d\d$", f" {_when(due, today)}", words)
        if today is not None and due < today:
            words = re.sub(r"^The user (has|is)\b", _past, words)
    words = re.sub(r"\btheir\b", "your", words)
    words = re.sub(r"\b(left|dumped|with|on|to) them\b", r"\1 you", words)
    words = words.replace("The user's ", "your ").replace("The user was ", "you were ")
    verb = re.match(r"The user (\w+)", words)
    if verb is None:
        return words
    second = _VERBS.get(verb.group(1), verb.group(1))
    return f"you {second}{words[verb.end() :]}"


def due_day(memory: Recalled) -> date | None:
    """The day of a plan, where the user is; None: it is no plan."""
    return None if memory.due_at is None else (memory.due_at + _NOON_SLACK).date()


def _past(verb: re.Match[str]) -> str:
    return "The user " + {"has": "had", "is": "was"}[verb.group(1)]


def _when(due: date, today: date | None) -> str:
    ahead = None if today is None else (due - today).days
    near = {0: "today", 1: "tomorrow", -1: "yesterday"}
    if ahead in near:
        return near[ahead]
    if ahead is not None and 0 < ahead < 7:
        return f"on {due:%A}"
    return f"on {due:%B} {due.day}"
