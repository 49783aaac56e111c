"""Begins the journals of sessions: what they were made with, and what they play from."""

import asyncio
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from capsules.avatar import Avatar
from capsules.library import Library
from control_plane.sessions.options import SessionOptions
from control_plane.settings import Settings
from engine.body import BodyOptions
from engine.clock import SystemClock
from engine.faults import Fault, FaultSink
from engine.recording.entries import Header
from engine.recording.errors import JournalError
from engine.recording.fingerprint import LibraryPrint, avatar_digest, library_print
from engine.recording.journals import JournalLimits, Journals, JournalWriter
from storage.records import utc_now

__all__ = ["Recorded", "SessionJournals", "is_recorded"]

_BYTES_PER_MB = 1_000_000


def is_recorded(settings: Settings) -> bool:
    """Whether sessions are recorded: not where nothing is to be kept."""
    forgets = settings.database.partition("?")[0] in ("sqlite://", "sqlite:///:memory:")
    return settings.record and not forgets


@dataclass(frozen=True, slots=True)
class Recorded:
    """A session that is recorded: its id and options, whom and what it shows, and what draws."""

    session_id: str
    options: SessionOptions
    avatar: Avatar
    library: Library
    backend: str


class SessionJournals:
    """The journals of a server's sessions; used from one event loop.

    Args:
        settings: Where they lie, and how much is kept.
        version: Version of the program.
        on_fault: Hears of a journal that cannot be written; its session goes on without.
    """

    def __init__(self, settings: Settings, version: str, on_fault: FaultSink) -> None:
        limits = JournalLimits(settings.journals_mb * _BYTES_PER_MB, settings.journals_days)
        self._journals = Journals(settings.journals, limits)
        self._version = version
        self._on_fault = on_fault
        self._avatars: dict[str, tuple[Avatar, str]] = {}
        self._libraries: WeakKeyDictionary[Library, LibraryPrint] = WeakKeyDictionary()

    async def open(self, session: Recorded, made: BodyOptions) -> JournalWriter | None:
        """Begins a session's journal; None where it cannot be written, which is told.

        Args:
            session: The session.
            made: What its body is made with.
        """
        opening = asyncio.ensure_future(asyncio.to_thread(self._open, session, made))
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(self._give_up)
            raise
        except JournalError as error:
            self._on_fault(Fault("journal", str(error), session.session_id))
            return None

    def _give_up(self, opening: "asyncio.Future[JournalWriter]") -> None:
        """Removes a journal whose session was given up while a thread opened it."""
        if not opening.cancelled() and opening.exception() is None:
            writer = opening.result()
            self._journals.finish(writer, lambda _sha256: writer.path.unlink(missing_ok=True))

    def close(self) -> None:
        """Writes what waits; safe twice. Blocks."""
        self._journals.close()

    def _open(self, session: Recorded, made: BodyOptions) -> JournalWriter:
        options, library = session.options, session.library
        found = self._print(library)
        header = Header(
            session_id=session.session_id,
            program_version=self._version,
            began_at=utc_now(),
            avatar=options.avatar,
            avatar_sha256=self._digest(session.avatar),
            library_sha256=found.sha256,
            micro_count=len(library.generated),
            barred=tuple(sorted(library.barred)),
            size=made.size,
            fps=options.fps,
            seed=made.seed,
            probe=made.probe,
            quality=made.quality,
            features=made.features,
            background=options.background,
            label=options.label,
            watermark=options.watermark,
            av_offset_ms=made.av_offset_ms,
            speech_lead_ms=made.speech_lead_ms,
            backend=session.backend,
        )
        return self._journals.open(header, SystemClock().now_ns(), found)

    def _print(self, library: Library) -> LibraryPrint:
        found = self._libraries.get(library)
        if found is None:
            found = self._libraries[library] = library_print(library)
        return found

    def _digest(self, avatar: Avatar) -> str:
        known = self._avatars.get(avatar.name)
        if known is None or known[0] is not avatar:
            known = self._avatars[avatar.name] = (avatar, avatar_digest(avatar))
        return known[1]
