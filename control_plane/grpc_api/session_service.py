"""SessionService over gRPC."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from itertools import count
from typing import Any

from grpc import aio

from capsulecast.v1 import session_service_pb2 as pb
from capsulecast.v1 import session_service_pb2_grpc as pb_grpc
from control_plane.errors import InvalidArgumentError, status_of
from control_plane.grpc_api.answers import answering, status_message
from control_plane.sessions.manager import SessionManager
from control_plane.sessions.options import Client, SessionOptions
from control_plane.sessions.session import NEGOTIATE_S, LiveSession
from control_plane.sessions.subscription import Subscription
from control_plane.sessions.updates import Rejection
from control_plane.translate.events import event_from_message
from control_plane.translate.moods import (
    explanation_to_message,
    limit_of,
    personalities_to_message,
)
from control_plane.translate.sessions import (
    offer_from_message,
    options_from_message,
    session_to_message,
)
from control_plane.translate.updates import PacketAnswers, update_to_message, updates_to_message
from engine.packet import IdPacket
from engine.wire import to_message

__all__ = ["SessionService"]

_CLIENT_KEY = "x-client-id"
_TRACE_KEY = "traceparent"
_MAX_CLIENT_CHARS = 100
_NS_PER_US = 1000
# What is stored is told within this time to those who take answers together.
_PATIENCE_S = 0.5
_LOG = logging.getLogger(__name__)

Context = aio.ServicerContext[Any, Any]


class SessionService(pb_grpc.SessionServiceServicer):
    """The service; see `proto/capsulecast/v1/session_service.proto`.

    A client numbers its events, and a number that does not rise is refused: each Converse stream
    counts for itself, and so does each caller of SendEvent that names itself by the metadata
    `x-client-id`. Calls without it may come in any order.

    Args:
        sessions: All sessions.
        defaults: Options for what a request leaves out.
    """

    def __init__(self, sessions: SessionManager, defaults: SessionOptions) -> None:
        self._sessions = sessions
        self._defaults = replace(defaults, client=Client(platform="grpc"))
        self._streams = count(1)
        self._answers = PacketAnswers()

    async def CreateSession(  # noqa: N802 - gRPC's name
        self, request: pb.CreateSessionRequest, context: Context
    ) -> pb.CreateSessionResponse:
        """Makes a session."""
        async with answering(context):
            options = options_from_message(request.options, self._defaults)
            session = await self._sessions.create(options)
            return pb.CreateSessionResponse(session=session_to_message(session.info))

    async def GetSession(  # noqa: N802 - gRPC's name
        self, request: pb.GetSessionRequest, context: Context
    ) -> pb.GetSessionResponse:
        """Returns one session."""
        async with answering(context):
            info = self._sessions.info(request.session_id)
            return pb.GetSessionResponse(session=session_to_message(info))

    async def ListSessions(  # noqa: N802 - gRPC's name
        self, request: pb.ListSessionsRequest, context: Context
    ) -> pb.ListSessionsResponse:
        """Lists the sessions."""
        async with answering(context):
            infos, token = self._sessions.page(
                request.page_size, request.page_token, include_ended=request.include_ended
            )
            return pb.ListSessionsResponse(
                sessions=[session_to_message(info) for info in infos], next_page_token=token
            )

    async def EndSession(  # noqa: N802 - gRPC's name
        self, request: pb.EndSessionRequest, context: Context
    ) -> pb.EndSessionResponse:
        """Ends a session."""
        async with answering(context):
            info = await self._sessions.end(request.session_id)
            return pb.EndSessionResponse(session=session_to_message(info))

    async def SendEvent(  # noqa: N802 - gRPC's name
        self, request: pb.SendEventRequest, context: Context
    ) -> pb.SendEventResponse:
        """Sends one event."""
        async with answering(context):
            session = self._sessions.get(request.session_id)
            event, trace = event_from_message(request.event), _trace_of(context)
            handled = session.handle(event, _client_of(context), trace=trace)
            packet = to_message(handled.packets[0]) if handled.packets else None
            return pb.SendEventResponse(packet=packet, brain_us=handled.brain_ns // _NS_PER_US)

    async def Converse(  # noqa: N802 - gRPC's name
        self, request_iterator: AsyncIterator[pb.ConverseRequest], context: Context
    ) -> AsyncIterator[pb.ConverseResponse]:
        """Events in; packets, mood and speech state out, until either side ends.

        When the client ends its side, what the session says goes on until the client leaves.
        """
        async with answering(context):
            first = await anext(aiter(request_iterator), None)
            if first is None or not first.session_id:
                message = "session_id is missing, expected it in the first request"
                raise InvalidArgumentError(message, "session_id")
            session = self._sessions.get(first.session_id)
            subscription = session.subscribe(patience_s=_PATIENCE_S if first.together else 0.0)
            client, trace = f"stream:{next(self._streams)}", _trace_of(context)
            stream = _Stream(session, subscription, client, trace)
            # From here on the client misses nothing, and may want to know before it sends events.
            await context.send_initial_metadata(())
            stream.take(first)
            reader = asyncio.create_task(stream.read(request_iterator), name="converse-reader")
            try:
                if first.together:
                    while updates := await subscription.together():
                        yield updates_to_message(updates)
                else:
                    async for update in subscription:
                        yield update_to_message(update)
            finally:
                session.unsubscribe(subscription)
                session.forget(stream.client)
                reader.cancel()
                with suppress(asyncio.CancelledError):
                    await reader

    async def WatchPackets(  # noqa: N802 - gRPC's name
        self, request: pb.WatchPacketsRequest, context: Context
    ) -> AsyncIterator[pb.WatchPacketsResponse]:
        """Every packet of a session from now on, until it ends."""
        async with answering(context):
            session = self._sessions.get(request.session_id)
            subscription = session.subscribe()
            try:
                # From here on the client misses nothing, and may want to know.
                await context.send_initial_metadata(())
                async for update in subscription:
                    if isinstance(update, IdPacket):
                        yield self._answers.answer(update)
            finally:
                session.unsubscribe(subscription)

    async def Negotiate(  # noqa: N802 - gRPC's name
        self, request: pb.NegotiateRequest, context: Context
    ) -> pb.NegotiateResponse:
        """Answers a WebRTC offer, within the caller's deadline or ten seconds."""
        async with answering(context):
            session = self._sessions.get(request.session_id)
            offer = offer_from_message(request.offer)
            limit_s = context.time_remaining() or NEGOTIATE_S
            sdp_type, sdp = await session.negotiate(*offer, limit_s)
            return pb.NegotiateResponse(answer=pb.SessionDescription(type=sdp_type, sdp=sdp))

    async def ExplainMood(  # noqa: N802 - gRPC's name
        self, request: pb.ExplainMoodRequest, context: Context
    ) -> pb.ExplainMoodResponse:
        """Tells why a session's mood is what it is."""
        async with answering(context):
            limit = limit_of(request.limit)
            explanation = self._sessions.get(request.session_id).explain_mood(limit)
            # Some ms of writing, of records that nobody changes.
            return await asyncio.to_thread(explanation_to_message, explanation)

    async def ListPersonalities(  # noqa: N802 - gRPC's name
        self,
        request: pb.ListPersonalitiesRequest,  # noqa: ARG002 - gRPC's signature
        context: Context,
    ) -> pb.ListPersonalitiesResponse:
        """Lists the personalities that sessions may have."""
        async with answering(context):
            return personalities_to_message(self._sessions.personalities)


