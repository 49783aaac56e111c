"""The API's path for recordings that become capsules."""

import asyncio
from collections.abc import Mapping

from fastapi import APIRouter, Request
from fastapi.responses import Response

from control_plane.http_api.description import body_of
from control_plane.http_api.events import events_answer, events_of
from control_plane.studio.studio import Studio
from control_plane.studio.takes import MAX_TAKE_BYTES
from control_plane.translate.takes import take_from_json, taken_to_json

__all__ = ["LARGE_TAKE_BODIES", "take_routes"]

_PATH = "/api/library/capsules:importTake"
# A recording in base64, and what is told with it.
LARGE_TAKE_BODIES: Mapping[str, int] = {_PATH: MAX_TAKE_BYTES * 4 // 3 + 64 * 1024}
"""How many bytes the body of a request for that path may have."""


def take_routes(studio: Studio, usual_avatar: str) -> APIRouter:
    """Makes the route.

    Args:
        studio: What the studio works with.
        usual_avatar: Stands in where a request names none.
    """
    router = APIRouter(tags=["library"])

    @router.post(_PATH, **body_of("ImportTakeRequest") | events_of("ImportTakeResponse"))
    async def import_take(request: Request) -> Response:
        """Makes a capsule of a recording (base64), and tells how far it has come.

        The answer is a stream of server-sent events whose data are ImportTakeResponse messages in
        JSON, the last with the capsule; or, as the last, an error as in other answers. Closing the
        connection cancels the work.
        """
        body = await request.body()
        order = await asyncio.to_thread(take_from_json, body, usual_avatar)
        return events_answer(lambda: studio.take(order), taken_to_json, "importing")

    return router
