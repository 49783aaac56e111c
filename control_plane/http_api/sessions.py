"""The API's paths under /api/sessions."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Request
from fastapi.responses import JSONResponse

from control_plane.http_api.description import answer_of, body_of
from control_plane.sessions.manager import SessionManager
from control_plane.sessions.options import SessionOptions
from control_plane.translate.events import event_from_text
from control_plane.translate.jsonform import decode
from control_plane.translate.moods import explanation_to_json, limit_of, personalities_to_json
from control_plane.translate.sessions import (
    offer_from_json,
    options_from_json,
    session_to_json,
)
from control_plane.translate.updates import packet_to_json

__all__ = ["personality_routes", "session_routes"]

_NS_PER_US = 1000

SessionId = Annotated[str, Path(alias="id", description="The session's id.")]
ClientId = Annotated[
    str | None,
    Header(
        max_length=100,
        description="Whose sequence numbers the event's number is one of; left out: nobody's.",
    ),
]
Traceparent = Annotated[
    str,
    Header(max_length=200, description="The trace that the event is a part of (W3C); none: none."),
]


def session_routes(sessions: SessionManager, defaults: SessionOptions) -> APIRouter:
    """Makes the routes.

    Args:
        sessions: All sessions.
        defaults: Options for what a request leaves out.
    """
    router = APIRouter(prefix="/api/sessions", tags=["sessions"])

    @router.post(
        "", status_code=201, **body_of("SessionOptions", required=False) | answer_of("Session", 201)
    )
    async def create_session(request: Request) -> JSONResponse:
        """Makes a session. `size` may also be a string such as "512x512"."""
        body = await request.body()
        options = options_from_json(decode(body) if body.strip() else {}, defaults)
        session = await sessions.create(options)
        return JSONResponse(session_to_json(session.info), 201)

    @router.get("", **answer_of("ListSessionsResponse"))
    async def list_sessions(
        page_size: Annotated[int, Query(alias="pageSize", ge=0, le=1000)] = 0,
        page_token: Annotated[str, Query(alias="pageToken")] = "",
        include_ended: Annotated[bool, Query(alias="includeEnded")] = False,
    ) -> JSONResponse:
        """Lists the sessions, newest first, page by page."""
        infos, token = sessions.page(page_size, page_token, include_ended=include_ended)
        shown = [session_to_json(info) for info in infos]
        return JSONResponse({"sessions": shown, "nextPageToken": token})

    @router.get("/{id}", **answer_of("Session"))
    async def get_session(session_id: SessionId) -> JSONResponse:
        """Returns one session."""
        return JSONResponse(session_to_json(sessions.info(session_id)))

    @router.delete("/{id}", **answer_of("Session"))
    async def end_session(session_id: SessionId) -> JSONResponse:
        """Ends a session; ending an ended one changes nothing."""
        return JSONResponse(session_to_json(await sessions.end(session_id)))

    @router.post("/{id}/offer", **body_of("SessionDescription") | answer_of("SessionDescription"))
    async def answer_offer(session_id: SessionId, request: Request) -> JSONResponse:
        """Answers a WebRTC offer that has its ICE candidates in it.

        The offer's data channel `events` takes Event messages (bare, or as `{"event": ...}`) and
        carries ConverseResponse messages to the viewer, each as JSON text; and once a second
        `{"stats": ...}` with measurements.
        """
        session = sessions.get(session_id)
        offer = offer_from_json(decode(await request.body()))
        sdp_type, sdp = await session.negotiate(*offer)
        return JSONResponse({"type": sdp_type, "sdp": sdp})

    @router.post("/{id}/events", **body_of("Event") | answer_of("SendEventResponse"))
    async def send_event(
        session_id: SessionId,
        request: Request,
        x_client_id: ClientId = None,
        traceparent: Traceparent = "",
    ) -> JSONResponse:
        """Sends one event and returns the first packet it led to."""
        session = sessions.get(session_id)
        event = event_from_text(await request.body())
        client = f"id:{x_client_id}" if x_client_id else ""
        handled = session.handle(event, client, trace=traceparent)
        answer: dict[str, Any] = {"brainUs": handled.brain_ns // _NS_PER_US}
        if handled.packets:
            answer["packet"] = packet_to_json(handled.packets[0])
        return JSONResponse(answer)

    @router.get("/{id}/mood/explanation", **answer_of("ExplainMoodResponse"))
    async def explain_mood(session_id: SessionId, limit: int = 0) -> JSONResponse:
        """Tells why the mood is what it is: the last changes, the newest first, at most 64."""
        explanation = sessions.get(session_id).explain_mood(limit_of(limit))
        # Some ms of writing, of records that nobody changes.
        return JSONResponse(await asyncio.to_thread(explanation_to_json, explanation))

    return router


def personality_routes(sessions: SessionManager) -> APIRouter:
    """Makes the route under /api/personalities.

    Args:
        sessions: Where they are used.
    """
    router = APIRouter(prefix="/api/personalities", tags=["sessions"])

    @router.get("", **answer_of("ListPersonalitiesResponse"))
    async def list_personalities() -> JSONResponse:
        """Lists the personalities that sessions may have."""
        return JSONResponse(personalities_to_json(sessions.personalities))

    return router
