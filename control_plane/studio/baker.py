"""Photos to avatars beside the live sessions, in processes of their own."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from control_plane.errors import UnavailableError
from control_plane.studio.workshop import Workshop, WorkStep, private_folder

__all__ = [
    "MAX_PHOTO_BYTES",
    "BakeOrder",
    "Baked",
    "Baker",
    "FacePoints",
    "FoundFaces",
]

MAX_PHOTO_BYTES = 12 * 1024 * 1024
_DETECT_LIMIT_S = 60.0
_BAKE_LIMIT_S = 600.0
_NO_LANDMARKS = ""


@dataclass(frozen=True, slots=True)
class FacePoints:
    """A face's points, flat, as `capsules.bake.found.FoundFace` has them, and what is said of it.

    Attributes:
        landmarks: 468 times x, y, z.
        irises: 2 times 5 times x, y; empty: not known.
        eye_contours: 2 times 71 times x, y; empty: not known.
        width_px: Distance between the edges of the face.
        yaw_degrees: Turn of the head.
        pitch_degrees: Nod.
        roll_degrees: Tilt.
        refusal: Why it cannot be baked well; empty: it can.
        notice: What would be better in another photo; empty: nothing.
    """

    landmarks: Sequence[float]
    irises: Sequence[float] = ()
    eye_contours: Sequence[float] = ()
    width_px: float = 0.0
    yaw_degrees: float = 0.0
    pitch_degrees: float = 0.0
    roll_degrees: float = 0.0
    refusal: str = ""
    notice: str = ""


@dataclass(frozen=True, slots=True)
class FoundFaces:
    """The faces of a photo of `width` x `height` upright pixels, the largest first."""

    width: int
    height: int
    faces: tuple[FacePoints, ...]


@dataclass(frozen=True, slots=True)
class BakeOrder:
    """What is to be baked; see `capsules.bake.baking.BakeRequest`.

    Attributes:
        photo: The photo's file.
        name: The avatar's name.
        consent: Who agreed and when.
        face: Which face, from 1; None: there is to be only one.
        hands: Whether it gets hands.
        allow_small: Whether a small face will do.
        points: The face's points, where a person has corrected them.
    """

    photo: bytes
    name: str
    consent: str
    face: int | None = None
    hands: bool = True
    allow_small: bool = False
    points: FacePoints | None = None


@dataclass(frozen=True, slots=True)
class Baked:
    """The avatar of that name is ready."""

    name: str


class Baker:
    """Bakes, and finds faces; used from one event loop.

    Args:
        workshop: Where the work is done; it stays the caller's.
        folder: That baked avatars are put into.
    """

    def __init__(self, workshop: Workshop, folder: Path) -> None:
        self._workshop = workshop
        self._folder = folder

    async def bake(self, order: BakeOrder) -> AsyncGenerator[WorkStep | Baked, None]:
        """Bakes an avatar: its steps, then that it is there. Closing the iterator cancels it.

        Raises:
            BakeError: It cannot be done; the kind says why (see `capsules.bake.errors`).
            ResourceExhaustedError: Too many wait already.
            UnavailableError: The server is shutting down, or the process was lost.
        """
        if self._workshop.busy:
            yield WorkStep.waiting()
        async with self._workshop.place(), _files(order) as (photo, landmarks):
            fields = {
                "kind": "bake",
                "photo": str(photo),
                "landmarks": str(landmarks) if landmarks else _NO_LANDMARKS,
                "name": order.name,
                "consent": order.consent,
                "face": order.face,
                "hands": order.hands,
                "allow_small": order.allow_small,
                "avatars": str(self._folder),
            }
            async with aclosing(
                self._workshop.answers(fields, _BAKE_LIMIT_S, hidden=str(photo))
            ) as answers:
                async for answer in answers:
                    if "stage" in answer:
                        yield WorkStep.told(answer)
                    elif "pack" in answer:
                        yield Baked(order.name)
                        return
        raise UnavailableError("the baking process ended without an answer")

    async def detect(self, photo: bytes) -> FoundFaces:
        """The faces of a photo, each with what speaks against baking it.

        Raises:
            BakeError: The photo cannot be read, or something that finding needs is missing.
            ResourceExhaustedError: Too many wait already.
            UnavailableError: The server is shutting down, or the process was lost.
        """
        order = BakeOrder(photo, "", "")
        async with self._workshop.place(), _files(order) as (path, _):
            fields = {"kind": "detect", "photo": str(path), "landmarks": _NO_LANDMARKS}
            async with aclosing(
                self._workshop.answers(fields, _DETECT_LIMIT_S, hidden=str(path))
            ) as answers:
                async for answer in answers:
                    faces = tuple(FacePoints(**face) for face in answer["faces"])
                    return FoundFaces(int(answer["width"]), int(answer["height"]), faces)
        raise UnavailableError("the process that finds faces ended without an answer")


@asynccontextmanager
async def _files(order: BakeOrder) -> AsyncIterator[tuple[Path, Path | None]]:
    """The photo and, where there are some, its points, in files of nobody else's for a while."""
    async with private_folder("bake") as folder:
        photo, landmarks = folder / "photo", folder / "landmarks.json"

        def write() -> None:
            photo.write_bytes(order.photo)
            if order.points is not None:
                landmarks.write_text(json.dumps(_landmark_file(order.points)), encoding="utf-8")

        await asyncio.to_thread(write)
        yield photo, landmarks if order.points is not None else None


def _landmark_file(points: FacePoints) -> dict[str, Any]:
    """The content of a file of landmarks; see `capsules.bake.landmark_file`."""
    content: dict[str, Any] = {"landmarks": _grouped(points.landmarks, 3)}
    for name, flat in (("irises", points.irises), ("eye_contours", points.eye_contours)):
        if flat:
            pairs = _grouped(flat, 2)
            half = len(pairs) // 2
            content[name] = [pairs[:half], pairs[half:]]
    return content


def _grouped(flat: Sequence[float], size: int) -> list[list[float]]:
    return [list(flat[start : start + size]) for start in range(0, len(flat), size)]
