from uuid import UUID

from storage.archive import Archive
from storage.database import Database
from storage.memories import Memories
from storage.models import Memory, MemoryTier, User
from tests.remembering.rows import stored


def memory(user_id: UUID, tier: MemoryTier, importance: float, accesses: int = 0) -> Memory:
    return Memory(
        user_id=user_id,
        tier=tier,
        content=f"{tier} {importance}",
        importance=importance,
        access_count=accesses,
    )


def test_a_turn_gets_two_of_each_tier_and_five_in_all(database: Database) -> None:
    user, other = stored(database, User), stored(database, User)
    archive = Archive(database)
    for tier in MemoryTier:
        archive.add(*(memory(user.id, tier, importance / 10) for importance in range(10)))
        archive.add(memory(other.id, tier, 1.0))
    memories = Memories(database)
    try:
        found = memories.recall(user.id)
    finally:
        memories.close()
    assert len(found) == 5
    assert {item.user_id for item in found} == {user.id}
    assert all(sum(item.tier is tier for item in found) <= 2 for tier in MemoryTier)
    assert [item.importance for item in found] == [0.9, 0.9, 0.9, 0.8, 0.8]


def test_what_was_used_more_often_comes_first_among_equals(database: Database) -> None:
    user = stored(database, User)
    Archive(database).add(*(memory(user.id, MemoryTier.LONG, 0.5, count) for count in (1, 3, 2)))
    memories = Memories(database)
    try:
        assert [item.access_count for item in memories.recall(user.id)] == [3, 2]
    finally:
        memories.close()


def test_uses_are_counted_together_and_recall_alone_is_no_use(database: Database) -> None:
    user = stored(database, User)
    archive = Archive(database)
    rows = [memory(user.id, MemoryTier.SHORT, 0.5) for _ in range(3)]
    archive.add(*rows)
    memories = Memories(database)
    try:
        memories.recall(user.id)
        memories.used([rows[0].id, rows[1].id])
        memories.used([rows[0].id])
        memories.used([])
    finally:
        memories.close()
    found = [archive.get(Memory, row.id) for row in rows]
    assert [item.access_count for item in found] == [2, 1, 0]
    assert found[0].last_accessed_at is not None
    assert found[2].last_accessed_at is None


def test_memories_of_a_database_in_memory_are_recalled_too() -> None:
    database = Database("sqlite://")
    database.upgrade()
    user = stored(database, User)
    Archive(database).add(memory(user.id, MemoryTier.LONG, 0.5))
    memories = Memories(database)
    try:
        assert len(memories.recall(user.id)) == 1
    finally:
        memories.close()
        database.close()
