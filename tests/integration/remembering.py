"""A server with things to remember, which the tests of a module share, asked over both doors."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from grpc import aio

from capsulecast.v1 import memory_service_pb2_grpc as memory_grpc
from capsulecast.v1 import training_service_pb2_grpc as training_grpc
from storage.database import Database
from storage.models import Base, Conversation, Message, Session, User
from tests.integration.running import Answer, Running, running
from tests.remembering.rows import stored

__all__ = ["DAY", "UNKNOWN", "Asked", "Talk", "asking", "emptied", "talk"]

DAY = datetime(2026, 1, 1, tzinfo=UTC)
UNKNOWN = "00000000-0000-4000-8000-000000000000"
_LIMIT_S = 20.0
_OF_THE_SERVER = {"deployment", "deployment_type", "run", "scenario", "system_version"}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asked:
    """A server that runs on a thread, its database, and stubs of its services."""

    server: Running
    database: Database
    memory: "memory_grpc.MemoryServiceAsyncStub"
    training: "training_grpc.TrainingServiceAsyncStub"
    folder: Path
    loop: asyncio.AbstractEventLoop

    def get(self, path: str, headers: dict[str, str] | None = None) -> Any:  # noqa: ANN401 - JSON is anything
        """What a path answers with, which is well."""
        answer = self.ask("GET", path, None, headers)
        assert answer.status == 200, answer.body
        return answer.json

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """The answer to a request."""
        return self.server._request(method, path, body, headers or {})

    def call(self, method: Callable[..., Any], request: object, **options: Any) -> Any:  # noqa: ANN401 - any answer
        """The answer to a call over gRPC; all answers of one that streams."""

        async def made() -> Any:  # noqa: ANN401 - the same
            call = method(request, timeout=_LIMIT_S, **options)
            if isinstance(call, aio.UnaryStreamCall):
                return [part async for part in call]
            return await call

        return self.on_loop(made())

    def on_loop(self, made: Coroutine[Any, Any, T]) -> T:
        """What a coroutine on the server's event loop comes to."""
        return asyncio.run_coroutine_threadsafe(made, self.loop).result(_LIMIT_S)


@contextmanager
def asking(folder: Path, **settings: object) -> Iterator[Asked]:
    """The server, from ready to closed."""
    ready: Future[tuple[Asked, asyncio.Event]] = Future()

    async def serve() -> None:
        try:
            values = {"media": folder / "media", "journals": folder / "journals", **settings}
            async with running(folder, **values) as server:
                database = Database(server.server._settings.database)
                async with aio.insecure_channel(server.ready.grpc_address) as channel:
                    asked = Asked(
                        server,
                        database,
                        memory_grpc.MemoryServiceStub(channel),
                        training_grpc.TrainingServiceStub(channel),
                        folder,
                        asyncio.get_running_loop(),
                    )
                    told = asyncio.Event()
                    ready.set_result((asked, told))
                    await told.wait()
                database.close()
        except BaseException as error:
            if ready.done():
                raise
            ready.set_exception(error)

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="server")
    thread.start()
    asked, told = ready.result(_LIMIT_S)
    try:
        yield asked
    finally:
        asked.loop.call_soon_threadsafe(told.set)
        thread.join(_LIMIT_S)


def emptied(asked: Asked) -> Asked:
    """The same, with nothing in its database but what the server has said of itself."""
    # A connection of its own does not mind what refers to what.
    connection = sqlite3.connect(asked.folder / "test.sqlite", timeout=5.0)
    with connection:
        for table in Base.metadata.tables.keys() - _OF_THE_SERVER:
            connection.execute(f'DELETE FROM "{table}"')
    connection.close()
    return asked


@dataclass(frozen=True, slots=True)
class Talk:
    """Ids of one conversation and who had it."""

    user: UUID
    session: UUID
    conversation: UUID
    messages: tuple[UUID, ...]


def talk(
    database: Database,
    number: int = 0,
    texts: tuple[str, ...] = ("Hello!", "Hi there!"),
    **how: object,
) -> Talk:
    """Stores a conversation of the user's and the avatar's words in turn, a day each."""
    user = stored(
        database,
        User,
        username=f"ada{number}",
        external_identifier=f"id{number}",
        consent_at=None,
        erased_at=None,
    )
    session = stored(database, Session, user_id=user.id, journal="")
    at = DAY + timedelta(days=number)
    values = {
        "session_id": session.id,
        "user_id": user.id,
        "training_data_exported": False,
        "exported_at": None,
        "total_messages": len(texts),
        "created_at": at,
    }
    row = stored(database, Conversation, **(values | how))
    said = tuple(
        stored(
            database,
            Message,
            session_id=session.id,
            conversation_id=row.id,
            role="assistant" if place % 2 else "user",
            text=text,
            created_at=at + timedelta(seconds=place),
            agent_outputs=None if place % 2 else {"appraisal": {"label": "glad"}},
            memory_context=["m"] if place % 2 else None,
        ).id
        for place, text in enumerate(texts)
    )
    return Talk(user.id, session.id, row.id, said)
