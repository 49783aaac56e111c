"""What is remembered, as plain records: the words between the live path and the database.

Times are aware UTC datetimes. Fields that hold what a person said are marked as personal in
`storage.models`.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from storage.keys import new_key

__all__ = [
    "AgentRecord",
    "ChatRecord",
    "FaultRecord",
    "FeaturesChanged",
    "JournalClosed",
    "MemoriesForgotten",
    "MemoryNoted",
    "MessageRecord",
    "ModeEntered",
    "OrderRecord",
    "PacketRecord",
    "PerformanceRecord",
    "Record",
    "RunEnded",
    "RunKilled",
    "SessionEnded",
    "SessionStarted",
    "SpeechRecord",
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
        features_off: Names of the features it began without.
        journal: Name of its journal's file; empty: nothing is recorded.
        user_id: Whose it is, where that is known.
        platform: By way of what they talk: "web", "grpc", "kiosk".
        consent: Whether they agreed that it is used for training.
        model_used: What chooses the avatar's words.
        timezone: The viewer's, as IANA names it; empty: unknown.
        initiator: What started it.
        user: What the operator calls the user, who is made where nobody of that name is known;
            empty: nobody.
        client: What the client says of its machine, by column of `ClientSystem`.
        run_id: The run of the program; so is `deployment_id` where it runs.
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
    features_off: tuple[str, ...] = ()
    journal: str = ""
    user_id: UUID | None = None
    platform: str = "web"
    consent: bool = False
    model_used: str = ""
    timezone: str = ""
    initiator: str = ""
    user: str = ""
    client: dict[str, Any] | None = None
    run_id: UUID | None = None
    deployment_id: UUID | None = None
    created_at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, slots=True)
class FeaturesChanged:
    """A session that lives goes on without these features."""

    id: UUID
    features_off: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """A session ended; `reason` is for people."""

    id: UUID
    reason: str
    ended_at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, slots=True)
class JournalClosed:
    """The journal of a session is whole; `sha256` in hex."""

    id: UUID
    sha256: str


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
        confidence: How sure the appraisal of its emotion is, [0, 1]; None: it was not appraised.
        processing_time_s: From the user's message to this reply; None: it is no reply.
        agent_outputs: What the parts of the brain made of it, ready for JSON; of "appraisal" an
            agent's row is made as well.
        memory_context: The memories that it used, ready for JSON.
        voice_pitch: Of the voice that said it, Hz; None: it was not spoken.
        voice_emotion: What the voice sounded like.
        audio_quality: Of the sound, [0, 1].
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
    confidence: float | None = None
    processing_time_s: float | None = None
    agent_outputs: dict[str, Any] | None = None
    memory_context: tuple[Any, ...] = ()
    voice_pitch: float | None = None
    voice_emotion: str | None = None
    audio_quality: float | None = None
    id: UUID = field(default_factory=new_key)
    created_at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, slots=True)
class MemoryNoted:
    """Something worth remembering of the user of a session; kept where the session names one.

    Attributes:
        session_id: The session.
        message_id: The message that told it.
        kind: What it is about, such as "name" or "plan".
        subject: What it is known by: a later one of the same subject takes its place.
        value: The core of it, such as "Ada".
        content: A sentence about the user.
        tier: A value of `storage.tables.talk.MemoryTier`.
        importance: [0, 1].
        confidence: How sure the rule is, [0, 1].
        context: The line that told it.
        tags: With commas between them.
        emotion: Name of the mood at the time.
        verified: Whether the user asked for it, or put it right.
        settles: Subjects of other memories that it puts right, or that are over with it.
        due_at: When a plan is due; None: it is none.
        fades_at: From when on it is not brought to mind any more; None: never.
    """

    session_id: UUID
    message_id: UUID
    kind: str
    subject: str
    value: str
    content: str
    tier: str
    importance: float
    confidence: float
    context: str = ""
    tags: str = ""
    emotion: str = ""
    verified: bool = False
    settles: tuple[str, ...] = ()
    due_at: datetime | None = None
    fades_at: datetime | None = None
    id: UUID = field(default_factory=new_key)
    created_at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, slots=True)
class MemoriesForgotten:
    """The user of a session wants something forgotten that was remembered until then.

    Attributes:
        session_id: The session.
        everything: Whether all of it.
        words: About what, in the user's words; empty: about nothing in particular.
        subjects: What else, by subject.
    """

    session_id: UUID
    everything: bool = False
    words: str = ""
    subjects: tuple[str, ...] = ()
    id: UUID = field(default_factory=new_key)
    created_at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, slots=True)
class PacketRecord:
    """The audit line of one ID packet. It holds nothing that anybody said.

    Attributes:
        session_id: The session.
        sequence: The packet's number.
        timestamp_ns: When the brain made it, on the brain's monotonic clock.
        cause: What it is for: an event's kind, "drift", "reply", "governance" or "features".
        event_sequence: The client's number of the event; 0: none.
        capsules: Ids with their weights in (0, 1].
        speaks: Whether it brings text to say.
        interrupt: Whether it breaks off what is under way.
    """

    session_id: UUID
    sequence: int
    timestamp_ns: int
    cause: str
    event_sequence: int
    capsules: tuple[tuple[str, float], ...]
    speaks: bool = False
    interrupt: bool = False
    created_at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """One order about what may play, or what a session is tried with.

    Attributes:
        action: "revoke", "reinstate", "whitelist" or "features".
        subject: What it is about: an id, several with commas between, or a session.
        actor: Who gave it, as the caller says.
        reason: Why.
    """

    action: str
    subject: str
    actor: str
    reason: str
    id: UUID = field(default_factory=new_key)
    created_at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, slots=True)
class ModeEntered:
    """What a session does from now on: a value of `storage.states.Mode`, and why."""

    session_id: UUID
    mode: str
    reason: str = ""
    id: UUID = field(default_factory=new_key)
    created_at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, slots=True)
class AgentRecord:
    """What one part of the brain made of a message.

    `duration_ms` is None where it was not measured by itself; `confidence` is in [0, 1] or None.
    """

    session_id: UUID
    message_id: UUID
    agent: str
    input: dict[str, Any]
    output: dict[str, Any]
    duration_ms: float | None = None
    confidence: float | None = None
    id: UUID = field(default_factory=new_key)
    created_at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, slots=True)
class ChatRecord:
    """Which system answered what: text to text."""

    session_id: UUID
    system: str
    parameters: dict[str, Any]
    user_prompt_id: UUID
    reply_id: UUID
    id: UUID = field(default_factory=new_key)
    created_at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, slots=True)
class SpeechRecord:
    """Which system spoke a message: text to speech, of which no recording is kept."""

    system: str
    parameters: dict[str, Any]
    text: str
    message_id: UUID
    id: UUID = field(default_factory=new_key)
    created_at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, slots=True)
class RunEnded:
    """A run of the program ended in order."""

    id: UUID
    ended_at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, slots=True)
class RunKilled:
    """A run of the program was killed: its sessions that are open still are closed."""

    id: UUID


@dataclass(frozen=True, slots=True)
class PerformanceRecord:
    """One measured figure, such as ("render.p99", 3.1, "ms"); `session_id` None: of the program."""

    session_id: UUID | None
    measure: str
    value: float
    unit: str
    hardware: str
    version: str
    system_version_id: UUID | None = None
    deployment_id: UUID | None = None
    id: UUID = field(default_factory=new_key)
    created_at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True, slots=True)
class FaultRecord:
    """Something that went wrong; `session_id` is None where it concerns the whole server.

    `during` is the session's mode at the time; empty: unknown, or it concerns the server.
    """

    mode: str
    session_id: UUID | None
    version: str
    cause: str
    during: str = ""
    system_version_id: UUID | None = None
    deployment_id: UUID | None = None
    id: UUID = field(default_factory=new_key)
    created_at: datetime = field(default_factory=utc_now)


Record = (
    SessionStarted
    | FeaturesChanged
    | SessionEnded
    | JournalClosed
    | MessageRecord
    | MemoryNoted
    | MemoriesForgotten
    | PacketRecord
    | OrderRecord
    | ModeEntered
    | AgentRecord
    | ChatRecord
    | SpeechRecord
    | RunEnded
    | RunKilled
    | PerformanceRecord
    | FaultRecord
)
