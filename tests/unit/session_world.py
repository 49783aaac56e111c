"""A session manager with fakes about it."""

import asyncio
from collections.abc import Coroutine
from functools import cache
from typing import Any

from capsules.library import Library, load_library
from compositor.drawlist import FrameSize
from control_plane.emotion.personality_file import packaged_personalities
from control_plane.events import Chat, ChatRole, Event
from control_plane.sessions.manager import SessionManager, SessionServices
from control_plane.sessions.options import SessionOptions
from control_plane.sessions.session import LiveSession
from control_plane.sessions.subscription import Subscription
from control_plane.sessions.updates import Update
from engine.clock import NS_PER_S, VirtualClock
from storage.records import Record
from tests.unit.fake_media import FakeBody, FakeMedia, FakeResponder

__all__ = ["OPTIONS", "World", "beat", "run", "taken", "user"]

OPTIONS = SessionOptions(avatar="mira", size=FrameSize(512, 512), fps=30, seed=1)


@cache
def library() -> Library:
    return load_library()


class World:
    """A session manager with fakes about it."""

    def __init__(self, **limits: Any) -> None:  # noqa: ANN401 - the manager's own keywords
        self.media = FakeMedia()
        self.responder = FakeResponder()
        self.clock = VirtualClock(NS_PER_S)
        self.records: list[Record] = []
        services = SessionServices(
            library=library(),
            responder=self.responder,
            make_body=self.media.make,
            remember=self.records.append,
            clock=self.clock,
            version="1",
            personalities=packaged_personalities(),
            hardware="a CPU",
        )
        self.sessions = SessionManager(
            services, **{"max_sessions": 3, "idle_timeout_s": 60.0, **limits}
        )

    async def session(self) -> tuple[LiveSession, FakeBody]:
        session = await self.sessions.create(OPTIONS)
        return session, self.media.bodies[session.id]

    def of(self, kind: type[Record]) -> list[Any]:
        return [record for record in self.records if isinstance(record, kind)]


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(test)


def user(text: str, sequence: int = 1) -> Event:
    return Event(sequence, Chat(ChatRole.USER, text))


def taken(subscription: Subscription) -> list[Update]:
    """What waits in a subscription."""
    return list(subscription._waiting)


async def beat(world: World, times: int) -> None:
    """Lets the pulse beat without waiting."""
    for tick in range(1, times + 1):
        await world.sessions._beat_share(tuple(world.sessions._live.values()), tick)
