"""How finely a session draws its clips."""

from enum import StrEnum

__all__ = ["Quality"]


class Quality(StrEnum):
    """Clips at their full size, or at half of it each way, which takes a quarter of the memory."""

    FULL = "full"
    HALF = "half"
