"""Recordings of faces to capsules of one's own, beside the live sessions."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from capsules.model import Capsule
from control_plane.errors import AlreadyExistsError, UnavailableError
from control_plane.studio.own_capsules import OwnCapsules
from control_plane.studio.workshop import Workshop, WorkStep, private_folder

__all__ = [
    "MAX_TAKE_BYTES",
    "MAX_TAKE_S",
    "TAKE_KINDS",
    "TakeFit",
    "TakeOrder",
    "TakenCapsule",
    "Takes",
]

MAX_TAKE_BYTES = 12 * 1024 * 1024
MAX_TAKE_S = 20.0
"""How long a recording may be that comes over the network."""

TAKE_KINDS = ("webm", "mp4", "mov", "mkv", "avi", "gif")
"""What a recording's file may be, by its ending."""

_LIMIT_S = 1800.0


@dataclass(frozen=True, slots=True)
class TakeOrder:
    """What is to be made of a recording; see `engine.offline.taking.ImportOptions`.

    Attributes:
        take: The recording's file.
        kind: What it is, one of `TAKE_KINDS`.
        cid: Id of the capsule.
        avatar: Whose bases it is fitted to.
        consent: Who agreed and when.
        emotion: Valence, arousal and dominance; None: it has none.
        description: What it shows; empty: that it is a recording.
        neutral_ms: When the face is at rest.
        start_ms: When what is to be kept begins.
        loop: Whether it is cut to repeat.
        clip: Whether the pictures are kept, and not curves.
        replace: Whether an imported capsule of that id is replaced.
    """

    take: bytes
    kind: str
    cid: str
    avatar: str
    consent: str
    emotion: tuple[float, float, float] | None = None
    description: str = ""
    neutral_ms: int = 0
    start_ms: int = 0
    loop: bool = False
    clip: bool = False
    replace: bool = False


@dataclass(frozen=True, slots=True)
class TakeFit:
    """How well the capsule tells what the recording shows.

    Attributes:
        frames: Of the recording.
        by_pictures: Whether pictures were compared, not landmarks alone.
        landmark_rms_px: What landmarks are off by, pixels of the recording; 0: not tracked.
        lost_frames: In how many the face was not found.
    """

    frames: int
    by_pictures: bool
    landmark_rms_px: float
    lost_frames: int


@dataclass(frozen=True, slots=True)
class TakenCapsule:
    """What came of a recording: the capsule, how well it fits, and what is worth a look."""

    capsule: Capsule
    fit: TakeFit
    warnings: tuple[str, ...]


class Takes:
    """Imports recordings into the library of one's own; used from one event loop.

    Args:
        workshop: Where the work is done; it stays the caller's.
        own: The library.
        avatars: Folder of baked avatars.
    """

    def __init__(self, workshop: Workshop, own: OwnCapsules, avatars: Path) -> None:
        self._workshop = workshop
        self._own = own
        self._avatars = avatars

    async def take(self, order: TakeOrder) -> AsyncGenerator[WorkStep | TakenCapsule, None]:
        """Imports: its steps, then the capsule. Closing the iterator cancels it.

        Raises:
            AlreadyExistsError: The id belongs to a capsule that was not imported, or, where it may
                not be replaced, to any.
            OfflineError: It cannot be done; the kind says why (see `engine.offline.errors`).
            BakeError: Something that finding faces needs is missing.
            ResourceExhaustedError: Too much waits already.
            UnavailableError: The server is shutting down, or the process was lost.
        """
        self._refuse_taken(order)
        if self._workshop.busy:
            yield WorkStep.waiting()
        async with (
            self._workshop.place(),
            _file(order) as path,
            aclosing(
                self._workshop.answers(self._fields(order, path), _LIMIT_S, hidden=str(path))
            ) as answers,
        ):
            async for answer in answers:
                if "stage" in answer:
                    yield WorkStep.told(answer)
                elif "cid" in answer:
                    yield await self._taken(answer)
                    return
        raise UnavailableError("the importing process ended without an answer")

    def _refuse_taken(self, order: TakeOrder) -> None:
        """The packaged capsules are never replaced; the folder's the import itself looks after."""
        if self._own.is_packaged(order.cid):
            raise AlreadyExistsError(
                f"{order.cid} is a capsule of the packaged library, which is left as it is; give "
                "yours an id of its own"
            )

    def _fields(self, order: TakeOrder, path: Path) -> dict[str, Any]:
        fields = asdict(order) | {
            "kind": "take",
            "photo": str(path),
            "folder": str(self._own.folder),
            "avatars": str(self._avatars),
            "most_s": MAX_TAKE_S,
        }
        del fields["take"]
        return fields

    async def _taken(self, answer: dict[str, Any]) -> TakenCapsule:
        library = await self._own.read_again()
        return TakenCapsule(
            library.capsule(answer["cid"]), TakeFit(**answer["fit"]), tuple(answer["warnings"])
        )


@asynccontextmanager
async def _file(order: TakeOrder) -> AsyncIterator[Path]:
    """The recording in a file of nobody else's for a while."""
    async with private_folder("take") as folder:
        path = folder / f"take.{order.kind}"
        await asyncio.to_thread(path.write_bytes, order.take)
        yield path
