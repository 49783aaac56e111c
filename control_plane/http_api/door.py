"""The door before some paths: who may ask for them."""

from typing import Annotated, Any

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from control_plane.access import Access
from control_plane.hosts import is_loopback

__all__ = ["behind", "caller"]

_BEARER = "The server's access token. Where it has none, callers on its own machine are answered."


def behind(access: Access) -> dict[str, Any]:
    """Keywords of `include_router` for routes behind the door.

    Args:
        access: Who may pass.
    """
    bearer = HTTPBearer(auto_error=False, description=_BEARER)

    async def check(
        request: Request,
        _given: Annotated[HTTPAuthorizationCredentials | None, Security(bearer)],
    ) -> None:
        access.check(request.headers.get("authorization"), caller(request))

    return {"dependencies": [Depends(check)]}


def caller(request: Request) -> str:
    """Address of who asks; empty: unknown.

    A proxy on this machine says for whom it asks; what anybody else says of that counts nothing.
    """
    host = "" if request.client is None else request.client.host
    chain = ",".join(request.headers.getlist("x-forwarded-for"))
    forwarded = chain.rpartition(",")[2].strip()
    return forwarded if forwarded and is_loopback(host) else host
