"""One rule of the responder: what it looks for, and what it says."""

import re
from dataclasses import dataclass

__all__ = ["Rule", "rule"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        name: Unique name.
        pattern: What it looks for; a group "echo" catches words to repeat.
        replies: What it says, of one or two sentences; "{echo}" stands for the repeated words.
        expressions: Expressions that go with it, the first one that exists is taken.
    """

    name: str
    pattern: re.Pattern[str]
    replies: tuple[str, ...]
    expressions: tuple[str, ...] = ()

    @property
    def echoes(self) -> bool:
        """Whether it repeats the user's words."""
        return "echo" in self.pattern.groupindex


def rule(
    name: str, pattern: str, replies: tuple[str, ...], expressions: tuple[str, ...] = ()
) -> Rule:
    """A rule whose pattern is read without regard to case."""
    return Rule(name, re.compile(pattern, re.IGNORECASE), replies, expressions)
