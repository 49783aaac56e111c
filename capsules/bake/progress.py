"""How far a piece of work has come, as a share of it: told by whoever does it."""

from collections.abc import Callable

__all__ = ["Share", "part_of_work", "untold"]

Share = Callable[[float], None]
"""Told the share in [0, 1] of the work that is done; it may raise to end the work."""


def untold(_share: float) -> None:
    """Nobody asks."""


def part_of_work(tell: Share, first: float, last: float) -> Share:
    """What a piece of the work that goes from one share of the whole to another is given."""
    return lambda share: tell(first + (last - first) * share)
