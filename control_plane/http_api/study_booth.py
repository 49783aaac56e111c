"""What participants of studies use: the page, and the API's paths that need no access token.

Who somebody is lies in a cookie that scripts cannot read; no address holds it.
"""

from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi import Path as PathField
from fastapi.responses import FileResponse, JSONResponse

from control_plane.errors import UnauthenticatedError
from control_plane.http_api.description import answer_of
from control_plane.http_api.study_messages import (
    AnswerMessage,
    InvitationMessage,
    JoinMessage,
    RatingMessage,
    TurnMessage,
    turn_message,
)
from control_plane.remembering.remembered import Remembered
from control_plane.study.booth import Booth, SideAnswer

__all__ = ["booth_routes"]

_PAGE = Path(__file__).parents[1] / "web" / "study.html"
_COOKIE_S = 30 * 24 * 3600
_ERROR: dict[int | str, dict[str, Any]] = {"default": answer_of("Error")["responses"]["default"]}

Name = Annotated[str, PathField(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$", description="The study's.")]
TrialId = Annotated[UUID, PathField(alias="id", description="The trial's.")]
Side = Literal["left", "right"]


def booth_routes(remembered: Remembered) -> APIRouter:
    """Makes the routes.

    Args:
        remembered: Where the studies are.
    """
    router = APIRouter(tags=["studies"])
    booth = Booth(remembered.database, remembered.media)

    @router.get("/study/{name}", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(_PAGE)

    @router.get("/api/studies/{name}", response_model=InvitationMessage, responses=_ERROR)
    async def invitation(request: Request, name: Name) -> JSONResponse:
        """Tells what a study asks of those who take part."""
        about = await remembered.run(booth.about, name)
        code = request.cookies.get(_cookie(name), "")
        joined = bool(code) and await remembered.run(booth.takes_part, name, code)
        message = InvitationMessage(
            instructions=about.instructions,
            trials=about.trials,
            open=about.is_open,
            taking_part=joined,
        )
        return JSONResponse(message.model_dump(mode="json", by_alias=True))

    @router.post("/api/studies/{name}/participants", response_model=TurnMessage, responses=_ERROR)
    async def join(request: Request, name: Name, _consent: JoinMessage) -> JSONResponse:
        """Takes somebody in, who is known by a cookie from then on, and tells what comes first."""
        code = await remembered.run(booth.join, name)
        answer = await _turn(name, code)
        answer.set_cookie(
            _cookie(name),
            code,
            max_age=_COOKIE_S,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return answer

    @router.delete("/api/studies/{name}/participants", responses=_ERROR)
    async def leave(name: Name) -> JSONResponse:
        """Forgets who uses this browser, so that somebody else may take part; answers stay."""
        answer = JSONResponse({})
        answer.delete_cookie(_cookie(name), httponly=True, samesite="strict")
        return answer

    @router.get("/api/studies/{name}/trial", response_model=TurnMessage, responses=_ERROR)
    async def turn(request: Request, name: Name) -> JSONResponse:
        """Tells what this participant is to rate now."""
        return await _turn(name, _code(request, name))

    @router.post("/api/studies/{name}/trials/{id}", response_model=TurnMessage, responses=_ERROR)
    async def rate(
        request: Request, name: Name, trial_id: TrialId, answer: AnswerMessage
    ) -> JSONResponse:
        """Keeps what this participant says of a trial, once, and tells what comes next."""
        code = _code(request, name)
        await remembered.run(
            booth.answer,
            name,
            code,
            trial_id,
            _sides(answer),
            preferred=answer.preferred,
            comment=answer.comment,
        )
        return await _turn(name, code)

    @router.get(
        "/api/studies/{name}/trials/{id}/{side}.mp4",
        response_class=FileResponse,
        responses={200: {"content": {"video/mp4": {}}}, **_ERROR},
    )
    async def film(request: Request, name: Name, trial_id: TrialId, side: Side) -> FileResponse:
        """The film on one side of a trial of this participant's; ranges may be asked for."""
        code = _code(request, name)
        path = await remembered.run(booth.film, name, code, trial_id, side)
        # A tag and a date of the file would be the same for everybody who sees it.
        headers = {
            "ETag": f'"{trial_id}-{side}"',
            "Last-Modified": "Thu, 01 Jan 1970 00:00:00 GMT",
            "Cache-Control": "private, no-store",
        }
        return FileResponse(path, media_type="video/mp4", headers=headers)

    async def _turn(name: str, code: str) -> JSONResponse:
        return JSONResponse(turn_message(await remembered.run(booth.next, name, code)))

    return router


def _cookie(name: str) -> str:
    return f"study-{name}"


def _code(request: Request, name: str) -> str:
    code = request.cookies.get(_cookie(name), "")
    if not code:
        raise UnauthenticatedError("this browser's user does not take part in the study")
    return code


def _sides(answer: AnswerMessage) -> dict[str, SideAnswer]:
    found: dict[str, Any] = {"left": answer.left, "right": answer.right}
    return {side: _rated(message) for side, message in found.items() if message is not None}


def _rated(message: RatingMessage) -> SideAnswer:
    return SideAnswer(message.naturalness, message.uncanny, message.distraction, message.emotion)
