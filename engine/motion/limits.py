"""No value moves faster than it may, whatever the events: nothing snaps."""

from collections.abc import Sequence

__all__ = ["RateLimiter"]


class RateLimiter:
    """Follows goals at bounded speed.

    Args:
        rates: The largest change a second, one a value.
    """

    def __init__(self, rates: Sequence[float]) -> None:
        self._rates = tuple(rates)
        self.values: list[float] = []
        """The values shown; empty before the first step, which takes the goals as they are."""

    def step(self, goals: Sequence[float], seconds: float) -> list[float]:
        """Moves every value towards its goal, as far as `seconds` allow; returns `values`."""
        if not self.values:
            self.values = list(goals)
            return self.values
        values = self.values
        for index, goal in enumerate(goals):
            value = values[index]
            change = goal - value
            if change == 0.0:
                continue
            reach = self._rates[index] * seconds
            if change > reach:
                values[index] = value + reach
            elif change < -reach:
                values[index] = value - reach
            else:
                values[index] = goal
        return values
