"""The journals of a server: written off the live path by one thread.

What is recorded goes into a bounded queue at the cost of an append. Where a journal outgrows its
limit, or the queue is full, that journal ends there and says so; the session goes on. A record is
handed to the operating system whole, within a quarter of a second: a process that is killed loses
that much at most. (What a power failure loses is up to the disk.)

A journal holds what was said: files are their owner's alone.
"""

import asyncio
import contextlib
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from engine.recording.entries import End, Entry, Header, Kind
from engine.recording.errors import JournalError
from engine.recording.fingerprint import LibraryPrint
from engine.recording.journal import SUFFIX, JournalFile, framed_entry
from engine.recording.manifests import keep_manifest

__all__ = ["JournalLimits", "JournalWriter", "Journals"]

_LINGER_S = 0.25
_CLOSE_S = 2.0
_DAY_S = 86_400.0

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class JournalLimits:
    """How much is kept.

    Attributes:
        total_bytes: Of all journals: the oldest go first, never those of sessions that live.
        days: How old one may become.
        file_bytes: Of one journal; it ends there.
        waiting: Entries that wait to be written.
    """

    total_bytes: int = 1 << 30
    days: float = 30.0
    file_bytes: int = 256 << 20
    waiting: int = 50_000


class JournalWriter:
    """One session's journal while it is written; used from the event loop. Made by `Journals`."""

    def __init__(self, journals: "Journals", path: Path, epoch_ns: int) -> None:
        self._journals = journals
        self._epoch_ns = epoch_ns
        self._closed = False
        self.path = path
        self.sha256 = ""
        """Digest of the whole file, in hex, once it is closed."""

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    def relative(self, time_ns: int) -> int:
        """A moment of the session's clock on that of the journal."""
        return time_ns - self._epoch_ns

    def put(self, at_ns: int, kind: Kind) -> None:
        """Records something; never waits. Times are of the session's clock."""
        if not self._closed:
            self._journals.put(self, Entry(at_ns - self._epoch_ns, kind))

    async def aclose(self, at_ns: int, end: End) -> None:
        """Ends the journal and waits for the thread, two seconds at most; safe twice."""
        if self._closed:
            return
        self.put(at_ns, end)
        self._closed = True
        loop = asyncio.get_running_loop()
        done: asyncio.Future[str] = loop.create_future()

        def take(digest: str) -> None:
            if not done.done():
                done.set_result(digest)

        def answer(digest: str) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is gone, and who waited with it
                loop.call_soon_threadsafe(take, digest)

        self._journals.finish(self, answer)
        try:
            async with asyncio.timeout(_CLOSE_S):
                self.sha256 = await done
        except TimeoutError:
            _LOG.warning("the journal %s was not closed in time", self.name)


_Work = tuple[JournalWriter, Entry | Callable[[str], None] | None]


