"""The parent's hold on the eSpeak process: start, one request at a time, stop."""

import asyncio
import contextlib
import importlib.util
import itertools
import os
import signal
import sys
from pathlib import Path
from typing import Any

import engine
from engine.errors import VoiceError, VoiceUnavailableError
from engine.voice.espeak.frames import (
    LENGTHS,
    FrameError,
    decode_header,
    encode_frame,
    read_lengths,
)

__all__ = ["ChildLostError", "EspeakChild"]

_START_TIMEOUT_S = 10.0
_STOP_TIMEOUT_S = 1.0
_INSTALL = "install the extra: pip install 'capsulecast[voice-espeak]'"


class ChildLostError(VoiceError):
    """The process did not start, died, hung or spoke nonsense; a new one may do better."""


class EspeakChild:
    """A running eSpeak process; made by `start`. One request at a time, on the event loop."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._ids = itertools.count(1)

    @classmethod
    async def start(cls) -> "EspeakChild":
        """Starts a process and waits for its hello (about 100 ms).

        Raises:
            VoiceUnavailableError: The extra is missing or its library cannot be used.
            ChildLostError: The process did not start, ended or said nothing in time.
        """
        if importlib.util.find_spec("espeakng_loader") is None:
            raise VoiceUnavailableError(f"eSpeak NG is not installed; {_INSTALL}")
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "engine.voice.espeak",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                # `-m` searches the working directory first: the child must find this very package.
                start_new_session=True,  # Ctrl-C is not for it, and it leads a group of its own
                cwd=Path(engine.__file__).parent.parent,
            )
        except OSError as error:
            raise ChildLostError(f"the eSpeak process cannot be started: {error}") from error
        child = cls(process)
        try:
            hello, _ = await child._read(_START_TIMEOUT_S)
        except BaseException:
            await child.stop()
            raise
        if not hello.get("ok"):
            await child.stop()
            raise VoiceUnavailableError(
                f"eSpeak NG cannot be used: {hello.get('error')}; {_INSTALL}"
            )
        return child

    @property
    def running(self) -> bool:
        """Whether the process has not ended, as far as is known."""
        return self._process.returncode is None

    async def request(
        self, fields: dict[str, Any], timeout_s: float
    ) -> tuple[dict[str, Any], bytes]:
        """Sends one request and returns the answer's header and payload.

        Raises:
            VoiceError: The library refused this text.
            ChildLostError: The process is of no further use; stop it.
        """
        request_id = next(self._ids)
        stdin = self._process.stdin
        assert stdin is not None  # noqa: S101 - the pipe was asked for
        try:
            stdin.write(encode_frame({"id": request_id, **fields}))
            await asyncio.wait_for(stdin.drain(), timeout_s)
        except (OSError, RuntimeError) as error:
            raise ChildLostError(f"the eSpeak process takes no request: {error!r}") from error
        header, payload = await self._read(timeout_s)
        if header.get("id") != request_id:
            raise ChildLostError(f"answer to {header.get('id')!r} instead of {request_id}")
        if not header.get("ok"):
            raise VoiceError(f"eSpeak NG refused the text: {header.get('error')}")
        return header, payload

    async def stop(self) -> None:
        """Lets the process end by closing its stdin, and kills it if it does not."""
        try:
            # Reads what is left as well: a process that blocks on a full pipe would never end.
            # The empty input closes stdin.
            await asyncio.wait_for(self._process.communicate(b""), _STOP_TIMEOUT_S)
        except TimeoutError:
            self.kill()
            await self._process.wait()

    def kill(self) -> None:
        """Ends the process at once, and a fork that may be at work for it."""
        if not self.running:
            return
        with contextlib.suppress(ProcessLookupError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()

    async def _read(self, timeout_s: float) -> tuple[dict[str, Any], bytes]:
        try:
            return await asyncio.wait_for(self._read_frame(), timeout_s)
        except TimeoutError as error:
            raise ChildLostError(f"no answer from the eSpeak process in {timeout_s} s") from error
        except asyncio.IncompleteReadError as error:
            raise ChildLostError("the eSpeak process has ended") from error
        except (OSError, FrameError) as error:
            raise ChildLostError(f"the eSpeak process broke the pipe: {error}") from error

    async def _read_frame(self) -> tuple[dict[str, Any], bytes]:
        stdout = self._process.stdout
        assert stdout is not None  # noqa: S101 - the pipe was asked for
        head_bytes, payload_bytes = read_lengths(await stdout.readexactly(LENGTHS.size))
        head = await stdout.readexactly(head_bytes)
        payload = await stdout.readexactly(payload_bytes)
        return decode_header(head), payload
