"""The API's path for what viewers think of the avatar's last reply."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse

from control_plane.errors import InvalidArgumentError
from control_plane.remembering.judging import JudgingDesk, LastReplyJudgement
from control_plane.translate.jsonform import decode

__all__ = ["last_reply_routes"]

_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": LastReplyJudgement.model_json_schema()}},
    }
}
_ERROR: dict[str, Any] = {
    "description": "An error",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
}


def last_reply_routes(desk: JudgingDesk) -> APIRouter:
    """Makes the route. Whoever knows a session's id may judge, as they may send it events.

    Args:
        desk: What keeps judgements.
    """
    router = APIRouter(prefix="/api/sessions", tags=["sessions"])

    @router.post(
        "/{id}/judgements", status_code=201, openapi_extra=_BODY, responses={"default": _ERROR}
    )
    async def judge_last_reply(
        session_id: Annotated[str, Path(alias="id", description="The session's id.")],
        request: Request,
    ) -> JSONResponse:
        """Keeps what a viewer thinks of the avatar's last reply.

        The answer has the judgement's `id`, which a later one may replace, and the `messageId`.
        """
        given = decode(await request.body())
        if not isinstance(given, dict):
            raise InvalidArgumentError("the judgement is no JSON object", "judgement")
        return JSONResponse(await desk.judge(session_id, given), 201)

    return router
