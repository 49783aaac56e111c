"""What the avatar attends to, and since when.

Packets say what it attends to; speech comes before that while it lasts; and each manner gives way
to idleness after its time. Every change has a time of its own, whenever frames are made.
"""

from collections.abc import Iterable

from engine.motion.manners import MANNERS, SPEAKING, Manner
from engine.packet import Attention

__all__ = ["Focus"]

_LINGERS_MS = 350.0  # sentences that follow each other are one speech


class Focus:
    """Attention over time. Times are ms of the session and never go back."""

    def __init__(self) -> None:
        self.attention = Attention.IDLE
        """What packets have asked for last, until it has had its time."""
        self._until_ms = float("inf")
        self._spoken: list[tuple[float, float]] = []
        self._told_ms = 0.0
        self.manner: Manner = MANNERS[Attention.IDLE]
        """How it behaves, as of the last call of `changes`."""

    def turn(self, attention: Attention, now_ms: float) -> None:
        """Attends to something else, or to the same for longer."""
        self.attention = attention
        self._until_ms = now_ms + MANNERS[attention].lasts_ms

    def speak(self, start_ms: float, end_ms: float) -> None:
        """Notes that it speaks from one time to the other."""
        self._spoken.append((start_ms, end_ms + _LINGERS_MS))

    def hush(self, now_ms: float) -> None:
        """Notes that speech ends now."""
        self._spoken = [(start, min(end, now_ms)) for start, end in self._spoken if start < now_ms]

    def changes(self, now_ms: float) -> list[tuple[float, Manner]]:
        """The changes of manner since the last call, with their times."""
        found: list[tuple[float, Manner]] = []
        for edge_ms in self._edges(now_ms):
            if edge_ms >= self._until_ms:
                self.attention, self._until_ms = Attention.IDLE, float("inf")
            manner = SPEAKING if self._speaks(edge_ms) else MANNERS[self.attention]
            if manner is not self.manner:
                self.manner = manner
                found.append((edge_ms, manner))
        self._told_ms = now_ms
        if self._spoken:
            self._spoken = [span for span in self._spoken if span[1] > now_ms]
        return found

    def _edges(self, now_ms: float) -> Iterable[float]:
        """Times at which something may have changed, up to now."""
        if not self._spoken and now_ms < self._until_ms:
            return (now_ms,)
        times = {now_ms, self._until_ms, *(time for span in self._spoken for time in span)}
        return sorted(time for time in times if self._told_ms < time <= now_ms or time == now_ms)

    def _speaks(self, time_ms: float) -> bool:
        return any(start <= time_ms < end for start, end in self._spoken)
