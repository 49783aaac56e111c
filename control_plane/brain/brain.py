"""The brain of one session: events in, ID packets out.

An event is checked, appraised, felt, and planned; nothing here waits or does I/O. Everything is
decided by the seed, the events and the injected clock: the same ones give equal packets.
"""

from collections.abc import Iterable
from dataclasses import replace

from capsules.library import Library
from capsules.model import Capsule, Expression
from control_plane.brain.chunks import split_text
from control_plane.brain.event_checks import check_event, check_text
from control_plane.brain.gestures import GESTURES, TASK_SITUATIONS, UI_SITUATIONS, Situation
from control_plane.brain.palette import mood_of
from control_plane.brain.planner import Moment, Plan, Planner
from control_plane.brain.sequences import Sequences
from control_plane.emotion.appraisal import Appraisal, Appraiser, default_appraiser
from control_plane.emotion.empathy import response_to
from control_plane.emotion.labels import emotion_named, label_of
from control_plane.emotion.mood import MoodModel, clamp
from control_plane.emotion.personality import Personality
from control_plane.errors import InvalidArgumentError, InvalidEventError, NotFoundError
from control_plane.events import (
    Chat,
    ChatRole,
    Emotion,
    Event,
    EventKind,
    Interrupt,
    Light,
    PlayExpression,
    Pose,
    Preview,
    SetQuality,
    Speak,
    Task,
    Ui,
    UiContext,
)
from control_plane.own_capsules import check_for_use
from engine.clock import NS_PER_MS, Clock
from engine.packet import MAX_PACKET_BYTES, BlendEntry, IdPacket, Mood
from engine.wire import size_bytes

__all__ = ["Brain"]

_DEBOUNCE_NS = 100 * NS_PER_MS
_MAX_SESSION_ID_BYTES = 64
# A packet's tags and lengths around its text, beside what the packet without text takes.
_TEXT_OVERHEAD_BYTES = 4
# The first packet of a speech leaves at least this much room for words.
_MIN_TEXT_BYTES = 120
_MAX_TEXT_BYTES = 320
# What one says oneself moves the mood less than what one is told.
_OWN_WORDS = 0.6

# From this arousal on a text is answered with raised brows rather than a nod.
_STIRRING = 0.5
# Below this valence a text is met quietly.
_TROUBLING = -0.25
_GREETINGS = frozenset({"hi", "hello", "hey", "hiya", "howdy", "welcome"})

Named = Expression | Capsule | Mood