class _Stream:
    """The client's side of one Converse."""

    def __init__(
        self, session: LiveSession, subscription: Subscription, client: str, trace: str
    ) -> None:
        self._session = session
        self._subscription = subscription
        self.client = client
        self._trace = trace

    async def read(self, requests: AsyncIterator[pb.ConverseRequest]) -> None:
        """Takes requests until the client ends its side."""
        async for request in requests:
            self.take(request)

    def take(self, request: pb.ConverseRequest) -> None:
        """Takes one event; what is wrong with it is answered, and the stream goes on."""
        if not request.HasField("event"):
            return
        try:
            event = event_from_message(request.event)
            self._session.handle(event, self.client, trace=self._trace)
        except Exception as error:  # one bad event must not end the stream
            if status_of(error).code == "INTERNAL":
                _LOG.exception("session %s: an event failed", self._session.id)
            status = status_message(error)
            self._subscription.offer(Rejection(request.event.sequence, status.code, status.message))


def _client_of(context: Context) -> str:
    value = _metadata(context, _CLIENT_KEY)
    return f"id:{value[:_MAX_CLIENT_CHARS]}" if value else ""


def _trace_of(context: Context) -> str:
    """The trace that a call is a part of, a W3C traceparent; empty: none."""
    return _metadata(context, _TRACE_KEY)


def _metadata(context: Context, wanted: str) -> str:
    for key, value in context.invocation_metadata() or ():
        if key == wanted:
            return str(value)
    return ""
