"""The server: every part started, joined, and closed in order."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib.metadata import version
from uuid import UUID

from capsules.library import Library
from control_plane.avatars import Avatars
from control_plane.baker import Baker, BakerOptions
from control_plane.catalog import Catalog
from control_plane.emotion.appraisal import default_appraiser
from control_plane.grpc_api.server import GrpcServer
from control_plane.hardware import describe_hardware
from control_plane.hosts import is_loopback, reachable
from control_plane.http_api.app import create_app
from control_plane.http_api.server import HttpServer
from control_plane.own_capsules import OwnCapsules, open_own
from control_plane.responder.port import Responder
from control_plane.sessions.bodies import Media, SessionBody
from control_plane.sessions.manager import SessionManager, SessionServices
from control_plane.sessions.options import SessionOptions
from control_plane.settings import Settings
from control_plane.studio import Studio
from control_plane.thumbnails import Thumbnails
from control_plane.tls import TlsFiles, load_tls
from control_plane.together import together
from engine.clock import SystemClock
from engine.faults import Fault
from engine.live import LiveCallbacks
from storage.database import Database
from storage.recorder import Recorder
from storage.records import FaultRecord
from storage.repository import Repository

__all__ = ["Ready", "Server"]

_LOG = logging.getLogger(__name__)
_DRAIN_S = 1.5
_LEAST_S = 0.1
_RECORDER_S = 1.0


@dataclass(frozen=True, slots=True)
class Ready:
    """Where a server answers, and with what.

    Attributes:
        url: Of the page, as this machine reaches it; without a slash at its end.
        grpc_address: host:port, as this machine reaches it.
        backend: What draws.
        voice: What speaks.
        database: Its URL without the password.
    """

    url: str
    grpc_address: str
    backend: str
    voice: str
    database: str


class Server:
    """One process: both doors, all sessions, the body's shared parts, the memory.

    Args:
        settings: The settings.
        media: What bodies share.
        make_responder: Makes what chooses the avatars' words.
    """

    def __init__(
        self, settings: Settings, media: Media, make_responder: Callable[[Library], Responder]
    ) -> None:
        self._settings = settings
        self._media = media
        self._make_responder = make_responder
        self._version = version("capsulecast")
        self._grpc: GrpcServer | None = None
        self._http: HttpServer | None = None
        self._database: Database | None = None
        self._recorder: Recorder | None = None
        self._baker: Baker | None = None
        self.sessions: SessionManager | None = None

    async def start(self) -> Ready:
        """Starts everything; when it returns, the server answers.

        Raises:
            SettingsError: A setting cannot be used.
            UnavailableError: An address is taken.
            StorageError: The database cannot be used.
            LibraryError: The library cannot be read.
            BackendUnavailableError: The backend that was asked for cannot run here.
            VoiceUnavailableError: The voice that was asked for cannot run here.
        """
        try:
            return await self._start()
        except BaseException:
            await self.aclose()
            raise

    async def aclose(self) -> None:
        """Drains and closes, within three seconds; safe twice and before `start`."""
        way_down = _WayDown(_DRAIN_S)
        if self._grpc is not None:
            await way_down.step("announcing the end", self._grpc.draining())
        if self.sessions is not None:
            await way_down.step("the sessions", self.sessions.aclose())
        if self._baker is not None:
            await way_down.step("the baker", self._baker.aclose())
        doors = [door.aclose() for door in (self._grpc, self._http) if door is not None]
        await way_down.step("the doors", together(*doors))
        await way_down.step("the body", self._media.aclose())
        if self._recorder is not None:
            await asyncio.to_thread(self._recorder.close, _RECORDER_S)
        if self._database is not None:
            self._database.close()

    async def _start(self) -> Ready:
        settings = self._settings
        tls = load_tls(settings)
        # Addresses first: that one is taken should not take seconds to find out.
        port, grpc_port = self._bind(tls)
        database = self._database = Database(settings.database)
        recorder = self._recorder = Recorder(Repository(database), version=self._version)
        found: list[OwnCapsules] = []
        await together(
            self._media.start(self._heard_fault),
            asyncio.to_thread(database.upgrade),
            asyncio.to_thread(default_appraiser),
            asyncio.to_thread(lambda: found.append(open_own(settings.library, settings.capsules))),
        )
        own = found[0]
        recorder.start()
        defaults = SessionOptions(
            avatar=settings.avatar,
            size=settings.size,
            fps=settings.fps,
            seed=settings.seed,
            reply=settings.reply,
        )
        sessions = self.sessions = self._make_sessions(own, recorder)
        sessions.start()
        catalog = Catalog(own.library)
        own.listen(catalog.take)
        own.listen(sessions.take)
        await self._open_doors(sessions, catalog, self._make_studio(own), defaults)
        scheme = "http" if tls is None else "https"
        host = reachable(settings.host)
        host = f"[{host}]" if ":" in host else host
        return Ready(
            url=f"{scheme}://{host}:{port}",
            grpc_address=f"{host}:{grpc_port}",
            backend=self._media.backend,
            voice=self._media.voice,
            database=database.name,
        )

    def _bind(self, tls: TlsFiles | None) -> tuple[int, int]:
        settings = self._settings
        self._http, self._grpc = HttpServer(tls), GrpcServer(tls)
        port = self._http.bind(settings.host, settings.port)
        if not is_loopback(settings.host):
            _LOG.warning(
                "listening on %s, port %d: whoever can reach this machine may use the server and "
                "follow its sessions, for there is no authentication yet",
                settings.host,
                port,
            )
        return port, self._grpc.bind(settings.host, settings.grpc_port)

    def _make_studio(self, own: OwnCapsules) -> Studio:
        settings = self._settings
        baker = self._baker = Baker(
            BakerOptions(settings.avatars, settings.models, settings.cache_dir)
        )
        avatars = Avatars(settings.avatars, settings.cache_dir)
        return Studio(avatars, baker, own, Thumbnails(self._media))

    def _make_sessions(self, own: OwnCapsules, recorder: Recorder) -> SessionManager:
        async def make_body(
            session_id: str, options: SessionOptions, callbacks: LiveCallbacks
        ) -> SessionBody:
            return await self._media.make(own.library, session_id, options, callbacks)

        services = SessionServices(
            library=own.library,
            responder=self._make_responder(own.library),
            make_body=make_body,
            remember=recorder.put,
            clock=SystemClock(),
            version=self._version,
            hardware=describe_hardware(self._media.backend),
        )
        return SessionManager(
            services,
            max_sessions=self._settings.max_sessions,
            idle_timeout_s=self._settings.idle_timeout_s,
        )

    async def _open_doors(
        self,
        sessions: SessionManager,
        catalog: Catalog,
        studio: Studio,
        defaults: SessionOptions,
    ) -> None:
        assert self._http is not None  # noqa: S101 - for the type checker
        assert self._grpc is not None  # noqa: S101 - for the type checker
        app = create_app(
            sessions,
            catalog,
            studio,
            defaults,
            version=self._version,
            allowed_origins=self._settings.allowed_origins,
            allowed_hosts=(self._settings.host, *self._settings.allowed_hosts),
        )
        await self._http.start(app)
        await self._grpc.start(sessions, catalog, studio, defaults)
        await self._grpc.serving()

    def _heard_fault(self, fault: Fault) -> None:
        """Something went wrong in what bodies share, and was survived."""
        _LOG.warning("%s: %s", fault.mode, fault.cause)
        if self._recorder is not None:
            session_id = UUID(fault.session_id) if fault.session_id else None
            record = FaultRecord(fault.mode, session_id, self._version, fault.cause)
            self._recorder.put(record)


class _WayDown:
    """Steps that follow each other whatever happens in them, with one limit for all."""

    def __init__(self, limit_s: float) -> None:
        self._end_s = asyncio.get_running_loop().time() + limit_s

    async def step(self, what: str, closing: Awaitable[None]) -> None:
        left_s = self._end_s - asyncio.get_running_loop().time()
        try:
            # A step that comes late still gets a moment.
            async with asyncio.timeout(max(left_s, _LEAST_S)):
                await closing
        except Exception:  # the way down's root: nobody is left to hand it to
            _LOG.exception("closing %s failed", what)
