from collections.abc import Iterator
from concurrent.futures import wait
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Event
from uuid import UUID

import pytest
from sqlalchemy import event

from storage.archive import Archive
from storage.database import Database
from storage.errors import NotStoredError
from storage.keys import new_key
from storage.memories import Memories
from storage.models import Memory, MemoryTier, Message, User
from storage.records import (
    MemoriesForgotten,
    MemoryNoted,
    MessageRecord,
    Record,
    SessionStarted,
)
from storage.repository import Repository
from tests.remembering.rows import stored

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Talk:
    """A session of a user's, as the live path writes it."""

    def __init__(self, database: Database, user: str = "ada") -> None:
        self.database = database
        self.id = new_key()
        self.seconds = 0
        started = SessionStarted(
            id=self.id,
            avatar="mira",
            width=512,
            height=512,
            fps=30,
            seed=1,
            personality="friendly",
            probe=False,
            reply=True,
            version="0",
            user=user,
        )
        self.write(started)

    def write(self, *records: Record, again: bool = False) -> None:
        Repository(self.database).add(records, again=again)

    def message(self, role: str = "user", *used: UUID) -> MessageRecord:
        context = tuple({"id": str(key), "content": "what it said"} for key in used)
        return MessageRecord(
            session_id=self.id,
            role=role,
            text="hm",
            source="client",
            valence=0,
            arousal=0,
            dominance=0,
            label="calm",
            memory_context=context,
        )

    def note(self, subject: str, value: str, message: MessageRecord) -> MemoryNoted:
        """A note, a second later than the one before."""
        self.seconds += 1
        return MemoryNoted(
            session_id=self.id,
            message_id=message.id,
            kind=subject.partition(":")[0],
            subject=subject,
            value=value,
            content=f"The user's {subject} is {value}.",
            tier="long",
            importance=0.5,
            confidence=0.9,
            context="hm",
            tags=subject,
            emotion="calm",
            created_at=AT + timedelta(seconds=self.seconds),
        )

    def tell(self, subject: str, value: str) -> MemoryNoted:
        """Has a note written, with the message that told it."""
        message = self.message()
        note = self.note(subject, value, message)
        self.write(note, message)  # as they may be taken: the message is written first
        return note

    def order(self, **what: object) -> MemoriesForgotten:
        self.seconds += 1
        at = AT + timedelta(seconds=self.seconds)
        return replace(MemoriesForgotten(self.id, created_at=at), **what)  # type: ignore[arg-type]

    def kept(self) -> dict[str, str]:
        """What is stored of anybody, by subject."""
        return {row.subject: row.value for row in Archive(self.database).page(Memory)}


@pytest.fixture
def memories(database: Database) -> Iterator[Memories]:
    found = Memories(database)
    yield found
    found.close()


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


def test_a_note_has_its_user_its_conversation_and_its_message(database: Database) -> None:
    talk = Talk(database)
    note = talk.tell("pet:dog:rex", "Rex")
    (row,) = Archive(database).page(Memory)
    (user,) = Archive(database).page(User)
    assert (row.id, row.user_id, row.message_id) == (note.id, user.id, note.message_id)
    assert row.conversation_id is not None
    assert (row.kind, row.tier, row.training_relevance) == ("pet", MemoryTier.LONG, 0.9)
    assert (row.context, row.emotion_at_creation, row.created_at) == ("hm", "calm", note.created_at)


def test_a_later_note_of_a_subject_takes_its_place_in_whatever_order_they_come(
    database: Database,
) -> None:
    talk = Talk(database)
    message = talk.message()
    first, second = talk.note("name", "Ada", message), talk.note("name", "Eve", message)
    talk.write(message, first, second)
    assert talk.kept() == {"name": "Eve"}
    # Out of a journal, after a crash: what is there already, and what it took the place of.
    talk.write(first, second, again=True)
    assert talk.kept() == {"name": "Eve"}
    assert len(Archive(database).page(Memory)) == 1


def test_what_is_told_again_stays_one_memory_with_its_uses(database: Database) -> None:
    talk = Talk(database)
    first = talk.tell("home", "Bonn")
    talk.write(talk.message("assistant", first.id))
    talk.tell("home", "Bonn")
    (row,) = Archive(database).page(Memory)
    assert (row.id, row.access_count) == (first.id, 1)


