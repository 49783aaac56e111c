"""What a session tells about an event on its way to the picture; the seam to tracing."""

from dataclasses import dataclass
from typing import Protocol

from engine.rtc.sending import SentFrame

__all__ = ["EventTimes", "EventTracer"]


@dataclass(frozen=True, slots=True)
class EventTimes:
    """One event that led to packets, with times of the session's clock.

    Attributes:
        session_id: The session.
        kind: The event's kind, as the audit trail calls it.
        sequence: The client's number of it.
        parent: W3C traceparent that it came with; empty: none.
        received_ns: When it came.
        decided_ns: When its packets were there.
        applied_ns: When the body and all who follow had them.
        packets: How many there were.
        watched: Whether any viewer will be shown a picture with it.
    """

    session_id: str
    kind: str
    sequence: int
    parent: str
    received_ns: int
    decided_ns: int
    applied_ns: int
    packets: int
    watched: bool


class EventTracer(Protocol):
    """Hears of events and pictures; called on the event loop, and never blocks."""

    def event(self, times: EventTimes) -> None:
        """An event was taken."""

    def sent(self, session_id: str, picture: SentFrame) -> None:
        """A picture was sent to a viewer of a session."""

    def ended(self, session_id: str) -> None:
        """A session has ended: no more pictures of it will come."""
