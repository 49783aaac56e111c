"""Photos to avatars beside the live sessions: one at a time, in a process of its own.

More than one would only take turns on the same cores, so others wait, at most
`MAX_WAITING`.
"""

import asyncio
import contextlib
import json
import logging
import sys
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import control_plane
from capsules.bake import errors as bake_errors
from capsules.errors import CapsuleError, PackError
from control_plane.errors import ControlError, ResourceExhaustedError, UnavailableError

__all__ = [
    "MAX_PHOTO_BYTES",
    "MAX_WAITING",
    "BakeOrder",
    "BakeStep",
    "Baked",
    "Baker",
    "BakerOptions",
    "FacePoints",
    "FoundFaces",
]

MAX_PHOTO_BYTES = 12 * 1024 * 1024
MAX_WAITING = 4
"""How many orders wait at most for the one that is worked on."""

_DETECT_LIMIT_S = 60.0
_BAKE_LIMIT_S = 600.0
_GIVE_UP_S = 0.5
# The largest line: faces of a group photo, 5,000 numbers each.
_LINE_BYTES = 16 * 1024 * 1024
_NO_LANDMARKS = ""
_LOG = logging.getLogger(__name__)


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
class BakeStep:
    """How far the work has come: what begins, and the share in [0, 1] that is done."""

    stage: str
    fraction: float


@dataclass(frozen=True, slots=True)
class Baked:
    """The avatar of that name is ready."""

    name: str


@dataclass(frozen=True, slots=True)
class BakerOptions:
    """Where things lie.

    Attributes:
        avatars: Folder that baked avatars are put into.
        models: Folder of the models; None: the user's cache.
        cache_dir: The user's cache.
        module: What runs in the process.
    """

    avatars: Path
    models: Path | None
    cache_dir: Path
    module: str = "control_plane.bake_child"


class Baker:
    """Bakes, and finds faces; used from one event loop.

    Args:
        options: Where things lie.
    """

    def __init__(self, options: BakerOptions) -> None:
        self._options = options
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._closed = False
        self._running: set[asyncio.subprocess.Process] = set()
        self._endings: set[asyncio.Task[None]] = set()

    async def bake(self, order: BakeOrder) -> AsyncGenerator[BakeStep | Baked, None]:
        """Bakes an avatar: its steps, then that it is there. Closing the iterator cancels it.

        Raises:
            BakeError: It cannot be done; the kind says why (see `capsules.bake.errors`).
            ResourceExhaustedError: Too many wait already.
            UnavailableError: The server is shutting down, or the process was lost.
        """
        if self._turn.locked():
            yield BakeStep("waiting for another photo", 0.0)
        async with self._place(), _files(order) as (photo, landmarks):
            fields = {
                "kind": "bake",
                "photo": str(photo),
                "landmarks": str(landmarks) if landmarks else _NO_LANDMARKS,
                "name": order.name,
                "consent": order.consent,
                "face": order.face,
                "hands": order.hands,
                "allow_small": order.allow_small,
                "avatars": str(self._options.avatars),
            }
            async with aclosing(self._answers(fields, _BAKE_LIMIT_S)) as answers:
                async for answer in answers:
                    if "stage" in answer:
                        yield BakeStep(str(answer["stage"]), float(answer["fraction"]))
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
        async with self._place(), _files(order) as (path, _):
            fields = {"kind": "detect", "photo": str(path), "landmarks": _NO_LANDMARKS}
            async with aclosing(self._answers(fields, _DETECT_LIMIT_S)) as answers:
                async for answer in answers:
                    faces = tuple(FacePoints(**face) for face in answer["faces"])
                    return FoundFaces(int(answer["width"]), int(answer["height"]), faces)
        raise UnavailableError("the process that finds faces ended without an answer")

    async def aclose(self) -> None:
        """Ends what runs and takes nothing new; safe twice."""
        self._closed = True
        running = tuple(self._running)
        for process in running:
            _kill(process)
        await asyncio.gather(*(process.wait() for process in running))
        while self._endings:
            await asyncio.wait(tuple(self._endings))

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        """A place in the queue, until it is one's turn and over."""
        if self._closed:
            raise UnavailableError("the server is shutting down")
        if self._waiting > MAX_WAITING:
            raise ResourceExhaustedError(
                f"{MAX_WAITING} photos wait already, the most this server takes"
            )
        self._waiting += 1
        try:
            async with self._turn:
                yield
        finally:
            self._waiting -= 1

    async def _answers(
        self, fields: dict[str, Any], limit_s: float
    ) -> AsyncGenerator[dict[str, Any], None]:
        """What a process answers to an order, which it is given up with when this is closed."""
        options = self._options
        order = fields | {
            "models": str(options.models) if options.models else "",
            "cache_dir": str(options.cache_dir),
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            options.module,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is not for it
            limit=_LINE_BYTES,
            # `-m` searches the working directory first: the child must find this very package.
            cwd=Path(control_plane.__file__).parent.parent,
        )
        self._running.add(process)
        try:
            assert process.stdin is not None  # noqa: S101 - the pipe was asked for
            assert process.stdout is not None  # noqa: S101 - the pipe was asked for
            with contextlib.suppress(OSError):  # it has ended already; the end of stdout says so
                process.stdin.write(json.dumps(order).encode() + b"\n")
                await process.stdin.drain()
            end_s = asyncio.get_running_loop().time() + limit_s
            while line := await _line(process.stdout, end_s):
                answer = json.loads(line)
                if "error" in answer:
                    raise _error_of(answer["error"], str(order["photo"]))
                yield answer
            if self._closed:
                raise UnavailableError("the server is shutting down")
        finally:
            # Also where this is cancelled once more: no process may stay behind.
            await asyncio.shield(self._end(process))

    def _end(self, process: asyncio.subprocess.Process) -> asyncio.Task[None]:
        """Ends a process; `aclose` waits for that too."""
        self._running.discard(process)
        ending = asyncio.create_task(_end(process), name="end of baking")
        self._endings.add(ending)
        ending.add_done_callback(self._endings.discard)
        return ending


