"""The brain of one session: events in, ID packets out.

An event is checked, appraised, felt, and planned; nothing here waits or does I/O. Everything is
decided by the seed, the events and the injected clock: the same ones give equal packets.
"""

from dataclasses import replace

from capsules.library import Library
from capsules.model import Expression
from capsules.profile import Profile
from control_plane.brain.event_checks import check_event, check_text
from control_plane.brain.gestures import GESTURES, TASK_SITUATIONS, UI_SITUATIONS, Situation
from control_plane.brain.packets import MIN_TEXT_BYTES, PacketMaker, Shown
from control_plane.brain.palette import mood_of
from control_plane.brain.plan import Moment, Plan
from control_plane.brain.planner import Planner
from control_plane.brain.playable import Named, Playable, name_of, playable, require
from control_plane.brain.playable import named as named_in
from control_plane.brain.sequences import Sequences
from control_plane.brain.situations import situation_of
from control_plane.emotion.appraisal import Appraisal, Appraiser, default_appraiser
from control_plane.emotion.empathy import response_to
from control_plane.emotion.explain import KEPT_CHANGES, Cause, Explanation
from control_plane.emotion.labels import label_of
from control_plane.emotion.mood import Felt, MoodModel
from control_plane.emotion.occasions import Occasion, occasion_of
from control_plane.emotion.personality import Personality, Reaction
from control_plane.emotion.signals import signals_in
from control_plane.emotion.traits import Signal
from control_plane.emotion.vad import clamp, distance, scaled
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
    SetFeatures,
    SetQuality,
    Speak,
    Task,
    TaskState,
    Ui,
    UiContext,
)
from control_plane.studio.own_capsules import check_for_use
from engine.clock import NS_PER_MS, Clock
from engine.features import Features
from engine.packet import MAX_PACKET_BYTES, IdPacket, Mood

__all__ = ["Brain"]

# From so far from the mood at rest on, an answer does not hide what is felt.
_MOVED = 0.35
_DEBOUNCE_NS = 100 * NS_PER_MS
_TASK_OCCASIONS = {TaskState.SUCCEEDED: Occasion.SUCCEEDED, TaskState.FAILED: Occasion.FAILED}
_TASK_SIGNALS = {TaskState.SUCCEEDED: Signal.SUCCESS, TaskState.FAILED: Signal.ERROR}


