"""A body that draws and says nothing, and remembers what it was told."""

import asyncio

from capsules.library import Library
from compositor.light import Surroundings
from control_plane.errors import InvalidArgumentError
from control_plane.responder.port import Reply, Turn
from control_plane.sessions.options import SessionOptions
from engine.errors import NegotiationError
from engine.faults import FaultSink
from engine.frame_loop import FrameStats
from engine.live import LiveCallbacks, LiveStats
from engine.packet import IdPacket
from engine.stats import Quantiles

__all__ = ["FakeBody", "FakeMedia", "FakeResponder"]


class FakeBody:
    def __init__(self, callbacks: LiveCallbacks) -> None:
        self.callbacks = callbacks
        self.viewers = 0
        self.applied: list[tuple[IdPacket, str]] = []
        self.sent: list[str] = []
        self.surroundings: list[Surroundings] = []
        self.closed = 0
        self.answers = asyncio.Event()
        self.gave_up = asyncio.Event()
        self.answers.set()

    def apply(self, packet: IdPacket, *, source: str = "") -> None:
        self.applied.append((packet, source))

    def surround(self, surroundings: Surroundings) -> None:
        self.surroundings.append(surroundings)

    async def negotiate(self, sdp_type: str, sdp: str) -> tuple[str, str]:
        try:
            await self.answers.wait()
        except asyncio.CancelledError:
            self.gave_up.set()
            raise
        if not sdp.startswith("v=0"):
            raise NegotiationError(f"SDP begins with {sdp[:10]!r}: expected 'v=0'")
        return "answer", sdp

    def send(self, text: str) -> None:
        self.sent.append(text)

    def active_capsules(self) -> tuple[tuple[str, float], ...]:
        return (("VF_NEUTRAL", 0.5), ("VF_GONE", 0.25))

    def stats(self) -> LiveStats:
        frames = FrameStats(
            frames=10,
            event_frames=2,
            late_frames=1,
            skipped_frames=0,
            fps=29.96,
            draw_list=Quantiles(0.2, 0.4, 0.5, 10),
            render=Quantiles(3.0, 3.5, 4.0, 10),
        )
        return LiveStats(frames, Quantiles(), ("H264",), self.viewers, 0, "fake")

    async def aclose(self) -> None:
        self.closed += 1


class FakeMedia:
    backend = "fake backend"
    voice = "fake voice"

    def __init__(self) -> None:
        self.bodies: dict[str, FakeBody] = {}
        self.closed = 0
        self.on_fault: FaultSink | None = None

    async def start(self, on_fault: FaultSink) -> None:
        self.on_fault = on_fault

    async def make(
        self,
        library: Library,
        session_id: str,
        options: SessionOptions,
        callbacks: LiveCallbacks,
    ) -> FakeBody:
        if options.avatar != "mira":
            raise InvalidArgumentError(f"avatar is {options.avatar!r}", "options.avatar")
        body = self.bodies[session_id] = FakeBody(callbacks)
        return body

    async def aclose(self) -> None:
        self.closed += 1


class FakeResponder:
    """Answers every message with the same text, once it may."""

    name = "fake"

    def __init__(self, text: str = "I see.") -> None:
        self.text = text
        self.turns: list[Turn] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def reply(self, turn: Turn) -> Reply:
        self.turns.append(turn)
        await self.may_answer.wait()
        return Reply(self.text, None, self.name)
