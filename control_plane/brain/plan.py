"""What a planner is asked with, and what it answers."""

from dataclasses import dataclass

from control_plane.emotion.traits import PLAIN_TEMPER, Temper
from engine.packet import Attention, BlendEntry, LeadLag

__all__ = ["Moment", "Plan"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a packet asks of the body; blends in order of importance."""

    blends: tuple[BlendEntry, ...]
    lead_lags: tuple[LeadLag, ...] = ()
    audio_first: bool = False
    attention: Attention | None = None
    variation: float = 1.0


@dataclass(frozen=True, slots=True)
class Moment:
    """When something is planned.

    Attributes:
        sequence: Number of the packet to be; chance depends on it.
        now_ns: The time.
        speaking: Whether the packet says something.
        temper: How lively the gestures are.
    """

    sequence: int
    now_ns: int
    speaking: bool = False
    temper: Temper = PLAIN_TEMPER
