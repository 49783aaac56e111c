"""What is remembered of a user, and brought to mind for a turn: at most 5 memories, 2 a tier."""

from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import BoundedSemaphore
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, case, or_, select, update
from sqlalchemy.orm import Session as OrmSession

from storage.database import Database
from storage.errors import NotStoredError
from storage.memory_writes import delete_memories
from storage.recalled import MAX_A_TIER, MAX_A_TURN, Recalled, choose, kinds_of
from storage.tables.base import now
from storage.tables.people import User
from storage.tables.talk import Memory, MemoryTier
from storage.transactions import reading, writing

__all__ = ["MAX_A_TIER", "MAX_A_TURN", "Memories", "recalled"]

# Of each tier so many come into question for a turn: enough to find two that are not forgotten.
_CANDIDATES = 12
_MOST_WORDS = 8
# So many questions may wait for a thread; a turn that comes then goes on without memories.
_MOST_WAITING = 96
_COLUMNS = (
    Memory.id,
    Memory.tier,
    Memory.content,
    Memory.importance,
    Memory.access_count,
    Memory.kind,
    Memory.subject,
    Memory.value,
    Memory.created_at,
    Memory.last_accessed_at,
    Memory.due_at,
)


class Memories:
    """Recalls memories; `close` when done. Any thread may call it; all but `ask` block."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._pool = ThreadPoolExecutor(len(MemoryTier), thread_name_prefix="memories")
        self._room = BoundedSemaphore(_MOST_WAITING)

    def recall(self, user_id: UUID) -> list[Memory]:
        """What to have in mind of a user, the most important first; every tier is asked at once.

        It changes nothing: tell `used` what was used, off the path of the reply.
        """
        of_user = Memory.user_id == user_id
        found = list(self._pool.map(lambda tier: self._of_tier(tier, of_user), MemoryTier))
        chosen = [
            item.id
            for item in choose((item for tier in found for item in tier), frozenset(), now())
        ]
        with reading(self._database) as orm:
            rows = {row.id: row for row in orm.scalars(select(Memory).where(Memory.id.in_(chosen)))}
        return [rows[key] for key in chosen if key in rows]

    def ask(self, person: str, words: Collection[str] = ()) -> dict[str, "Future[list[Recalled]]"]:
        """Has every tier asked at once for what comes into question of a person; never waits.

        Nothing comes of somebody under whose name many people talk, or who was erased.

        Args:
            person: What the operator calls the user.
            words: What the turn is about, by `storage.recalled.words_of`: memories with any of
                them come first.

        Returns:
            What is being asked, by tier; nothing where too much is being asked already.
        """
        whose = Memory.user_id.in_(
            select(User.id).where(
                User.external_identifier == person,
                User.shared.is_(False),
                User.erased_at.is_(None),
            )
        )
        about = sorted(words)[:_MOST_WORDS]
        found: dict[str, Future[list[Recalled]]] = {}
        for tier in MemoryTier:
            if self._room.acquire(blocking=False):
                found[tier.value] = self._pool.submit(self._of_tier, tier, whose, about)
                found[tier.value].add_done_callback(lambda _: self._room.release())
        return found

    def is_shared(self, person: str) -> "Future[bool]":
        """Has it asked whether many people talk under that name; never waits."""
        return self._pool.submit(self._is_shared, person)

    def of_person(self, person: str, limit: int = 1000) -> Sequence[Memory]:
        """All that is remembered of a person, the newest first."""
        query = (
            select(Memory)
            .join(User, Memory.user_id == User.id)
            .where(User.external_identifier == person, _fresh())
            .order_by(Memory.id.desc())
            .limit(limit)
        )
        with reading(self._database) as orm:
            return orm.scalars(query).all()

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

    def forget(self, key: UUID, person: str | None = None) -> str:
        """Deletes a memory, also out of the messages that used it.

        Args:
            key: Its key.
            person: Of whom it has to be; None: of anybody.

        Returns:
            What the operator calls the user; empty: nobody.

        Raises:
            NotStoredError: There is no such memory, or not of that person.
        """
        with writing(self._database) as orm:
            row = _owned(orm, key, person)
            if row is None:
                raise NotStoredError(f"no Memory has the id {key}")
            delete_memories(orm, row[0], [key])
            return row[1] or ""

    def forget_all(self, person: str) -> int:
        """Deletes all that is remembered of a person; returns how much that was."""
        with writing(self._database) as orm:
            user_id = orm.scalar(select(User.id).where(User.external_identifier == person))
            if user_id is None:
                return 0
            keys = orm.scalars(select(Memory.id).where(Memory.user_id == user_id)).all()
            delete_memories(orm, user_id, keys)
            return len(keys)

    def close(self) -> None:
        """Ends the threads; safe twice."""
        self._pool.shutdown(cancel_futures=True)

    def _of_tier(
        self, tier: MemoryTier, whose: ColumnElement[bool], words: Sequence[str] = ()
    ) -> list[Recalled]:
        about = [Memory.content.icontains(word, autoescape=True) for word in words]
        kinds = kinds_of(words)
        about += [Memory.kind.in_(kinds)] if kinds else []
        fitting = [case((or_(*about), 0), else_=1)] if about else []
        query = (
            select(*_COLUMNS)
            .where(Memory.tier == tier, _fresh(), whose)
            .order_by(*fitting, Memory.importance.desc(), Memory.access_count.desc(), Memory.id)
            .limit(_CANDIDATES)
        )
        with reading(self._database) as orm:
            return [_recalled(tuple(row)) for row in orm.execute(query)]

    def _is_shared(self, person: str) -> bool:
        with reading(self._database) as orm:
            query = select(User.shared).where(User.external_identifier == person)
            return bool(orm.scalar(query))


def recalled(row: Memory) -> Recalled:
    """A stored memory as it is brought to mind."""
    return _recalled([getattr(row, column.key) for column in _COLUMNS])


def _fresh() -> ColumnElement[bool]:
    return or_(Memory.fades_at.is_(None), Memory.fades_at > now())


def _owned(
    orm: OrmSession, key: UUID, person: str | None
) -> "tuple[UUID | None, str | None] | None":
    query = (
        select(Memory.user_id, User.external_identifier)
        .join(User, Memory.user_id == User.id, isouter=True)
        .where(Memory.id == key)
    )
    if person is not None:
        query = query.where(User.external_identifier == person)
    row = orm.execute(query).first()
    return None if row is None else (row[0], row[1])


def _recalled(row: Sequence[Any]) -> Recalled:
    """A row of `_COLUMNS`."""
    key, tier, *rest = row
    return Recalled(key, MemoryTier(tier).value, *rest)
