"""The HTTP application: API, page, description."""

from collections.abc import Iterable
from pathlib import Path

from fastapi import APIRouter, FastAPI
from fastapi.responses import FileResponse, JSONResponse, RedirectResponse
from starlette.middleware.cors import CORSMiddleware
from starlette.staticfiles import StaticFiles

from control_plane.http_api.answers import add_error_answers
from control_plane.http_api.avatars import LARGE_BODIES, avatar_routes
from control_plane.http_api.description import describe
from control_plane.http_api.door import behind
from control_plane.http_api.governance import governance_routes
from control_plane.http_api.guard import Guard
from control_plane.http_api.judging import judging_routes
from control_plane.http_api.library import library_routes
from control_plane.http_api.mine import own_routes
from control_plane.http_api.remembered import remembered_routes
from control_plane.http_api.sessions import personality_routes, session_routes
from control_plane.http_api.studies import study_routes
from control_plane.http_api.study_booth import booth_routes
from control_plane.http_api.takes import LARGE_TAKE_BODIES, take_routes
from control_plane.http_api.training import training_routes
from control_plane.http_api.training_export import export_routes
from control_plane.http_api.users import user_routes
from control_plane.remembering.remembered import Remembered
from control_plane.served import Served
from control_plane.translate.memory_calls import MemoryCalls
from control_plane.translate.own_memories import OwnMemories
from control_plane.translate.training_calls import TrainingCalls

__all__ = ["create_app"]

_DOCS = Path(__file__).parent / "docs"
_WEB = Path(__file__).parents[1] / "web"
_DESCRIPTION = """Makes, drives and ends live avatars.

Messages are those of the gRPC API (`proto/capsulecast/v1`) in proto3 JSON. An error is
`{"error": {"code", "message", "details"}}`; `code` is the name of a google.rpc.Code.
"""


def create_app(
    served: Served,
    *,
    version: str,
    allowed_origins: tuple[str, ...] = (),
    allowed_hosts: tuple[str, ...] = (),
    watching: Iterable[APIRouter] = (),
) -> FastAPI:
    """Makes the application.

    Args:
        served: What it opens onto.
        version: Version of the program.
        allowed_origins: Other web origins that may call the API.
        allowed_hosts: Names of this server, beside addresses and localhost.
        watching: Routes for those who watch the server.
    """
    app = FastAPI(
        title="capsulecast",
        version=version,
        description=_DESCRIPTION,
        docs_url=None,  # FastAPI's pages load scripts from the internet
        redoc_url=None,
    )
    sessions = served.sessions
    describe(app)
    add_error_answers(app)
    app.include_router(session_routes(sessions, served.defaults))
    app.include_router(personality_routes(sessions))
    app.include_router(library_routes(served.catalog, served.studio.own))
    app.include_router(avatar_routes(served.studio))
    app.include_router(governance_routes(served.desk), **behind(served.remembered.access))
    _include_remembered(app, served.remembered)
    app.include_router(take_routes(served.studio, served.defaults.avatar))
    for router in watching:
        app.include_router(router)

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
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "X-Client-Id"],
        )
    app.add_middleware(
        Guard,
        allowed_origins=allowed_origins,
        allowed_hosts=allowed_hosts,
        large_bodies={**LARGE_BODIES, **LARGE_TAKE_BODIES},
    )
    return app


def _include_remembered(app: FastAPI, remembered: Remembered) -> None:
    memory, training = MemoryCalls(remembered), TrainingCalls(remembered)
    door = behind(remembered.access)
    app.include_router(remembered_routes(memory), **door)
    app.include_router(judging_routes(memory), **door)
    app.include_router(user_routes(memory), **door)
    app.include_router(export_routes(training, remembered), **door)
    app.include_router(training_routes(training), **door)
    app.include_router(study_routes(remembered), **door)
    app.include_router(booth_routes(remembered))
    app.include_router(own_routes(OwnMemories(remembered)))
