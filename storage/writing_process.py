"""Writing records by a process of its own: the live path pays no more than handing them over.

Preparing rows takes the interpreter, and an event loop beside it gets that back only every so
often: with a thread that writes, an event in a hundred waited ten times as long as with this. A
batch is acknowledged by an answer that the process gives after its commit, and a process that
died in between leaves all of the batch in the database or nothing, as any other program would.
"""

import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import storage
from storage.errors import RemoteWriteError
from storage.orders import packed
from storage.records import Record

__all__ = ["WritingProcess"]

_STOP_S = 1.0


class WritingProcess:
    """A record store whose writes happen elsewhere; see `storage.batches.RecordStore`.

    The process is started by the first write, or by `start`; where it has died, by the next one.

    Args:
        url: SQLAlchemy URL of the database, with the schema in it; not one in memory.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False
        self._turn = threading.Lock()

    @property
    def pid(self) -> int | None:
        """Of the process; None: there is none now."""
        process = self._process
        return None if process is None else process.pid

    def start(self) -> None:
        """Starts the process, which takes a moment to get ready; safe twice.

        Raises:
            RemoteWriteError: It cannot be started now.
        """
        with self._turn:
            self._pipes()

    def add(self, records: Sequence[Record], *, again: bool = False) -> None:
        """Writes all of them or none; blocks until they are committed.

        Args:
            records: What to write.
            again: Some may be there already: those are passed over.

        Raises:
            RemoteWriteError: They were not written, or nobody knows: the process died.
        """
        # Whole before any of it is sent: half an order would be read as a part of the next.
        order = packed(records, again=again)
        with self._turn:
            orders, answers = self._pipes()
            try:
                orders.write(order)
                orders.flush()
                refusal: tuple[str, bool] | None = pickle.load(answers)  # noqa: S301 - our own process
            except (OSError, EOFError, pickle.UnpicklingError) as error:
                self._let_go()
                raise RemoteWriteError("the process that writes has ended", passes=True) from error
            except BaseException:
                # An answer that was not read would be taken for the next order's.
                self._let_go()
                raise
        if refusal is not None:
            words, passes = refusal
            raise RemoteWriteError(words, passes=passes)

    def close(self) -> None:
        """Ends the process, for good; safe twice. Blocks for a second at most.

        It finishes what it writes; where that takes longer, none of it is written.
        """
        self._closed = True
        if not self._turn.acquire(timeout=_STOP_S):
            process = self._process  # only now: a write may have started it meanwhile
            if process is not None:
                process.kill()
            self._turn.acquire()
        try:
            self._let_go()
        finally:
            self._turn.release()

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        """What the process reads and writes; starts it where there is none."""
        if self._process is None:
            if self._closed:
                raise RemoteWriteError("the process that writes has been ended", passes=True)
            try:
                self._process = self._started()
            except OSError as error:
                words = f"the process that writes cannot be started: {error.strerror or error}"
                raise RemoteWriteError(words, passes=True) from error
        process = self._process
        assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 - asked for
        return process.stdin, process.stdout

    def _started(self) -> subprocess.Popen[bytes]:
        # Not as an argument: everybody on the machine may read those, and it holds a password.
        beginning = pickle.dumps((self._url, os.getcwd()))  # noqa: PTH109 - as text
        process = subprocess.Popen(
            [sys.executable, "-m", "storage.writing_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # `-m` searches the working directory first: the child must find this very package.
            cwd=Path(storage.__file__).parent.parent,
        )
        assert process.stdin is not None  # noqa: S101 - asked for
        process.stdin.write(beginning)  # it goes with the first order
        return process

    def _let_go(self) -> None:
        """Ends the process where there is one: it reads to the end, and so it stops."""
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
