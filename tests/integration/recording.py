"""A whole server that draws and speaks for itself, and the digests of what a session shows."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from compositor.pages import MEGABYTE, CacheOptions
from control_plane.events import Event, EventKind
from control_plane.governance.orders import Governance
from control_plane.media import LiveMedia
from control_plane.responder.rules import RulesResponder
from control_plane.server import Ready, Server
from control_plane.sessions.options import SessionOptions
from control_plane.sessions.session import LiveSession
from control_plane.settings import Settings, load_settings
from engine.errors import ClosedError
from engine.feed import FrameSubscription
from engine.live import LiveBody

__all__ = ["Playing", "Watched", "playing", "settings_in"]


@dataclass
class Watched:
    """A session that somebody watches: the pts and digest of every frame that was shown."""

    session: LiveSession
    frames: list[tuple[int, str]] = field(default_factory=list)
    task: asyncio.Task[None] | None = None
    sequence: int = 0

    @property
    def body(self) -> LiveBody:
        found = self.session.body
        assert isinstance(found, LiveBody)
        return found

    def handle(self, kind: EventKind) -> None:
        self.sequence += 1
        self.session.handle(Event(self.sequence, kind), "test")

    def watch(self) -> None:
        """Keeps what is shown, from now on until the session ends."""
        self.task = asyncio.create_task(self._watch(self.body._frames.feed.subscribe()))

    async def _watch(self, feed: FrameSubscription) -> None:
        try:
            while True:
                frame = await feed.next()
                self.frames.append((frame.pts, hashlib.sha256(frame.image.tobytes()).hexdigest()))
                assert feed.skipped == 0, "the test itself was too slow"
        except ClosedError:
            return


@dataclass
class Playing:
    server: Server
    ready: Ready
    settings: Settings

    @property
    def governance(self) -> Governance:
        assert self.server.governance is not None
        return self.server.governance

    async def watched(self, options: SessionOptions) -> Watched:
        assert self.server.sessions is not None
        found = Watched(await self.server.sessions.create(options))
        found.watch()
        return found

    async def end(self, watched: Watched) -> None:
        assert self.server.sessions is not None
        await self.server.sessions.end(watched.session.id)
        assert watched.task is not None
        await watched.task


def settings_in(folder: Path, **settings: object) -> Settings:
    """Settings of a server that keeps everything in a folder."""
    values = {
        "port": 0,
        "grpc_port": 0,
        "backend": "cpu",
        "tts": "silent",
        "record": True,
        "database": f"sqlite:///{folder / 'test.sqlite'}",
        "journals": folder / "journals",
        "cache_dir": folder / "cache",
        "avatars": folder / "avatars",
        "capsules": folder / "capsules",
        "governance": folder / "governance.json",
        **settings,
    }
    return load_settings(values)


@asynccontextmanager
async def playing(folder: Path, **settings: object) -> AsyncIterator[Playing]:
    """The server, from ready to closed; every texture is there when a frame is drawn."""
    loaded = settings_in(folder, **settings)
    media = LiveMedia(loaded, CacheOptions(budget_bytes=256 * MEGABYTE, background=False))
    server = Server(
        loaded,
        media,
        lambda library: RulesResponder(item.name for item in library.expressions.values()),
    )
    ready = await server.start()
    try:
        yield Playing(server, ready, loaded)
    finally:
        await server.aclose()
