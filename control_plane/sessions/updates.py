"""What a session tells those who follow it, as plain records."""

from dataclasses import dataclass

from engine.packet import IdPacket, Mood
from engine.voice.speaker import SpeechUpdate

__all__ = ["Lag", "MoodUpdate", "Rejection", "Stored", "Update"]


@dataclass(frozen=True, slots=True)
class MoodUpdate:
    """The mood after an event; `event_sequence` is the client's number of it, 0: none."""

    mood: Mood
    label: str
    event_sequence: int = 0


@dataclass(frozen=True, slots=True)
class Rejection:
    """An event was refused: a google.rpc.Code, and what was wrong."""

    event_sequence: int
    code: int
    message: str


@dataclass(frozen=True, slots=True)
class Lag:
    """The follower did not keep up: so many updates were dropped before the next one."""

    dropped: int


@dataclass(frozen=True, slots=True)
class Stored:
    """A message is in the database; `event_sequence` is the client's number of it, 0: a reply."""

    message_id: str
    event_sequence: int


Update = IdPacket | MoodUpdate | SpeechUpdate | Rejection | Lag | Stored
