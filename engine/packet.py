"""The ID packet as the body reads it: identifiers and weights, nothing else.

It is the only thing that crosses from brain to body; `engine.wire` turns it into the protobuf
message of the same name and back.
"""

from dataclasses import dataclass
from enum import StrEnum

from capsules.model import Layer

__all__ = [
    "MAX_PACKET_BYTES",
    "Attention",
    "BlendEntry",
    "IdPacket",
    "LeadLag",
    "Mood",
    "VisemeMark",
]

MAX_PACKET_BYTES = 500


class Attention(StrEnum):
    """What the avatar attends to: where it looks, and how it behaves until told otherwise."""

    IDLE = "idle"
    LISTENING = "listening"
    THINKING = "thinking"
    TYPING = "typing"
    READING = "reading"
    WAITING = "waiting"
    TASK_RUNNING = "task_running"
    TASK_DONE = "task_done"
    TASK_FAILED = "task_failed"
    AWAY = "away"


@dataclass(frozen=True, slots=True)
class BlendEntry:
    """One capsule with its weight in (0, 1]."""

    cid: str
    weight: float
    layer: Layer
    fallback_cid: str = ""


@dataclass(frozen=True, slots=True)
class LeadLag:
    """Replaces the default offset of one layer; ms in [-500, 500]."""

    layer: Layer
    offset_ms: int


@dataclass(frozen=True, slots=True)
class VisemeMark:
    """One mouth shape, by its index in `capsules.arkit.VISEMES`, ms after speech onset."""

    viseme: int
    offset_ms: int


@dataclass(frozen=True, slots=True)
class Mood:
    """A point in the valence-arousal-dominance cube, each in [-1, 1]."""

    valence: float = 0.0
    arousal: float = 0.0
    dominance: float = 0.0


@dataclass(frozen=True, slots=True)
class IdPacket:
    """What the brain tells the body.

    Attributes:
        sequence: Rises by one with every packet of the session, from 1.
        session_id: The session.
        timestamp_ns: The brain's monotonic clock.
        blends: What to play. A packet with `hold` capsules of a layer replaces the ones held there.
        lead_lags: Offsets that replace the defaults.
        audio_first: Whether the sound starts before hands and face.
        speak_text: Text to say; empty: none.
        visemes: Mouth shapes, where the brain knows them.
        mood: What the blend was chosen for; for people.
        label: The emotion's name, or that of a profile; for people.
        event_sequence: The client's number of the event that caused it; 0: none.
        interrupt: Whether speech and gestures under way are dropped.
        attention: What the avatar attends to from now on; None: as before.
        variation: Factor on how much chance varies what is played, [0, 3].
    """

    sequence: int
    session_id: str
    timestamp_ns: int
    blends: tuple[BlendEntry, ...] = ()
    lead_lags: tuple[LeadLag, ...] = ()
    audio_first: bool = False
    speak_text: str = ""
    visemes: tuple[VisemeMark, ...] = ()
    mood: Mood = Mood()
    label: str = ""
    event_sequence: int = 0
    interrupt: bool = False
    attention: Attention | None = None
    variation: float = 1.0
