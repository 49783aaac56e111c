"""One memory as it is brought to mind, and which of many are: plain records, no database."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

__all__ = ["MAX_A_TIER", "MAX_A_TURN", "Recalled", "choose", "concerns", "kinds_of", "words_of"]

MAX_A_TURN = 5
"""How many memories one turn gets at most."""

MAX_A_TIER = 2
"""How many of them come from one tier at most."""

_ASKED_ABOUT = 0.6
_DUE = 0.3
_DUE_WITHIN = timedelta(days=3)
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_LEAST_LETTERS = 3
_LITTLE = frozenset(
    """
    about all and any are been but can could did does doing don't for forget forgot from had has
    have having how i'd i'll i'm i've its just know like me mine more much myself not now off
    once one only our out please really remember said say should some such tell than that that's
    the their them then there these they this those told too very want was were what what's when
    where which who whom why will with would yes you your
    """.split()  # noqa: SIM905 - a list of them would be a page long
)
# Words that people use for a kind of memory.
_KINDS = {
    "name": "name",
    "called": "name",
    "job": "work",
    "work": "work",
    "live": "home",
    "home": "home",
    "city": "home",
    "address": "home",
    "old": "age",
    "age": "age",
    "birthday": "birthday",
    "favorite": "favourite",
    "hate": "dislike",
    "dislike": "dislike",
    "love": "like",
    "study": "study",
    "studies": "study",
}


@dataclass(frozen=True, slots=True)
class Recalled:
    """A memory.

    Attributes:
        id: Its key.
        tier: A value of `storage.tables.talk.MemoryTier`.
        content: A sentence about the user.
        importance: [0, 1].
        access_count: How often it was used.
        kind: What it is about, such as "name"; empty where it came in by the API.
        subject: What it is known by; empty where it came in by the API.
        value: The core of it, such as "Ada".
        created_at: When the user told it, UTC.
        last_used_at: When it was last used, UTC; None: never.
        due_at: When a plan is due, UTC; None: it is none.
    """

    id: UUID
    tier: str
    content: str
    importance: float
    access_count: int
    kind: str
    subject: str
    value: str
    created_at: datetime
    last_used_at: datetime | None = None
    due_at: datetime | None = None


def choose(
    memories: Iterable[Recalled], words: frozenset[str], now: datetime, most: int = MAX_A_TURN
) -> list[Recalled]:
    """The memories to have in mind for a turn, the most important first: 2 a tier, 5 in all.

    What the turn is about comes before what is important, and so does a plan whose day is near.

    Args:
        memories: All that come into question.
        words: What the turn is about, by `words_of`.
        now: The time, UTC.
        most: How many at most.
    """

    def weight(memory: Recalled) -> float:
        shared = len(words & _known_by(memory)) / len(words) if words else 0.0
        near = memory.due_at is not None and abs(memory.due_at - now) <= _DUE_WITHIN
        return memory.importance + _ASKED_ABOUT * shared + (_DUE if near else 0.0)

    ranked = sorted(memories, key=lambda item: (-weight(item), -item.access_count, item.id))
    taken: list[Recalled] = []
    of_tier: dict[str, int] = {}
    for memory in ranked:
        if of_tier.get(memory.tier, 0) < MAX_A_TIER and len(taken) < most:
            of_tier[memory.tier] = of_tier.get(memory.tier, 0) + 1
            taken.append(memory)
    return taken


def words_of(text: str) -> frozenset[str]:
    """What a text is about: its words that are no little ones, in lower case and singular."""
    found = (word.lower() for word in _WORD.findall(text))
    return frozenset(
        _singular(word) for word in found if len(word) >= _LEAST_LETTERS and word not in _LITTLE
    )


def kinds_of(words: Iterable[str]) -> list[str]:
    """The kinds of memories that people mean by these words: "job" is one of work."""
    return sorted({_KINDS[word] for word in words if word in _KINDS})


def concerns(words: str, kind: str, subject: str, content: str) -> bool:
    """Whether a memory is about what somebody names: every word of it has to be in the memory."""
    wanted = words_of(words)
    known = words_of(f"{kind} {subject.replace(':', ' ')} {content}")
    return bool(wanted) and all(word in known or _KINDS.get(word) == kind for word in wanted)


def _known_by(memory: Recalled) -> frozenset[str]:
    own = words_of(f"{memory.kind} {memory.subject.replace(':', ' ')} {memory.content}")
    return own | {word for word, kind in _KINDS.items() if kind == memory.kind}


def _singular(word: str) -> str:
    word = word.removesuffix("'s")
    return (
        word[:-1] if len(word) > _LEAST_LETTERS and word.endswith("s") and word[-2] != "s" else word
    )