def test_a_note_that_puts_another_right_removes_it(database: Database) -> None:
    talk = Talk(database)
    talk.tell("pet:dog:rex", "Rex")
    message = talk.message()
    talk.write(message, replace(talk.note("pet:dog:max", "Max", message), settles=("pet:dog:rex",)))
    assert talk.kept() == {"pet:dog:max": "Max"}


@pytest.mark.parametrize(
    ("what", "left"),
    [
        ({"everything": True}, set()),
        ({"words": "my dog"}, {"name", "taste:tea"}),
        ({"words": "my name"}, {"pet:dog:rex", "taste:tea"}),
        ({"subjects": ("taste:tea",)}, {"name", "pet:dog:rex"}),
        ({"words": "my horse"}, {"name", "pet:dog:rex", "taste:tea"}),
        ({"words": "that"}, {"name", "pet:dog:rex", "taste:tea"}),
        ({}, {"name", "pet:dog:rex", "taste:tea"}),
    ],
)
def test_what_is_to_be_forgotten_goes_and_the_rest_stays(
    database: Database, what: dict[str, object], left: set[str]
) -> None:
    talk, other = Talk(database), Talk(database, "bob")
    for subject, value in (("name", "Ada"), ("pet:dog:rex", "Rex"), ("taste:tea", "tea")):
        talk.tell(subject, value)
    other.tell("origin", "Spain")
    talk.write(talk.order(**what))
    assert talk.kept().keys() == left | {"origin"}


def test_what_was_told_after_an_order_to_forget_stays(database: Database) -> None:
    talk = Talk(database)
    talk.tell("name", "Ada")
    order = talk.order(everything=True)
    talk.tell("home", "Bonn")
    talk.write(order)
    talk.write(order, again=True)
    assert talk.kept() == {"home": "Bonn"}


def test_what_is_forgotten_is_gone_from_the_messages_that_used_it(
    database: Database, memories: Memories
) -> None:
    talk = Talk(database)
    name, dog = talk.tell("name", "Ada"), talk.tell("pet:dog:rex", "Rex")
    reply = talk.message("assistant", name.id, dog.id)
    talk.write(reply)
    assert memories.forget(dog.id) == "ada"
    context = Archive(database).get(Message, reply.id).memory_context
    assert [item["id"] for item in context or []] == [str(name.id)]
    talk.write(talk.order(everything=True))
    assert not Archive(database).get(Message, reply.id).memory_context


@pytest.mark.parametrize("count", [1, 20])
def test_forgetting_reads_no_reply_that_used_nothing_of_it(database: Database, count: int) -> None:
    talk = Talk(database)
    told = [talk.tell(f"taste:{number}", str(number)) for number in range(count)]
    used = talk.message("assistant", *(one.id for one in told))
    talk.write(used, *(talk.message("assistant") for _ in range(5)))
    read: list[UUID] = []

    def loaded(message: Message, _: object) -> None:
        read.append(message.id)

    event.listen(Message, "load", loaded)
    try:
        talk.write(talk.order(everything=True))
    finally:
        event.remove(Message, "load", loaded)
    assert read == [used.id]
    assert not Archive(database).get(Message, used.id).memory_context


def test_only_ones_own_memory_can_be_deleted_by_name(
    database: Database, memories: Memories
) -> None:
    talk, other = Talk(database), Talk(database, "bob")
    mine, theirs = talk.tell("name", "Ada"), other.tell("name", "Bob")
    for key, person in ((theirs.id, "ada"), (new_key(), "ada"), (new_key(), None)):
        with pytest.raises(NotStoredError):
            memories.forget(key, person)
    assert memories.forget(mine.id, "ada") == "ada"
    assert [row.value for row in memories.of_person("bob")] == ["Bob"]
    assert (memories.forget_all("bob"), memories.forget_all("nobody")) == (1, 0)
    assert talk.kept() == {}