class Brain:
    """One session's brain. Single-threaded, no I/O; an event takes well under a ms, long texts one.

    Args:
        library: What may be played.
        session_id: At most 64 bytes of UTF-8.
        personality: How it feels.
        clock: The session's clock.
        seed: Of the gestures' variation.
        appraiser: Reads texts; None: the process's lexicon appraiser.

    Raises:
        InvalidArgumentError: The session id is empty or too long.
    """

    def __init__(
        self,
        library: Library,
        session_id: str,
        personality: Personality,
        clock: Clock,
        *,
        seed: int = 0,
        appraiser: Appraiser | None = None,
    ) -> None:
        if not 0 < len(session_id.encode()) <= _MAX_SESSION_ID_BYTES:
            raise InvalidArgumentError(
                f"session_id is {session_id!r}, expected 1 to {_MAX_SESSION_ID_BYTES} bytes"
            )
        self._library = library
        self._session_id = session_id
        self._personality = personality
        self._clock = clock
        self._appraiser = default_appraiser() if appraiser is None else appraiser
        self._mood = MoodModel(personality, clock.now_ns())
        self._planner = Planner(library, personality, seed)
        self._sequence = 0
        self._sequences = Sequences()
        self._ui: tuple[UiContext | None, int] = (None, 0)
        self.appraisal: Appraisal | None = None
        """What the last text felt like; None before the first."""

    @property
    def mood(self) -> Mood:
        """What is shown now: the mood with the last reaction on top."""
        return self._mood.expressed(self._clock.now_ns())

    @property
    def lasting_mood(self) -> Mood:
        """The mood without the last reaction."""
        return self._mood.at(self._clock.now_ns())

    @property
    def label(self) -> str:
        """Name of `mood`."""
        return label_of(self.mood)

    def handle(self, event: Event, client: str = "") -> tuple[IdPacket, ...]:
        """The packets an event leads to, each of at most 500 bytes; the first one shows at once.

        Args:
            event: The event.
            client: Whose sequence numbers the event's is one of: a data channel, a stream.

        Returns:
            One packet; more where there is much to say; none where a viewer's context is repeated
            within 100 ms, for light, for the quality, and for a pose.

        Raises:
            DuplicateEventError: The client has used this or a higher sequence number.
            InvalidEventError: A value is out of range.
            NotFoundError: An expression, capsule or emotion is unknown or revoked.
        """
        self._sequences.check(event.sequence, client)
        check_event(event.kind)
        packets = self._dispatch(event.kind, event.sequence)
        # A refused event leaves no trace: mended, it may come again under its number.
        self._sequences.take(event.sequence, client)
        return packets

    def forget(self, client: str) -> None:
        """Drops a client's sequence counter; unknown ones are fine."""
        self._sequences.forget(client)

    def speak(
        self,
        text: str,
        *,
        expression: str | None = None,
        event_sequence: int = 0,
    ) -> tuple[IdPacket, ...]:
        """Packets that say a text, the first with a fitting face, hands and voice.

        Args:
            text: At most 8,000 characters.
            expression: Name of an expression or emotion that wins over what the text suggests.
            event_sequence: The client's event that asked for it; 0: none.

        Raises:
            InvalidEventError: The text is blank or too long.
            NotFoundError: The expression is unknown or revoked.
        """
        check_text("speak.text", text)
        named = self._named(expression, "expression") if expression else None
        return self._say(text, named, event_sequence)

    def tick(self, now_ns: int) -> IdPacket | None:
        """Lets the mood move on by itself; called about five times a second.

        Returns:
            A packet where the face has to follow, else None.
        """
        target = self._mood.expressed(now_ns)
        plan = self._planner.drift(target, now_ns)
        if plan is None or not plan.blends:
            return None
        return self._packet(plan, target, now_ns, 0)

    def _dispatch(self, kind: EventKind, sequence: int) -> tuple[IdPacket, ...]:
        match kind:
            case Chat():
                return self._chat(kind, sequence)
            case PlayExpression():
                return self._play(kind, sequence)
            case Emotion():
                return self._set(kind, sequence)
            case Task():
                return self._task(kind, sequence)
            case Ui():
                return self._context(kind, sequence)
            case Speak():
                return self._say(kind.text, None, sequence)
            case Interrupt():
                return self._interrupt(sequence)
            case Preview():
                return self._preview(kind, sequence)
            case Light() | SetQuality() | Pose():
                return ()

    def _chat(self, chat: Chat, sequence: int) -> tuple[IdPacket, ...]:
        named = self._named(chat.intent, "event.chat.intent") if chat.intent else None
        if chat.role is ChatRole.ASSISTANT:
            return self._say(chat.text, named, sequence)
        self._ui = (None, 0)
        if chat.role is ChatRole.SYSTEM:
            return self._reaction(Situation.NOTED, sequence)
        self.appraisal = appraisal = self._appraiser.appraise(chat.text)
        if named is not None:
            return self._show(named, 1.0, sequence)
        felt = response_to(appraisal.vad, self._personality.empathy)
        self._mood.feel(felt, appraisal.intensity, self._clock.now_ns())
        return self._reaction(_situation(chat.text, appraisal), sequence)

    def _say(self, text: str, named: Named | None, sequence: int) -> tuple[IdPacket, ...]:
        self.appraisal = appraisal = self._appraiser.appraise(text)
        now_ns = self._clock.now_ns()
        moment = Moment(self._sequence + 1, now_ns, speaking=True)
        if isinstance(named, Expression | Capsule):
            plan = self._performance(named, 1.0, moment)
        else:
            vad = appraisal.vad if named is None else named
            intensity = _OWN_WORDS * appraisal.intensity if named is None else 1.0
            self._mood.feel(vad, intensity, now_ns)
            plan = self._planner.react(self._mood.expressed(now_ns), Situation.SPEAKING, moment)
        target = self._mood.expressed(now_ns)
        first = self._packet(plan, target, now_ns, sequence, MAX_PACKET_BYTES - _MIN_TEXT_BYTES)
        return self._spoken(first, text)

    def _play(self, play: PlayExpression, sequence: int) -> tuple[IdPacket, ...]:
        named = self._playable(play.id)
        if named is None:
            raise NotFoundError(
                f"event.expression.id is {play.id!r}: no expression or capsule has it"
            )
        return self._show(named, play.weight, sequence)

    def _preview(self, preview: Preview, sequence: int) -> tuple[IdPacket, ...]:
        capsule = preview.capsule
        try:
            check_for_use(self._library, capsule, "event.preview.json")
        except InvalidArgumentError as error:
            raise InvalidEventError(str(error), error.field) from error
        now_ns = self._clock.now_ns()
        target = self._mood.expressed(now_ns)
        moment = Moment(self._sequence + 1, now_ns)
        plan = self._planner.perform(capsule, preview.weight, target, moment, given=True)
        return (self._packet(plan, target, now_ns, sequence),)

    def _set(self, emotion: Emotion, sequence: int) -> tuple[IdPacket, ...]:
        vad = emotion.vad
        share = emotion.intensity
        aim = clamp(vad.valence * share, vad.arousal * share, vad.dominance * share)
        self._mood.set(aim, self._clock.now_ns())
        return self._reaction(Situation.SET, sequence)

    def _task(self, task: Task, sequence: int) -> tuple[IdPacket, ...]:
        situation = TASK_SITUATIONS[task.state]
        gesture = GESTURES[situation]
        if gesture.feels is not None:
            self._mood.feel(gesture.feels, gesture.intensity, self._clock.now_ns())
        return self._reaction(situation, sequence)

    def _context(self, ui: Ui, sequence: int) -> tuple[IdPacket, ...]:
        now_ns = self._clock.now_ns()
        last, since_ns = self._ui
        if last is ui.context and now_ns - since_ns < _DEBOUNCE_NS:
            return ()
        self._ui = (ui.context, now_ns)
        if ui.context not in (UiContext.IDLE, UiContext.AWAY):
            self._mood.notice(now_ns)
        return self._reaction(UI_SITUATIONS[ui.context], sequence)

    def _interrupt(self, sequence: int) -> tuple[IdPacket, ...]:
        self._mood.calm_reaction(self._clock.now_ns())
        (packet,) = self._reaction(Situation.INTERRUPTED, sequence)
        return (replace(packet, interrupt=True),)

    def _reaction(self, situation: Situation, sequence: int) -> tuple[IdPacket, ...]:
        now_ns = self._clock.now_ns()
        target = self._mood.expressed(now_ns)
        plan = self._planner.react(target, situation, Moment(self._sequence + 1, now_ns))
        return (self._packet(plan, target, now_ns, sequence),)

    def _show(self, named: Named, weight: float, sequence: int) -> tuple[IdPacket, ...]:
        now_ns = self._clock.now_ns()
        if isinstance(named, Mood):
            self._mood.feel(named, weight, now_ns)
            return self._reaction(Situation.TOLD, sequence)
        plan = self._performance(named, weight, Moment(self._sequence + 1, now_ns))
        return (self._packet(plan, self._mood.expressed(now_ns), now_ns, sequence),)

    def _performance(self, named: Expression | Capsule, weight: float, moment: Moment) -> Plan:
        if not any(self._library.resolve(cid) for cid in _cids(named)):
            raise NotFoundError(f"{_id_of(named)} is revoked and nothing stands in for it")
        if named.emotion is not None:
            self._mood.feel(mood_of(named.emotion), weight, moment.now_ns)
        return self._planner.perform(named, weight, self._mood.expressed(moment.now_ns), moment)

    def _named(self, name: str, field: str) -> Named:
        """An expression, capsule or emotion.

        Raises:
            NotFoundError: The name is none of these.
        """
        found = self._playable(name)
        if found is not None:
            return found
        emotion = emotion_named(name)
        if emotion is None:
            raise NotFoundError(f"{field} is {name!r}: no expression or emotion has that name")
        return emotion

    def _playable(self, name: str) -> Expression | Capsule | None:
        if name in self._library.capsules:
            return self._library.capsules[name]
        try:
            return self._library.expression(name)
        except LookupError:
            return None

    def _packet(
        self,
        plan: Plan,
        target: Mood,
        now_ns: int,
        event_sequence: int,
        limit_bytes: int = MAX_PACKET_BYTES,
    ) -> IdPacket:
        """The next packet; blends that do not fit are left out, the last ones first."""
        self._sequence += 1
        mood = _quantised(target)
        packet = IdPacket(
            sequence=self._sequence,
            session_id=self._session_id,
            timestamp_ns=now_ns,
            blends=_distinct(plan.blends),
            lead_lags=plan.lead_lags,
            audio_first=plan.audio_first,
            mood=mood,
            label=label_of(mood),
            event_sequence=event_sequence,
        )
        while packet.blends and size_bytes(packet) > limit_bytes:
            packet = replace(packet, blends=packet.blends[:-1])
        return packet

    def _spoken(self, first: IdPacket, text: str) -> tuple[IdPacket, ...]:
        """The packet with the beginning of the text, and others with the rest of it."""
        room = MAX_PACKET_BYTES - size_bytes(first) - _TEXT_OVERHEAD_BYTES
        pieces = split_text(text, _MAX_TEXT_BYTES, min(room, _MAX_TEXT_BYTES))
        said = [piece for piece in pieces if piece.strip()]
        packets = [replace(first, speak_text=said[0])]
        for piece in said[1:]:
            self._sequence += 1
            packets.append(
                replace(
                    first,
                    sequence=self._sequence,
                    blends=(),
                    lead_lags=(),
                    audio_first=False,
                    speak_text=piece,
                )
            )
        return tuple(packets)


