"""The API's paths under /api/studies for whoever runs studies."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse, PlainTextResponse

from control_plane.http_api.description import answer_of
from control_plane.http_api.study_messages import StudyListMessage, StudyMessage
from control_plane.remembering.remembered import Remembered
from control_plane.study.definition import StudyDefinition, read_definition
from control_plane.study.desk import StudyDesk
from control_plane.study.export import ratings_csv, report_json, report_markdown, state_json

__all__ = ["study_routes"]

_ERROR: dict[int | str, dict[str, Any]] = {"default": answer_of("Error")["responses"]["default"]}
_DEFINED: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/StudyDefinition"}}
        },
    }
}

Name = Annotated[str, Path(description="The study's name.")]
Comments = Annotated[bool, Query(description="What people wrote too, which may tell who they are.")]


def study_routes(remembered: Remembered) -> APIRouter:
    """Makes the routes.

    Args:
        remembered: Where the studies are.
    """
    router = APIRouter(prefix="/api/studies", tags=["studies"])
    desk = StudyDesk(remembered.database)
    run = remembered.run

    @router.get("", response_model=StudyListMessage, responses=_ERROR)
    async def list_studies() -> JSONResponse:
        """Lists the studies, the oldest first."""
        return JSONResponse({"studies": [state_json(state) for state in await run(desk.all)]})

    @router.post("", response_model=StudyMessage, responses=_ERROR, openapi_extra=_DEFINED)
    async def create_study(request: Request) -> JSONResponse:
        """Keeps a study; its films are made by `capsulecast study render`."""
        definition = read_definition(await request.body())
        return JSONResponse(state_json(await run(desk.create, definition)))

    @router.get("/{name}/definition", response_model=StudyDefinition, responses=_ERROR)
    async def definition(name: Name) -> JSONResponse:
        """Returns what defines a study."""
        found = await run(desk.definition, name)
        return JSONResponse(found.model_dump(mode="json", by_alias=True))

    @router.post("/{name}:open", response_model=StudyMessage, responses=_ERROR)
    async def open_study(name: Name) -> JSONResponse:
        """Lets participants in, at /study/{name}."""
        return JSONResponse(state_json(await run(desk.open, name)))

    @router.post("/{name}:close", response_model=StudyMessage, responses=_ERROR)
    async def close_study(name: Name) -> JSONResponse:
        """Lets nobody in any more; who is in may finish."""
        return JSONResponse(state_json(await run(desk.close, name)))

    @router.delete("/{name}", responses=_ERROR)
    async def delete_study(name: Name) -> JSONResponse:
        """Deletes a study that is not open, with its answers and its films; for good."""
        await run(desk.delete, name, remembered.media)
        return JSONResponse({})

    @router.get("/{name}/results", responses=_ERROR)
    async def results(name: Name) -> JSONResponse:
        """Returns what the answers come to; docs/studies.md tells what is what."""
        return JSONResponse(await run(lambda: report_json(desk.results(name))))

    @router.get("/{name}/results.md", response_class=PlainTextResponse, responses=_ERROR)
    async def results_markdown(name: Name) -> PlainTextResponse:
        """Returns the same as tables for people."""
        text = await run(lambda: report_markdown(desk.results(name)))
        return PlainTextResponse(text, media_type="text/markdown")

    @router.get("/{name}/ratings.csv", response_class=PlainTextResponse, responses=_ERROR)
    async def ratings(name: Name, *, comments: Comments = False) -> PlainTextResponse:
        """Returns every rating, a line each; participants are numbers."""
        text = await run(lambda: ratings_csv(desk.ratings(name), comments=comments))
        headers = {"Content-Disposition": 'attachment; filename="ratings.csv"'}
        return PlainTextResponse(text, media_type="text/csv", headers=headers)

    return router
