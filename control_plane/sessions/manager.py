"""All sessions of a server: made, found, listed, ended."""

import asyncio
import dataclasses
import logging
import re
import secrets
from collections import OrderedDict
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID, uuid4

from capsules.library import Library
from control_plane.brain.brain import Brain
from control_plane.emotion.appraisal import Appraiser
from control_plane.emotion.personality import Personalities
from control_plane.errors import (
    InvalidArgumentError,
    NotFoundError,
    ResourceExhaustedError,
    SessionEndedError,
    UnavailableError,
)
from control_plane.garbage import Sweeper
from control_plane.memory.recollections import Recollections
from control_plane.responder.port import Responder
from control_plane.sessions.bodies import BodyFactory
from control_plane.sessions.channel import (
    EventChannel,
    cache_measures,
    picture_message,
    stage_times,
)
from control_plane.sessions.meter import Meter
from control_plane.sessions.options import SessionInfo, SessionOptions
from control_plane.sessions.paging import page_size, read_token, write_token
from control_plane.sessions.parts import SessionParts
from control_plane.sessions.receipts import Keeper, Receipts
from control_plane.sessions.session import LiveSession
from control_plane.sessions.tracing import EventTracer
from engine.clock import NS_PER_S, Clock
from engine.faults import Fault
from engine.live_options import LiveCallbacks
from storage.records import PerformanceRecord, Record
from storage.runs import Begun

__all__ = ["SessionManager", "SessionServices"]

_REMEMBERED_ENDED = 1000
_TICK_S = 0.2
_TICKS_PER_STATS = 5
# So many sessions' moods move on together, in at most 1 + 800 / 16 turns of 4 ms or more.
_SESSIONS_A_TURN = 16
_MOST_IN_TURNS = 800
# Of up to 17 rows a sample, a session watched all day leaves 24,480.
_TICKS_PER_SAMPLE = 300
_LOG = logging.getLogger(__name__)


def _as_it_is(library: Library) -> Library:
    return library


@dataclass(frozen=True, slots=True)
class SessionServices:
    """What sessions are made with.

    Attributes:
        library: The capsules.
        responder: Chooses the avatars' words.
        make_body: Makes a session's body.
        remember: Takes a record for the database; never blocks.
        clock: The monotonic clock.
        version: Version of the program.
        hardware: What it runs on, for the performance log.
        personalities: Those that sessions may have.
        governed: Gives the state of a library in which only that may be played what is allowed.
        appraiser: Reads what is said; None: the process's one.
        meter: Counts along for all sessions.
        tracer: Hears of events on their way; None: nobody traces.
        keep: Takes a record and tells on its own thread when it is stored; None: nobody asks.
        voice: What speaks, for people.
        run: The run of the program; None: none is noted.
        recollections: What is remembered of users; None: nothing is.
    """

    library: Library
    responder: Responder
    make_body: BodyFactory
    remember: Callable[[Record], object]
    clock: Clock
    version: str
    hardware: str
    personalities: Personalities
    governed: Callable[[Library], Library] = _as_it_is
    appraiser: Appraiser | None = None
    meter: Meter = field(default_factory=Meter)
    tracer: EventTracer | None = None
    keep: Keeper | None = None
    voice: str = ""
    run: Begun | None = None
    recollections: Recollections | None = None


@dataclass(slots=True)
class _Entry:
    """A session that lives, with its place in the order of their making."""

    ordinal: int
    session: LiveSession
    channel: EventChannel
    library: Library


