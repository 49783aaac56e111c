"""A whole server on free loopback ports, with a body that draws nothing."""

import asyncio
import http.client
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from control_plane.server import Ready, Server
from control_plane.settings import load_settings
from tests.unit.fake_media import FakeBody, FakeMedia, FakeResponder

__all__ = [
    "HELLO",
    "LIMIT_S",
    "UNKNOWN",
    "Answer",
    "Run",
    "Running",
    "Test",
    "is_error",
    "made",
    "run",
    "running",
    "told",
]

HELLO = {"sequence": 1, "chat": {"role": "CHAT_ROLE_USER", "text": "That is wonderful!"}}
LIMIT_S = 30.0
UNKNOWN = "00000000-0000-4000-8000-000000000000"
"""The id of no session."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 - JSON is anything
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Running:
    server: Server
    ready: Ready
    media: FakeMedia
    responder: FakeResponder

    def body(self, session_id: str) -> FakeBody:
        return self.media.bodies[session_id]

    async def request(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """One HTTP request, in a thread of its own; `body` is sent as JSON, bytes as they are."""
        return await asyncio.to_thread(self._request, method, path, body, headers or {})

    def _request(self, method: str, path: str, body: object, headers: dict[str, str]) -> Answer:
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        host = self.ready.url.removeprefix("http://")
        connection = http.client.HTTPConnection(host, timeout=10)
        try:
            connection.request(method, path, data, headers)
            answer = connection.getresponse()
            names = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, names, answer.read())
        finally:
            connection.close()


Test = Callable[[Running], Coroutine[Any, Any, None]]
Run = Callable[[Test], None]
"""Runs a test against a server."""


@asynccontextmanager
async def running(folder: Path, **settings: object) -> AsyncIterator[Running]:
    """The server, from ready to closed.

    Args:
        folder: For its database.
        settings: Of the server, by field name.
    """
    values = {
        "port": 0,
        "grpc_port": 0,
        "database": f"sqlite:///{folder / 'test.sqlite'}",
        "cache_dir": folder / "cache",
        "avatars": folder / "avatars",
        "capsules": folder / "capsules",
        "governance": folder / "governance.json",
        "writer": "thread",  # a process takes a while to start
        **settings,
    }
    media, responder = FakeMedia(), FakeResponder()
    server = Server(load_settings(values), media, lambda _library: responder)
    ready = await server.start()
    try:
        yield Running(server, ready, media, responder)
    finally:
        await server.aclose()


def run(folder: Path, test: Test, **settings: object) -> None:
    """Runs a test against a server of its own, within the limit; settings as for `running`."""

    async def main() -> None:
        async with asyncio.timeout(LIMIT_S), running(folder, **settings) as server:
            await test(server)

    asyncio.run(main())


async def made(server: Running, **options: object) -> str:
    """The id of a new session."""
    answer = await server.request("POST", "/api/sessions", options)
    assert answer.status == 201, answer.body
    return str(answer.json["id"])


async def told(server: Running, path: str, body: object) -> list[dict[str, Any]]:
    """What a stream of server-sent events tells, event by event."""
    answer = await server.request("POST", path, body)
    assert answer.status == 200, answer.body
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = answer.body.decode().removesuffix("\n\n").split("\n\n")
    return [json.loads(event.removeprefix("data: ")) for event in events]


def is_error(answer: Answer, status: int, code: str, said: str, field: str | None = None) -> bool:
    """Whether an answer is this error, in the form that all errors have."""
    error = answer.json["error"]
    assert set(error) == {"code", "message", "details"}
    assert answer.headers["content-type"] == "application/json"
    fields = [detail["field"] for detail in error["details"]]
    assert field is None or fields == [field]
    return answer.status == status and error["code"] == code and said in error["message"]
