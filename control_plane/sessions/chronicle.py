"""What is remembered of one session, from its start to its end.

Records are made here and handed over; nothing waits. Of a message that is spoken or answered, the
workings are kept beside it: what was made of it, who answered, who spoke.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from control_plane.brain.brain import Brain
from control_plane.brain.packets import Shown
from control_plane.emotion.appraisal import Appraisal
from control_plane.events import ChatRole
from control_plane.responder.port import Reply, Turn
from control_plane.sessions.options import SessionOptions
from control_plane.sessions.receipts import Keeper
from control_plane.sessions.updates import Stored
from engine.clock import NS_PER_MS, NS_PER_S
from engine.faults import Fault
from engine.packet import IdPacket, Mood
from engine.voice.speaker import SpeechState
from engine.wire import to_bytes
from storage.records import (
    AgentRecord,
    ChatRecord,
    FaultRecord,
    FeaturesChanged,
    JournalClosed,
    MessageRecord,
    ModeEntered,
    OrderRecord,
    Record,
    SessionEnded,
    SessionStarted,
    SpeechRecord,
)
from storage.runs import Begun
from storage.states import MODES, Mode

__all__ = ["Chronicle", "Keeping"]

_QUIET_NS = 10 * NS_PER_S
_WELL_AGAIN_NS = NS_PER_S
# Faults that a viewer sees: the picture stands still.
_SEEN_FAULTS = frozenset({"body", "render"})


@dataclass(frozen=True, slots=True)
class Keeping:
    """How a session is remembered.

    Attributes:
        remember: Takes a record.
        keep: Takes one and tells on the event loop when it is stored; None: nobody asks.
        version: Version of the program.
        voice: What speaks, for people.
        run: The run of the program; None: none is noted.
    """

    remember: Callable[[Record], object]
    keep: Keeper | None = None
    version: str = ""
    voice: str = ""
    run: Begun | None = None


class Chronicle:
    """Remembers one session; used from the event loop's thread.

    Args:
        session_id: The session.
        keeping: Where records go.
        told: Hears of every message that is stored, on the event loop's thread.
    """

    def __init__(
        self, session_id: UUID, keeping: Keeping, told: Callable[[Stored], object]
    ) -> None:
        self._id = session_id
        self._keeping = keeping
        self._remember = keeping.remember
        self._told = told
        self._mode: Mode | None = None
        self._speaking = False
        self._since_ns = 0  # when somebody last spoke, or something broke

    def began(
        self, options: SessionOptions, journal: str, created_at: datetime, responder: str
    ) -> None:
        """The body is there: the session warmed up, and is idle now."""
        run, client = self._keeping.run, options.client
        machine = {
            "browser": client.browser,
            "camera": client.camera,
            "microphone": client.microphone,
            "speakers": client.speakers,
            "resolution": client.resolution,
        }
        self._remember(
            SessionStarted(
                id=self._id,
                avatar=options.avatar,
                width=options.size.width,
                height=options.size.height,
                fps=options.fps,
                seed=options.seed or 0,
                personality=options.personality,
                probe=options.probe,
                reply=options.reply,
                version=self._keeping.version,
                features_off=options.features.off,
                journal=journal,
                platform=client.platform or "web",
                consent=client.consent,
                model_used=responder if options.reply else "",
                timezone=client.timezone,
                initiator=client.initiator,
                user=client.user,
                client=machine if any(machine.values()) else None,
                run_id=None if run is None else run.run_id,
                deployment_id=None if run is None else run.deployment_id,
                created_at=created_at,
            )
        )
        self._mode = Mode.WARMUP
        self._remember(ModeEntered(self._id, self._mode.value, created_at=created_at))
        self._enter(Mode.IDLE)

    def heard(
        self,
        role: ChatRole,
        text: str,
        brain: Brain,
        packets: Sequence[IdPacket],
        event_sequence: int,
    ) -> UUID:
        """Somebody said something, or had the avatar say it; the message's id."""
        appraisal = None if role is ChatRole.SYSTEM else brain.appraisal
        shown = brain.shown
        mood = shown.mood
        outputs = _outputs(appraisal, shown)
        if role is ChatRole.USER and brain.response is not None:
            outputs["empathy"] = _place(brain.response)
        message = MessageRecord(
            session_id=self._id,
            role=role.value,
            text=text,
            source="client",
            valence=mood.valence,
            arousal=mood.arousal,
            dominance=mood.dominance,
            label=shown.label,
            packet=to_bytes(packets[0]) if packets else b"",
            event_sequence=event_sequence,
            confidence=None if appraisal is None else appraisal.confidence,
            agent_outputs=outputs,
        )
        self._keep(message)
        if role is ChatRole.ASSISTANT:
            self._spoken(message)
        return message.id

    def replied(
        self,
        asked: UUID,
        turn: Turn,
        reply: Reply,
        took_ns: int,
        brain: Brain,
        packets: Sequence[IdPacket],
        memories: tuple[dict[str, Any], ...] = (),
    ) -> None:
        """The avatar answered by itself.

        Args:
            asked: The message it answers.
            turn: What the responder was told.
            reply: What it said.
            took_ns: From the message to the reply.
            brain: As it is with the reply.
            packets: What the reply led to.
            memories: What it used of what is remembered, ready for JSON.
        """
        shown, appraisal = brain.shown, brain.appraisal
        mood = shown.mood
        message = MessageRecord(
            session_id=self._id,
            role=ChatRole.ASSISTANT.value,
            text=reply.text,
            source=reply.source,
            valence=mood.valence,
            arousal=mood.arousal,
            dominance=mood.dominance,
            label=shown.label,
            packet=to_bytes(packets[0]) if packets else b"",
            confidence=None if appraisal is None else appraisal.confidence,
            processing_time_s=took_ns / NS_PER_S,
            agent_outputs=_outputs(appraisal, shown),
            memory_context=memories,
        )
        self._keep(message)
        given = {"mood": _place(turn.mood), "label": turn.label, "number": turn.number}
        self._remember(
            AgentRecord(
                session_id=self._id,
                message_id=message.id,
                agent="responder",
                input=given,
                output={"expression": reply.expression, "source": reply.source},
                duration_ms=took_ns / NS_PER_MS,
            )
        )
        parameters = {"number": turn.number, "seed": str(turn.seed)}
        self._remember(ChatRecord(self._id, reply.source, parameters, asked, message.id))
        self._spoken(message)

    def talked(self, now_ns: int) -> None:
        """Somebody talks."""
        self._since_ns = now_ns
        self._enter(Mode.CHAT)

    def spoke(self, state: SpeechState, now_ns: int) -> None:
        """The avatar's own speech began or ended."""
        self._speaking = state is SpeechState.STARTED
        self._since_ns = now_ns

    def ticked(self, now_ns: int) -> None:
        """Time has passed: after ten seconds of silence the session is idle again."""
        silent_ns = now_ns - self._since_ns
        if self._mode is Mode.CHAT and not self._speaking and silent_ns >= _QUIET_NS:
            self._enter(Mode.IDLE, "silence")
        elif self._mode is Mode.FAULT and silent_ns >= _WELL_AGAIN_NS:
            self._enter(Mode.IDLE, "it went on")

    def broke(self, fault: Fault, now_ns: int) -> None:
        """Something went wrong and was survived."""
        during = "" if self._mode is None else self._mode.value
        run = self._keeping.run
        self._remember(
            FaultRecord(
                mode=fault.mode,
                session_id=self._id,
                version=self._keeping.version,
                cause=fault.cause,
                during=during,
                system_version_id=None if run is None else run.system_version_id,
                deployment_id=None if run is None else run.deployment_id,
            )
        )
        if fault.mode in _SEEN_FAULTS:
            self._since_ns = now_ns
            self._enter(Mode.FAULT, fault.mode)

    def switched(self, features_off: tuple[str, ...]) -> None:
        """Features were switched."""
        off = f"off: {', '.join(features_off)}" if features_off else "all on"
        self._remember(FeaturesChanged(self._id, features_off))
        self._remember(OrderRecord("features", str(self._id), "", off))

    def ended(self, reason: str, ended_at: datetime) -> None:
        """The session is over."""
        self._enter(Mode.CLOSE, reason)
        self._remember(SessionEnded(self._id, reason, ended_at))

    def recorded(self, sha256: str) -> None:
        """Its journal is whole."""
        self._remember(JournalClosed(self._id, sha256))

    def _enter(self, mode: Mode, reason: str = "") -> None:
        if mode is not self._mode and self._mode is not None and MODES.allows(self._mode, mode):
            self._mode = mode
            self._remember(ModeEntered(self._id, mode.value, reason))

    def _keep(self, message: MessageRecord) -> None:
        keep = self._keeping.keep
        if keep is None:
            self._remember(message)
        else:
            keep(message, partial(self._stored, message))

    def _stored(self, message: MessageRecord) -> None:
        self._told(Stored(str(message.id), message.event_sequence))

    def _spoken(self, message: MessageRecord) -> None:
        if self._keeping.voice:
            self._remember(SpeechRecord(self._keeping.voice, {}, message.text, message.id))


def _outputs(appraisal: Appraisal | None, shown: Shown) -> dict[str, Any]:
    """What the parts of the brain made of a message, ready for JSON."""
    outputs: dict[str, Any] = {"mood": {**_place(shown.mood), "label": shown.label}}
    if appraisal is not None:
        outputs["appraisal"] = {
            **_place(appraisal.vad),
            "intensity": appraisal.intensity,
            "label": appraisal.label,
            "confidence": appraisal.confidence,
        }
    return outputs


def _place(mood: Mood) -> dict[str, Any]:
    return {"valence": mood.valence, "arousal": mood.arousal, "dominance": mood.dominance}
