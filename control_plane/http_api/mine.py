"""The API's paths to what is remembered of whoever asks.

A page that is to be remembered names its user by `page-` and 32 random hexadecimal digits, which
it keeps to itself: whoever knows them is that user, and may see and delete what is remembered.
Users whom an operator named otherwise may be guessed, and are not answered here.
"""

import re
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from control_plane.errors import UnauthenticatedError
from control_plane.http_api.description import answer_of
from control_plane.translate.own_memories import OwnMemories

__all__ = ["own_routes"]

_BEARER = re.compile(r"bearer (page-[0-9a-f]{32})", re.IGNORECASE)
_HEADERS = {"Cache-Control": "no-store"}
_ERROR: dict[int | str, dict[str, Any]] = {"default": answer_of("Error")["responses"]["default"]}


class _Message(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, frozen=True)


class OwnMemoryMessage(_Message):
    """Something that is remembered of whoever asks."""

    id: str
    text: str = Field(description="In words to themselves, such as: You live in Bonn.")
    said: str = Field(description="The line that told it.")
    created_at: str = Field(description="When, UTC.")


class OwnMemoriesMessage(_Message):
    """All that is remembered of whoever asks."""

    memories: list[OwnMemoryMessage] = Field(description="The newest first.")


class ForgottenMessage(_Message):
    """What was forgotten."""

    forgotten: int = Field(description="How many memories.")


def own_routes(memories: OwnMemories) -> APIRouter:
    """Makes the routes.

    Args:
        memories: What answers.
    """
    router = APIRouter(prefix="/api/me/memories", tags=["memories"])

    @router.get("", response_model=OwnMemoriesMessage, responses=_ERROR)
    async def list_mine(request: Request) -> JSONResponse:
        """Lists all that is remembered of whoever asks.

        `Authorization: Bearer page-...` says who that is: what a page names its user by.
        """
        return JSONResponse(await memories.all(_person(request)), headers=_HEADERS)

    @router.delete("/{id}", responses=_ERROR)
    async def forget_mine(
        request: Request, memory_id: Annotated[str, Path(alias="id", description="Its id.")]
    ) -> JSONResponse:
        """Forgets one of them."""
        await memories.forget(_person(request), memory_id)
        return JSONResponse({})

    @router.delete("", response_model=ForgottenMessage, responses=_ERROR)
    async def forget_all_of_mine(request: Request) -> JSONResponse:
        """Forgets all of them."""
        return JSONResponse({"forgotten": await memories.forget_all(_person(request))})

    return router


def _person(request: Request) -> str:
    """Who asks.

    Raises:
        UnauthenticatedError: It is nobody whom a page named.
    """
    found = _BEARER.fullmatch(request.headers.get("authorization", "").strip())
    if found is None:
        raise UnauthenticatedError(
            "expected who you are: authorization: Bearer page- and 32 hexadecimal digits"
        )
    return found[1].lower()
