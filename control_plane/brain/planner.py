"""From what is felt to what is shown: capsules, weights and offsets.

Each layer blends the capsules nearest to the target emotion (`control_plane.brain.palette`). A
blend is reckoned anew only when the target has moved by more than 0.1; an event's blend is taken
at once, for the body fades it in, while that of a drifting mood moves half of the way a step. On
top come the gestures of the situation (`control_plane.brain.gestures`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice

from capsules.library import Library
from capsules.model import Capsule, Expression, Layer
from capsules.profile import Profile
from control_plane.brain.choices import Choices
from control_plane.brain.entries import EntryWriter
from control_plane.brain.gestures import BESIDE_PROFILE, GESTURES, Gesture, Situation
from control_plane.brain.limbs import BLENDED, Limbs
from control_plane.brain.micro_moves import MicroMoves
from control_plane.brain.palette import holds
from control_plane.brain.pauses import Pauses
from control_plane.brain.plan import Moment, Plan
from control_plane.brain.profiles import ProfilePlay
from control_plane.brain.reactions import Reacting
from control_plane.brain.weights import (
    MIN_WEIGHT,
    gap,
    heaviest_first,
    hold,
    quantised,
    toward,
)
from control_plane.emotion.personality import Personality, Reaction
from control_plane.emotion.vad import distance
from engine.clock import NS_PER_MS, NS_PER_S
from engine.motion.leadlag import HAND_LEADS_MS
from engine.packet import BlendEntry, LeadLag, Mood

__all__ = ["MIN_WEIGHT", "MOVED", "Planner"]

MOVED = 0.1
"""How far a target moves before its blend is reckoned anew."""

_DRIFT_SHARE = 0.5
_MAX_FACES = 4
_FACES_BESIDE = 3  # beside a pose or an answer, so that a packet has room for words
_DEFAULT_FACE_OFFSET_MS = 50
# Beside a held pose the mood's face steps back, so that two faces do not add up to a grimace.
_MOOD_BESIDE_POSE = 0.7
_EXPRESSION_MIN_NS = NS_PER_S
# How long light, camera and tempo stay as an expression set them after it is over.
_SCENE_NS = 3 * NS_PER_S
_NEVER_NS = 2**63
# A flash of the brows ends in a smile: nobody who feels worse than this has one.
_GLAD_ACCENT, _CAST_DOWN = "brow_flash", -0.1
_SCENE = (Layer.LIGHT, Layer.CAMERA, Layer.TEMPO, Layer.ENVIRONMENT)
# What an answer to something moving brings with it, beside its words.
_ACCOMPANYING = frozenset({Layer.HAND, Layer.VOICE})


@dataclass(slots=True)
class _Face:
    """The mood's face: where it is, where it goes; both the heaviest first, and not changed."""

    target: Mood | None
    goal: dict[str, float]
    shown: dict[str, float]


