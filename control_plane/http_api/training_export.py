"""The API's paths to what there is to train on: exports, counts, marks."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse, StreamingResponse

from control_plane.http_api.description import answer_of, body_of
from control_plane.remembering.remembered import Remembered
from control_plane.translate.json_calls import over_json
from control_plane.translate.jsonform import decode
from control_plane.translate.training_calls import TrainingCalls
from control_plane.translate.training_rows import export_from_json
from storage.export_formats import ExportFormat

__all__ = ["export_routes"]

_BYTES = {"type": "string", "format": "binary"}


def export_routes(calls: TrainingCalls, remembered: Remembered) -> APIRouter:
    """Makes the routes.

    Args:
        calls: What answers.
        remembered: What exports.
    """
    router = APIRouter(prefix="/api/training", tags=["training"])

    @router.post("/export", **body_of("ExportConversationsRequest") | _exported())
    async def export_conversations(request: Request) -> StreamingResponse:
        """Exports conversations, as JSON, as JSON lines for chat, or as Parquet.

        `format` is json, jsonl or parquet, `personal` keep, pseudonymise or omit. One conversation
        as JSON is an object, and any number of them an array. An export that broke off goes on
        with `after`: the id of the last conversation that came.
        """
        selection, form = export_from_json(decode(await request.body()))
        name = f"capsulecast-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.{form}"
        headers = {
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        }
        blocks = await remembered.export(selection, form)
        return StreamingResponse(blocks, media_type=form.media_type, headers=headers)

    @router.get("/stats", **answer_of("GetTrainingStatsResponse"))
    async def get_training_stats() -> JSONResponse:
        """Tells how much there is to train on."""
        return JSONResponse(await over_json(calls.get_training_stats, {}))

    @router.post("/mark-exported/{conversation_id}", **answer_of("MarkExportedResponse"))
    async def mark_exported(
        conversation_id: Annotated[str, Path(description="Its id.")],
    ) -> JSONResponse:
        """Notes that a conversation has been exported; once."""
        asked = {"conversation_id": conversation_id}
        return JSONResponse(await over_json(calls.mark_exported, asked))

    return router


def _exported() -> dict[str, Any]:
    found = answer_of("ExportConversationsResponse")
    content: dict[str, Any] = {form.media_type: {"schema": _BYTES} for form in ExportFormat}
    content["application/json"] = {"schema": {"type": ["array", "object"]}}
    found["responses"][200] = {"description": "The export", "content": content}
    return found
