"""The API's paths under /api/library."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BeforeValidator

from capsules.model import Layer
from capsules.targets import targets
from control_plane.catalog import Catalog
from control_plane.http_api.description import answer_of, body_of
from control_plane.studio.own_capsules import OwnCapsules
from control_plane.translate.jsonform import decode
from control_plane.translate.library import (
    capsule_text_from_json,
    capsule_to_json,
    expression_to_json,
    profile_to_json,
    saved_to_json,
    targets_to_json,
)

__all__ = ["library_routes"]

_LAYERS: dict[str, Layer | None] = {
    "LAYER_UNSPECIFIED": None,
    **{f"LAYER_{layer.name}": layer for layer in Layer},
}

PageSize = Annotated[int, Query(alias="pageSize", ge=0, le=1000)]
PageToken = Annotated[str, Query(alias="pageToken")]


def _plain_layer(value: object) -> object:
    """A layer's name in proto3 JSON, such as LAYER_FACE, as the library has it."""
    return _LAYERS.get(value, value) if isinstance(value, str) else value


AnyLayer = Annotated[Layer | None, BeforeValidator(_plain_layer), Query()]


def library_routes(catalog: Catalog, own: OwnCapsules) -> APIRouter:
    """Makes the routes.

    Args:
        catalog: The library.
        own: What keeps the user's capsules.
    """
    router = APIRouter(prefix="/api/library", tags=["library"])

    @router.get("/capsules", **answer_of("ListCapsulesResponse"))
    async def list_capsules(
        page_size: PageSize = 0, page_token: PageToken = "", layer: AnyLayer = None
    ) -> JSONResponse:
        """Lists capsules in order of their ids, page by page."""
        page, token = catalog.capsules(page_size, page_token, layer)
        shown = [capsule_to_json(item, catalog.standing(item)) for item in page]
        return JSONResponse({"capsules": shown, "nextPageToken": token})

    @router.get("/capsules/{cid}", **answer_of("Capsule"))
    async def get_capsule(cid: str) -> JSONResponse:
        """Returns one capsule, with its whole library form in `json`."""
        found = catalog.capsule(cid)
        return JSONResponse(capsule_to_json(found, catalog.standing(found), with_json=True))

    @router.post("/capsules", **body_of("SaveCapsuleRequest") | answer_of("SaveCapsuleResponse"))
    async def save_capsule(request: Request) -> JSONResponse:
        """Keeps a capsule in the user's own part of the library."""
        text = capsule_text_from_json(decode(await request.body()))
        return JSONResponse(saved_to_json(await own.save(text)))

    @router.get("/targets", **answer_of("ListTargetsResponse"))
    async def list_targets() -> JSONResponse:
        """Lists everything that a capsule's curves may move."""
        return JSONResponse(targets_to_json(targets().values()))

    @router.get("/expressions", **answer_of("ListExpressionsResponse"))
    async def list_expressions(page_size: PageSize = 0, page_token: PageToken = "") -> JSONResponse:
        """Lists expressions in order of their ids, page by page."""
        page, token = catalog.expressions(page_size, page_token)
        shown = [expression_to_json(item, catalog.standing(item)) for item in page]
        return JSONResponse({"expressions": shown, "nextPageToken": token})

    @router.get("/profiles", **answer_of("ListProfilesResponse"))
    async def list_profiles(page_size: PageSize = 0, page_token: PageToken = "") -> JSONResponse:
        """Lists profiles in order of their names, page by page."""
        page, token = catalog.profiles(page_size, page_token)
        shown = [profile_to_json(item, catalog.standing(item)) for item in page]
        return JSONResponse({"profiles": shown, "nextPageToken": token})

    return router
