"""What the studio works with: avatars, their baking, one's own capsules, pictures."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

from control_plane.studio.avatars import AvatarInfo, Avatars
from control_plane.studio.baker import Baked, BakeOrder, Baker
from control_plane.studio.own_capsules import OwnCapsules
from control_plane.studio.takes import TakenCapsule, TakeOrder, Takes
from control_plane.studio.thumbnails import Thumbnails
from control_plane.studio.workshop import WorkStep

__all__ = ["Studio"]


@dataclass(frozen=True, slots=True)
class Studio:
    """The parts, for both doors; used from one event loop.

    Attributes:
        avatars: Those that sessions may name.
        baker: Makes new ones.
        own: Capsules that users save.
        takes: Makes capsules of recordings.
        thumbnails: Pictures of capsules.
    """

    avatars: Avatars
    baker: Baker
    own: OwnCapsules
    takes: Takes
    thumbnails: Thumbnails

    @asynccontextmanager
    async def bake(self, order: BakeOrder) -> AsyncIterator[AsyncIterator[WorkStep | AvatarInfo]]:
        """Bakes: its steps, then the avatar. Leaving the context cancels what is not done.

        Raises:
            BakeError: It cannot be done.
            ResourceExhaustedError: Too many wait already.
            UnavailableError: The server is shutting down, or the process was lost.
        """
        async with aclosing(self._bake(order)) as telling:
            yield telling

    @asynccontextmanager
    async def take(self, order: TakeOrder) -> AsyncIterator[AsyncIterator[WorkStep | TakenCapsule]]:
        """Imports a recording: steps, then the capsule. Leaving the context cancels the rest.

        Raises:
            NotFoundError: There is no such avatar.
            AlreadyExistsError: The id is that of a packaged capsule.
            OfflineError: It cannot be done.
            BakeError: Something that it needs is missing.
            ResourceExhaustedError: Too much waits already.
            UnavailableError: The server is shutting down, or the process was lost.
        """
        await self.avatars.get(order.avatar)
        async with aclosing(self.takes.take(order)) as telling:
            yield telling

    async def _bake(self, order: BakeOrder) -> AsyncGenerator[WorkStep | AvatarInfo, None]:
        async with aclosing(self.baker.bake(order)) as telling:
            async for told in telling:
                yield await self.avatars.get(told.name) if isinstance(told, Baked) else told
