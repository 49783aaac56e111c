"""Plans and words as ID packets: numbered, quantised, at most 500 bytes each."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from control_plane.brain.chunks import split_text
from control_plane.brain.plan import Plan
from control_plane.errors import InvalidArgumentError
from engine.packet import MAX_PACKET_BYTES, BlendEntry, IdPacket, Mood
from engine.wire import size_bytes

__all__ = ["MIN_TEXT_BYTES", "PacketMaker", "Shown"]

MIN_TEXT_BYTES = 120
"""The first packet of a speech leaves at least this much room for words."""

_MAX_SESSION_ID_BYTES = 64
# A packet's tags and lengths around its text, beside what the packet without text takes.
_TEXT_OVERHEAD_BYTES = 4
_MAX_TEXT_BYTES = 320
# Bounds of what a packet's parts take, beside their texts: all fields of one value together, a
# blend entry (ids are ASCII), an offset.
_FIXED_BYTES = 160
_BLEND_BYTES = 16
_LEAD_LAG_BYTES = 10


@dataclass(frozen=True, slots=True)
class Shown:
    """What a packet tells people it is for.

    Attributes:
        mood: What its blend was chosen for.
        label: The name of that.
    """

    mood: Mood
    label: str


class PacketMaker:
    """Makes one session's packets and counts them. Not thread-safe.

    Args:
        session_id: At most 64 bytes of UTF-8.

    Raises:
        InvalidArgumentError: The session id is empty or too long.
    """

    def __init__(self, session_id: str) -> None:
        if not 0 < len(session_id.encode()) <= _MAX_SESSION_ID_BYTES:
            raise InvalidArgumentError(
                f"session_id is {session_id!r}, expected 1 to {_MAX_SESSION_ID_BYTES} bytes"
            )
        self._session_id = session_id
        self._sequence = 0

    @property
    def next_sequence(self) -> int:
        """The number of the packet to come."""
        return self._sequence + 1

    def packet(
        self,
        plan: Plan,
        shown: Shown,
        now_ns: int,
        event_sequence: int = 0,
        limit_bytes: int = MAX_PACKET_BYTES,
    ) -> IdPacket:
        """The next packet; blends that do not fit are left out, the last ones first."""
        self._sequence += 1
        blends = plan.blends
        cids = {entry.cid for entry in blends}
        if len(cids) < len(blends):
            blends = _distinct(blends)
        packet = IdPacket(
            sequence=self._sequence,
            session_id=self._session_id,
            timestamp_ns=now_ns,
            blends=blends,
            lead_lags=plan.lead_lags,
            audio_first=plan.audio_first,
            mood=_quantised(shown.mood),
            label=shown.label,
            event_sequence=event_sequence,
            attention=plan.attention,
            variation=round(plan.variation * 64) / 64,  # which a 32-bit float holds exactly
        )
        if _most_bytes(packet, cids) > limit_bytes:
            while packet.blends and size_bytes(packet) > limit_bytes:
                packet = replace(packet, blends=packet.blends[:-1])
        return packet

    def spoken(self, first: IdPacket, text: str) -> tuple[IdPacket, ...]:
        """The packet with the beginning of the text, and others with the rest of it."""
        room = MAX_PACKET_BYTES - size_bytes(first) - _TEXT_OVERHEAD_BYTES
        pieces = split_text(text, _MAX_TEXT_BYTES, min(room, _MAX_TEXT_BYTES))
        said = [piece for piece in pieces if piece.strip()]
        packets = [replace(first, speak_text=said[0])]
        for piece in said[1:]:
            self._sequence += 1
            packets.append(
                replace(
                    first,
                    sequence=self._sequence,
                    blends=(),
                    lead_lags=(),
                    audio_first=False,
                    speak_text=piece,
                )
            )
        return tuple(packets)


def _most_bytes(packet: IdPacket, cids: Iterable[str]) -> int:
    """What a packet without words takes at most; its size would take longer to find out."""
    ids = len("".join(cids)) + len("".join([one.fallback_cid for one in packet.blends]))
    listed = _BLEND_BYTES * len(packet.blends) + _LEAD_LAG_BYTES * len(packet.lead_lags)
    return _FIXED_BYTES + len(packet.label) + ids + listed


def _distinct(blends: Iterable[BlendEntry]) -> tuple[BlendEntry, ...]:
    """Each capsule once, at its greatest weight, in order of appearance."""
    found: dict[str, BlendEntry] = {}
    for entry in blends:
        if found.setdefault(entry.cid, entry).weight < entry.weight:
            found[entry.cid] = entry
    return tuple(found.values())


def _quantised(mood: Mood) -> Mood:
    """To 1/1024, which 32-bit floats hold exactly."""
    return Mood(
        round(mood.valence * 1024) / 1024,
        round(mood.arousal * 1024) / 1024,
        round(mood.dominance * 1024) / 1024,
    )
