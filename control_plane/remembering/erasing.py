"""Erasing a user while the server runs: their sessions end, what waits is written, then it goes.

Whoever asks to be erased need not close a page first, so their live sessions are ended rather than
the call refused. It is refused where something of them still waits to be written: that would bring
back what was erased. Nothing has been erased then, and the same call works later.
"""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from control_plane.errors import UnavailableError
from control_plane.memory.recollections import Recollections
from control_plane.remembering.threads import StorageThreads
from storage.erasure import Erased, Erasure
from storage.spill import waiting_files, waiting_in

__all__ = ["ERASED", "Erasing", "Running"]

ERASED = "the user was erased"
"""Why a session ended, for people."""

_PATIENCE = 5


@dataclass(frozen=True, slots=True)
class Running:
    """What goes on beside the database.

    Attributes:
        end_sessions: Ends the sessions of a person, those of these ids too; tells how many.
        recollections: What live sessions have in mind.
        waiting: Where journals of what waits to be written are; None: there are none.
    """

    end_sessions: Callable[[str, Collection[UUID], str], Awaitable[int]]
    recollections: Recollections
    waiting: Path | None = None


class Erasing:
    """Erases users; used from the event loop's thread.

    Args:
        erasure: Takes them out of the database.
        threads: Where it blocks.
        settle: Has what waits written, within a second; whether it was. Blocks.
        running: What goes on beside.
        journals: Folder of recorded sessions.
    """

    def __init__(
        self,
        erasure: Erasure,
        threads: StorageThreads,
        settle: Callable[[], object],
        running: Running | None,
        journals: Path,
    ) -> None:
        self._erasure = erasure
        self._threads = threads
        self._settle = settle
        self._running = running
        self._journals = journals

    async def erase(self, key: UUID) -> Erased:
        """Takes a user out: rows, recorded pictures and sound, recorded sessions.

        Raises:
            NotStoredError: There is no such user.
            UnavailableError: Something of them still waits to be written; nothing was erased.
        """
        # A session that began a moment ago tells whose it is.
        await self._threads.run(self._settle)
        person, sessions = await self._threads.run(self._erasure.whose, key)
        if self._running is not None:
            await self._running.end_sessions(person, sessions, ERASED)
        erased = await self._threads.run(self._erase, key, person)
        if self._running is not None and person:
            self._running.recollections.drop(person)
        return erased

    def _erase(self, key: UUID, person: str) -> Erased:
        if not any(self._settle() is not False for _ in range(_PATIENCE)):
            raise UnavailableError(
                "what was said lately waits to be written, which the database does not take now; "
                "nothing was erased, ask again later"
            )
        self._check_journals(key, person)
        erased = self._erasure.erase(key)
        for name in erased.journals:
            (self._journals / Path(name).name).unlink(missing_ok=True)
        return erased

    def _check_journals(self, key: UUID, person: str) -> None:
        """Looks into what other servers have left to be written.

        Raises:
            UnavailableError: There is something of the user in it.
        """
        if self._running is None or self._running.waiting is None:
            return
        _, sessions = self._erasure.whose(key)
        for path in waiting_files(self._running.waiting):
            if any(_is_of(record, key, person, sessions) for record in waiting_in(path)):
                raise UnavailableError(
                    f"{path.name} holds something of the user that another server has still to "
                    "write; nothing was erased, ask again once that server has run"
                )


def _is_of(record: object, key: UUID, person: str, sessions: Collection[UUID]) -> bool:
    """Whether a record is of a user: of their session, or the beginning of one."""
    if getattr(record, "session_id", getattr(record, "id", None)) in sessions:
        return True
    named = getattr(record, "user", "")
    return getattr(record, "user_id", None) == key or (bool(named) and named == person)
