"""What a session works with: its own brain, and what all sessions share."""

from collections.abc import Callable
from dataclasses import dataclass, field

from capsules.library import Library
from control_plane.brain.brain import Brain
from control_plane.memory.recollection import Recollection
from control_plane.responder.port import Responder
from control_plane.sessions.meter import Meter
from control_plane.sessions.receipts import Keeper
from control_plane.sessions.tracing import EventTracer
from engine.clock import Clock
from storage.records import Record
from storage.runs import Begun

__all__ = ["SessionParts"]


@dataclass(frozen=True, slots=True)
class SessionParts:
    """What a session works with.

    Attributes:
        brain: Its own brain.
        library: What may be played, which the brain knows too.
        responder: Chooses the avatar's words; shared.
        remember: Takes a record for the database; never blocks.
        clock: The monotonic clock.
        version: Version of the program.
        meter: Counts along for all sessions.
        tracer: Hears of events on their way; None: nobody traces.
        keep: Takes a record and tells on the event loop when it is stored; None: nobody asks.
        voice: What speaks, for people.
        run: The run of the program; None: none is noted.
        recollection: What is remembered of the user; None: nothing is.
    """

    brain: Brain
    library: Library
    responder: Responder
    remember: Callable[[Record], object]
    clock: Clock
    version: str
    meter: Meter = field(default_factory=Meter)
    tracer: EventTracer | None = None
    keep: Keeper | None = None
    voice: str = ""
    run: Begun | None = None
    recollection: Recollection | None = None
