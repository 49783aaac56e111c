"""Packets whose capsules wait for the sound of their text.

Text that comes while something else is being said is heard later, and text whose sound is to come
first is heard when it is made: what hands and face do with it then waits until its sound has its
place in time. Nothing waits for ever: once the mouth has been quiet for 5 s, what is left plays.
"""

from typing import NamedTuple

from engine.packet import IdPacket

__all__ = ["MAX_HELD", "HeldPackets", "Sound"]

MAX_HELD = 32
"""How many packets wait at most; with one more, the oldest plays at once."""

_PATIENCE_MS = 5000.0


class Sound(NamedTuple):
    """Where a packet's sound lies in time, ms of the session.

    Attributes:
        onset_ms: When it starts.
        stresses: When its stressed syllables are seen.
    """

    onset_ms: float
    stresses: tuple[float, ...]


class HeldPackets:
    """Holds packets until they are due. Times are ms of the session."""

    def __init__(self) -> None:
        self._held: dict[int, tuple[IdPacket, float]] = {}  # by sequence, the oldest first
        self._placed: list[tuple[float, IdPacket, Sound | None]] = []
        self._quiet_ms = float("-inf")

    def hold(self, packet: IdPacket, now_ms: float) -> None:
        """Keeps a packet until `place` says when its sound comes."""
        self._held[packet.sequence] = (packet, now_ms)
        if len(self._held) > MAX_HELD:
            self.place(next(iter(self._held)), now_ms)

    def get(self, sequence: int) -> IdPacket | None:
        """The packet of that sequence, as long as nobody knows when its sound comes."""
        found = self._held.get(sequence)
        return None if found is None else found[0]

    def place(self, sequence: int, due_ms: float, sound: Sound | None = None) -> None:
        """Lets a packet play at `due_ms`, with its sound if it has one; unknown ones are fine."""
        found = self._held.pop(sequence, None)
        if found is not None:
            self._placed.append((due_ms, found[0], sound))

    def speak_until(self, end_ms: float) -> None:
        """Notes that something is said until `end_ms`; what waits goes on waiting."""
        self._quiet_ms = max(self._quiet_ms, end_ms)

    def due(self, now_ms: float) -> list[tuple[float, IdPacket, Sound | None]]:
        """Takes out what plays by `now_ms`, in that order: when, the packet, and its sound."""
        if not self._held and not self._placed:
            return []
        for packet, since_ms in tuple(self._held.values()):
            given_up_ms = max(since_ms, self._quiet_ms) + _PATIENCE_MS
            if given_up_ms <= now_ms:
                self.place(packet.sequence, given_up_ms)
        self._placed.sort(key=lambda item: item[0])
        found = [item for item in self._placed if item[0] <= now_ms]
        del self._placed[: len(found)]
        return found

    def drop(self, sequences: frozenset[int]) -> None:
        """Forgets packets of these sequences: they never play."""
        self._held = {key: item for key, item in self._held.items() if key not in sequences}
        self._placed = [item for item in self._placed if item[1].sequence not in sequences]

    def clear(self) -> None:
        """Forgets all: speech has been broken off, and what waited for it never plays."""
        self._held.clear()
        self._placed.clear()
        self._quiet_ms = float("-inf")