@asynccontextmanager
async def _files(order: BakeOrder) -> AsyncIterator[tuple[Path, Path | None]]:
    """The photo and, where there are some, its points, in files of nobody else's for a while."""
    folder = await asyncio.to_thread(tempfile.TemporaryDirectory, prefix="capsulecast-bake-")
    photo, landmarks = Path(folder.name) / "photo", Path(folder.name) / "landmarks.json"

    def write() -> None:
        photo.write_bytes(order.photo)
        if order.points is not None:
            landmarks.write_text(json.dumps(_landmark_file(order.points)), encoding="utf-8")

    try:
        await asyncio.to_thread(write)
        yield photo, landmarks if order.points is not None else None
    finally:
        await asyncio.shield(asyncio.to_thread(folder.cleanup))


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


def _error_of(told: dict[str, str], photo: str) -> Exception:
    """The error that the process met with, of its own class."""
    kind, message = told["kind"], told["message"].replace(photo, "the photo")
    found = PackError if kind == PackError.__name__ else vars(bake_errors).get(kind)
    if isinstance(found, type) and issubclass(found, CapsuleError):
        return found(message)
    _LOG.error("baking failed: %s", message)
    return _BakingFailedError(message)


class _BakingFailedError(ControlError):
    """Something that nobody foresaw; it tells a client nothing of itself."""


async def _line(stdout: asyncio.StreamReader, end_s: float) -> bytes:
    """The next line, by a time of the loop's clock; empty: there is none."""
    async with asyncio.timeout_at(end_s):
        return await stdout.readline()


async def _end(process: asyncio.subprocess.Process) -> None:
    """Lets a process end by closing its stdin, and kills it if it does not."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        await asyncio.wait_for(process.wait(), _GIVE_UP_S)
    except TimeoutError:
        _kill(process)
        await process.wait()
    except asyncio.CancelledError:  # the loop itself ends
        _kill(process)
        raise
    if process.stdout is not None:
        await process.stdout.read()  # its pipe is closed only at its end


def _kill(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
