"""The API's paths under /api/governance, and the audit trail of a session."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse

from control_plane.governance.desk import GovernanceDesk
from control_plane.http_api.description import answer_of, body_of
from control_plane.translate.governance import (
    lines_to_json,
    ordered_from_json,
    orders_to_json,
    rules_to_json,
)
from control_plane.translate.jsonform import decode

__all__ = ["governance_routes"]

PageSize = Annotated[int, Query(alias="pageSize", ge=0, le=1000)]
PageToken = Annotated[str, Query(alias="pageToken")]
SessionId = Annotated[str, Path(alias="id", description="The session's id.")]


def governance_routes(desk: GovernanceDesk) -> APIRouter:
    """Makes the routes.

    Args:
        desk: What answers.
    """
    router = APIRouter(prefix="/api", tags=["governance"])
    governance = desk.governance

    @router.get("/governance", **answer_of("GetRulesResponse"))
    async def get_rules() -> JSONResponse:
        """Returns the rules in force."""
        return JSONResponse(rules_to_json(governance.rules))

    @router.post("/governance/revoke", **body_of("RevokeRequest") | answer_of("RevokeResponse"))
    async def revoke(request: Request) -> JSONResponse:
        """Bars capsules and expressions from all sessions by their next frames."""
        asked = ordered_from_json(decode(await request.body()))
        rules = await governance.revoke(asked.ids, asked.actor, asked.reason)
        return JSONResponse(rules_to_json(rules))

    @router.post(
        "/governance/reinstate", **body_of("ReinstateRequest") | answer_of("ReinstateResponse")
    )
    async def reinstate(request: Request) -> JSONResponse:
        """Takes revocations back."""
        asked = ordered_from_json(decode(await request.body()))
        rules = await governance.reinstate(asked.ids, asked.actor, asked.reason)
        return JSONResponse(rules_to_json(rules))

    @router.post(
        "/governance/whitelist",
        **body_of("SetWhitelistRequest") | answer_of("SetWhitelistResponse"),
    )
    async def set_whitelist(request: Request) -> JSONResponse:
        """Lets these alone play; without ids, everything again that is not revoked."""
        asked = ordered_from_json(decode(await request.body()))
        rules = await governance.set_whitelist(asked.ids or None, asked.actor, asked.reason)
        return JSONResponse(rules_to_json(rules))

    @router.get("/governance/orders", **answer_of("ListOrdersResponse"))
    async def list_orders(page_size: PageSize = 0, page_token: PageToken = "") -> JSONResponse:
        """Lists the orders that were given, the newest first, page by page."""
        return JSONResponse(orders_to_json(*await desk.orders(page_size, page_token)))

    @router.get("/sessions/{id}/audit", **answer_of("ListAuditLinesResponse"))
    async def list_audit_lines(
        session_id: SessionId, page_size: PageSize = 0, page_token: PageToken = ""
    ) -> JSONResponse:
        """Lists a session's packets with their causes, page by page."""
        return JSONResponse(lines_to_json(*await desk.lines(session_id, page_size, page_token)))

    return router
