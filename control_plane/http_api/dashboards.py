"""The dashboards' paths, under /dashboard, and what scrapers read at /metrics."""

import base64
import binascii
import logging
from collections.abc import Callable
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from control_plane.access import Access
from control_plane.dashboards.pages import Dashboards, Listed
from control_plane.errors import UnauthenticatedError, status_of
from control_plane.http_api.door import caller
from control_plane.observing.metrics import Metrics
from control_plane.remembering.remembered import Remembered
from storage.days import MAX_DAYS

__all__ = ["dashboard_routes", "metrics_routes"]

_LOG = logging.getLogger(__name__)
_BASIC = "basic "

Days = Annotated[int, Query(ge=1, le=MAX_DAYS)]
Text = Annotated[str, Query(max_length=200)]
Token = Annotated[str, Query(max_length=300)]


def dashboard_routes(dashboards: Dashboards, remembered: Remembered) -> APIRouter:
    """Makes the routes of the pages.

    Whoever may call the memory's API may see them. A browser asks for the access token as for a
    password (RFC 7617), whatever the name.

    Args:
        dashboards: What writes the pages.
        remembered: Where it is read, and who may see it.
    """
    router = APIRouter(
        prefix="/dashboard", include_in_schema=False, default_response_class=Response
    )

    async def shown(request: Request, root: str, write: Callable[[], str]) -> HTMLResponse:
        headers = {"Cache-Control": "no-store"}
        try:
            _check(remembered.access, request)
            return HTMLResponse(await remembered.run_settled(write), headers=headers)
        except Exception as error:  # the page's root: an error is a page too
            status = status_of(error)
            if status.code == "INTERNAL":
                _LOG.exception("%s failed", request.url.path)
            said = "internal error" if status.code == "INTERNAL" else str(error)
            if isinstance(error, UnauthenticatedError):
                headers["WWW-Authenticate"] = 'Basic realm="capsulecast", charset="UTF-8"'
            page = dashboards.refusal(status.http_status, said, root)
            return HTMLResponse(page, status.http_status, headers)

    @router.get("")
    async def overview(request: Request) -> HTMLResponse:
        return await shown(request, "", dashboards.overview)

    # Without a slash: what a page loads is named from the root it lies under.
    @router.get("/")
    async def with_slash() -> RedirectResponse:
        return RedirectResponse("../dashboard")

    @router.get("/conversations")
    async def conversations(
        request: Request,
        q: Text = "",
        state: Text = "",
        training: Text = "",
        quality: Text = "",
        page: Token = "",
    ) -> HTMLResponse:
        listed = Listed(q, state, training, _share(quality), page)
        return await shown(request, "../", partial(dashboards.conversations, listed))

    @router.get("/conversations/{key}")
    async def conversation(
        request: Request, key: str, skip: Annotated[int, Query(ge=0, le=1_000_000)] = 0
    ) -> HTMLResponse:
        return await shown(request, "../../", partial(dashboards.conversation, key, skip))

    @router.get("/conversations/{key}/packets")
    async def packets(
        request: Request, key: str, after: Annotated[int, Query(ge=0, lt=2**63)] = 0
    ) -> HTMLResponse:
        return await shown(request, "../../../", partial(dashboards.packets, key, after))

    @router.get("/latency")
    async def latency(request: Request, days: Days = 7) -> HTMLResponse:
        return await shown(request, "../", partial(dashboards.latency, days))

    @router.get("/faults")
    async def faults(
        request: Request, days: Days = 7, kind: Text = "", page: Token = ""
    ) -> HTMLResponse:
        return await shown(request, "../", partial(dashboards.faults, days, kind, page))

    @router.get("/training")
    async def training(request: Request) -> HTMLResponse:
        return await shown(request, "../", dashboards.training)

    return router


def metrics_routes(metrics: Metrics, access: Access) -> APIRouter:
    """Makes the route under /metrics, for whoever may call the memory's API.

    Args:
        metrics: What writes the figures.
        access: Who may read them.
    """
    router = APIRouter(include_in_schema=False)

    @router.get("/metrics")
    async def scrape(request: Request) -> Response:
        _check(access, request)
        content, media_type = metrics.write(request.headers.get("accept", ""))
        return Response(content, media_type=None, headers={"Content-Type": media_type})

    return router


def _check(access: Access, request: Request) -> None:
    given = request.headers.get("authorization")
    if given is not None and given[: len(_BASIC)].lower() == _BASIC:
        given = f"Bearer {_password(given[len(_BASIC) :])}"
    access.check(given, caller(request))


def _password(encoded: str) -> str:
    """What follows the name in Basic credentials; empty: they are malformed."""
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[2]
    except (binascii.Error, ValueError):
        return ""


def _share(text: str) -> float:
    """What was typed into the form as a share; 0 where it is none: nothing is asked then."""
    try:
        return min(1.0, max(0.0, float(text)))
    except ValueError:
        return 0.0
