"""The API's paths under /api/avatars."""

import asyncio
import hashlib
from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse, Response

from control_plane.http_api.description import answer_of, body_of
from control_plane.http_api.events import events_answer, events_of
from control_plane.studio.baker import MAX_PHOTO_BYTES
from control_plane.studio.studio import Studio
from control_plane.translate.avatars import (
    avatar_to_json,
    faces_to_json,
    order_from_json,
    photo_from_json,
    told_to_json,
)

__all__ = ["LARGE_BODIES", "avatar_routes"]

# A photo in base64, and what is told with it.
_BODY_BYTES = MAX_PHOTO_BYTES * 4 // 3 + 256 * 1024
LARGE_BODIES: Mapping[str, int] = {
    "/api/avatars": _BODY_BYTES,
    "/api/avatars:detectLandmarks": _BODY_BYTES,
}
"""How many bytes the bodies of requests for these paths may have."""

Name = Annotated[str, Path(description="The avatar's name.")]
Side = Annotated[int, Query(description="Side of the square picture in pixels, even.")]


def avatar_routes(studio: Studio) -> APIRouter:
    """Makes the routes.

    Args:
        studio: What the studio works with.
    """
    router = APIRouter(prefix="/api", tags=["avatars"])

    @router.get("/avatars", **answer_of("ListAvatarsResponse"))
    async def list_avatars() -> JSONResponse:
        """Lists the avatars that sessions may name."""
        found = await studio.avatars.all()
        return JSONResponse({"avatars": [avatar_to_json(item) for item in found]})

    @router.post("/avatars", **body_of("BakeAvatarRequest") | events_of("BakeAvatarResponse"))
    async def bake_avatar(request: Request) -> Response:
        """Makes an avatar from a photo (base64), and tells how far it has come.

        The answer is a stream of server-sent events whose data are BakeAvatarResponse messages in
        JSON, the last with the avatar; or, as the last, an error as in other answers. Closing the
        connection cancels the work.
        """
        body = await request.body()
        order = await asyncio.to_thread(order_from_json, body)
        return events_answer(lambda: studio.bake(order), told_to_json, "baking")

    @router.post(
        "/avatars:detectLandmarks",
        **body_of("DetectLandmarksRequest") | answer_of("DetectLandmarksResponse"),
    )
    async def detect_landmarks(request: Request) -> JSONResponse:
        """Finds the faces in a photo (base64)."""
        photo = await asyncio.to_thread(photo_from_json, await request.body())
        return JSONResponse(faces_to_json(await studio.baker.detect(photo)))

    @router.delete("/avatars/{name}", **answer_of("DeleteAvatarResponse"))
    async def delete_avatar(name: Name) -> JSONResponse:
        """Deletes one of the user's avatars; sessions that show it go on."""
        await studio.avatars.delete(name)
        return JSONResponse({})

    @router.get(
        "/avatars/{name}/capsules/{cid}.png", responses={200: {"content": {"image/png": {}}}}
    )
    async def picture(request: Request, name: Name, cid: str, side: Side = 160) -> Response:
        """What the avatar looks like when that capsule or expression is at its height."""
        avatar = await studio.avatars.get(name)
        content = await studio.thumbnails.png(studio.own.library, avatar, cid, side)
        tag = f'"{hashlib.sha256(content).hexdigest()[:24]}"'
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers={"ETag": tag})
        return Response(content, media_type="image/png", headers={"ETag": tag})

    return router
