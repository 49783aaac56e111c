"""Conversations with a whole server, which is stopped and started again in between."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from grpc import aio

from capsulecast.v1 import memory_service_pb2 as memory_pb
from capsulecast.v1 import memory_service_pb2_grpc as memory_grpc
from capsulecast.v1 import session_service_pb2 as pb
from capsulecast.v1 import session_service_pb2_grpc as session_grpc
from control_plane.responder.rules import RulesResponder
from control_plane.server import Server
from control_plane.settings import load_settings
from storage.archive import Archive
from storage.database import Database
from storage.models import Memory, Message, Session, User
from tests.unit.fake_media import FakeMedia

_LIMIT_S = 20.0


@dataclass(frozen=True, slots=True)
class Talking:
    """A server, and what speaks to it over gRPC."""

    server: Server
    sessions: "session_grpc.SessionServiceAsyncStub"
    memory: "memory_grpc.MemoryServiceAsyncStub"

    async def begin(self, user: str = "ada") -> str:
        """A session of that user's."""
        options = pb.SessionOptions(client=pb.Client(user=user, timezone="Europe/Berlin"))
        request = pb.CreateSessionRequest(options=options)
        return str((await self.sessions.CreateSession(request, timeout=_LIMIT_S)).session.id)

    async def say(self, session: str, *lines: str) -> list[str]:
        """What the avatar answers to each line."""
        replies: list[str] = []
        calls = self.sessions.Converse(timeout=_LIMIT_S)
        await calls.write(pb.ConverseRequest(session_id=session))
        for number, line in enumerate(lines, 1):
            chat = pb.ChatEvent(role=pb.CHAT_ROLE_USER, text=line)
            event = pb.Event(sequence=number, chat=chat)
            await calls.write(pb.ConverseRequest(event=event))
            replies.append(await _reply(calls))
        await calls.done_writing()
        calls.cancel()
        return replies

    async def end(self, session: str) -> None:
        await self.sessions.EndSession(pb.EndSessionRequest(session_id=session), timeout=_LIMIT_S)

    async def user_id(self, user: str = "ada") -> str:
        request = memory_pb.ListUsersRequest(external_identifier=user)
        (found,) = (await self.memory.ListUsers(request, timeout=_LIMIT_S)).users
        return str(found.id)

    async def memories(self, user: str = "ada") -> list[str]:
        """What is stored of that user, the oldest first."""
        request = memory_pb.ListMemoriesRequest(user_id=await self.user_id(user))
        found = (await self.memory.ListMemories(request, timeout=_LIMIT_S)).memories
        return [one.content for one in reversed(found)]


async def _reply(calls: Any) -> str:  # noqa: ANN401 - grpc's call has no type of its own here
    """The text of the next packet that has one to say."""
    while True:
        answer = await calls.read()
        if answer.packet.speak_text:
            return str(answer.packet.speak_text)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is, replies wait for memories."""
    monkeypatch.setattr("control_plane.memory.recollection.RECALL_S", _LIMIT_S)


@asynccontextmanager
async def talking(url: str, folder: Path, **settings: object) -> AsyncIterator[Talking]:
    values = {
        "port": 0,
        "grpc_port": 0,
        "database": url,
        "writer": "thread",
        "cache_dir": folder / "cache",
        "avatars": folder / "avatars",
        "capsules": folder / "capsules",
        "governance": folder / "governance.json",
        "media": folder / "media",
        "journals": folder / "journals",
        **settings,
    }
    names = ("warm_greeting", "greeting")
    server = Server(load_settings(values), FakeMedia(), lambda _library: RulesResponder(names))
    ready = await server.start()
    try:
        async with aio.insecure_channel(ready.grpc_address) as channel:
            yield Talking(
                server,
                session_grpc.SessionServiceStub(channel),
                memory_grpc.MemoryServiceStub(channel),
            )
    finally:
        await server.aclose()


async def _meet(talk: Talking) -> None:
    """Ada's first conversation."""
    session = await talk.begin()
    replies = await talk.say(
        session, "Hi, my name is Ada", "My dog is called Rex", "I'm nervous about my exam"
    )
    assert "Ada" in replies[0]
    await talk.end(session)


async def _meet_again(talk: Talking) -> None:
    """The second one, which knows what the first one told."""
    session = await talk.begin()
    hello, dog = await talk.say(session, "Hello!", "What's my dog's name?")
    assert "Ada" in hello
    assert "nervous about your exam" in hello
    assert "Rex" in dog
    assert await talk.memories() == [
        "The user's name is Ada.",
        "The user's dog is called Rex.",
        "The user is nervous about their exam.",
    ]
    stranger = await talk.begin("bob")
    (nothing,) = await talk.say(stranger, "What do you know about me?")
    assert nothing.startswith("Nothing yet.")
    await talk.end(session)


async def _be_forgotten(talk: Talking) -> None:
    """The third one, after which nothing is known."""
    session = await talk.begin()
    done, name = await talk.say(session, "Forget everything", "What's my name?")
    assert "everything" in done
    assert "Ada" not in name
    assert await talk.memories() == []
    await talk.end(session)
    later = await talk.begin()
    (hello,) = await talk.say(later, "Hello!")
    assert "Ada" not in hello


def test_the_next_conversation_after_a_restart_knows_the_user_until_they_want_to_be_forgotten(
    url: str, database: Database, tmp_path: Path
) -> None:
    async def first() -> None:
        async with talking(url, tmp_path) as talk:
            await _meet(talk)

    async def second() -> None:
        async with talking(url, tmp_path) as talk:
            await _meet_again(talk)
            await _be_forgotten(talk)

    asyncio.run(first())
    rows = {row.subject: row for row in Archive(database).page(Memory)}
    said = Archive(database).get(Message, _key(rows["pet:dog:rex"].message_id))
    assert (said.role, said.text) == ("user", "My dog is called Rex")
    assert rows["name"].access_count == 1  # "Nice to meet you, Ada!"
    asyncio.run(second())
    used = [row.memory_context for row in Archive(database).page(Message) if row.memory_context]
    assert used == []


def test_erasing_a_user_ends_their_sessions_and_nothing_comes_back(
    url: str, database: Database, tmp_path: Path
) -> None:
    async def erase() -> tuple[str, str]:
        async with talking(url, tmp_path) as talk:
            session, other = await talk.begin(), await talk.begin("bob")
            await talk.say(session, "My name is Ada xyzzy")
            key = await talk.user_id()
            request = memory_pb.EraseUserRequest(user_id=key)
            erased = await talk.memory.EraseUser(request, timeout=_LIMIT_S)
            assert (erased.sessions, erased.messages) == (1, 2)
            for one, state in ((session, pb.SESSION_STATE_ENDED), (other, pb.SESSION_STATE_ACTIVE)):
                asked = pb.GetSessionRequest(session_id=one)
                found = await talk.sessions.GetSession(asked, timeout=_LIMIT_S)
                assert found.session.state == state
            # They may begin anew, as somebody whom nobody knows.
            again = await talk.begin()
            (hello,) = await talk.say(again, "Hello!")
            assert "Ada" not in hello
            return key, session

    key, session = asyncio.run(erase())
    archive = Archive(database)
    assert archive.get(User, UUID(key)).erased_at is not None
    assert archive.get(Session, UUID(session)).end_reason == "the user was erased"
    texts = [row.text for row in archive.page(Message) if row.session_id == UUID(session)]
    assert texts == ["", ""]
    assert archive.page(Memory) == []


def _key(key: UUID | None) -> UUID:
    assert key is not None
    return key
