"""A gRPC client of a running server, with a session of its own."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc import StatusCode, aio
from grpc_status import rpc_status

from capsulecast.v1 import capsule_service_pb2_grpc as capsule_grpc
from capsulecast.v1 import common_pb2
from capsulecast.v1 import session_service_pb2 as pb
from capsulecast.v1 import session_service_pb2_grpc as pb_grpc
from tests.integration.running import LIMIT_S, Running, running

__all__ = ["Client", "chat", "emotion", "read", "read_any", "run"]


class Client:
    """Stubs on one channel, and a session."""

    def __init__(self, channel: aio.Channel, session_id: str = "") -> None:
        self.channel = channel
        self.sessions = pb_grpc.SessionServiceStub(channel)
        self.capsules = capsule_grpc.CapsuleServiceStub(channel)
        self.id = session_id

    async def send(self, event: pb.Event, session_id: str = "") -> pb.SendEventResponse:
        request = pb.SendEventRequest(session_id=session_id or self.id, event=event)
        return await self.sessions.SendEvent(request, timeout=LIMIT_S)

    async def refused(self, call: Awaitable[Any]) -> tuple[StatusCode, str, "Details"]:
        """Code, message and details of a call that fails."""
        with pytest.raises(aio.AioRpcError) as error:
            await call
        return error.value.code(), error.value.details() or "", details_of(error.value)


class Details:
    def __init__(self, status: status_pb2.Status) -> None:
        self.info = error_details_pb2.ErrorInfo()
        self.bad_request = error_details_pb2.BadRequest()
        self.retry = error_details_pb2.RetryInfo()
        self.kinds = set()
        for packed in status.details:
            for message in (self.info, self.bad_request, self.retry):
                if packed.Unpack(message):
                    self.kinds.add(type(message).__name__)

    @property
    def fields(self) -> list[str]:
        return [violation.field for violation in self.bad_request.field_violations]


def details_of(error: aio.AioRpcError) -> Details:
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            status = status_pb2.Status.FromString(value)
            assert status.code == error.code().value[0]
            assert status.message == error.details()
            assert rpc_status.to_status(status).code is error.code()
            return Details(status)
    raise AssertionError("no google.rpc.Status came with the error")


def chat(sequence: int, text: str = "Really? That is wonderful!") -> pb.Event:
    return pb.Event(sequence=sequence, chat=pb.ChatEvent(role=pb.CHAT_ROLE_USER, text=text))


def emotion(sequence: int, valence: float) -> pb.Event:
    vad = common_pb2.Vad(valence=valence)
    return pb.Event(sequence=sequence, emotion=pb.EmotionEvent(vad=vad))


async def read(stream: aio.StreamStreamCall[Any, Any]) -> pb.ConverseResponse:
    """The next answer, but those that tell whenever a message has been stored."""
    while (answer := await read_any(stream)).HasField("stored"):
        pass
    return answer


async def read_any(stream: aio.StreamStreamCall[Any, Any]) -> pb.ConverseResponse:
    """The next answer."""
    answer = await stream.read()
    assert isinstance(answer, pb.ConverseResponse)
    return answer


@asynccontextmanager
async def connected(folder: Path, **settings: object) -> AsyncIterator[tuple[Running, Client]]:
    async with (
        running(folder, **settings) as server,
        aio.insecure_channel(server.ready.grpc_address) as channel,
    ):
        client = Client(channel)
        made = await client.sessions.CreateSession(pb.CreateSessionRequest(), timeout=LIMIT_S)
        client.id = made.session.id
        yield server, client


Test = Callable[[Running, Client], Coroutine[Any, Any, None]]


def run(folder: Path, test: Test, **settings: object) -> None:
    async def main() -> None:
        async with asyncio.timeout(LIMIT_S), connected(folder, **settings) as (server, client):
            await test(server, client)

    asyncio.run(main())
