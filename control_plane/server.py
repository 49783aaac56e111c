"""The server: every part started, joined, and closed in order."""

import asyncio
import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from importlib.metadata import version
from uuid import UUID

from fastapi import APIRouter

from capsules.library import Library
from control_plane.access import Access, open_access
from control_plane.catalog import Catalog
from control_plane.emotion.appraisal import TextAppraiser, open_appraiser
from control_plane.emotion.onnx_rater import RaterError
from control_plane.emotion.personality import Personalities
from control_plane.emotion.personality_file import load_personalities
from control_plane.governance.desk import GovernanceDesk
from control_plane.governance.orders import Governance
from control_plane.grpc_api.server import GrpcServer
from control_plane.hardware import describe_hardware
from control_plane.hosts import is_loopback, reachable
from control_plane.http_api.app import create_app
from control_plane.http_api.server import HttpServer
from control_plane.memory.recollections import Recollections
from control_plane.observing.routes import Watched, observing_routes, open_tracer
from control_plane.observing.tracing import Tracer
from control_plane.remembering.erasing import Running
from control_plane.remembering.remembered import Places, Remembered
from control_plane.remembering.runs import begin, close_killed, open_recorder, run_locks, spill_file
from control_plane.responder.port import Responder
from control_plane.served import Served
from control_plane.sessions.bodies import Media
from control_plane.sessions.manager import SessionManager, SessionServices
from control_plane.sessions.meter import Meter
from control_plane.sessions.options import SessionOptions
from control_plane.settings import Settings, SettingsError
from control_plane.studio.avatars import Avatars
from control_plane.studio.baker import Baker
from control_plane.studio.own_capsules import OwnCapsules, open_own
from control_plane.studio.studio import Studio
from control_plane.studio.takes import Takes
from control_plane.studio.thumbnails import Thumbnails
from control_plane.studio.workshop import Workshop, WorkshopOptions
from control_plane.tls import TlsFiles, load_tls
from control_plane.together import together
from control_plane.way_down import WayDown
from engine.clock import SystemClock
from engine.faults import Fault
from storage.database import Database
from storage.memories import Memories
from storage.recorder import Recorder
from storage.records import FaultRecord, RunEnded
from storage.repository import Repository
from storage.run_locks import RunLocks
from storage.runs import Begun
from storage.trail import Trail

__all__ = ["Ready", "Server"]

_LOG = logging.getLogger(__name__)
_DRAIN_S = 1.5
_RECORDER_S = 1.0
_TRACES_S = 0.5


