"""Heavy work beside the live sessions: one order at a time, in a process of its own.

More than one would only take turns on the same cores, so others wait, at most `MAX_WAITING`.
"""

import asyncio
import contextlib
import json
import logging
import sys
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import control_plane
from capsules.bake import errors as bake_errors
from capsules.errors import CapsuleError, LibraryError, PackError
from control_plane.errors import ControlError, ResourceExhaustedError, UnavailableError
from engine.errors import EngineError
from engine.offline import errors as offline_errors

__all__ = ["MAX_WAITING", "WorkStep", "Workshop", "WorkshopOptions", "private_folder"]

MAX_WAITING = 4
"""How many orders wait at most for the one that is worked on."""

_GIVE_UP_S = 0.5
# The largest line: faces of a group photo, 5,000 numbers each.
_LINE_BYTES = 16 * 1024 * 1024
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WorkshopOptions:
    """Where things lie.

    Attributes:
        models: Folder of the models; None: the user's cache.
        cache_dir: The user's cache.
        module: What runs in the process.
    """

    models: Path | None
    cache_dir: Path
    module: str = "control_plane.studio.bake_child"


@dataclass(frozen=True, slots=True)
class WorkStep:
    """How far work has come: what begins, and the share in [0, 1] that is done."""

    stage: str
    fraction: float

    @classmethod
    def waiting(cls) -> Self:
        """Other work comes first."""
        return cls("waiting for other work", 0.0)

    @classmethod
    def told(cls, answer: Mapping[str, Any]) -> Self:
        """What a process tells of it."""
        return cls(str(answer["stage"]), float(answer["fraction"]))


class Workshop:
    """Runs orders; used from one event loop.

    Args:
        options: Where things lie.
    """

    def __init__(self, options: WorkshopOptions) -> None:
        self._options = options
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._closed = False
        self._running: set[asyncio.subprocess.Process] = set()
        self._endings: set[asyncio.Task[None]] = set()

    @property
    def busy(self) -> bool:
        """Whether the next order has to wait."""
        return self._turn.locked()

    @property
    def running(self) -> frozenset[asyncio.subprocess.Process]:
        """The processes at work."""
        return frozenset(self._running)

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
    async def place(self) -> AsyncIterator[None]:
        """A place in the queue, until it is one's turn and over.

        Raises:
            ResourceExhaustedError: Too many wait already.
            UnavailableError: The server is shutting down.
        """
        if self._closed:
            raise UnavailableError("the server is shutting down")
        if self._waiting > MAX_WAITING:
            raise ResourceExhaustedError(
                f"{MAX_WAITING} photos or takes wait already, the most this server takes"
            )
        self._waiting += 1
        try:
            async with self._turn:
                yield
        finally:
            self._waiting -= 1

    async def answers(
        self, fields: Mapping[str, Any], limit_s: float, *, hidden: str
    ) -> AsyncGenerator[dict[str, Any], None]:
        """What a process answers to an order, which it is given up with when this is closed.

        Args:
            fields: The order.
            limit_s: How long it may take.
            hidden: Path of a file of ours that no error is to name.

        Raises:
            CapsuleError, EngineError: What the process met with, of its own class.
            UnavailableError: The server is shutting down.
        """
        options = self._options
        order = {
            **fields,
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
                    raise _error_of(answer["error"], hidden)
                yield answer
            if self._closed:
                raise UnavailableError("the server is shutting down")
        finally:
            # Also where this is cancelled once more: no process may stay behind.
            await asyncio.shield(self._end(process))

    def _end(self, process: asyncio.subprocess.Process) -> asyncio.Task[None]:
        """Ends a process; `aclose` waits for that too."""
        self._running.discard(process)
        ending = asyncio.create_task(_end(process), name="end of work")
        self._endings.add(ending)
        ending.add_done_callback(self._endings.discard)
        return ending


@asynccontextmanager
async def private_folder(purpose: str) -> AsyncIterator[Path]:
    """A folder of nobody else's for a while, for the files of an order; a word says what for."""
    made = await asyncio.to_thread(tempfile.TemporaryDirectory, prefix=f"capsulecast-{purpose}-")
    try:
        yield Path(made.name)
    finally:
        await asyncio.shield(asyncio.to_thread(made.cleanup))


def _error_of(told: Mapping[str, str], hidden: str) -> Exception:
    """The error that the process met with, of its own class."""
    name = Path(hidden).name
    message = told["message"].replace(hidden, f"the {name}") if hidden else told["message"]
    plain = {error.__name__: error for error in (LibraryError, PackError)}
    for known in (vars(bake_errors), vars(offline_errors), plain):
        found = known.get(told["kind"])
        if isinstance(found, type) and issubclass(found, CapsuleError | EngineError):
            return found(message)
    _LOG.error("work in a process of its own failed: %s", message)
    return _WorkFailedError(message)


class _WorkFailedError(ControlError):
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
