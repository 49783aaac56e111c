"""The memories of all sessions: made for each, and told what somebody deleted elsewhere."""

import weakref
from collections.abc import Callable
from concurrent.futures import wait
from datetime import datetime
from uuid import UUID

from control_plane.memory.noticing import warm
from control_plane.memory.recollection import Recollection, Who
from control_plane.sessions.options import SessionOptions
from storage.memories import Memories
from storage.records import Record, utc_now

__all__ = ["Recollections"]

_WARM_S = 2.0


class Recollections:
    """Makes recollections; used from the event loop's thread.

    Args:
        memories: What is stored.
        remember: Takes a record for the database; never blocks.
        lasting: Whether anything is stored; otherwise every session forgets at its end.
        clock: The wall clock in UTC.
    """

    def __init__(
        self,
        memories: Memories,
        remember: Callable[[Record], object],
        *,
        lasting: bool = True,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._memories = memories
        self._remember = remember
        self._lasting = lasting
        self._clock = clock
        self._live: weakref.WeakSet[Recollection] = weakref.WeakSet()

    def warm(self) -> None:
        """Reads what the rules know, and opens what the first recall needs; blocks."""
        warm()
        wait(self._memories.ask("").values(), _WARM_S)

    def begin(self, session_id: UUID, options: SessionOptions) -> Recollection | None:
        """The memory of a session that begins; None: nobody would use it."""
        client = options.client
        person = client.user.replace("\0", "\N{REPLACEMENT CHARACTER}")[:200]
        if not (person and self._lasting) and not options.reply:
            return None
        who = Who(session_id, person if self._lasting else "", client.timezone)
        found = Recollection(who, self._memories, self._remember, self._clock)
        self._live.add(found)
        found.ask()
        return found

    def drop(self, person: str, key: UUID | None = None) -> None:
        """Has the sessions of a person forget a memory that was deleted; without a key all."""
        for recollection in tuple(self._live):
            if recollection.person == person:
                recollection.drop(key)
