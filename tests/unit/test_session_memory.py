"""What a session does with memories: after the reaction, before the reply, and never instead."""

from dataclasses import replace
from typing import cast
from uuid import UUID

import pytest

from control_plane.memory.recollection import Recollection
from control_plane.memory.recollections import Recollections
from control_plane.responder.port import Reply, Turn
from control_plane.sessions.options import Client
from control_plane.sessions.session import LiveSession
from storage.memories import Memories
from storage.recalled import Recalled
from storage.records import FaultRecord, MemoryNoted, MessageRecord
from tests.unit.fake_media import FakeBody
from tests.unit.session_world import OPTIONS, World, run, user
from tests.unit.test_recollection import DOG, NAME, FakeMemories
from tests.unit.virtual_time import settle


class Remembering(World):
    """Sessions whose users are remembered."""

    def __init__(self, *rows: Recalled) -> None:
        super().__init__()
        self.memories = FakeMemories(*rows)
        recollections = Recollections(cast(Memories, self.memories), self.records.append)
        services = self.sessions._services
        self.sessions._services = replace(services, recollections=recollections)

    async def known(self, person: str = "ada") -> tuple[LiveSession, FakeBody]:
        session = await self.sessions.create(replace(OPTIONS, client=Client(user=person)))
        return session, self.media.bodies[session.id]


async def answered(session: LiveSession) -> None:
    """Waits for the avatar's words, which come after memories at the latest."""
    await session._replies.settle()


def test_reaction_is_with_the_body_before_anything_is_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard: list[int] = []

    async def test() -> None:
        world = Remembering()
        session, body = await world.known()

        def hear(_self: Recollection, *_said: object) -> None:
            heard.append(len(body.applied))

        monkeypatch.setattr(Recollection, "hear", hear)
        handled = session.handle(user("my name is Ada"))
        assert heard == []
        assert len(body.applied) == len(handled.packets) == 1
        await answered(session)
        assert heard == [1]

    run(test())


def test_what_is_told_is_noted_with_its_message_and_in_the_next_turn() -> None:
    async def test() -> None:
        world = Remembering()
        session, _ = await world.known()
        session.handle(user("my name is Ada"))
        await answered(session)
        (note,) = world.of(MemoryNoted)
        said, reply = world.of(MessageRecord)
        assert (note.message_id, note.session_id) == (said.id, UUID(session.id))
        assert [item["content"] for item in reply.memory_context] == ["The user's name is Ada."]
        assert [item.value for item in world.responder.turns[0].mind.noted] == ["Ada"]

    run(test())


def test_only_the_memories_that_a_reply_used_are_its_context(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def test() -> None:
        world = Remembering(NAME, DOG)

        async def reply(turn: Turn) -> Reply:
            assert {item.id for item in turn.mind.memories} == {NAME.id, DOG.id}
            return Reply("Hm.", None, "fake", (DOG.id,))

        monkeypatch.setattr(world.responder, "reply", reply)
        session, _ = await world.known()
        session.handle(user("hello"))
        await answered(session)
        context = world.of(MessageRecord)[-1].memory_context
        assert [item["id"] for item in context] == [str(DOG.id)]

    run(test())


def test_a_database_that_does_not_answer_costs_the_reply_its_memories_and_nothing_else() -> None:
    async def test() -> None:
        world = Remembering(NAME)
        world.memories.answers = False
        session, _ = await world.known()
        session.handle(user("hello"))
        await answered(session)
        assert world.responder.turns[0].mind.memories == ()

    run(test())


def test_a_mistake_in_the_rules_is_a_fault_and_the_reply_comes_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def test() -> None:
        world = Remembering()
        session, _ = await world.known()

        def hear(*_said: object) -> None:
            raise RuntimeError("my secret")

        monkeypatch.setattr(Recollection, "hear", hear)
        session.handle(user("hello"))
        await answered(session)
        (fault,) = world.of(FaultRecord)
        assert (fault.mode, fault.cause) == ("memory", "RuntimeError")

    run(test())


def test_what_nobody_would_use_is_not_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        world = Remembering()
        heard: list[object] = []
        monkeypatch.setattr(Recollection, "hear", lambda *said: heard.append(said))
        options = replace(OPTIONS, reply=False)
        session = await world.sessions.create(options)
        session.handle(user("my name is Ada"))
        await settle()
        monkeypatch.undo()
        assert heard == []
        named = await world.sessions.create(replace(options, client=Client(user="ada")))
        named.handle(user("my name is Ada"))
        await settle()
        assert len(world.of(MemoryNoted)) == 1

    run(test())


def test_sessions_of_a_person_end_together_and_others_go_on() -> None:
    async def test() -> None:
        world = Remembering()
        first, _ = await world.known()
        second, _ = await world.known("bob")
        third, _ = await world.known("")
        assert await world.sessions.end_of("", set(), "why") == 0
        assert await world.sessions.end_of("ada", {UUID(third.id)}, "why") == 2
        assert world.sessions.count == 1
        assert world.sessions.get(second.id) is second
        assert world.sessions.info(first.id).ended_at is not None
        await settle()

    run(test())
