"""What the sessions of a server have done since its start, in counts without sessions."""

from collections import Counter
from dataclasses import dataclass, field

from engine.tallies import Histogram

__all__ = ["Meter"]


@dataclass(frozen=True, slots=True)
class Meter:
    """Counts over all sessions; written on the event loop, read there too.

    Attributes:
        events: Events that were taken, by kind.
        packets: Packets that were sent, by cause: an event's kind, "drift", "reply" and so on.
        faults: Faults that were survived, by mode.
        event_to_packet: Time from an event to its packets.
    """

    events: Counter[str] = field(default_factory=Counter)
    packets: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    event_to_packet: Histogram = field(default_factory=Histogram)