@dataclass(frozen=True, slots=True)
class Ready:
    """Where a server answers, and with what.

    Attributes:
        url: Of the page, as this machine reaches it; without a slash at its end.
        grpc_address: host:port, as this machine reaches it.
        backend: What draws.
        voice: What speaks.
        database: Its URL without the password.
        by_token: Whether it takes an access token to ask for what is remembered.
    """

    url: str
    grpc_address: str
    backend: str
    voice: str
    database: str
    by_token: bool


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
        self._appraiser: TextAppraiser | None = None
        self._workshop: Workshop | None = None
        self._remembered: Remembered | None = None
        self._meter = Meter()
        self._tracer: Tracer | None = None
        self._run: Begun | None = None
        self._locks: RunLocks | None = None
        self.sessions: SessionManager | None = None
        self.governance: Governance | None = None

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
        """Drains and closes; safe twice and before `start`.

        Within three seconds, and some two more where the database does not answer.
        """
        try:
            await self._close_in_order()
        finally:
            if self._http is not None:  # whoever ends this early finds its address free
                self._http.release()

    async def _close_in_order(self) -> None:
        way_down = WayDown(_DRAIN_S)
        if self._grpc is not None:
            await way_down.step("announcing the end", self._grpc.draining())
        if self.sessions is not None:
            await way_down.step("the sessions", self.sessions.aclose())
        if self._workshop is not None:
            await way_down.step("the workshop", self._workshop.aclose())
        doors = [door.aclose() for door in (self._grpc, self._http) if door is not None]
        await way_down.step("the doors", together(*doors))
        await way_down.step("the body", self._media.aclose())
        if self._remembered is not None:
            # A query that hangs must not keep what waits to be written from its journal.
            await way_down.step("what is remembered", asyncio.to_thread(self._remembered.close))
        if self._recorder is not None:
            if self._run is not None:
                self._recorder.put(RunEnded(self._run.run_id))
            await asyncio.to_thread(self._recorder.close, _RECORDER_S)
        if self._locks is not None and self._run is not None:
            self._locks.forget(self._run.run_id)
            self._locks.close()
        if self._database is not None:
            self._database.close()
        tracer, self._tracer = self._tracer, None
        if tracer is not None:  # last: nobody's words are in it
            await way_down.step("the traces", asyncio.to_thread(tracer.close, _TRACES_S))

    async def _start(self) -> Ready:
        settings = self._settings
        tls = load_tls(settings)
        # Addresses first: that one is taken should not take seconds to find out.
        access = open_access(settings)
        port, grpc_port = self._bind(tls, access)
        self._tracer = open_tracer(settings.otlp_endpoint, self._version)
        database = self._database = Database(settings.database)
        recorder = self._recorder = open_recorder(settings, database, self._version)
        found: list[OwnCapsules] = []
        await together(
            self._media.start(self._heard_fault),
            asyncio.to_thread(database.upgrade),
            asyncio.to_thread(self._read_appraiser),
            asyncio.to_thread(lambda: found.append(_open_own(settings))),
        )
        own = found[0]
        personalities = _load_personalities(settings)
        self._run = await asyncio.to_thread(
            begin, database, settings, self._version, self._hardware
        )
        await asyncio.to_thread(recorder.start)
        self._locks = run_locks(settings)
        if self._locks is not None:
            await asyncio.to_thread(close_killed, self._locks, self._run, recorder)
        defaults = SessionOptions(
            avatar=settings.avatar,
            size=settings.size,
            fps=settings.fps,
            seed=settings.seed,
            reply=settings.reply,
            personality=settings.personality,
        )
        governance = self.governance = Governance(settings.governance, own.library, recorder.put)
        memories = Memories(database)
        recollections = Recollections(memories, recorder.put, lasting=settings.memories)
        await asyncio.to_thread(recollections.warm)
        places = Places(settings.media, settings.journals)
        running = Running(self._end_sessions, recollections, spill_file(settings.database))
        remembered = self._remembered = Remembered(
            database, places, recorder.settle, access, running, memories
        )
        sessions = self.sessions = self._make_sessions(
            own, recorder, personalities, governance, recollections
        )
        sessions.start()
        catalog = Catalog(own.library, governance.standing)
        own.listen(governance.take)
        own.listen(catalog.take)
        own.listen(sessions.take)
        governance.listen(sessions.govern)
        governance.listen(lambda: governance.keep(sessions.libraries))
        desk = GovernanceDesk(governance, Trail(database), Repository(database), recorder.settle)
        studio = self._make_studio(own)
        await self._open_doors(Served(sessions, catalog, studio, desk, remembered, defaults))
        scheme = "http" if tls is None else "https"
        host = reachable(settings.host)
        host = f"[{host}]" if ":" in host else host
        return Ready(
            url=f"{scheme}://{host}:{port}",
            grpc_address=f"{host}:{grpc_port}",
            backend=self._media.backend,
            voice=self._media.voice,
            database=database.name,
            by_token=access.by_token,
        )

    def _read_appraiser(self) -> None:
        try:
            self._appraiser = open_appraiser(self._settings.appraiser)
        except RaterError as error:
            raise SettingsError(f"appraiser: {error}") from error

    def _bind(self, tls: TlsFiles | None, access: Access) -> tuple[int, int]:
        settings = self._settings
        self._http, self._grpc = HttpServer(tls), GrpcServer(tls, access)
        port = self._http.bind(settings.host, settings.port)
        if not is_loopback(settings.host):
            _LOG.warning(
                "listening on %s, port %d: whoever can reach this machine may use the server and "
                "follow its sessions, for there is no authentication for these; %s may ask for "
                "what is remembered, and give orders about what may play",
                settings.host,
                port,
                "whoever has the access token" if access.by_token else "this machine alone",
            )
        return port, self._grpc.bind(settings.host, settings.grpc_port)

    def _make_studio(self, own: OwnCapsules) -> Studio:
        settings = self._settings
        workshop = self._workshop = Workshop(WorkshopOptions(settings.models, settings.cache_dir))
        baker = Baker(workshop, settings.avatars)
        takes = Takes(workshop, own, settings.avatars)
        avatars = Avatars(settings.avatars, settings.cache_dir)
        return Studio(avatars, baker, own, takes, Thumbnails(self._media))

    def _make_sessions(
        self,
        own: OwnCapsules,
        recorder: Recorder,
        personalities: Personalities,
        governance: Governance,
        recollections: Recollections,
    ) -> SessionManager:
        services = SessionServices(
            library=own.library,
            responder=self._make_responder(own.library),
            make_body=self._media.make,
            remember=recorder.put,
            clock=SystemClock(),
            version=self._version,
            hardware=self._hardware,
            personalities=personalities,
            governed=governance.governed,
            appraiser=self._appraiser,
            meter=self._meter,
            tracer=self._tracer,
            keep=recorder.put,
            voice=self._media.voice,
            run=self._run,
            recollections=recollections,
        )
        return SessionManager(
            services,
            max_sessions=self._settings.max_sessions,
            idle_timeout_s=self._settings.idle_timeout_s,
        )

    async def _open_doors(self, served: Served) -> None:
        assert self._http is not None  # noqa: S101 - for the type checker
        assert self._grpc is not None  # noqa: S101 - for the type checker
        app = create_app(
            served,
            version=self._version,
            allowed_origins=self._settings.allowed_origins,
            allowed_hosts=(self._settings.host, *self._settings.allowed_hosts),
            watching=self._watching(served.sessions, served.remembered),
        )
        await self._http.start(app)
        await self._grpc.start(served)
        await self._grpc.serving()

    def _watching(self, sessions: SessionManager, remembered: Remembered) -> tuple[APIRouter, ...]:
        assert self._recorder is not None  # noqa: S101 - for the type checker
        watched = Watched(sessions, self._media, self._recorder, self._meter, self._version)
        return observing_routes(watched, remembered)

    async def _end_sessions(self, person: str, sessions: Collection[UUID], reason: str) -> int:
        """Ends the sessions of a user; returns how many that were."""
        return 0 if self.sessions is None else await self.sessions.end_of(person, sessions, reason)

    def _heard_fault(self, fault: Fault) -> None:
        """Something went wrong in what bodies share, and was survived."""
        _LOG.warning("%s: %s", fault.mode, fault.cause)
        self._meter.faults[fault.mode] += 1
        if self._recorder is not None:
            session_id = UUID(fault.session_id) if fault.session_id else None
            run = self._run
            self._recorder.put(
                FaultRecord(
                    mode=fault.mode,
                    session_id=session_id,
                    version=self._version,
                    cause=fault.cause,
                    system_version_id=None if run is None else run.system_version_id,
                    deployment_id=None if run is None else run.deployment_id,
                )
            )

    @property
    def _hardware(self) -> str:
        return describe_hardware(self._media.backend)


def _load_personalities(settings: Settings) -> Personalities:
    found = load_personalities(settings.personalities)
    if settings.personality not in found:
        known = ", ".join(item.name for item in found)
        message = f"personality: there is no {settings.personality!r}, expected one of {known}"
        raise SettingsError(message)
    return found


def _open_own(settings: Settings) -> OwnCapsules:
    return open_own(settings.library, settings.capsules, micro=settings.micro)
