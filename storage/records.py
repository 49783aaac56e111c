"""What is remembered, as plain records: the words between the live path and the database.

Times are aware UTC datetimes. Fields that hold what a person said are marked as personal in
`storage.models`.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID, uuid4

__all__ = [
    "FaultRecord",
    "MessageRecord",
    "PerformanceRecord",
    "Record",
    "SessionEnded",
    "SessionStarted",
    "utc_now",
]


def utc_now() -> datetime:
    """The wall clock, for people; never used to measure."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class SessionStarted:
    """A session began.

    Attributes:
        id: The session.
        avatar: The avatar's name.
        width: Frame width, pixels.
        height: Frame height, pixels.
        fps: Frames per second.
        seed: Seed of the variation, 0 to 2**64 - 1.
        personality: The personality's name.
        probe: Whether the picture shows the number of the last event.
        reply: Whether the avatar answers chat by itself.
        version: Version of the program.
    """

    id: UUID
    avatar: str
    width: int
    height: int
    fps: int
    seed: int
    personality: str
    probe: bool
    reply: bool
    version: str
    created_at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """A session ended; `reason` is for people."""

    id: UUID
    reason: str
    ended_at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, slots=True)
class MessageRecord:
    """One thing that was said.

    Attributes:
        session_id: The session.
        role: "user", "assistant" or "system".
        text: What was said.
        source: Who chose the words: "client", or the responder's name.
        valence: Of the mood it led to, [-1, 1]; so arousal and dominance.
        label: The mood's name.
        packet: The ID packet it led to, in its protobuf form; empty: none.
        event_sequence: The client's number of the event; 0: a reply.
    """

    session_id: UUID
    role: str
    text: str
    source: str
    valence: float
    arousal: float
    dominance: float
    label: str
    packet: bytes = b""
    event_sequence: int = 0
    id: UUID = field(default_factory=uuid4)
    created_at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, slots=True)
class PerformanceRecord:
    """One measured figure of one session, such as ("render.p99", 3.1, "ms")."""

    session_id: UUID
    measure: str
    value: float
    unit: str
    hardware: str
    version: str
    id: UUID = field(default_factory=uuid4)
    created_at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, slots=True)
class FaultRecord:
    """Something that went wrong; `session_id` is None where it concerns the whole server."""

    mode: str
    session_id: UUID | None
    version: str
    cause: str
    id: UUID = field(default_factory=uuid4)
    created_at: datetime = field(default_factory=utc_now)


Record = SessionStarted | SessionEnded | MessageRecord | PerformanceRecord | FaultRecord
