"""One live session: events in, packets to the body, updates to whoever follows."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from uuid import UUID

from capsules.library import Library
from control_plane.emotion.explain import Explanation
from control_plane.errors import DeadlineExceededError, SessionEndedError
from control_plane.events import (
    Chat,
    ChatRole,
    Event,
    Light,
    Pose,
    Preview,
    SetFeatures,
    SetQuality,
    Speak,
    cause_of,
)
from control_plane.governance.checks import allowed_name, check_allowed
from control_plane.responder.port import Reply
from control_plane.sessions.bodies import SessionBody
from control_plane.sessions.chronicle import Chronicle, Keeping
from control_plane.sessions.options import SessionInfo, SessionOptions
from control_plane.sessions.parts import SessionParts
from control_plane.sessions.replies import Replies, ReplyCallbacks
from control_plane.sessions.sent import SentPackets
from control_plane.sessions.subscription import Subscription
from control_plane.sessions.tracing import EventTimes
from control_plane.sessions.updates import MoodUpdate, Update
from engine.faults import Fault
from engine.packet import IdPacket
from engine.stats import Quantiles, StageTimes
from engine.voice.speaker import SpeechUpdate
from storage.records import utc_now

__all__ = ["NEGOTIATE_S", "Handled", "LiveSession"]

NEGOTIATE_S = 10.0
"""How long an offer may take to be answered."""

_DRIFT, _REPLY, _GOVERNANCE, _FEATURES = "drift", "reply", "governance", "features"
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Handled:
    """What an event led to; `brain_ns` is from its arrival to the packets."""

    packets: tuple[IdPacket, ...]
    brain_ns: int


class LiveSession:
    """A session while it lives. Everything runs on the event loop's thread.

    Args:
        session_id: A UUID.
        options: Complete: with a seed.
        parts: What it works with.
    """

    def __init__(self, session_id: str, options: SessionOptions, parts: SessionParts) -> None:
        self.id = session_id
        self._uuid = UUID(session_id)
        self.options = options
        self.created_at = utc_now()
        self.last_used_ns = parts.clock.now_ns()
        self._ended_at: datetime | None = None
        self._parts = parts
        self._brain = parts.brain
        self._brain.set_features(options.features)
        self._library = parts.library
        self._sent = SentPackets(self._uuid, parts.remember)
        keeping = Keeping(parts.remember, parts.keep, parts.version, parts.voice, parts.run)
        self._chronicle = Chronicle(self._uuid, keeping, self._publish)
        self._body: SessionBody | None = None
        self._brain_times = StageTimes(into=parts.meter.event_to_packet)
        self._listeners: list[Callable[[Update], None]] = []
        self._subscriptions: set[Subscription] = set()
        self._calls = count(1)
        self._replies = Replies(
            parts, self._chronicle, ReplyCallbacks(self._play_reply, self.heard_fault, self.id)
        )

    def begin(self, body: SessionBody) -> None:
        """Takes the body, which must be there before the first event."""
        self._body = body
        name = self._parts.responder.name
        self._chronicle.began(self.options, body.journal, self.created_at, name)

    @property
    def body(self) -> SessionBody:
        """The body.

        Raises:
            SessionEndedError: The session has ended, or has not begun.
        """
        if self._body is None or self._ended_at is not None:
            raise SessionEndedError(f"session {self.id} has ended")
        return self._body

    @property
    def info(self) -> SessionInfo:
        """The session at this moment."""
        return SessionInfo(
            id=self.id,
            options=self.options,
            created_at=self.created_at,
            ended_at=self._ended_at,
            mood=self._brain.mood,
            viewers=self.viewers,
            textures=None if self._body is None or self._ended_at else self._body.cache_stats(),
        )

    @property
    def viewers(self) -> int:
        """How many viewers are connected; 0 before the beginning and after the end."""
        return 0 if self._body is None or self._ended_at else self._body.viewers

    @property
    def brain_times(self) -> Quantiles:
        """How long the brain took from an event to its packets."""
        return self._brain_times.quantiles()

    @property
    def in_use(self) -> bool:
        """Whether somebody watches or follows."""
        return bool(self._subscriptions) or self.viewers > 0

    def listen(self, listener: Callable[[Update], None]) -> None:
        """Calls `listener` with every update from now on; it must neither block nor raise."""
        self._listeners.append(listener)

    def subscribe(self, *, patience_s: float = 0.0) -> Subscription:
        """Follows the session; give it back with `unsubscribe`.

        Args:
            patience_s: See `Subscription`.

        Raises:
            SessionEndedError: The session has ended.
        """
        self.touch()
        subscription = Subscription(patience_s=patience_s)
        self._subscriptions.add(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Ends a subscription; safe twice."""
        subscription.close()
        self._subscriptions.discard(subscription)

    def touch(self) -> None:
        """Notes that somebody uses the session.

        Raises:
            SessionEndedError: The session has ended.
        """
        _ = self.body
        self.last_used_ns = self._parts.clock.now_ns()

    def handle(self, event: Event, client: str = "", *, trace: str = "") -> Handled:
        """Takes one event: the body plays its packets before anybody is told.

        Args:
            event: The event.
            client: Whose sequence numbers the event's number is one of, which must rise: "id:"
                and what a client calls itself, "stream:" and a stream's number. Empty: nobody's,
                and the number is not compared with any other.
            trace: W3C traceparent of what the event is a part of; empty: nothing.

        Raises:
            ControlError: The event cannot be taken; the session goes on, as if it had not come.
            UnknownCapsuleError: It names a capsule or expression that does not exist.
        """
        self.touch()
        kind = event.kind
        check_allowed(kind, self._library)
        began_ns = self._parts.clock.now_ns()
        packets = self._packets(event, client)
        if packets and self._replies.cut_short_by(kind):
            packets = (replace(packets[0], interrupt=True), *packets[1:])
        brain_ns = self._parts.clock.now_ns() - began_ns
        cause = cause_of(kind)
        self._parts.meter.events[cause] += 1
        match kind:
            case Light(surroundings=surroundings):
                self.body.surround(surroundings)
                return Handled((), brain_ns)
            case SetQuality(quality=quality):
                self.options = replace(self.options, quality=quality)
                self.body.set_quality(quality)
                return Handled((), brain_ns)
            case Pose(values=values):
                self.body.pose(values)
                return Handled((), brain_ns)
            case SetFeatures(changes=changes):
                self._switch(dict(changes))
                return Handled((), brain_ns)
            case Preview(capsule=capsule):
                self.body.learn(capsule)
        self._brain_times.add(brain_ns)
        self._send(packets, cause)
        if self._parts.tracer is not None:
            self._trace(event, packets, trace, (began_ns, began_ns + brain_ns))
        shown = self._brain.shown
        self._publish(MoodUpdate(shown.mood, shown.label, event.sequence))
        said = None
        match kind:
            case Chat(role=role, text=text):
                said = self._heard(role, text, packets, event.sequence, began_ns)
            case Speak(text=text):
                said = self._heard(ChatRole.ASSISTANT, text, packets, event.sequence, began_ns)
        self._replies.follow(kind, said, self.options, began_ns)
        return Handled(packets, brain_ns)

    def explain_mood(self, limit: int) -> Explanation:
        """Why the mood is what it is, by at most so many of its last changes.

        Raises:
            SessionEndedError: The session has ended.
        """
        _ = self.body
        return self._brain.explain(limit)

    def forget(self, client: str) -> None:
        """Forgets a client that will not come back, with its sequence numbers."""
        self._brain.forget(client)

    def tick(self) -> None:
        """Lets the mood move on by itself; called about five times a second."""
        if self._ended_at is None and self._body is not None:
            now_ns = self._parts.clock.now_ns()
            self._chronicle.ticked(now_ns)
            packet = self._brain.tick(now_ns)
            if packet is not None:
                self._send((packet,), _DRIFT)
                shown = self._brain.shown
                self._publish(MoodUpdate(shown.mood, shown.label))

    def take(self, library: Library) -> None:
        """Goes on with another state of the library, of which other things may be played.

        What may not plays no more from the next frame on, and no packet names it from now on.
        """
        if self._ended_at is not None or self._body is None or library is self._library:
            return
        gone = library.barred - self._library.barred
        before, self._library = self._library, library
        self._body.take(library, self._sent.playing(before, gone))
        packet = self._brain.take(library)
        if packet is not None:
            self._send((packet,), _GOVERNANCE)

    async def negotiate(
        self, sdp_type: str, sdp: str, limit_s: float = NEGOTIATE_S
    ) -> tuple[str, str]:
        """Answers a viewer's WebRTC offer.

        Raises:
            NegotiationError: It cannot be answered.
            TooManyViewersError: There are as many as there may be.
            DeadlineExceededError: It took longer than the limit, or than `NEGOTIATE_S`.
            SessionEndedError: The session has ended.
        """
        self.touch()
        limit_s = min(limit_s, NEGOTIATE_S)
        try:
            async with asyncio.timeout(limit_s):
                return await self.body.negotiate(sdp_type, sdp)
        except TimeoutError as error:
            message = f"the offer could not be answered within {limit_s:.1f} s"
            raise DeadlineExceededError(message) from error

    def heard_speech(self, update: SpeechUpdate) -> None:
        """The body's speech began or ended."""
        self._replies.heard(update)
        self._chronicle.spoke(update.state, self._parts.clock.now_ns())
        self._publish(update)

    def heard_viewers(self, _count: int) -> None:
        """A viewer came or went."""
        self.last_used_ns = self._parts.clock.now_ns()

    def heard_fault(self, fault: Fault) -> None:
        """Something went wrong in the session and was survived."""
        _LOG.warning("session %s: %s: %s", self.id, fault.mode, fault.cause)
        self._parts.meter.faults[fault.mode] += 1
        self._chronicle.broke(fault, self._parts.clock.now_ns())

    def finish(self, reason: str) -> None:
        """Marks the session as ended: no more events, no more updates; safe twice."""
        if self._ended_at is not None:
            return
        self._ended_at = utc_now()
        self._replies.cancel()
        for subscription in tuple(self._subscriptions):
            self.unsubscribe(subscription)
        self._listeners.clear()
        if self._body is not None:
            self._chronicle.ended(reason, self._ended_at)

    async def aclose(self) -> None:
        """Releases everything, after `finish`; safe twice."""
        self.finish("closed")
        await self._replies.settle()
        if self._body is not None:
            await self._body.aclose()
            if self._body.journal_sha256:
                self._chronicle.recorded(self._body.journal_sha256)

    def _packets(self, event: Event, client: str) -> tuple[IdPacket, ...]:
        if client:
            return self._brain.handle(event, client)
        nobody = f"call:{next(self._calls)}"
        try:
            return self._brain.handle(event, nobody)
        finally:
            self._brain.forget(nobody)

    def _switch(self, changes: dict[str, bool]) -> None:
        """Switches features, and notes it."""
        features = replace(self.options.features, **changes)
        if features == self.options.features:
            return
        self.options = replace(self.options, features=features)
        self._brain.set_features(features)
        self.body.set_features(features)
        packet = self._brain.tick(self._parts.clock.now_ns())
        if packet is not None:
            self._send((packet,), _FEATURES)
        self._chronicle.switched(features.off)

    def _send(self, packets: Sequence[IdPacket], cause: str, source: str = "") -> None:
        """Packets to the body, then to those who follow, and a line for each to the trail."""
        body = self.body
        for packet in packets:
            body.apply(packet, source=source)
        for packet in packets:
            self._publish(packet)
            self._sent.note(packet, cause)
        self._parts.meter.packets[cause] += len(packets)

    def _play_reply(self, reply: Reply) -> Sequence[IdPacket]:
        """Has the avatar say a reply; none where the session has ended meanwhile."""
        if self._ended_at is not None:
            return ()
        expression = allowed_name(reply.expression, self._library)
        packets = self._brain.speak(reply.text, expression=expression)
        self._send(packets, _REPLY, reply.source)
        return packets

    def _trace(
        self, event: Event, packets: Sequence[IdPacket], trace: str, brain: tuple[int, int]
    ) -> None:
        if self._parts.tracer is not None and packets:
            self._parts.tracer.event(
                EventTimes(
                    session_id=self.id,
                    kind=cause_of(event.kind),
                    sequence=event.sequence,
                    parent=trace,
                    received_ns=brain[0],
                    decided_ns=brain[1],
                    applied_ns=self._parts.clock.now_ns(),
                    packets=len(packets),
                    watched=self.viewers > 0,
                )
            )

    def _publish(self, update: Update) -> None:
        for subscription in self._subscriptions:
            subscription.offer(update)
        for listener in self._listeners:
            listener(update)

    def _heard(
        self,
        role: ChatRole,
        text: str,
        packets: Sequence[IdPacket],
        sequence: int,
        now_ns: int,
    ) -> UUID:
        self._chronicle.talked(now_ns)
        return self._chronicle.heard(role, text, self._brain, packets, sequence)
