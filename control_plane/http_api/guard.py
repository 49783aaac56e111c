"""What every request passes before anything else sees it: host, origin, size, safe headers."""

from collections.abc import Iterable, Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from control_plane.hosts import host_of, is_address
from control_plane.http_api.answers import error_body

__all__ = ["MAX_BODY_BYTES", "Guard"]

MAX_BODY_BYTES = 256 * 1024
_DRAINED_BYTES = 8 * 1024 * 1024
_SHOWN_CHARS = 60
_HEADERS = {
    # Asked for again each time, and answered with 304 where nothing changed.
    "Cache-Control": "no-cache",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
        "style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; "
        "frame-ancestors 'self'; form-action 'self'"
    ),
}


class Guard:
    """ASGI middleware.

    Bodies above `MAX_BODY_BYTES` are read away and answered with 413. Requests that change
    something and come from a page of another origin are answered with 403: a browser sends
    simple ones without asking first. So are requests for a host that is not ours: the owner of a
    name may point it at this machine, and its pages would then be of our origin. Addresses and
    localhost, at whatever port a tunnel may have, nobody can point elsewhere.

    Args:
        app: What it guards.
        allowed_origins: Other origins that may call.
        allowed_hosts: Names of this server; those of the allowed origins are too.
        large_bodies: Paths whose bodies may have more than `MAX_BODY_BYTES`, and how many.
    """

    def __init__(
        self,
        app: ASGIApp,
        allowed_origins: Iterable[str] = (),
        allowed_hosts: Iterable[str] = (),
        large_bodies: Mapping[str, int] | None = None,
    ) -> None:
        self._app = app
        self._large_bodies = large_bodies or {}
        self._allowed_origins = frozenset(allowed_origins)
        of_origins = {host_of(_authority(origin)) for origin in self._allowed_origins}
        names = {host.lower().rstrip(".") for host in allowed_hosts}
        self._allowed_hosts = frozenset({"localhost"} | names | of_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        if refusal := self._refusal(scope):
            body = error_body("PERMISSION_DENIED", refusal)
            await JSONResponse(body, 403)(scope, receive, send_safely)
            return
        limit = self._large_bodies.get(scope["path"], MAX_BODY_BYTES)
        body_messages = await _read(receive, limit)
        if body_messages is None:
            message = f"the body is too large, expected at most {limit:,} bytes"
            answer = JSONResponse(error_body("INVALID_ARGUMENT", message), 413)
            await answer(scope, receive, send_safely)
            return

        waiting = iter(body_messages)

        async def receive_read() -> Message:
            return next(waiting, None) or await receive()

        await self._app(scope, receive_read, send_safely)

    def _refusal(self, scope: Scope) -> str:
        """Why the request may not pass; empty: it may."""
        headers = Headers(scope=scope)
        # Only HTTP/1.0 leaves the host out, and no browser speaks that.
        host = headers.get("host")
        if host is not None and not self._is_our_host(host_of(host)):
            return (
                f"the host is {host[:_SHOWN_CHARS]!r}, expected an IP address, localhost or one "
                "of the server's allowed_hosts"
            )
        origin = headers.get("origin")
        if origin is None or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            return ""
        if origin in self._allowed_origins or _authority(origin) == host:
            return ""
        return "this page's origin may not call the API"

    def _is_our_host(self, host: str) -> bool:
        return is_address(host) or host in self._allowed_hosts


def _authority(origin: str) -> str:
    """HOST:PORT of an origin such as "https://HOST:PORT"; empty for "null"."""
    return origin.partition("://")[2]


async def _read(receive: Receive, limit: int) -> list[Message] | None:
    """The whole body, or None where it is too large; then as much as is sensible is read away."""
    messages: list[Message] = []
    size = 0
    while True:
        message = await receive()
        size += len(message.get("body", b""))
        if size <= limit:
            messages.append(message)
        if message["type"] != "http.request" or not message.get("more_body"):
            return messages if size <= limit else None
        if size > max(limit, _DRAINED_BYTES):
            return None
