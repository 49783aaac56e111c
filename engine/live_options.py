"""What a live body is made with, and whom it tells of what happens."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from compositor.drawlist import FrameSize
from compositor.output import OutputOptions
from engine.body import BodyOptions
from engine.faults import FaultSink
from engine.features import Features
from engine.quality import Quality
from engine.recording.journals import JournalWriter
from engine.rtc.sending import SentFrame
from engine.rtc.viewer import ViewerOptions
from engine.voice.speaker import SpeechUpdate

__all__ = ["LiveCallbacks", "LiveOptions", "OpenJournal"]

OpenJournal = Callable[[BodyOptions], Awaitable[JournalWriter | None]]
"""Begins the journal of a body that is made with these options; None: it cannot be recorded."""


@dataclass(frozen=True, slots=True)
class LiveOptions:
    """Settings of a live body.

    Attributes:
        session_id: The session.
        size: Frame size.
        fps: Frames a second between events.
        seed: Of all chance.
        probe: Whether frames show the number of the last applied event.
        output: How frames are finished.
        max_viewers: More are refused.
        viewer: How viewers are connected.
        quality: How finely clips are drawn, to begin with.
        features: What the body does, to begin with.
    """

    session_id: str
    size: FrameSize = field(default_factory=lambda: FrameSize(512, 512))
    fps: int = 30
    seed: int = 0
    probe: bool = False
    output: OutputOptions = field(default_factory=OutputOptions)
    max_viewers: int = 8
    viewer: ViewerOptions = field(default_factory=ViewerOptions)
    quality: Quality = Quality.FULL
    features: Features = field(default_factory=Features)


@dataclass(frozen=True, slots=True)
class LiveCallbacks:
    """Who hears of a live body; all are called on the event loop and must not block.

    Attributes:
        on_message: A viewer's text message; what it returns is awaited.
        on_speech: Speech started, finished, was interrupted or dropped.
        on_fault: Something failed; the session goes on.
        on_viewers: How many viewers are connected now.
        on_drawn: The first picture with an event is about to be sent to a viewer; see
            `ViewerCallbacks.on_drawn`.
        on_sent: A picture has been sent to a viewer; None: nobody wants to know.
    """

    on_message: Callable[[str], Awaitable[None] | None]
    on_speech: Callable[[SpeechUpdate], None]
    on_fault: FaultSink
    on_viewers: Callable[[int], None]
    on_drawn: Callable[[int, int], str]
    on_sent: Callable[[SentFrame], None] | None = None
