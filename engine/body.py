"""The body: ID packets and speech in, draw lists out.

Pure and deterministic: no clock, no I/O, no thread. The same library, options and calls give the
same draw lists, byte for byte.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from capsules.library import Library
from capsules.model import Capsule
from compositor.drawlist import DrawList, FrameSize
from compositor.light import Surroundings
from engine.clock import NS_PER_MS
from engine.features import Features
from engine.framing import framing
from engine.motion.beats import Beats
from engine.motion.conflicts import Mixer
from engine.motion.follow import FollowThrough
from engine.motion.habits import joined
from engine.motion.held import HeldPackets, Sound
from engine.motion.idle import Idle
from engine.motion.leadlag import SPEECH_LEAD_MS, speech_wait_ms
from engine.motion.limits import RateLimiter
from engine.motion.lips import Lips
from engine.motion.plans import target_index, target_table
from engine.motion.scheduler import Scheduler
from engine.motion.surroundings import SurroundingLight
from engine.packet import IdPacket
from engine.quality import Quality
from engine.target_layout import TargetLayout
from engine.voice.port import Speech, VoiceDelta

__all__ = ["BLINK_RATE", "LIP_RATE", "Body", "BodyOptions"]

LIP_RATE = 26.0
"""The largest change a second of what speech moves; a viseme passes in 60 ms."""

BLINK_RATE = 40.0
"""The largest change a second of the lids; a blink closes in 65 ms."""

_VISIBLE = 0.2  # movement of a face in one frame that nobody misses, as a sum of weights


@dataclass(frozen=True, slots=True)
class BodyOptions:
    """What a body is made for.

    Attributes:
        avatar: Name of the avatar.
        size: Frame size.
        seed: Of all chance.
        probe: Whether frames show the number of the last applied event.
        has_basis: Bases of the avatar; others are not drawn.
        av_offset_ms: How much later than the sound the lips move.
        speech_lead_ms: How long speech waits after its packet, so that hands can lead it.
        coverage: Whether draw lists ask for coverage instead of the avatar's background.
        quality: How finely clips are drawn, to begin with.
        lively: Whether it breathes, blinks and looks about by itself, and plays no capsule twice
            alike; else it does just what it is told.
        features: What it does, to begin with.
    """

    avatar: str
    size: FrameSize
    seed: int = 0
    probe: bool = False
    has_basis: frozenset[str] = frozenset()
    av_offset_ms: float = 0.0
    speech_lead_ms: int = SPEECH_LEAD_MS
    coverage: bool = False
    quality: Quality = Quality.FULL
    lively: bool = True
    features: Features = field(default_factory=Features)


class Body:
    """One avatar's body. Single-threaded; the times given to it never go back.

    Args:
        library: Where capsules and mouth shapes come from.
        options: What it is made for.
    """

    def __init__(self, library: Library, options: BodyOptions) -> None:
        self._options = options
        self.quality = options.quality
        """How finely clips are drawn, from the next frame on."""
        self._scheduler = Scheduler(
            library, options.seed, options.speech_lead_ms, varied=options.lively
        )
        self._idle = Idle(options.seed) if options.lively else None
        self._beats = Beats(options.seed)
        self._follow = FollowThrough()
        self._surroundings = SurroundingLight()
        self._features = options.features
        self._told: Surroundings | None = None
        self._lips = Lips(library.viseme_weights, options.av_offset_ms)
        self._mixer = Mixer()
        self._layout = TargetLayout(options.has_basis, framing(options.size))
        self._limiter = RateLimiter([item.max_rate for item in target_table()])
        self._lip_limiter = RateLimiter([LIP_RATE] * len(self._lips.targets))
        self._blinking = (
            *((index, 1.0) for index in self._layout.lids),
            *((index, 0.0) for index in self._layout.wide),
        )
        self._lid_limiter = RateLimiter([BLINK_RATE] * len(self._blinking))
        self._epoch_ns: int | None = None
        self._frame_ms: float | None = None
        self._now_ms = 0.0
        self._skew_ms = 0.0
        self._event_sequence = 0
        self._held = HeldPackets()
        self._posed: dict[int, float] = {}

    @property
    def event_sequence(self) -> int:
        """The client's number of the last event applied; 0 before the first."""
        return self._event_sequence

    def speech_lead_ms(self, packet: IdPacket) -> int:
        """How long the sound of a packet has to wait after it; 0 for sound first."""
        return round(speech_wait_ms(packet, self._options.speech_lead_ms))

    def apply(self, packet: IdPacket, now_ns: int, *, held: bool = False) -> None:
        """Takes a packet in; the next frame shows it.

        Args:
            packet: From the brain.
            now_ns: The time.
            held: Whether its capsules wait until `begin_speech` places the sound of its text; the
                eyes and brows notice it at once.
        """
        now_ms = self._advance(now_ns)
        if packet.interrupt:
            self.end_speech(now_ns)
        if held and packet.blends:
            if packet.interrupt:
                self._scheduler.drop_gestures(now_ms)
            self._held.hold(replace(packet, interrupt=False), now_ms)
            moved = 0.0
        else:
            moved = self._scheduler.apply(packet, now_ms)
            self._adopt(now_ms)
        if packet.event_sequence:
            self._event_sequence = packet.event_sequence
            if self._idle is not None:
                self._idle.notice(now_ms, visibly=moved < _VISIBLE)
        if packet.attention is not None and self._idle is not None:
            self._idle.turn(packet.attention, now_ms)

    def begin_speech(self, speech: Speech, onset_ns: int, sequence: int = 0) -> None:
        """Places speech whose sound starts at `onset_ns`; sentences may come ahead of time.

        Args:
            speech: The sentence.
            onset_ns: When its sound starts.
            sequence: Of the packet that brought the text; what waits for its onset waits for that
                of its first sentence. 0: of none.
        """
        onset_ms = self._ms(onset_ns)
        self._held.speak_until(onset_ms + speech.duration_ms)
        seen_ms = onset_ms + self._options.av_offset_ms
        stresses = tuple(seen_ms + item for item in speech.stresses_ms)
        waiting = self._held.get(sequence)
        if waiting is not None:
            due_ms = onset_ms - self.speech_lead_ms(waiting)
            self._held.place(sequence, due_ms, Sound(onset_ms, stresses))
        elif sequence:
            self._scheduler.place_onset(sequence, onset_ms, self._now_ms, stresses)
        self._lips.begin(speech, onset_ms, self._now_ms, by_loudness=not self._features.visemes)
        self._beats.begin(speech, seen_ms, self._now_ms)
        if self._idle is not None:
            self._idle.speak(onset_ms, onset_ms + speech.duration_ms, self._now_ms)

    def surround(self, surroundings: Surroundings, now_ns: int) -> None:
        """Lights the avatar by what is around its picture; at most ten a second count."""
        now_ms = self._advance(now_ns)
        self._told = surroundings
        if self._features.light_probe:
            self._surroundings.tell(surroundings, now_ms)

    def set_features(self, features: Features, now_ns: int) -> None:
        """Switches what it does, from the next frame on; speech that is placed keeps its lips."""
        now_ms = self._advance(now_ns)
        before, self._features = self._features, features
        if self._told is not None and features.light_probe is not before.light_probe:
            strength = self._told.strength if features.light_probe else 0.0
            self._surroundings.tell(replace(self._told, strength=strength), now_ms)

    def take(self, library: Library, dropped: Iterable[int], now_ns: int) -> None:
        """Goes on with another state of the library; see `engine.motion.scheduler.Scheduler.take`.

        Args:
            library: The library, some of which may not be played.
            dropped: Sequences of packets of which nothing may play any more.
            now_ns: The time.
        """
        now_ms = self._advance(now_ns)
        sequences = frozenset(dropped)
        self._held.drop(sequences)
        self._scheduler.take(library, sequences, now_ms)

    def pose(self, values: Sequence[tuple[str, float]]) -> None:
        """Holds targets at values from the next frame on, whatever plays, breathes or speaks.

        No target moves faster than it may on its way there and back.

        Args:
            values: Names of targets with values in their ranges, in place of those held before.

        Raises:
            KeyError: A target is unknown.
        """
        index = target_index()
        self._posed = {index[name]: value for name, value in values}

    def learn(self, capsule: Capsule) -> None:
        """Takes a capsule with tracks: for this body its id means this one from now on."""
        self._scheduler.learn(capsule)

    def end_speech(self, now_ns: int) -> None:
        """Breaks speech off: the mouth closes within 70 ms, gestures that go with it fade."""
        now_ms = self._advance(now_ns)
        self._held.clear()
        self._lips.cut(now_ms)
        self._beats.cut(now_ms)
        self._scheduler.end_speech(now_ms)
        if self._idle is not None:
            self._idle.hush(now_ms)

    def voice_delta(self, now_ns: int, sequence: int = 0) -> VoiceDelta:
        """The voice for speech made now, with what starts along with it.

        Args:
            now_ns: The time.
            sequence: Of the packet that brought the text; 0: of none.
        """
        now_ms = self._advance(now_ns)
        values = self._scheduler.voice(now_ms, self._held.get(sequence))
        return self._layout.voice(values)

    def active_capsules(self, now_ns: int) -> tuple[tuple[str, float], ...]:
        """Capsules that play now with their weights in [0.05, 1], the strongest first."""
        return self._scheduler.active(self._advance(now_ns))

    def frame(self, now_ns: int) -> DrawList:
        """What to draw at `now_ns`."""
        now_ms = self._advance(now_ns)
        seconds = 0.0 if self._frame_ms is None else (now_ms - self._frame_ms) / 1000.0
        self._frame_ms = now_ms
        self._mixer.begin()
        self._scheduler.mix(now_ms, self._skew_ms, self._mixer)
        values = self._mixer.values
        self._live(now_ms, values)
        self._follow.add(now_ms, values)
        self._layout.clamp(values)
        for index, value in self._posed.items():
            values[index] = value
        shown = self._limiter.step(values, seconds)
        tempo = shown[self._layout.tempo]
        self._skew_ms += 1000.0 * seconds * (tempo - 1.0)
        return self._draw(self._overlay(now_ms, shown, seconds))

    def _adopt(self, now_ms: float) -> None:
        """Takes on the habits of what is held."""
        if self._idle is not None:
            held = (
                (play.plan.habits, play.goal)
                for play in self._scheduler.plays
                if play.plan.habits is not None and play.holds and not play.leaving()
            )
            self._idle.adopt(joined(held), now_ms)

    def _live(self, now_ms: float, values: list[float]) -> None:
        """Adds beats of speech, and what the avatar does by itself."""
        yaw, pitch = self._layout.head
        still_yaw, still_pitch = values[yaw], values[pitch]
        self._beats.add(now_ms, values)
        if self._idle is None:
            return
        by_yaw, by_pitch = self._scheduler.activity.gestured
        turned = values[yaw] - still_yaw + by_yaw, values[pitch] - still_pitch + by_pitch
        self._idle.add(now_ms, values, self._scheduler.activity.busy, turned)

    def _overlay(self, now_ms: float, shown: list[float], seconds: float) -> list[float]:
        """Speech and blinks over what feelings show; they move faster than those may."""
        found = list(shown)
        layout, posed = self._layout, self._posed
        spoken = self._lips.blend(now_ms, shown)
        if posed:
            pairs = zip(self._lips.targets, spoken, strict=True)
            spoken = [shown[index] if index in posed else value for index, value in pairs]
        lips = self._lip_limiter.step(spoken, seconds)
        for index, value in zip(self._lips.targets, lips, strict=True):
            found[index] = value
        wide = max(shown[index] for index in layout.wide)
        blink = 0.0 if self._idle is None else self._idle.lids(now_ms, wide)
        # Lids that were wide close as well: a blink shuts the eye whatever it was before.
        goals = [
            shown[index] if index in posed else shown[index] + (ends - shown[index]) * blink
            for index, ends in self._blinking
        ]
        lids = self._lid_limiter.step(goals, seconds)
        for (index, _), value in zip(self._blinking, lids, strict=True):
            found[index] = value
        return found

    def _draw(self, values: list[float]) -> DrawList:
        options, layout = self._options, self._layout
        return DrawList(
            avatar=options.avatar,
            size=options.size,
            weights=layout.weights(values),
            transforms=layout.transforms(values),
            camera=layout.camera(values),
            light=layout.light(values, self._surroundings.at(self._now_ms)),
            probe=self._event_sequence & 0xFFFF if options.probe else None,
            coverage=options.coverage,
            overlays=self._scheduler.overlays,
            half_clips=self.quality is Quality.HALF,
        )

    def _advance(self, now_ns: int) -> float:
        """Moves on to a time, which never goes back, and plays what has become due; ms."""
        now_ms = max(self._now_ms, self._ms(now_ns))
        for due_ms, packet, sound in self._held.due(now_ms):
            at_ms = max(due_ms, self._now_ms)
            self._scheduler.apply(packet, at_ms)
            self._adopt(at_ms)
            if sound is not None:
                onset_ms, stresses = sound
                self._scheduler.place_onset(packet.sequence, onset_ms, at_ms, stresses)
        self._now_ms = now_ms
        return now_ms

    def _ms(self, now_ns: int) -> float:
        if self._epoch_ns is None:
            self._epoch_ns = now_ns
        return (now_ns - self._epoch_ns) / NS_PER_MS
