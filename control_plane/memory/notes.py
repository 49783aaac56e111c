"""What the rules make of a line of chat: notes, and orders to forget."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from storage.tables.talk import MemoryTier

__all__ = ["Forget", "Heard", "Kind", "Note", "Scope"]


class Kind(StrEnum):
    """What a note is about."""

    NAME = "name"
    LIKE = "like"
    DISLIKE = "dislike"
    FAVOURITE = "favourite"
    HOME = "home"
    ORIGIN = "origin"
    WORK = "work"
    STUDY = "study"
    AGE = "age"
    BIRTHDAY = "birthday"
    PET = "pet"
    FAMILY = "family"
    PLAN = "plan"
    EVENT = "event"
    FEELING = "feeling"
    PROMISE = "promise"
    ASKED = "asked"


class Scope(StrEnum):
    """How much is to be forgotten."""

    ALL = "all"
    LAST = "last"
    ABOUT = "about"


# Tier, importance from 0 to 1, and how many days it lasts; None: for good.
_WEIGHTS: dict[Kind, tuple[MemoryTier, float, int | None]] = {
    Kind.NAME: (MemoryTier.LONG, 1.0, None),
    Kind.ASKED: (MemoryTier.LONG, 0.9, None),
    Kind.BIRTHDAY: (MemoryTier.LONG, 0.8, None),
    Kind.FAMILY: (MemoryTier.LONG, 0.7, None),
    Kind.PET: (MemoryTier.LONG, 0.7, None),
    Kind.HOME: (MemoryTier.LONG, 0.65, None),
    Kind.WORK: (MemoryTier.LONG, 0.65, None),
    Kind.STUDY: (MemoryTier.LONG, 0.6, None),
    Kind.ORIGIN: (MemoryTier.LONG, 0.55, None),
    Kind.FAVOURITE: (MemoryTier.LONG, 0.5, None),
    Kind.DISLIKE: (MemoryTier.LONG, 0.45, None),
    Kind.AGE: (MemoryTier.LONG, 0.45, 365),
    Kind.LIKE: (MemoryTier.LONG, 0.4, None),
    Kind.PLAN: (MemoryTier.MEDIUM, 0.8, 14),
    Kind.EVENT: (MemoryTier.MEDIUM, 0.7, 60),
    Kind.PROMISE: (MemoryTier.MEDIUM, 0.6, 14),
    Kind.FEELING: (MemoryTier.SHORT, 0.6, 2),
}
_COUNTS = frozenset(("one", "two", "three", "four", "five", "six"))
_PARTED = ("broke up with me", "left me", "dumped me")
_LOSS = ("died", "passed away")
_LOSS_IMPORTANCE = 0.9
_ONE_OF_A_KIND = frozenset(
    "wife husband mother father partner girlfriend boyfriend fiance fiancee boss".split()  # noqa: SIM905 - reads better
)


@dataclass(frozen=True, slots=True)
class Note:
    """Something worth remembering that a user said.

    Attributes:
        kind: What it is about.
        value: The core of it, in the user's own words, such as "Ada" or "exam".
        content: A sentence about the user, for people and prompts to read.
        about: What of its kind it is: "color" of a favourite, "dog" of a pet, "exam" of a plan.
        due: Day of a plan, in the user's time zone.
        confidence: How sure the rule is, from 0 to 1.
        insisted: Whether the user asked for it to be remembered, or corrected what was.
        replaces: Subject of another note that it puts right; empty: none.
    """

    kind: Kind
    value: str
    content: str
    about: str = ""
    due: date | None = None
    confidence: float = 0.9
    insisted: bool = False
    replaces: str = ""

    @property
    def subject(self) -> str:
        """What it is known by: a later note of the same subject takes its place."""
        value = self.value.lower()
        match self.kind:
            case Kind.LIKE | Kind.DISLIKE:
                return f"taste:{value}"
            case Kind.FAMILY if self.about in _ONE_OF_A_KIND:
                return f"family:{self.about}"
            case Kind.FAMILY | Kind.PET if value in _COUNTS or value.isdigit():
                return f"{self.kind}:how many:{self.about.removesuffix('s')}"
            case Kind.FAMILY | Kind.PET | Kind.EVENT:
                return f"{self.kind}:{self.about}:{value}"
            case Kind.FAVOURITE | Kind.PLAN | Kind.FEELING:
                return f"{self.kind}:{self.about}"
            case Kind.PROMISE | Kind.ASKED:
                return f"{self.kind}:{value}"
            case _:
                return self.kind.value

    @property
    def settles(self) -> tuple[str, ...]:
        """Subjects of other memories that are not so any more, or are over, once this is known."""
        found = [self.replaces] if self.replaces and self.replaces != self.subject else []
        if self.kind is Kind.EVENT:
            found += [f"plan:{self.about}", f"feeling:{self.about}"]
            if self.about == "job":
                found += ["work", "plan:job interview", "plan:interview"]
                found += ["feeling:job interview", "feeling:interview"]
            elif self.value.endswith(_PARTED) or self.value.startswith("broke up"):
                found.append(f"family:{self.about}")
        return tuple(found)

    @property
    def is_loss(self) -> bool:
        """Whether somebody died."""
        return self.kind is Kind.EVENT and self.value.endswith(_LOSS)

    @property
    def tier(self) -> MemoryTier:
        """How long it is remembered."""
        return MemoryTier.LONG if self.is_loss or self.insisted else _WEIGHTS[self.kind][0]

    @property
    def importance(self) -> float:
        """From 0 to 1."""
        if self.is_loss:
            return _LOSS_IMPORTANCE
        importance = _WEIGHTS[self.kind][1]
        return min(1.0, importance + 0.1) if self.insisted else importance

    def fades(self, today: date) -> date | None:
        """The day from which it is not brought to mind any more; None: it never fades."""
        days = _WEIGHTS[self.kind][2]
        if days is None or self.tier is MemoryTier.LONG:
            return None
        return (self.due or today) + timedelta(days=days)


@dataclass(frozen=True, slots=True)
class Forget:
    """An order to forget.

    Attributes:
        scope: How much: all, what was noted last, or what is about something.
        words: About what, in the user's words.
    """

    scope: Scope
    words: str = ""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a line of chat comes to.

    Attributes:
        notes: In their order.
        forget: What is to be forgotten; None: nothing.
        asked: Whether it asked for something to be remembered.
        refused: Whether it asked for something that is never kept, such as a password.
        ended: Subjects of memories that are so no longer.
    """

    notes: tuple[Note, ...] = ()
    forget: Forget | None = None
    asked: bool = False
    refused: bool = False
    ended: tuple[str, ...] = ()