class Planner:
    """One session's planner. Deterministic from its seed and calls; not thread-safe."""

    def __init__(self, library: Library, personality: Personality, seed: int = 0) -> None:
        self._writer = EntryWriter(library, personality)
        self._choices = Choices(seed)
        self._personality = personality
        self._seed = seed
        self._nearest = BLENDED
        self._face = _Face(None, {}, {})
        self._pose: BlendEntry | None = None
        self._pose_until_ns = 0
        self._busy_until_ns = 0
        self._scene_until_ns = 0
        self._micro = MicroMoves(seed)
        self._reacting = Reacting(self._writer)
        self._limbs = Limbs(
            self._writer, self._reacting, self._choices, Pauses(personality.gesture_rest_s)
        )
        self.held: ProfilePlay | None = None
        """The profile that is held, if one is."""

    def take(self, library: Library) -> None:
        """Goes on with another state of the library: the next `drift` plans the face anew."""
        self._writer.take(library)
        self._reacting.take()
        shown = {
            cid: weight for cid, weight in self._face.shown.items() if self._writer.may_play(cid)
        }
        self._face = _Face(None, {}, shown)
        if self._pose is not None and not self._writer.may_play(self._pose.cid):
            self._pose = None
        self._busy_until_ns = 0
        if self.held is not None:
            self.held.take(library)
            if self.held.profile.name not in library.barred and self.held.held(Layer.FACE):
                self._busy_until_ns = _NEVER_NS
            else:
                self._let_go(0)

    def blend_all(self, *, blended: bool) -> None:
        """Whether moods are blends of the nearest capsules, or the nearest alone."""
        self._nearest = self._limbs.nearest = BLENDED if blended else 1
        self._face.target = None

    def react(
        self,
        target: Mood,
        situation: Situation,
        moment: Moment,
        reaction: Reaction | None = None,
    ) -> Plan:
        """The plan for an event: something moves where the library has a face at all.

        Args:
            target: What is to be shown.
            situation: Which gestures go with it.
            moment: When.
            reaction: The personality's own answer to it, where it has one.
        """
        gesture = GESTURES[situation]
        if self.held is not None:
            if situation in BESIDE_PROFILE:
                return self._beside(self.held, gesture, target, moment)
            self._let_go(moment.now_ns)
        self._busy_until_ns = 0
        self._micro.pause(moment.now_ns)
        self._reacting.turn(reaction, moment.now_ns, speaking=moment.speaking)
        self._strike_pose(gesture, moment)
        accent = self._accent(gesture, target, moment)
        hand = self._limbs.hand(gesture, target, moment)
        self._reckon_face(target)
        self._face.shown = self._face.goal
        # What a viewer sees move: a voice or a light alone is no answer.
        seen = [*accent, *self._faces(target), *hand, *self._limbs.body(gesture, target, moment)]
        blends = seen or self._writer.at_rest(Layer.FACE)
        if moment.speaking:
            blends += self._voice(target)
        blends += self._released(moment.now_ns)
        return Plan(tuple(blends), self._offsets(moment), attention=gesture.attention)

    @property
    def reacting(self) -> bool:
        """Whether an answer of the personality's own is shown."""
        return self._reacting.on

    def busy(self, now_ns: int) -> bool:
        """Whether something is performed that the mood waits for: nothing drifts meanwhile."""
        return self.held is None and now_ns < self._busy_until_ns

    def drift(self, target: Mood, now_ns: int) -> Plan | None:
        """The plan for a mood that moves by itself; None while nothing would look different."""
        if self.held is not None:
            blends = self.held.due(now_ns)
            return Plan(tuple(blends), variation=self.held.profile.noise) if blends else None
        if self.busy(now_ns):
            return None
        face = self._face
        pose_over = self._pose is not None and now_ns >= self._pose_until_ns
        if self._reacting.ebb(now_ns):
            pose_over = True
        moved = face.target is None or distance(face.target, target) > MOVED
        released = self._released(now_ns)
        micro = self._micro.due(self._writer.library, target, now_ns)
        if not (moved or pose_over or released or gap(face.shown, face.goal) >= MIN_WEIGHT):
            return None if micro is None else Plan((micro,))
        if pose_over:
            self._pose = None
        self._reckon_face(target)
        face.shown = heaviest_first(toward(face.shown, face.goal, _DRIFT_SHARE))
        blends = self._faces(target)
        if (moved or pose_over) and self._pose is None:
            blends += self._writer.write(Layer.BODY, self._limbs.held_body(target))
        return Plan((*blends, *released) if micro is None else (*blends, *released, micro))

    def perform(
        self,
        named: Expression | Capsule,
        weight: float,
        target: Mood,
        moment: Moment,
        *,
        given: bool = False,
    ) -> Plan:
        """The plan that plays one expression or capsule as it is; empty where all of it is revoked.

        Args:
            named: What to play.
            weight: Strength in (0, 1].
            target: What is felt from now on.
            moment: When.
            given: Whether a capsule is played as it is here, whatever the library knows of its id.
        """
        if isinstance(named, Capsule):
            items: list[tuple[str, float, int | None]] = [(named.cid, 1.0, None)]
        else:
            items = [(item.cid, item.weight, item.offset_ms) for item in named.items]
        found = [
            (capsule, share * weight, offset_ms)
            for cid, share, offset_ms in items
            if (capsule := self._writer.library.resolve(cid)) is not None
        ]
        if given and isinstance(named, Capsule):
            found = [(named, weight, None)]
        blends = [
            BlendEntry(item.cid, weighed, item.layer, item.fallback_cid or "")
            for item, share, _ in found
            if (weighed := quantised(share)) > 0.0
        ]
        if not blends:
            return Plan(())
        if any(item.layer is Layer.FACE and holds(item) for item, _, _ in found):
            self._let_go(moment.now_ns)
        self._hold_performance([item for item, _, _ in found], blends, target, moment.now_ns)
        if moment.speaking:
            blends += self._stance_beside(blends, target)
        offsets = {item.layer: ms for item, _, ms in reversed(found) if ms is not None}
        if moment.speaking and (pause_ms := self._pause_ms(moment.now_ns)):
            offsets[Layer.VOICE] = max(pause_ms, offsets.get(Layer.VOICE, 0))
        return Plan(
            blends=tuple(blends),
            lead_lags=tuple(LeadLag(layer, ms) for layer, ms in offsets.items()),
            audio_first=isinstance(named, Expression) and named.audio_first,
        )

    def accompany(self, named: Expression, target: Mood, moment: Moment) -> Plan:
        """The plan for an answer: what is felt, with the hands and the voice of an expression."""
        plan = self.react(target, Situation.SPEAKING, moment)
        layers = _ACCOMPANYING
        if self._reacting.still or self._reacting.once(Layer.HAND, moment.now_ns) is not None:
            layers = layers - {Layer.HAND}
        played = [
            BlendEntry(part.capsule.cid, part.scaled(item.weight), part.capsule.layer)
            for item in named.items
            if (part := self._writer.part(item.cid)) is not None and part.capsule.layer in layers
        ]
        taken = {entry.layer for entry in played}
        blends = [entry for entry in plan.blends if entry.layer not in taken] + played
        return replace(plan, blends=tuple(blends), audio_first=named.audio_first)

    def hold(self, profile: Profile, weight: float, target: Mood, moment: Moment) -> Plan:
        """The plan that begins a profile, which is held until something replaces it.

        Empty where nothing is left of its face.
        """
        play = ProfilePlay(self._writer.library, profile, weight, self._seed, moment.now_ns)
        blends = play.begin()
        if not play.held(Layer.FACE):
            return Plan(())
        self._let_go(moment.now_ns)
        self.held = play
        played = [self._writer.library.capsules[entry.cid] for entry in blends]
        left = self._writer.holding - {item.layer for item in played if holds(item)} - {Layer.VOICE}
        for layer in sorted(left):
            blends += self._writer.cleared(layer)
        self._hold_performance(played, blends, target, moment.now_ns)
        self._busy_until_ns = self._scene_until_ns = _NEVER_NS
        return Plan(tuple(blends), variation=profile.noise)

    def _beside(self, held: ProfilePlay, gesture: Gesture, target: Mood, moment: Moment) -> Plan:
        """What goes with a profile and leaves it as it is: hands alone, and the voice it has."""
        hand = self._limbs.hand(gesture, target, moment)
        faces = held.held(Layer.FACE)
        voice = held.held(Layer.VOICE) if moment.speaking else []
        return Plan(
            (*faces, *hand, *voice),
            self._offsets(moment),
            attention=gesture.attention,
            variation=held.profile.noise,
        )

    def _stance_beside(self, played: Sequence[BlendEntry], target: Mood) -> list[BlendEntry]:
        """The personality's own face beside one that it speaks with: it stays who it is."""
        capsules = self._writer.library.capsules
        faces = {entry.cid for entry in played if entry.layer is Layer.FACE}
        if not any(cid in capsules and holds(capsules[cid]) for cid in faces):
            return []  # what is held stays, and the stance with it
        stance = self._reacting.stance(target)
        beside = {cid: weight for cid, weight in stance.items() if cid not in faces}
        return self._writer.write(Layer.FACE, beside, clearing=False)

    def _let_go(self, now_ns: int) -> None:
        """Ends a profile that is held; what follows clears what it held."""
        if self.held is not None:
            self.held = None
            self._busy_until_ns = 0
            self._scene_until_ns = now_ns

    def _hold_performance(
        self, played: Sequence[Capsule], blends: Sequence[BlendEntry], target: Mood, now_ns: int
    ) -> None:
        """Remembers what the body now holds, so that the mood takes over from there."""
        length_ns = max(item.duration_ms for item in played) * NS_PER_MS
        if self.held is None:
            self._busy_until_ns = now_ns + max(_EXPRESSION_MIN_NS, length_ns)
            self._scene_until_ns = self._busy_until_ns + _SCENE_NS
        held = {item.cid for item in played if holds(item)}
        self._writer.holding |= {item.layer for item in played if holds(item)}
        faces = {
            entry.cid: entry.weight
            for entry in blends
            if entry.layer is Layer.FACE and entry.cid in held
        }
        if faces:
            self._pose = None
            self._reacting.end()
            faces = heaviest_first(faces)
            self._face = _Face(target, faces, faces)

    def _reckon_face(self, target: Mood) -> None:
        face = self._face
        if face.target is None or distance(face.target, target) > MOVED:
            face.target = target
            # A bearing is one of the faces that are blended: a fourth would only blur them.
            held = self._nearest > 1 and bool(self._writer.stance(Layer.FACE))
            face.goal = self._writer.palette.blend(Layer.FACE, target, k=self._nearest - held)

    def _strike_pose(self, gesture: Gesture, moment: Moment) -> None:
        self._pose = None
        if self._reacting.on:
            return
        for tag in gesture.pose:
            for capsule in self._writer.palette.tagged(Layer.FACE, tag):
                part = self._writer.part(capsule.cid)
                if part is not None and part.holds:
                    self._pose = part.entry(gesture.pose_weight)
                    self._pose_until_ns = moment.now_ns + int(gesture.pose_s * NS_PER_S)
                    return

    def _accent(self, gesture: Gesture, target: Mood, moment: Moment) -> list[BlendEntry]:
        factor = moment.temper.brow if gesture.curious else 1.0
        own = self._reacting.accents(moment.now_ns, factor)
        if own is not None:
            return own
        tags = gesture.accent
        if target.valence <= _CAST_DOWN and _GLAD_ACCENT in tags:
            tags = tuple(tag for tag in tags if tag != _GLAD_ACCENT)
        found = self._writer.palette.accents(tags)
        capsule = self._choices.drawn(Layer.FACE, found, moment.sequence)
        if capsule is None:
            return []
        weight = gesture.accent_weight * factor
        return self._writer.write(Layer.FACE, {capsule.cid: weight}, clearing=False)

    def _voice(self, target: Mood) -> list[BlendEntry]:
        felt = self._writer.palette.blend(Layer.VOICE, target, k=self._nearest)
        return self._writer.write(Layer.VOICE, felt)

    def _faces(self, target: Mood) -> list[BlendEntry]:
        """The mood's face with pose or answer and stance, or the neutral where there is none."""
        own = self._reacting.held(Layer.FACE)
        alone = self._pose is None and not own
        share, most = (1.0, _MAX_FACES) if alone else (_MOOD_BESIDE_POSE, _FACES_BESIDE)
        felt = islice(self._face.shown.items(), most)
        shown = {cid: weight * share for cid, weight in felt}
        hold(shown, own)
        hold(shown, self._reacting.stance(target))
        if self._pose is None:
            return self._writer.write(Layer.FACE, shown)
        self._writer.holding.add(Layer.FACE)
        return [self._pose, *self._writer.write(Layer.FACE, shown, clearing=False)]

    def _released(self, now_ns: int) -> list[BlendEntry]:
        """What takes light, camera and tempo back once an expression has had its time."""
        if now_ns < self._scene_until_ns:
            return []
        if self._writer.holding.isdisjoint(_SCENE):
            return []
        return [entry for layer in _SCENE for entry in self._writer.cleared(layer)]

    def _offsets(self, moment: Moment) -> tuple[LeadLag, ...]:
        found: list[LeadLag] = []
        if self._limbs.hand_offset_ms:
            found.append(LeadLag(Layer.HAND, self._limbs.hand_offset_ms))
        if moment.speaking:
            pause_ms = self._pause_ms(moment.now_ns)
            return (*found, LeadLag(Layer.VOICE, pause_ms)) if pause_ms else tuple(found)
        offset_ms = self._personality.face_offset_ms
        if offset_ms != _DEFAULT_FACE_OFFSET_MS and not found:
            found.append(LeadLag(Layer.FACE, offset_ms))
        return tuple(found)

    def _pause_ms(self, now_ns: int) -> int:
        """How long words wait, ms; 0: as long as it takes hands to lead them."""
        own_ms = self._reacting.pause_ms(now_ns)
        pause_ms = self._personality.pause_ms if own_ms is None else own_ms
        return pause_ms if pause_ms > HAND_LEADS_MS[1] else 0
