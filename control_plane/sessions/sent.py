"""What a session has sent: a line of each packet for the trail, and which packets play what."""

from collections import deque
from collections.abc import Callable, Iterable
from uuid import UUID

from capsules.library import Library
from capsules.model import Layer
from engine.packet import IdPacket
from storage.records import PacketRecord, Record

__all__ = ["SentPackets"]

_RECENT = 64  # packets whose capsules are remembered


class SentPackets:
    """The packets of one session; used from the event loop's thread.

    Args:
        session_id: The session.
        remember: Takes a record for the database; never blocks.
    """

    def __init__(self, session_id: UUID, remember: Callable[[Record], object]) -> None:
        self._session_id = session_id
        self._remember = remember
        self._recent: deque[IdPacket] = deque(maxlen=_RECENT)

    def note(self, packet: IdPacket, cause: str) -> None:
        """Notes a packet and what it was sent for."""
        if packet.blends:
            self._recent.append(packet)
        self._remember(
            PacketRecord(
                session_id=self._session_id,
                sequence=packet.sequence,
                timestamp_ns=packet.timestamp_ns,
                cause=cause,
                event_sequence=packet.event_sequence,
                capsules=tuple([(one.cid, one.weight) for one in packet.blends]),
                speaks=bool(packet.speak_text),
                interrupt=packet.interrupt,
            )
        )

    def playing(self, library: Library, ids: Iterable[str]) -> list[int]:
        """Sequences of the last packets that play any of these expressions and profiles.

        Args:
            library: As it was when they were sent.
            ids: Ids of expressions, names of profiles; others are fine.
        """
        plays = [_plays(library, id_) for id_ in ids if id_ not in library.capsules]
        if not plays:
            return []
        recent = [
            (one.sequence, frozenset(item.cid for item in one.blends)) for one in self._recent
        ]
        return [sequence for sequence, cids in recent if any(one(cids) for one in plays)]


def _plays(library: Library, id_: str) -> Callable[[frozenset[str]], bool]:
    """Whether a packet's capsules are an expression's, or some of a profile's."""
    expression, profile = library.expressions.get(id_), library.profiles.get(id_)
    items = expression.items if expression else profile.items if profile else ()
    resolved = (library.resolve(item.cid) for item in items)
    bundle = frozenset(found.cid for found in resolved if found is not None)
    if expression is not None:
        return lambda cids: cids == bundle
    # A profile sends its capsules bit by bit, and the tempo with them.
    tempos = frozenset(item.cid for item in library.layer(Layer.TEMPO))
    return lambda cids: bool(cids & bundle) and cids <= bundle | tempos
