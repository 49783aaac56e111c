"""The avatar's own replies in one session: made in the background, one at a time."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeGuard
from uuid import UUID

from control_plane.events import Chat, ChatRole, EventKind, Interrupt, Speak
from control_plane.responder.port import Reply, Turn
from control_plane.sessions.chronicle import Chronicle
from control_plane.sessions.options import SessionOptions
from control_plane.sessions.parts import SessionParts
from engine.faults import Fault, FaultSink
from engine.packet import IdPacket
from engine.voice.speaker import SpeechState, SpeechUpdate

__all__ = ["Replies", "ReplyCallbacks"]

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ReplyCallbacks:
    """What replies do to their session.

    Attributes:
        say: Has the avatar say a reply; the packets of that, none where it is not said any more.
        on_fault: Something went wrong; the session goes on.
        session_id: The session, for logs.
    """

    say: Callable[[Reply], Sequence[IdPacket]]
    on_fault: FaultSink
    session_id: str


class Replies:
    """One session's; used from the event loop's thread. It owns its tasks: see `settle`.

    Args:
        parts: What the session works with.
        chronicle: Remembers what is said.
        callbacks: What replies do.
    """

    def __init__(
        self, parts: SessionParts, chronicle: Chronicle, callbacks: ReplyCallbacks
    ) -> None:
        self._parts = parts
        self._chronicle = chronicle
        self._callbacks = callbacks
        self._tasks: set[asyncio.Task[None]] = set()
        self._pending: asyncio.Task[None] | None = None
        self._turns = 0
        self._last = ""
        self._aloud = False

    def cut_short_by(self, kind: EventKind) -> bool:
        """Whether the avatar stops its own words for that: the user, who has something to say."""
        return self._aloud and _is_the_users(kind)

    def heard(self, update: SpeechUpdate) -> None:
        """The body's speech began or ended; what clients have it say is without a source."""
        if update.source:
            self._aloud = update.state is SpeechState.STARTED

    def follow(
        self, kind: EventKind, said: UUID | None, options: SessionOptions, now_ns: int
    ) -> None:
        """Starts a reply to what the user says; whatever else is said takes its place.

        Args:
            kind: The event, which has been answered by face and hands.
            said: The message that it brought; None: none.
            options: The session's, as they are now.
            now_ns: When it came.
        """
        if self._pending is not None and isinstance(kind, Chat | Speak | Interrupt):
            self._pending.cancel()
            self._pending = None
        if said is None or not _is_the_users(kind):
            return
        recollection = self._parts.recollection
        if recollection is not None and (options.reply or recollection.person):
            # The body's frame comes first, and the reply after it.
            asyncio.get_running_loop().call_soon(self._learn, kind.text, said)
        if options.reply:
            self._begin(self._turn(kind.text, options), said, now_ns)

    def cancel(self) -> None:
        """Gives up what is being made; `settle` waits for that."""
        for task in self._tasks:
            task.cancel()

    async def settle(self) -> None:
        """Waits until nothing is being made any more."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _learn(self, text: str, message_id: UUID) -> None:
        """Takes from what the user said what is worth remembering."""
        try:
            if self._parts.recollection is not None:
                self._parts.recollection.hear(text, message_id, self._parts.brain.label)
        except Exception as error:  # the callback's root: the session goes on without it
            session_id = self._callbacks.session_id
            _LOG.exception("session %s: nothing is remembered of a message", session_id)
            self._callbacks.on_fault(Fault("memory", type(error).__name__, session_id))

    def _turn(self, text: str, options: SessionOptions) -> Turn:
        shown = self._parts.brain.shown
        turn = Turn(
            text=text,
            mood=shown.mood,
            label=shown.label,
            number=self._turns,
            seed=options.seed or 0,
            previous=self._last,
        )
        self._turns += 1
        return turn

    def _begin(self, turn: Turn, asked: UUID, began_ns: int) -> None:
        name = f"reply-{self._callbacks.session_id}"
        task = asyncio.create_task(self._answer(turn, asked, began_ns), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._pending = task

    async def _answer(self, turn: Turn, asked: UUID, began_ns: int) -> None:
        parts = self._parts
        try:
            recollection = parts.recollection
            if recollection is not None:
                turn = replace(turn, mind=await recollection.mind(turn.text))
            reply = await parts.responder.reply(turn)
            if not reply.text.strip():
                return
            packets = self._callbacks.say(reply)
            if not packets:
                return
            self._last = reply.text
            now_ns = parts.clock.now_ns()
            self._chronicle.talked(now_ns)
            used = () if recollection is None else recollection.used(turn.mind, reply.used)
            took_ns = now_ns - began_ns
            self._chronicle.replied(asked, turn, reply, took_ns, parts.brain, packets, used)
        except Exception as error:  # the task's root: the session goes on without this reply
            session_id = self._callbacks.session_id
            _LOG.exception("session %s: no reply", session_id)
            cause = f"{type(error).__name__}: {error}"
            self._callbacks.on_fault(Fault("reply", cause, session_id))


def _is_the_users(kind: EventKind) -> TypeGuard[Chat]:
    return isinstance(kind, Chat) and kind.role is ChatRole.USER
