"""The API's paths to conversations, messages and memories, to figures and faults."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse

from control_plane.http_api.description import answer_of, body_of
from control_plane.http_api.paging import PageSize, PageToken, paged
from control_plane.translate.json_calls import over_json
from control_plane.translate.jsonform import decode
from control_plane.translate.memory_calls import MemoryCalls

__all__ = ["remembered_routes"]

Id = Annotated[str, Path(alias="id", description="Its id.")]
UserId = Annotated[str, Query(alias="userId", description="Only those of this user.")]
SessionId = Annotated[str, Query(alias="sessionId", description="Only those of this session.")]


def remembered_routes(calls: MemoryCalls) -> APIRouter:
    """Makes the routes.

    Args:
        calls: What answers.
    """
    router = APIRouter(prefix="/api")
    _add_conversations(router, calls)
    _add_memories(router, calls)
    _add_figures(router, calls)
    return router


def _add_conversations(router: APIRouter, calls: MemoryCalls) -> None:
    @router.get("/conversations", tags=["conversations"], **answer_of("ListConversationsResponse"))
    async def list_conversations(
        page_size: PageSize = 0,
        page_token: PageToken = "",
        user_id: UserId = "",
        search: Annotated[str, Query(description="Only those with this text in a message.")] = "",
        min_quality: Annotated[float | None, Query(alias="minQuality", ge=0, le=1)] = None,
    ) -> JSONResponse:
        """Lists conversations, the newest first, page by page."""
        asked = paged(
            page_size, page_token, user_id=user_id, search=search, min_quality=min_quality
        )
        return JSONResponse(await over_json(calls.list_conversations, asked))

    @router.get(
        "/conversations/{id}", tags=["conversations"], **answer_of("GetConversationResponse")
    )
    async def get_conversation(conversation_id: Id) -> JSONResponse:
        """Returns one conversation."""
        return JSONResponse(await over_json(calls.get_conversation, {"id": conversation_id}))

    @router.get(
        "/conversations/{id}/messages", tags=["conversations"], **answer_of("ListMessagesResponse")
    )
    async def list_messages(
        conversation_id: Id, page_size: PageSize = 0, page_token: PageToken = ""
    ) -> JSONResponse:
        """Lists what was said in a conversation, the oldest first, page by page."""
        asked = paged(page_size, page_token, conversation_id=conversation_id)
        return JSONResponse(await over_json(calls.list_messages, asked))

    @router.patch(
        "/messages/{id}",
        tags=["conversations"],
        **body_of("UpdateMessageRequest") | answer_of("UpdateMessageResponse"),
    )
    async def update_message(message_id: Id, request: Request) -> JSONResponse:
        """Keeps a user's rating of a message, and says whether training may use it."""
        asked = decode(await request.body())
        return JSONResponse(await over_json(calls.update_message, asked, {"id": message_id}))


def _add_memories(router: APIRouter, calls: MemoryCalls) -> None:
    @router.get("/memories", tags=["memories"], **answer_of("ListMemoriesResponse"))
    async def list_memories(
        page_size: PageSize = 0,
        page_token: PageToken = "",
        user_id: UserId = "",
        tier: Annotated[str, Query(description="Only those of this one: MEMORY_TIER_LONG.")] = "",
    ) -> JSONResponse:
        """Lists memories, the newest first, page by page."""
        asked = paged(page_size, page_token, user_id=user_id, tier=tier)
        return JSONResponse(await over_json(calls.list_memories, asked))

    @router.post(
        "/memories",
        status_code=201,
        tags=["memories"],
        **body_of("CreateMemoryRequest") | answer_of("CreateMemoryResponse", 201),
    )
    async def create_memory(request: Request) -> JSONResponse:
        """Keeps a memory."""
        asked = decode(await request.body())
        return JSONResponse(await over_json(calls.create_memory, asked), 201)

    @router.delete("/memories/{id}", tags=["memories"], **answer_of("DeleteMemoryResponse"))
    async def delete_memory(memory_id: Id) -> JSONResponse:
        """Forgets a memory."""
        return JSONResponse(await over_json(calls.delete_memory, {"id": memory_id}))

    @router.post(
        "/users/{id}/recall",
        tags=["memories"],
        **body_of("RecallMemoriesRequest", required=False) | answer_of("RecallMemoriesResponse"),
    )
    async def recall_memories(user_id: Id, request: Request) -> JSONResponse:
        """What to have in mind of a user now: at most 5 memories, 2 of a tier."""
        body = await request.body()
        asked = decode(body) if body.strip() else {}
        return JSONResponse(await over_json(calls.recall_memories, asked, {"user_id": user_id}))


def _add_figures(router: APIRouter, calls: MemoryCalls) -> None:
    @router.get("/performance", tags=["figures"], **answer_of("ListPerformanceResponse"))
    async def list_performance(
        page_size: PageSize = 0,
        page_token: PageToken = "",
        session_id: SessionId = "",
        measure: Annotated[str, Query(description="Only those of this measure.")] = "",
    ) -> JSONResponse:
        """Lists measured figures, the newest first, page by page."""
        asked = paged(page_size, page_token, session_id=session_id, measure=measure)
        return JSONResponse(await over_json(calls.list_performance, asked))

    @router.get("/faults", tags=["figures"], **answer_of("ListFaultsResponse"))
    async def list_faults(
        page_size: PageSize = 0,
        page_token: PageToken = "",
        session_id: SessionId = "",
        mode: Annotated[str, Query(description="Only those of this kind.")] = "",
    ) -> JSONResponse:
        """Lists faults, the newest first, page by page."""
        asked = paged(page_size, page_token, session_id=session_id, mode=mode)
        return JSONResponse(await over_json(calls.list_faults, asked))
