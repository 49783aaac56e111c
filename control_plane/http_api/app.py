"""The HTTP application: API, page, description."""

from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse, JSONResponse, RedirectResponse
from starlette.middleware.cors import CORSMiddleware
from starlette.staticfiles import StaticFiles

from control_plane.catalog import Catalog
from control_plane.http_api.answers import add_error_answers
from control_plane.http_api.avatars import LARGE_BODIES, avatar_routes
from control_plane.http_api.description import describe
from control_plane.http_api.guard import Guard
from control_plane.http_api.library import library_routes
from control_plane.http_api.sessions import session_routes
from control_plane.sessions.manager import SessionManager
from control_plane.sessions.options import SessionOptions
from control_plane.studio import Studio

__all__ = ["create_app"]

_DOCS = Path(__file__).parent / "docs"
_WEB = Path(__file__).parents[1] / "web"
_DESCRIPTION = """Makes, drives and ends live avatars.

Messages are those of the gRPC API (`proto/capsulecast/v1`) in proto3 JSON. An error is
`{"error": {"code", "message", "details"}}`; `code` is the name of a google.rpc.Code.
"""


def create_app(
    sessions: SessionManager,
    catalog: Catalog,
    studio: Studio,
    defaults: SessionOptions,
    *,
    version: str,
    allowed_origins: tuple[str, ...] = (),
    allowed_hosts: tuple[str, ...] = (),
) -> FastAPI:
    """Makes the application.

    Args:
        sessions: All sessions.
        catalog: The library.
        studio: What the studio works with.
        defaults: Options for what a request leaves out.
        version: Version of the program.
        allowed_origins: Other web origins that may call the API.
        allowed_hosts: Names of this server, beside addresses and localhost.
    """
    app = FastAPI(
        title="capsulecast",
        version=version,
        description=_DESCRIPTION,
        docs_url=None,  # FastAPI's pages load scripts from the internet
        redoc_url=None,
    )
    describe(app)
    add_error_answers(app)
    app.include_router(session_routes(sessions, defaults))
    app.include_router(library_routes(catalog, studio.own))
    app.include_router(avatar_routes(studio))

    @app.get("/api/health", tags=["server"])
    async def health() -> JSONResponse:
        """Tells that the server answers, and how many sessions live."""
        return JSONResponse({"status": "SERVING", "version": version, "sessions": sessions.count})

    # Without a slash: what the page loads is named from the root it lies under.
    @app.get("/docs/", include_in_schema=False)
    async def docs_with_slash() -> RedirectResponse:
        return RedirectResponse("../docs")

    @app.get("/docs", include_in_schema=False)
    async def docs() -> FileResponse:
        return FileResponse(_DOCS / "index.html")

    @app.get("/studio/", include_in_schema=False)
    async def studio_with_slash() -> RedirectResponse:
        return RedirectResponse("../studio")

    @app.get("/studio", include_in_schema=False)
    async def studio_page() -> FileResponse:
        return FileResponse(_WEB / "studio.html")

    app.mount("/docs", StaticFiles(directory=_DOCS), name="docs")
    app.mount("/", StaticFiles(directory=_WEB, html=True, check_dir=False), name="page")
    if allowed_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=allowed_origins,
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["Content-Type", "X-Client-Id"],
        )
    app.add_middleware(
        Guard,
        allowed_origins=allowed_origins,
        allowed_hosts=allowed_hosts,
        large_bodies=LARGE_BODIES,
    )
    return app
