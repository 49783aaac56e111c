"""The API's paths to what people think."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse

from control_plane.http_api.description import answer_of, body_of
from control_plane.translate.json_calls import over_json
from control_plane.translate.jsonform import decode
from control_plane.translate.memory_calls import MemoryCalls

__all__ = ["judging_routes"]


def judging_routes(calls: MemoryCalls) -> APIRouter:
    """Makes the routes.

    Args:
        calls: What answers.
    """
    router = APIRouter(prefix="/api/judgements", tags=["judgements"])

    @router.post(
        "",
        status_code=201,
        **body_of("CreateJudgementRequest") | answer_of("CreateJudgementResponse", 201),
    )
    async def create_judgement(request: Request) -> JSONResponse:
        """Keeps what somebody thinks of something that was made."""
        asked = decode(await request.body())
        return JSONResponse(await over_json(calls.create_judgement, asked), 201)

    @router.get("", **answer_of("ListJudgementsResponse"))
    async def list_judgements(
        target_kind: Annotated[
            str, Query(alias="targetKind", description="Name of a table, such as message.")
        ],
        target_id: Annotated[str, Query(alias="targetId")],
        inactive_too: Annotated[bool, Query(alias="inactiveToo")] = False,
    ) -> JSONResponse:
        """Lists what people think of something, the oldest first."""
        asked = {
            "target_kind": target_kind,
            "target_id": target_id,
            "inactive_too": inactive_too,
        }
        return JSONResponse(await over_json(calls.list_judgements, asked))

    @router.patch(
        "/{id}", **body_of("UpdateJudgementRequest") | answer_of("UpdateJudgementResponse")
    )
    async def update_judgement(
        judgement_id: Annotated[str, Path(alias="id", description="Its id.")], request: Request
    ) -> JSONResponse:
        """Takes a judgement out of what counts, or back in."""
        asked = decode(await request.body())
        return JSONResponse(await over_json(calls.update_judgement, asked, {"id": judgement_id}))

    return router
