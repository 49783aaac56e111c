"""Chance that is a pure function of its counters: no state, no order, no frame rate.

The same counters always give the same number, so two runs agree however often they ask. The
mixing function is SplitMix64's (Steele, Lea and Flood, 2014).
"""

import hashlib
import math
from collections.abc import Sequence

__all__ = ["RESTART_MS", "normal", "pick", "restart", "text_counter", "uniform"]

RESTART_MS = 10_000.0
"""A chain of chance that has stood still for longer starts anew, rather than catch up."""

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15


def uniform(*counters: int) -> float:
    """A number in [0, 1) that looks random, made of any integers."""
    state = _GOLDEN
    for counter in counters:
        state = _mix((state ^ (counter & _MASK)) + _GOLDEN)
    return (state >> 11) * 2.0**-53


def normal(*counters: int) -> float:
    """A number from the standard normal distribution (Box and Muller)."""
    radius = math.sqrt(-2.0 * math.log(1.0 - uniform(*counters, 1)))
    return radius * math.cos(2.0 * math.pi * uniform(*counters, 2))


def pick(shares: Sequence[float], chance: float) -> int:
    """Position of one of several, each as likely as its share; `chance` is in [0, 1)."""
    left = chance * sum(shares)
    for position, share in enumerate(shares):
        left -= share
        if left < 0.0:
            return position
    return len(shares) - 1


def restart(now_ms: float) -> tuple[float, int]:
    """Where a chain that stood still starts anew: a time at most `RESTART_MS` ago, and a counter.

    Both follow from the time alone, and the counters meet no other start's.
    """
    slot = int(now_ms // RESTART_MS)
    return slot * RESTART_MS, slot << 20


def text_counter(text: str) -> int:
    """A 64-bit counter for a text, such as a capsule id; the same in every process."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def _mix(value: int) -> int:
    value &= _MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)
