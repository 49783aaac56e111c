"""State machines: which status may follow which.

One definition serves the models, which refuse a transition at once, and the database, whose
triggers refuse it from whoever writes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from storage.errors import TransitionError

__all__ = [
    "DATASET",
    "FINETUNE",
    "MODES",
    "PRECALCULATION",
    "PROJECT",
    "DatasetStatus",
    "FinetuneStatus",
    "Machine",
    "Mode",
    "PrecalculationStatus",
    "ProjectStatus",
]


class ProjectStatus(StrEnum):
    """Of a project."""

    ACTIVE = "ACTIVE"
    ARCHIVED = "ARCHIVED"
    DELETED = "DELETED"


class DatasetStatus(StrEnum):
    """Of a training dataset."""

    PLANNING = "PLANNING"
    RUNNING = "RUNNING"
    ABORTED = "ABORTED"
    FAILED = "FAILED"
    DONE = "DONE"
    DELETED = "DELETED"


class FinetuneStatus(StrEnum):
    """Of a finetune."""

    RUNNING = "RUNNING"
    ABORTED = "ABORTED"
    FAILED = "FAILED"
    DONE = "DONE"
    DELETED = "DELETED"


class PrecalculationStatus(StrEnum):
    """Of something that is to be, or has been, made ahead of its use."""

    PLANNED = "PLANNED"
    RUNNING = "RUNNING"
    FAILED = "FAILED"
    DONE = "DONE"
    STALE = "STALE"


class Mode(StrEnum):
    """What a session is doing, as its viewer sees it."""

    WARMUP = "warmup"
    IDLE = "idle"
    ATTRACT = "attract"
    INVITE = "invite"
    CHAT = "chat"
    CLOSE = "close"
    RESET = "reset"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Machine:
    """A state machine over the values of one enum.

    Attributes:
        name: What has the status, for errors.
        first: Where it may begin.
        steps: Where it may go from each status; from one that is not named, nowhere.
    """

    name: str
    first: frozenset[str]
    steps: Mapping[str, frozenset[str]]

    def allows(self, before: str | None, after: str) -> bool:
        """Whether `after` may follow `before`; None: it is new. Staying as it is always may."""
        if before is None:
            return after in self.first
        return before == after or after in self.steps.get(before, frozenset())

    def check(self, before: str | None, after: str) -> None:
        """Refuses what may not be.

        Raises:
            TransitionError: `after` may not follow `before`.
        """
        if not self.allows(before, after):
            begun = "begin as" if before is None else f"go from {before} to"
            expected = sorted(self.first if before is None else self.steps.get(before, ()))
            allowed = ", ".join(expected) or "no change"
            raise TransitionError(f"a {self.name} cannot {begun} {after}, expected {allowed}")

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Every transition that changes something, sorted."""
        return tuple(
            sorted((before, after) for before, afters in self.steps.items() for after in afters)
        )


def _machine(name: str, first: str, steps: Mapping[str, str]) -> Machine:
    return Machine(
        name,
        frozenset(first.split()),
        {before: frozenset(after.split()) for before, after in steps.items()},
    )


PROJECT = _machine(
    "project", "ACTIVE", {"ACTIVE": "ARCHIVED DELETED", "ARCHIVED": "ACTIVE DELETED"}
)

DATASET = _machine(
    "training dataset",
    "PLANNING",
    {
        "PLANNING": "RUNNING DELETED",
        "RUNNING": "DONE FAILED ABORTED",
        "FAILED": "PLANNING",
        "ABORTED": "PLANNING",
        "DONE": "DELETED",
    },
)

FINETUNE = _machine(
    "finetune",
    "RUNNING",
    {
        "RUNNING": "DONE FAILED ABORTED",
        "FAILED": "RUNNING",
        "ABORTED": "RUNNING",
        "DONE": "DELETED",
    },
)

PRECALCULATION = _machine(
    "precalculation",
    "PLANNED",
    {
        "PLANNED": "RUNNING STALE",
        "RUNNING": "DONE FAILED",
        "FAILED": "PLANNED STALE",
        "DONE": "STALE",
        "STALE": "PLANNED",
    },
)

MODES = _machine(
    "session's mode",
    "warmup",
    {
        "warmup": "idle fault reset",
        "idle": "attract invite chat close fault reset",
        "attract": "idle invite chat close fault reset",
        "invite": "idle attract chat close fault reset",
        "chat": "idle close fault reset",
        "close": "idle attract fault reset",
        "fault": "warmup idle chat close reset",
        "reset": "warmup fault",
    },
)
"""A session begins by warming up; nobody can talk to it before. After a reset it warms up again,
and what ends is closed first."""