class SessionManager:
    """The sessions; everything runs on the event loop's thread.

    Args:
        services: What sessions are made with.
        max_sessions: How many may live at once.
        idle_timeout_s: How long one lives that nobody watches, follows or sends events to.
    """

    def __init__(
        self, services: SessionServices, *, max_sessions: int, idle_timeout_s: float
    ) -> None:
        self._services = services
        self._keep = None if services.keep is None else Receipts(services.keep).keep
        self._max_sessions = max_sessions
        self._idle_timeout_ns = int(idle_timeout_s * NS_PER_S)
        self._live: dict[str, _Entry] = {}
        self._ended: OrderedDict[str, tuple[int, SessionInfo]] = OrderedDict()
        self._making = 0
        self._made = 0
        self._closed = False
        self._pulse: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._sweeper = Sweeper(services.clock)

    def start(self) -> None:
        """Starts the pulse of all sessions; safe twice."""
        if self._pulse is None:
            self._pulse = asyncio.create_task(self._beat(), name="sessions-pulse")

    @property
    def count(self) -> int:
        """How many sessions live."""
        return len(self._live)

    @property
    def viewers(self) -> int:
        """How many viewers are connected, of all sessions."""
        return sum(entry.session.viewers for entry in self._live.values())

    @property
    def personalities(self) -> Personalities:
        """Those that sessions may have."""
        return self._services.personalities

    async def create(self, options: SessionOptions) -> LiveSession:
        """Makes a session.

        Raises:
            InvalidArgumentError: An option names something that does not exist.
            ResourceExhaustedError: There are as many as there may be.
            UnavailableError: The server is shutting down.
        """
        if self._closed:
            raise UnavailableError("the server is shutting down")
        if len(self._live) + self._making >= self._max_sessions:
            raise ResourceExhaustedError(
                f"{self._max_sessions} sessions live already, the most this server takes"
            )
        if options.seed is None:
            options = dataclasses.replace(options, seed=secrets.randbits(32))
        self._making += 1
        try:
            return await self._make(options)
        finally:
            self._making -= 1

    def take(self, library: Library) -> None:
        """Makes sessions with this library from now on; those that live keep theirs."""
        self._services = dataclasses.replace(self._services, library=library)

    def govern(self) -> None:
        """Has every session go on with what may be played now."""
        for entry in tuple(self._live.values()):
            entry.session.take(self._services.governed(entry.library))

    @property
    def libraries(self) -> set[Library]:
        """The libraries that sessions were made with, before any rules."""
        return {self._services.library, *(entry.library for entry in self._live.values())}

    def get(self, session_id: str) -> LiveSession:
        """The session of that id, alive.

        Raises:
            NotFoundError: There was none, or it ended long ago.
            SessionEndedError: It has ended.
        """
        entry = self._live.get(session_id)
        if entry is not None:
            return entry.session
        if session_id in self._ended:
            raise SessionEndedError(f"session {session_id} has ended")
        raise _unknown(session_id)

    def info(self, session_id: str) -> SessionInfo:
        """A session that lives or ended lately.

        Raises:
            NotFoundError: There was none, or it ended long ago.
        """
        entry = self._live.get(session_id)
        if entry is not None:
            return entry.session.info
        if session_id in self._ended:
            return self._ended[session_id][1]
        raise _unknown(session_id)

    def page(
        self, size: int = 0, token: str = "", *, include_ended: bool = False
    ) -> tuple[list[SessionInfo], str]:
        """One page of the sessions, newest first, and the token of the next; empty: the last.

        Raises:
            InvalidArgumentError: The size or the token is not one.
        """
        count = page_size(size)
        before = _ordinal_of(token) if token else self._made + 1
        found = {entry.ordinal: entry.session.info for entry in self._live.values()}
        if include_ended:
            found.update(self._ended.values())
        ordinals = sorted((ordinal for ordinal in found if ordinal < before), reverse=True)
        shown = ordinals[:count]
        more = len(ordinals) > count
        return [found[ordinal] for ordinal in shown], write_token(str(shown[-1])) if more else ""

    async def end(self, session_id: str, reason: str = "asked to") -> SessionInfo:
        """Ends a session; one that has ended stays as it is.

        Raises:
            NotFoundError: There was none, or it ended long ago.
        """
        entry = self._live.pop(session_id, None)
        if entry is None:
            return self.info(session_id)
        self._sample(entry)
        entry.session.finish(reason)
        self._sweeper.ended()
        if self._services.tracer is not None:
            self._services.tracer.ended(session_id)
        self._ended[session_id] = (entry.ordinal, entry.session.info)
        while len(self._ended) > _REMEMBERED_ENDED:
            self._ended.popitem(last=False)
        closing = asyncio.create_task(entry.session.aclose(), name=f"close-{session_id}")
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)
        # A caller who goes away does not stop the body's end half-way.
        await asyncio.shield(closing)
        return self.info(session_id)

    async def end_of(self, person: str, sessions: Container[UUID], reason: str) -> int:
        """Ends the sessions of a user; returns how many that were.

        Args:
            person: What the operator calls the user; empty: nobody is called so.
            sessions: More of the user's sessions, by id.
            reason: Why, for people.
        """
        ended = [
            entry.session.id
            for entry in self._live.values()
            if UUID(entry.session.id) in sessions
            or (person and entry.session.options.client.user == person)
        ]
        for session_id in ended:
            await self.end(session_id, reason)
        return len(ended)

    async def aclose(self) -> None:
        """Ends every session and takes no new ones; safe twice."""
        self._closed = True
        if self._pulse is not None:
            self._pulse.cancel()
            await asyncio.gather(self._pulse, return_exceptions=True)
            self._pulse = None
        endings = [self.end(session_id, "the server stopped") for session_id in self._live]
        results = await asyncio.gather(*endings, *self._closing, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                _LOG.error("a session did not end well", exc_info=result)

    async def _make(self, options: SessionOptions) -> LiveSession:
        services = self._services
        session_id = str(uuid4())
        personality = services.personalities.named(options.personality)
        library = services.governed(services.library)
        parts = SessionParts(
            brain=Brain(
                library,
                session_id,
                personality,
                services.clock,
                seed=options.seed or 0,
                appraiser=services.appraiser,
            ),
            library=library,
            responder=services.responder,
            remember=services.remember,
            clock=services.clock,
            version=services.version,
            meter=services.meter,
            tracer=services.tracer,
            keep=self._keep,
            voice=services.voice,
            run=services.run,
            recollection=None
            if (recollections := services.recollections) is None
            else recollections.begin(UUID(session_id), options),
        )
        session = LiveSession(session_id, options, parts)
        channel = EventChannel(session)
        callbacks = LiveCallbacks(
            on_message=channel.receive,
            on_speech=session.heard_speech,
            on_fault=session.heard_fault,
            on_viewers=session.heard_viewers,
            on_drawn=picture_message,
            on_sent=None
            if (tracer := services.tracer) is None
            else partial(tracer.sent, session_id),
        )
        body = await services.make_body(library, session_id, options, callbacks)
        if self._closed:
            await body.aclose()
            raise UnavailableError("the server is shutting down")
        session.begin(body)
        session.listen(channel.tell)
        self._made += 1
        self._live[session_id] = _Entry(self._made, session, channel, services.library)
        # The rules may have changed while the body was made.
        session.take(services.governed(services.library))
        return session

    async def _beat(self) -> None:
        """Moods that move by themselves, measurements, and sessions that nobody uses."""
        ticks = 0
        while True:
            ticks += 1
            if ticks % _TICKS_PER_STATS == 0:
                self._sweeper.beat(len(self._live))
            # A thousand moods at once would hold up everybody's events: they take turns.
            turns = 1 + min(_MOST_IN_TURNS, len(self._live)) // _SESSIONS_A_TURN
            shares: list[list[_Entry]] = [[] for _ in range(turns)]
            for entry in self._live.values():
                shares[entry.ordinal % turns].append(entry)
            for share in shares:
                await asyncio.sleep(_TICK_S / turns)
                await self._beat_share(share, ticks)

    async def _beat_share(self, share: Iterable[_Entry], ticks: int) -> None:
        for entry in share:
            try:
                if not self._beat_one(entry, ticks):
                    await self.end(entry.session.id, "nobody used it")
            except Exception as error:  # the task's root: one session must not stop the others
                session = entry.session
                _LOG.exception("session %s: its pulse failed", session.id)
                cause = f"{type(error).__name__}: {error}"
                session.heard_fault(Fault("pulse", cause, session.id))

    def _beat_one(self, entry: _Entry, ticks: int) -> bool:
        """Lets one session go on; False: nobody has used it for too long."""
        session = entry.session
        if session.id not in self._live:
            return True
        session.tick()
        if ticks % _TICKS_PER_SAMPLE == 0 and session.in_use:
            self._sample(entry)
        if ticks % _TICKS_PER_STATS == 0:
            if session.viewers:
                entry.channel.tell_stats(self._services.library)
            now_ns = self._services.clock.now_ns()
            if session.in_use:
                session.last_used_ns = now_ns
            else:
                return now_ns - session.last_used_ns <= self._idle_timeout_ns
        return True

    def _sample(self, entry: _Entry) -> None:
        """Puts stage times and the cache's work into the log: once a minute, and at the end."""
        session, run = entry.session, self._services.run
        stats = session.body.stats()
        measures = {
            f"{name}.{quantile}": (value, "ms")
            for name, times in stage_times(stats, session.brain_times).items()
            for quantile, value in times.by_name()
        }
        for measure, (value, unit) in (measures | cache_measures(stats.cache)).items():
            record = PerformanceRecord(
                session_id=UUID(session.id),
                measure=measure,
                value=value,
                unit=unit,
                hardware=self._services.hardware,
                version=self._services.version,
                system_version_id=None if run is None else run.system_version_id,
                deployment_id=None if run is None else run.deployment_id,
            )
            self._services.remember(record)


def _unknown(session_id: str) -> NotFoundError:
    return NotFoundError(f"there is no session {session_id[:60]!r}")


def _ordinal_of(token: str) -> int:
    key = read_token(token)
    if not re.fullmatch("[0-9]{1,18}", key):
        raise InvalidArgumentError(f"page_token {token[:60]!r} is of another list", "page_token")
    return int(key)
