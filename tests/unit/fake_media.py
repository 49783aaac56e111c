"""A body that draws and says nothing, and remembers what it was told."""

import asyncio
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from capsules.avatar import Avatar
from capsules.library import Library
from capsules.model import Capsule
from compositor.backend import I420
from compositor.drawlist import DrawList
from compositor.light import Surroundings
from compositor.pages import CacheStats
from control_plane.errors import InvalidArgumentError
from control_plane.responder.port import Reply, Turn
from control_plane.sessions.options import SessionOptions
from engine.errors import NegotiationError
from engine.faults import FaultSink
from engine.features import Features
from engine.frame_loop import FrameStats
from engine.live import LiveStats
from engine.live_options import LiveCallbacks
from engine.packet import IdPacket
from engine.quality import Quality
from engine.stats import Quantiles
from engine.tallies import Tallies
from tests.unit.avatars import synthetic_avatar

__all__ = ["CACHE", "FakeBody", "FakeMedia", "FakeResponder"]

CACHE = CacheStats(
    hits=90,
    misses=10,
    evictions=3,
    uploads=9,
    pages=6,
    resident_bytes=6000,
    pinned_bytes=2000,
    budget_bytes=8000,
    uploaded_bytes=9000,
    upload_ms=1.5,
    short=True,
)


class FakeBody:
    def __init__(self, callbacks: LiveCallbacks) -> None:
        self.callbacks = callbacks
        self.viewers = 0
        self.applied: list[tuple[IdPacket, str]] = []
        self.sent: list[str] = []
        self.surroundings: list[Surroundings] = []
        self.qualities: list[Quality] = []
        self.poses: list[tuple[tuple[str, float], ...]] = []
        self.learned: list[Capsule] = []
        self.taken: list[tuple[Library, tuple[int, ...]]] = []
        self.features: list[Features] = []
        self.journal = ""
        self.journal_sha256 = ""
        self.closed = 0
        self.answers = asyncio.Event()
        self.gave_up = asyncio.Event()
        self.answers.set()

    def apply(self, packet: IdPacket, *, source: str = "") -> None:
        self.applied.append((packet, source))

    def set_quality(self, quality: Quality) -> None:
        self.qualities.append(quality)

    def cache_stats(self) -> CacheStats:
        return CACHE

    def surround(self, surroundings: Surroundings) -> None:
        self.surroundings.append(surroundings)

    def pose(self, values: Sequence[tuple[str, float]]) -> None:
        self.poses.append(tuple(values))

    def learn(self, capsule: Capsule) -> None:
        self.learned.append(capsule)

    def take(self, library: Library, dropped: Iterable[int] = ()) -> None:
        self.taken.append((library, tuple(dropped)))

    def set_features(self, features: Features) -> None:
        self.features.append(features)

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
        return LiveStats(frames, Quantiles(), ("H264",), self.viewers, 0, "fake", CACHE)

    async def aclose(self) -> None:
        self.closed += 1


class FakeMedia:
    backend = "fake backend"
    voice = "fake voice"

    def __init__(self) -> None:
        self.bodies: dict[str, FakeBody] = {}
        self.closed = 0
        self.on_fault: FaultSink | None = None
        self.libraries: list[Library] = []
        self.drawn: list[DrawList] = []
        self.tallies = Tallies()

    def cache_stats(self) -> CacheStats:
        return CACHE

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
        self.libraries.append(library)
        body = self.bodies[session_id] = FakeBody(callbacks)
        return body

    async def picture(
        self, library: Library, avatar: str, compose: Callable[[Avatar], DrawList]
    ) -> I420 | None:
        if avatar != "mira":
            raise InvalidArgumentError(f"avatar is {avatar!r}", "options.avatar")
        self.drawn.append(compose(synthetic_avatar()))
        size = self.drawn[-1].size
        return np.full((size.height * 3 // 2, size.width), 128, np.uint8)

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
