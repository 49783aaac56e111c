"""A body that nobody has seen yet: it is told nothing until somebody looks.

A session that only hands its packets on, to programs and bodies elsewhere, then costs no motion.
Whoever looks finds the body as if it had been told everything at once, for it has no clock: what is
told late counts from its own time.
"""

from collections import deque
from collections.abc import Iterable

from capsules.library import Library
from compositor.drawlist import DrawList
from engine.body import Body
from engine.packet import IdPacket
from engine.recording.body import RecordedBody

__all__ = ["KEPT_PACKETS", "RestingBody"]

KEPT_PACKETS = 64
"""So many packets are kept for the first look; older ones are forgotten, with what they held."""


class RestingBody:
    """Keeps a body and what it has not been told. Not thread-safe."""

    def __init__(self, body: Body | RecordedBody) -> None:
        self._body = body
        self._untold: deque[tuple[IdPacket, int]] | None = deque(maxlen=KEPT_PACKETS)
        self._taken: tuple[Library, int] | None = None

    def keep(self, packet: IdPacket, now_ns: int) -> bool:
        """Keeps a packet for later; False: somebody has looked, and the body takes it itself.

        What is to be said cannot wait.
        """
        if self._untold is None or packet.speak_text:
            return False
        self._untold.append((packet, now_ns))
        return True

    def frame(self, now_ns: int) -> DrawList:
        """What to draw at `now_ns`; see `engine.body.Body.frame`."""
        return self.awake().frame(now_ns)

    @property
    def event_sequence(self) -> int:
        """The client's number of the last event that frames show; 0: none."""
        return self.awake().event_sequence

    def end_speech(self, now_ns: int) -> None:
        """Breaks speech off; one that rests has said nothing."""
        if self._untold is None:
            self._body.end_speech(now_ns)

    def take(self, library: Library, dropped: Iterable[int], now_ns: int) -> None:
        """Goes on with another state of the library; see `engine.body.Body.take`.

        One that rests goes on resting: an order to a thousand of them wakes none.
        """
        if self._untold is None:
            self._body.take(library, dropped, now_ns)
            return
        gone = frozenset(dropped)
        self._untold = deque(
            (item for item in self._untold if item[0].sequence not in gone), maxlen=KEPT_PACKETS
        )
        self._taken = library, now_ns

    def awake(self) -> Body | RecordedBody:
        """The body, which has been told everything; it rests no more."""
        if self._untold is not None:
            untold, self._untold = self._untold, None
            if self._taken is not None:
                library, taken_ns = self._taken
                # Before all packets, so that none begins what may not be played.
                self._body.take(library, (), untold[0][1] if untold else taken_ns)
            for packet, at_ns in untold:
                self._body.apply(packet, at_ns)
        return self._body
