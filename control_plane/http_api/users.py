"""The API's paths to the people in what is remembered."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse

from control_plane.http_api.description import answer_of, body_of
from control_plane.http_api.paging import PageSize, PageToken, paged
from control_plane.translate.json_calls import over_json
from control_plane.translate.jsonform import decode
from control_plane.translate.memory_calls import MemoryCalls

__all__ = ["user_routes"]

UserId = Annotated[str, Path(alias="id", description="Their id.")]


def user_routes(calls: MemoryCalls) -> APIRouter:
    """Makes the routes.

    Args:
        calls: What answers.
    """
    router = APIRouter(prefix="/api/users", tags=["users"])

    @router.get("", **answer_of("ListUsersResponse"))
    async def list_users(
        page_size: PageSize = 0,
        page_token: PageToken = "",
        username: str = "",
        external_identifier: Annotated[str, Query(alias="externalIdentifier")] = "",
    ) -> JSONResponse:
        """Lists users, the newest first, page by page."""
        asked = paged(
            page_size, page_token, username=username, external_identifier=external_identifier
        )
        return JSONResponse(await over_json(calls.list_users, asked))

    @router.post(
        "", status_code=201, **body_of("PutUserRequest") | answer_of("PutUserResponse", 201)
    )
    async def create_user(request: Request) -> JSONResponse:
        """Makes a user known."""
        asked = decode(await request.body())
        if isinstance(asked, dict) and isinstance(asked.get("user"), dict):
            asked = {"user": {name: value for name, value in asked["user"].items() if name != "id"}}
        return JSONResponse(await over_json(calls.put_user, asked), 201)

    @router.put("/{id}", **body_of("PutUserRequest") | answer_of("PutUserResponse"))
    async def put_user(user_id: UserId, request: Request) -> JSONResponse:
        """Changes a user: everything of them is as it says from now on."""
        asked = decode(await request.body())
        if isinstance(asked, dict) and isinstance(asked.get("user"), dict):
            asked = {"user": {**asked["user"], "id": user_id}}
        return JSONResponse(await over_json(calls.put_user, asked))

    @router.get("/{id}/export", **answer_of("ExportUserResponse"))
    async def export_user(user_id: UserId) -> JSONResponse:
        """Everything that is stored of a user, rows by table."""
        headers = {
            "Content-Disposition": 'attachment; filename="user.json"',
            "Cache-Control": "no-store",
        }
        return JSONResponse(await calls.export_user_as_json(user_id), headers=headers)

    @router.delete("/{id}", **answer_of("EraseUserResponse"))
    async def erase_user(user_id: UserId) -> JSONResponse:
        """Takes everything out that tells who a user is and what they said; for good."""
        return JSONResponse(await over_json(calls.erase_user, {"user_id": user_id}))

    return router