def _situation(text: str, appraisal: Appraisal) -> Situation:
    if appraisal.vad.valence < _TROUBLING:
        return Situation.TROUBLED
    if appraisal.vad.arousal >= _STIRRING:
        return Situation.STIRRED
    if text.rstrip().endswith(("?", "\uff1f")):
        return Situation.ASKED
    opening = text.strip().lower().split(maxsplit=1)[:1]
    greeted = bool(opening) and opening[0].strip(",.!") in _GREETINGS
    return Situation.GREETED if greeted else Situation.TOLD


def _cids(named: Expression | Capsule) -> tuple[str, ...]:
    if isinstance(named, Capsule):
        return (named.cid,)
    return tuple(item.cid for item in named.items)


def _id_of(named: Expression | Capsule) -> str:
    return named.cid if isinstance(named, Capsule) else f"{named.id} ({named.name})"


def _distinct(blends: Iterable[BlendEntry]) -> tuple[BlendEntry, ...]:
    """Each capsule once, at its greatest weight, in order of appearance."""
    found: dict[str, BlendEntry] = {}
    for entry in blends:
        if entry.cid not in found or entry.weight > found[entry.cid].weight:
            found[entry.cid] = entry
    return tuple(found.values())


def _quantised(mood: Mood) -> Mood:
    """To 1/1024, which 32-bit floats hold exactly."""
    return Mood(
        round(mood.valence * 1024) / 1024,
        round(mood.arousal * 1024) / 1024,
        round(mood.dominance * 1024) / 1024,
    )
