"""What can happen to a session, as the brain reads it: plain records.

`control_plane.translate` makes them of protobuf messages and of proto3 JSON; the brain checks their
values before it does anything else.
"""

from dataclasses import dataclass
from enum import StrEnum

from capsules.model import Capsule
from compositor.light import Surroundings
from engine.packet import Mood
from engine.quality import Quality

__all__ = [
    "MAX_TEXT_CHARS",
    "Chat",
    "ChatRole",
    "Emotion",
    "Event",
    "EventKind",
    "Interrupt",
    "Light",
    "PlayExpression",
    "Pose",
    "Preview",
    "SetQuality",
    "Speak",
    "Task",
    "TaskState",
    "Ui",
    "UiContext",
]

MAX_TEXT_CHARS = 8_000


class ChatRole(StrEnum):
    """Who speaks."""

    USER = "user"
    ASSISTANT = "assistant"
    SYSTEM = "system"


class TaskState(StrEnum):
    """How a task fares."""

    STARTED = "started"
    PROGRESS = "progress"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    WAITING = "waiting"


class UiContext(StrEnum):
    """What the viewer does."""

    IDLE = "idle"
    TYPING = "typing"
    READING = "reading"
    SPEAKING = "speaking"
    AWAY = "away"


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat message; an assistant's text is spoken, a user's is reacted to."""

    role: ChatRole
    text: str
    intent: str = ""


@dataclass(frozen=True, slots=True)
class PlayExpression:
    """Plays a named expression or a single capsule, or begins a profile; weight in (0, 1]."""

    id: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Emotion:
    """Sets the emotion directly; intensity in (0, 1]."""

    vad: Mood
    intensity: float = 1.0


@dataclass(frozen=True, slots=True)
class Task:
    """A state of something the program behind the avatar does; progress in [0, 1]."""

    name: str
    state: TaskState
    progress: float = 0.0


@dataclass(frozen=True, slots=True)
class Ui:
    """The viewer's context changed."""

    context: UiContext


@dataclass(frozen=True, slots=True)
class Speak:
    """Text to say, word for word."""

    text: str


@dataclass(frozen=True, slots=True)
class Interrupt:
    """Stop speech and gestures at once."""


@dataclass(frozen=True, slots=True)
class Light:
    """The colours around the avatar's picture changed; the brain has no opinion on them."""

    surroundings: Surroundings


@dataclass(frozen=True, slots=True)
class SetQuality:
    """Draws clips at another size; the brain has no opinion on that either."""

    quality: Quality


@dataclass(frozen=True, slots=True)
class Pose:
    """Holds targets at values, in place of those held before; nor has the brain one on these.

    `values` are targets of capsules with a value in their range, each once.
    """

    values: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """Plays a capsule with tracks that only this session knows; weight in (0, 1]."""

    capsule: Capsule
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class SetFeatures:
    """Switches features of the session: names of `engine.features.Features` and their values."""

    changes: tuple[tuple[str, bool], ...]


EventKind = (
    Chat
    | PlayExpression
    | Emotion
    | Task
    | Ui
    | Speak
    | Interrupt
    | Light
    | SetQuality
    | Pose
    | Preview
    | SetFeatures
)


_CAUSES: dict[type, str] = {
    Chat: "chat",
    PlayExpression: "expression",
    Emotion: "emotion",
    Task: "task",
    Ui: "ui",
    Speak: "speak",
    Interrupt: "interrupt",
    Light: "light",
    SetQuality: "quality",
    Pose: "pose",
    Preview: "preview",
    SetFeatures: "features",
}


def cause_of(kind: EventKind) -> str:
    """What the audit trail calls an event of that kind: as the contract does."""
    return _CAUSES[type(kind)]


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, with the client's sequence number."""

    sequence: int
    kind: EventKind
