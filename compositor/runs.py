"""Cutting a call into runs that a device can hold."""

from collections.abc import Sequence

__all__ = ["runs"]


def runs(costs_bytes: Sequence[int], limit_bytes: int, limit_count: int) -> list[slice]:
    """Cuts a sequence into the fewest runs of at most so many bytes and members, in order.

    What alone costs more is a run of its own.
    """
    found = []
    first = total = 0
    for place, cost in enumerate(costs_bytes):
        if place > first and (total + cost > limit_bytes or place - first == limit_count):
            found.append(slice(first, place))
            first, total = place, 0
        total += cost
    return [*found, slice(first, len(costs_bytes))]