class Journals:
    """The journals of a server: a folder and the thread that writes into it.

    Args:
        folder: Where they lie; made where it is missing.
        limits: How much is kept.
    """

    def __init__(self, folder: Path, limits: JournalLimits | None = None) -> None:
        self.folder = folder
        self._limits = limits or JournalLimits()
        self._queue: deque[_Work] = deque()
        self._overflown: set[JournalWriter] = set()
        self._changed = threading.Condition()
        self._urgent = False
        self._closing = False
        self._files: dict[JournalWriter, JournalFile] = {}
        self._thread: threading.Thread | None = None

    def open(self, header: Header, epoch_ns: int, library: LibraryPrint) -> JournalWriter:
        """Begins a session's journal; blocks for some ms.

        Args:
            header: Its first record.
            epoch_ns: The moment of the session's clock that the journal counts from.
            library: What the session plays from.

        Raises:
            JournalError: It cannot be written.
        """
        path = self.folder / f"{header.session_id}{SUFFIX}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.sweep()
            keep_manifest(self.folder, library)
            file = JournalFile.begin(path, header)
        except OSError as error:
            raise JournalError(f"{path} cannot be written: {error.strerror}") from error
        writer = JournalWriter(self, path, epoch_ns)
        with self._changed:
            self._files[writer] = file
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="journals", daemon=True)
                self._thread.start()
        return writer

    def put(self, writer: JournalWriter, entry: Entry) -> None:
        """Takes an entry; one that does not fit ends its journal."""
        with self._changed:
            if writer in self._overflown:
                return
            if len(self._queue) >= self._limits.waiting:
                # Nothing that comes after a gap can be shown as it was.
                self._overflown.add(writer)
                entry = _truncation(entry.at_ns, "entries came faster than they could be written")
            self._queue.append((writer, entry))
            if len(self._queue) == 1:
                self._changed.notify()

    def finish(self, writer: JournalWriter, answer: Callable[[str], None]) -> None:
        """Has a journal closed after what waits; `answer` is called with its digest."""
        with self._changed:
            self._overflown.discard(writer)
            self._queue.append((writer, answer))
            self._urgent = True
            self._changed.notify()

    def sweep(self) -> None:
        """Deletes what is too old or too much; journals that are written stay."""
        live = {writer.path for writer in tuple(self._files)}
        found: list[tuple[os.stat_result, Path]] = []
        for path in self.folder.glob(f"*{SUFFIX}"):
            # Another session that begins may sweep at the same time.
            with contextlib.suppress(FileNotFoundError):
                if path not in live:
                    found.append((path.stat(), path))
        found.sort(key=lambda item: item[0].st_mtime)
        oldest_s = time.time() - self._limits.days * _DAY_S
        left = sum(about.st_size for about, _ in found)
        for about, path in found:
            if about.st_mtime >= oldest_s and left <= self._limits.total_bytes:
                break
            path.unlink(missing_ok=True)
            left -= about.st_size

    def close(self) -> None:
        """Writes what waits and ends the thread; safe twice. Blocks, two seconds at most."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(_CLOSE_S)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue or self._closing)
                self._changed.wait_for(lambda: self._urgent or self._closing, _LINGER_S)
                work, self._queue = self._queue, deque()
                self._urgent = False
                if not work and self._closing:
                    break
            self._write(work)
        for file in self._files.values():
            file.close()

    def _write(self, work: deque[_Work]) -> None:
        pending: dict[JournalWriter, list[bytes]] = {}
        for writer, item in work:
            file = self._files.get(writer)
            if file is None:
                continue
            if isinstance(item, Entry):
                if not file.truncated:
                    self._add(file, pending.setdefault(writer, []), item)
            elif item is not None:
                self._flush(writer, pending)
                self._end(writer, item)
        for writer in tuple(pending):
            self._flush(writer, pending)

    def _add(self, file: JournalFile, pending: list[bytes], entry: Entry) -> None:
        try:
            record = framed_entry(entry)
        except Exception as error:  # the thread's root: one bad entry ends its journal alone
            _LOG.exception("a journal ends early")
            pending.append(framed_entry(_truncation(entry.at_ns, repr(error))))
            file.truncated = True
            return
        file.truncated = isinstance(entry.kind, End) and bool(entry.kind.truncated)
        file.size_bytes += len(record)
        pending.append(record)
        if not file.truncated and file.size_bytes > self._limits.file_bytes:
            limit = f"the journal has reached {self._limits.file_bytes:,} bytes"
            pending.append(framed_entry(_truncation(entry.at_ns, limit)))
            file.truncated = True

    def _flush(self, writer: JournalWriter, pending: dict[JournalWriter, list[bytes]]) -> None:
        records = pending.pop(writer, None)
        if records:
            self._files[writer].append(b"".join(records))

    def _end(self, writer: JournalWriter, answer: Callable[[str], None]) -> None:
        file = self._files.pop(writer)
        try:
            file.close()
        except OSError as error:  # what was written is there; the other journals go on
            _LOG.warning("journal %s: %s", writer.name, error)
        answer(file.sha256)


def _truncation(at_ns: int, why: str) -> Entry:
    return Entry(at_ns, End(0, 0, 0, why))