def test_uses_are_counted_once_with_the_messages_in_one_statement(database: Database) -> None:
    talk = Talk(database)
    name, dog = talk.tell("name", "Ada"), talk.tell("pet:dog:rex", "Rex")
    replies = [talk.message("assistant", name.id, *extra) for extra in ((), (dog.id,), (dog.id,))]
    statements: list[str] = []

    def note(*call: object) -> None:
        statements.append(str(call[2]))

    event.listen(database.engine, "before_cursor_execute", note)
    talk.write(*replies)
    talk.write(*replies, again=True)
    event.remove(database.engine, "before_cursor_execute", note)
    assert sum("UPDATE memory" in statement for statement in statements) == 1
    rows = {row.id: row for row in Archive(database).page(Memory)}
    assert (rows[name.id].access_count, rows[dog.id].access_count) == (3, 2)
    assert rows[dog.id].last_accessed_at == replies[-1].created_at


@pytest.mark.parametrize("change", [{"shared": True}, {"erased_at": AT}])
def test_of_a_shared_or_erased_user_nothing_is_kept_or_recalled(
    database: Database, memories: Memories, change: dict[str, object]
) -> None:
    talk = Talk(database)
    talk.tell("name", "Ada")
    (user,) = Archive(database).page(User)
    Archive(database).change(User, user.id, **change)
    talk.tell("home", "Bonn")
    assert talk.kept() == {"name": "Ada"}
    assert [future.result() for future in memories.ask("ada").values()] == [[], [], []]
    assert memories.is_shared("ada").result() is bool(change.get("shared"))


def test_a_session_that_names_nobody_leaves_no_memory(database: Database) -> None:
    talk = Talk(database, "")
    talk.tell("name", "Ada")
    assert talk.kept() == {}


def test_what_has_faded_is_not_recalled(database: Database, memories: Memories) -> None:
    talk = Talk(database)
    message = talk.message()
    past, future = datetime.now(UTC) - timedelta(days=1), datetime.now(UTC) + timedelta(days=1)
    notes = [
        replace(talk.note(subject, subject, message), fades_at=at)
        for subject, at in (("a", past), ("b", future), ("c", None))
    ]
    talk.write(message, *notes)
    found = memories.ask("ada")
    assert {item.subject for item in found["long"].result()} == {"b", "c"}
    assert {row.subject for row in memories.of_person("ada")} == {"b", "c"}
    (user,) = Archive(database).page(User)
    assert {row.subject for row in memories.recall(user.id)} == {"b", "c"}


def test_of_many_memories_those_come_first_that_the_turn_is_about(
    database: Database, memories: Memories
) -> None:
    talk = Talk(database)
    message = talk.message()
    notes = [talk.note(f"taste:{number}", f"thing {number}", message) for number in range(40)]
    notes[33] = replace(notes[33], content="The user likes 100% rye_bread.", importance=0.1)
    notes[34] = replace(notes[34], kind="work", importance=0.1)
    talk.write(message, *notes)

    def first(*words: str) -> str:
        return memories.ask("ada", words)["long"].result()[0].subject

    assert first("rye_bread") == first("100%") == "taste:33"
    assert first("job") == "taste:34"
    assert len(memories.ask("ada")["long"].result()) < 40


def test_what_is_asked_beyond_what_may_wait_is_not_asked(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.memories._MOST_WAITING", 4)
    memories = Memories(database)
    may = Event()
    monkeypatch.setattr(memories, "_of_tier", lambda *_: [may.wait(10.0)][:0])
    first, second, third = (memories.ask("ada") for _ in range(3))
    assert (len(first), len(second), len(third)) == (3, 1, 0)
    may.set()
    wait([*first.values(), *second.values()], 10.0)
    memories.close()
    memories = Memories(database)
    assert len(memories.ask("ada")) == 3
    memories.close()


def test_of_one_user_only_so_many_memories_are_kept(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.memory_writes.MOST_OF_A_USER", 20)
    talk = Talk(database)
    message = talk.message()
    notes = [talk.note(f"taste:{number}", "x", message) for number in range(23)]
    notes[7] = replace(notes[7], importance=0.1)
    notes[8] = replace(notes[8], fades_at=AT)
    talk.write(message, *notes)
    gone = {note.subject for note in notes} - talk.kept().keys()
    assert len(gone) == 3
    assert {"taste:7", "taste:8"} <= gone
