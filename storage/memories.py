"""What is remembered of a user, and brought to mind for a turn: at most 5 memories, 2 a tier."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.pool import StaticPool

from storage.database import Database
from storage.tables.base import now
from storage.tables.talk import Memory, MemoryTier
from storage.transactions import reading, writing

__all__ = ["MAX_A_TIER", "MAX_A_TURN", "Memories"]

MAX_A_TURN = 5
"""How many memories one turn gets at most."""

MAX_A_TIER = 2
"""How many of them come from one tier at most."""


class Memories:
    """Recalls memories; `close` when done. Every call blocks; any thread may make it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        # A database in memory has one connection, which one thread at a time may use.
        self._threads = 1 if isinstance(database.engine.pool, StaticPool) else len(MemoryTier)
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="memories")

    def recall(self, user_id: UUID) -> list[Memory]:
        """What to have in mind of a user, the most important first; every tier is asked at once.

        It changes nothing: tell `used` what was used, off the path of the reply.
        """
        found = self._pool.map(lambda tier: self._of_tier(user_id, tier), MemoryTier)
        memories = [memory for tier in found for memory in tier]
        memories.sort(key=lambda item: (-item.importance, -item.access_count, item.id))
        return memories[:MAX_A_TURN]

    def used(self, memories: Iterable[UUID]) -> None:
        """Counts an access to each of them, in one statement."""
        ids = set(memories)
        if not ids:
            return
        with writing(self._database) as orm:
            orm.execute(
                update(Memory)
                .where(Memory.id.in_(ids))
                .values(access_count=Memory.access_count + 1, last_accessed_at=now())
            )

    def close(self) -> None:
        """Ends the threads; safe twice."""
        self._pool.shutdown()

    def _of_tier(self, user_id: UUID, tier: MemoryTier) -> Sequence[Memory]:
        query = (
            select(Memory)
            .where(Memory.user_id == user_id, Memory.tier == tier)
            .order_by(Memory.importance.desc(), Memory.access_count.desc(), Memory.id)
            .limit(MAX_A_TIER)
        )
        with reading(self._database) as orm:
            return orm.scalars(query).all()
