"""Cutting a call into runs that a device can hold."""

from collections.abc import Sequence

__all__ = ["runs"]


def runs(costs_bytes: Sequence[int], limit_bytes: int) -> list[slice]:
    """Cuts a sequence into the fewest runs that cost at most `limit_bytes` each, in order.

    What alone costs more is a run of its own.
    """
    found = []
    first = total = 0
    for place, cost in enumerate(costs_bytes):
        if total + cost > limit_bytes and place > first:
            found.append(slice(first, place))
            first, total = place, 0
        total += cost
    return [*found, slice(first, len(costs_bytes))]