class Brain:
    """One session's brain. Single-threaded, no I/O; an event takes well under a ms, long texts one.

    Args:
        library: What may be played.
        session_id: At most 64 bytes of UTF-8.
        personality: How it feels.
        clock: The session's clock.
        seed: Of the gestures' variation.
        appraiser: Reads texts; None: the process's own appraiser.

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
        self._library = library
        self._packets = PacketMaker(session_id)
        self._personality = personality
        self._clock = clock
        # Read once an event: all that it leads to happens at one time.
        self._now_ns = clock.now_ns()
        self._appraiser = default_appraiser() if appraiser is None else appraiser
        self._mood = MoodModel(personality, self._now_ns)
        self._planner = Planner(library, personality, seed)
        self._sequences = Sequences()
        self._ui: tuple[UiContext | None, int] = (None, 0)
        self._features = Features()
        self._dwelling = False
        self._named = Shown(Mood(), label_of(Mood()))
        self.appraisal: Appraisal | None = None
        """What the last text felt like; None before the first."""
        self.response: Mood | None = None
        """How it felt back at the user's last text; None where that was told, or before."""

    @property
    def mood(self) -> Mood:
        """What is shown now: the mood with the last reaction on top."""
        return self._mood.expressed(self._clock.now_ns())

    @property
    def shown(self) -> Shown:
        """What is shown as of the last event, tick or answer: the mood then, and its name."""
        return self._shown(self._mood.expressed(self._now_ns))

    @property
    def lasting_mood(self) -> Mood:
        """The mood without the last reaction."""
        return self._mood.at(self._clock.now_ns())

    @property
    def label(self) -> str:
        """Name of `mood`, or of the profile that is held."""
        return self._shown(self.mood).label

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
        self._now_ns = self._clock.now_ns()
        packets = self._dispatch(event.kind, event.sequence)
        self._end_turn(event.sequence)
        # A refused event leaves no trace: mended, it may come again under its number.
        self._sequences.take(event.sequence, client)
        return packets

    def explain(self, limit: int = KEPT_CHANGES) -> Explanation:
        """Why the mood is what it is: the last changes, and what time has done since."""
        now_ns = self._clock.now_ns()
        return Explanation(
            personality=self._personality,
            traits=self._mood.traits,
            since=self._mood.since_change(now_ns),
            changes=self._mood.changes(limit),
        )

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

        An answer comes in the same moment as what it answers: where that has moved the avatar, the
        face goes on showing it, and the expression gives only its hands and its voice.

        Args:
            text: At most 8,000 characters.
            expression: Name of an expression or emotion that wins over what the text suggests.
            event_sequence: The client's event that asked for it; 0: none.

        Raises:
            InvalidEventError: The text is blank or too long.
            NotFoundError: The expression is unknown or revoked.
        """
        check_text("speak.text", text)
        self._now_ns = self._clock.now_ns()
        named = named_in(self._library, expression, "expression") if expression else None
        moved = self._is_moved() or self._planner.reacting
        if isinstance(named, Expression) and moved:
            packets = self._answer(text, named, event_sequence)
        else:
            packets = self._say(text, named, event_sequence)
        self._end_turn(event_sequence)
        return packets

    def tick(self, now_ns: int) -> IdPacket | None:
        """Lets the mood move on by itself; called about five times a second.

        Returns:
            A packet where the face has to follow, else None.
        """
        self._now_ns = now_ns
        self._leave_place(now_ns)
        if self._planner.busy(now_ns):
            return None
        target = self._mood.expressed(now_ns)
        plan = self._planner.drift(target, now_ns)
        if plan is None or not plan.blends:
            return None
        return self._packet(plan, target, now_ns)

    def take(self, library: Library) -> IdPacket | None:
        """Goes on with another state of the library: what may not play in it never leaves again.

        Returns:
            The packet that shows the mood by what may play, where anything shows.
        """
        self._library = library
        self._planner.take(library)
        return self.tick(self._clock.now_ns())

    def set_features(self, features: Features) -> None:
        """Switches what the brain does, from the next packet on."""
        self._features = features
        self._planner.blend_all(blended=features.vector_blending)

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
            case Light() | SetQuality() | Pose() | SetFeatures():
                return ()

    def _chat(self, chat: Chat, sequence: int) -> tuple[IdPacket, ...]:
        named = named_in(self._library, chat.intent, "event.chat.intent") if chat.intent else None
        if chat.role is ChatRole.ASSISTANT:
            return self._say(chat.text, named, sequence)
        self._ui = (None, 0)
        if chat.role is ChatRole.SYSTEM:
            return self._reaction(Situation.NOTED, sequence)
        self.appraisal = appraisal = self._appraiser.appraise(chat.text)
        signals = signals_in(chat.text, appraisal)
        if isinstance(named, Playable):
            require(self._library, named)
        self._mood.turn(signals)
        self.response = None
        if named is not None:
            return self._show(named, 1.0, Cause("intent", sequence, chat.intent))
        occasion = occasion_of(chat.text, appraisal, signals)
        reaction = None if occasion is None else self._personality.reactions.get(occasion)
        if reaction is not None and reaction.feels is not None:
            self.response = reaction.feels
        else:
            self.response = response_to(appraisal.vad, self._personality.empathy)
        felt = Felt(
            appraisal.vad,
            self.response,
            appraisal.intensity,
            appraisal.confidence,
        )
        evidence = ", ".join([*signals, f"sounds {appraisal.label}"])
        self._mood.feel(felt, self._now_ns, Cause("chat", sequence, evidence))
        return self._reaction(situation_of(chat.text, appraisal), sequence, reaction)

    def _say(self, text: str, named: Named | None, sequence: int) -> tuple[IdPacket, ...]:
        self.appraisal = appraisal = self._appraiser.appraise(text)
        now_ns = self._now_ns
        moment = self._moment(speaking=True)
        if isinstance(named, Playable):
            plan = self._performance(named, 1.0, moment, Cause("speak", sequence, name_of(named)))
        else:
            cause = Cause("speak", sequence, f"sounds {appraisal.label}")
            self._mood.feel(_in_own_words(appraisal, named), now_ns, cause)
            plan = self._planner.react(self._mood.expressed(now_ns), Situation.SPEAKING, moment)
        return self._speech(text, plan, sequence)

    def _answer(self, text: str, named: Expression, sequence: int) -> tuple[IdPacket, ...]:
        self.appraisal = self._appraiser.appraise(text)
        target = self._mood.expressed(self._now_ns)
        plan = self._planner.accompany(named, target, self._moment(speaking=True))
        return self._speech(text, plan, sequence)

    def _is_moved(self) -> bool:
        shown = self._mood.expressed(self._now_ns)
        return distance(shown, self._personality.baseline) > _MOVED

    def _speech(self, text: str, plan: Plan, sequence: int) -> tuple[IdPacket, ...]:
        now_ns = self._now_ns
        target = self._mood.expressed(now_ns)
        limit = MAX_PACKET_BYTES - MIN_TEXT_BYTES
        first = self._packets.packet(plan, self._shown(target), now_ns, sequence, limit)
        return self._packets.spoken(first, text)

    def _play(self, play: PlayExpression, sequence: int) -> tuple[IdPacket, ...]:
        named = playable(self._library, play.id)
        if named is None:
            raise NotFoundError(
                f"event.expression.id is {play.id!r}: no expression, profile or capsule has it"
            )
        kind = type(named).__name__.lower()
        return self._show(named, play.weight, Cause(kind, sequence, name_of(named)))

    def _preview(self, preview: Preview, sequence: int) -> tuple[IdPacket, ...]:
        capsule = preview.capsule
        try:
            check_for_use(self._library, capsule, "event.preview.json")
        except InvalidArgumentError as error:
            raise InvalidEventError(str(error), error.field) from error
        now_ns = self._now_ns
        target = self._mood.expressed(now_ns)
        plan = self._planner.perform(capsule, preview.weight, target, self._moment(), given=True)
        return (self._packet(plan, target, now_ns, sequence),)

    def _set(self, emotion: Emotion, sequence: int) -> tuple[IdPacket, ...]:
        vad = emotion.vad
        share = emotion.intensity
        aim = clamp(vad.valence * share, vad.arousal * share, vad.dominance * share)
        self._mood.set(aim, self._now_ns, Cause("emotion", sequence, label_of(aim)))
        return self._reaction(Situation.SET, sequence)

    def _task(self, task: Task, sequence: int) -> tuple[IdPacket, ...]:
        situation = TASK_SITUATIONS[task.state]
        gesture = GESTURES[situation]
        if task.state in _TASK_SIGNALS:
            self._mood.turn((_TASK_SIGNALS[task.state],))
        if gesture.feels is not None:
            felt = Felt(gesture.feels, intensity=gesture.intensity)
            cause = Cause("task", sequence, task.state.value)
            self._mood.feel(felt, self._now_ns, cause)
        outcome = _TASK_OCCASIONS.get(task.state)
        reaction = None if outcome is None else self._personality.reactions.get(outcome)
        situation = situation if self._features.context else Situation.SET
        return self._reaction(situation, sequence, reaction)

    def _context(self, ui: Ui, sequence: int) -> tuple[IdPacket, ...]:
        if not self._features.context:
            return ()
        now_ns = self._now_ns
        last, since_ns = self._ui
        if last is ui.context and now_ns - since_ns < _DEBOUNCE_NS:
            return ()
        self._ui = (ui.context, now_ns)
        if ui.context not in (UiContext.IDLE, UiContext.AWAY):
            self._mood.notice(now_ns)
        return self._reaction(UI_SITUATIONS[ui.context], sequence)

    def _interrupt(self, sequence: int) -> tuple[IdPacket, ...]:
        self._mood.calm_reaction(self._now_ns, Cause("interrupt", sequence))
        (packet,) = self._reaction(Situation.INTERRUPTED, sequence)
        return (replace(packet, interrupt=True),)

    def _reaction(
        self, situation: Situation, sequence: int, reaction: Reaction | None = None
    ) -> tuple[IdPacket, ...]:
        now_ns = self._now_ns
        target = self._mood.expressed(now_ns)
        plan = self._planner.react(target, situation, self._moment(), reaction)
        return (self._packet(plan, target, now_ns, sequence),)

    def _show(self, named: Named, weight: float, cause: Cause) -> tuple[IdPacket, ...]:
        now_ns = self._now_ns
        if isinstance(named, Mood):
            self._mood.feel(Felt(named, intensity=weight), now_ns, cause)
            return self._reaction(Situation.TOLD, cause.event_sequence)
        plan = self._performance(named, weight, self._moment(), cause)
        return (self._packet(plan, self._mood.expressed(now_ns), now_ns, cause.event_sequence),)

    def _performance(self, named: Playable, weight: float, moment: Moment, cause: Cause) -> Plan:
        require(self._library, named)
        if isinstance(named, Profile):
            return self._hold(named, weight, moment, cause)
        if named.emotion is not None:
            felt = Felt(mood_of(named.emotion), intensity=weight)
            self._mood.feel(felt, moment.now_ns, cause)
        return self._planner.perform(named, weight, self._mood.expressed(moment.now_ns), moment)

    def _hold(self, profile: Profile, weight: float, moment: Moment, cause: Cause) -> Plan:
        place = scaled(mood_of(profile.emotion), weight)
        plan = self._planner.hold(profile, weight, place, moment)
        self._mood.feel(Felt(mood_of(profile.emotion), intensity=weight), moment.now_ns, cause)
        self._mood.dwell(place, moment.now_ns)
        self._dwelling = True
        return plan

    def _end_turn(self, sequence: int) -> None:
        """Notes what is over: a turn at which nothing was felt, a profile that was replaced."""
        now_ns = self._now_ns
        self._mood.end_turn(now_ns, sequence)
        self._leave_place(now_ns)

    def _leave_place(self, now_ns: int) -> None:
        """Lets the mood go home where the profile that kept it is not held any more."""
        if self._dwelling and self._planner.held is None:
            self._mood.dwell(None, now_ns)
            self._dwelling = False

    def _shown(self, target: Mood) -> Shown:
        held = self._planner.held
        if held is not None:
            return Shown(target, held.label)
        named = self._named.mood
        if (
            target is not named and target != named
        ):  # naming it takes a while, and is asked for thrice an event
            self._named = Shown(target, label_of(target))
        return self._named

    def _moment(self, *, speaking: bool = False) -> Moment:
        return Moment(
            self._packets.next_sequence,
            self._now_ns,
            speaking=speaking,
            temper=self._mood.temper,
        )

    def _packet(self, plan: Plan, target: Mood, now_ns: int, sequence: int = 0) -> IdPacket:
        return self._packets.packet(plan, self._shown(target), now_ns, sequence)


def _in_own_words(appraisal: Appraisal, named: Mood | None) -> Felt:
    """What the avatar feels at what it says itself; `named` wins over what the text suggests."""
    if named is not None:
        return Felt(named)
    return Felt(
        appraisal.vad,
        intensity=appraisal.intensity,
        confidence=appraisal.confidence,
        own_words=True,
    )
