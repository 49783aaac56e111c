"""From what is felt to what is shown: capsules, weights and offsets.

Each layer blends the capsules nearest to the target emotion (`control_plane.brain.palette`). A
blend is reckoned anew only when the target has moved by more than 0.1; an event's blend is taken
at once, for the body fades it in, while that of a drifting mood moves half of the way a step. On
top come the gestures of the situation (`control_plane.brain.gestures`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from capsules.library import Library
from capsules.model import Capsule, Expression, Layer
from control_plane.brain.gestures import GESTURES, Gesture, Situation
from control_plane.brain.palette import Palette, holds, mood_of, palette_of
from control_plane.brain.pauses import Pauses
from control_plane.emotion.mood import distance
from control_plane.emotion.personality import Personality
from engine.clock import NS_PER_MS, NS_PER_S
from engine.motion.chance import uniform
from engine.packet import BlendEntry, LeadLag, Mood

__all__ = ["MIN_WEIGHT", "MOVED", "Moment", "Plan", "Planner"]

MIN_WEIGHT = 0.05
"""Weights below this are not worth their bytes."""
MOVED = 0.1
"""How far a target moves before its blend is reckoned anew."""

_DRIFT_SHARE = 0.5
_MAX_FACES = 4
_DEFAULT_FACE_OFFSET_MS = 50
# Beside a held pose the mood's face steps back, so that two faces do not add up to a grimace.
_MOOD_BESIDE_POSE = 0.7
# From here on an emotion, and what the hands can say of it, moves them by itself.
_HANDS_FEEL = 0.3
# A gesture is made or left: a hand raised by a third is a twitch.
_LEAST_GESTURE = 0.75
# So many gestures of a situation, the nearest to the emotion, are drawn from.
_APT = 4
# How near a gesture without an emotion of its own counts as.
_PLAIN_DISTANCE = 0.5
_EXPRESSION_MIN_NS = NS_PER_S
# How long light, camera and tempo stay as an expression set them after it is over.
_SCENE_NS = 3 * NS_PER_S
_SCENE = (Layer.LIGHT, Layer.CAMERA, Layer.TEMPO, Layer.ENVIRONMENT)
# What a viewer sees move: a voice or a light alone is no answer.
_SEEN = frozenset({Layer.FACE, Layer.HAND, Layer.BODY})


@dataclass(frozen=True, slots=True)
class Plan:
    """What a packet asks of the body; blends in order of importance."""

    blends: tuple[BlendEntry, ...]
    lead_lags: tuple[LeadLag, ...] = ()
    audio_first: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """When something is planned.

    Attributes:
        sequence: Number of the packet to be; chance depends on it.
        now_ns: The time.
        speaking: Whether the packet says something.
    """

    sequence: int
    now_ns: int
    speaking: bool = False


@dataclass(slots=True)
class _Face:
    """The mood's face: where it is, where it goes."""

    target: Mood | None
    goal: dict[str, float]
    shown: dict[str, float]


class Planner:
    """One session's planner. Deterministic from its seed and calls; not thread-safe."""

    def __init__(self, library: Library, personality: Personality, seed: int = 0) -> None:
        self._library = library
        self._palette: Palette = palette_of(library)
        self._personality = personality
        self._seed = seed
        self._face = _Face(None, {}, {})
        self._pose: BlendEntry | None = None
        self._pose_until_ns = 0
        self._busy_until_ns = 0
        self._scene_until_ns = 0
        self._pauses = Pauses()
        self._hand_offset_ms = 0
        self._holding: set[Layer] = set()
        self._last: dict[Layer, str] = {}

    def react(self, target: Mood, situation: Situation, moment: Moment) -> Plan:
        """The plan for an event: something moves where the library has a face at all.

        Args:
            target: What is to be shown.
            situation: Which gestures go with it.
            moment: When.
        """
        gesture = GESTURES[situation]
        self._busy_until_ns = 0
        self._strike_pose(gesture, moment)
        accent = self._accent(gesture, moment)
        hand = self._hand(gesture, target, moment)
        self._reckon_face(target)
        self._face.shown = dict(self._face.goal)
        blends = [*accent, *self._faces()]
        blends += [*hand, *self._body(gesture, target, moment)]
        if moment.speaking:
            blends += self._voice(target)
        blends += self._released(moment.now_ns)
        if not any(entry.layer in _SEEN for entry in blends):
            blends = [*self._entries(Layer.FACE, {"": 1.0}), *blends]
        return Plan(tuple(blends), self._offsets(moment))

    def drift(self, target: Mood, now_ns: int) -> Plan | None:
        """The plan for a mood that moves by itself; None while nothing would look different."""
        if now_ns < self._busy_until_ns:
            return None
        face = self._face
        pose_over = self._pose is not None and now_ns >= self._pose_until_ns
        moved = face.target is None or distance(face.target, target) > MOVED
        released = self._released(now_ns)
        if not (moved or pose_over or released or _gap(face.shown, face.goal) >= MIN_WEIGHT):
            return None
        if pose_over:
            self._pose = None
        self._reckon_face(target)
        face.shown = _toward(face.shown, face.goal, _DRIFT_SHARE)
        blends = self._faces()
        if moved and self._pose is None:
            blends += self._entries(Layer.BODY, self._palette.blend(Layer.BODY, target, k=1))
        return Plan((*blends, *released))

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
            if (capsule := self._library.resolve(cid)) is not None
        ]
        if given and isinstance(named, Capsule):
            found = [(named, weight, None)]
        blends = [
            BlendEntry(item.cid, quantised, item.layer, item.fallback_cid or "")
            for item, share, _ in found
            if (quantised := _quantised(share)) > 0.0
        ]
        if not blends:
            return Plan(())
        self._hold_performance([item for item, _, _ in found], blends, target, moment.now_ns)
        offsets = {item.layer: ms for item, _, ms in reversed(found) if ms is not None}
        return Plan(
            blends=tuple(blends),
            lead_lags=tuple(LeadLag(layer, ms) for layer, ms in offsets.items()),
            audio_first=isinstance(named, Expression) and named.audio_first,
        )

    def _hold_performance(
        self, played: Sequence[Capsule], blends: Sequence[BlendEntry], target: Mood, now_ns: int
    ) -> None:
        """Remembers what the body now holds, so that the mood takes over from there."""
        length_ns = max(item.duration_ms for item in played) * NS_PER_MS
        self._busy_until_ns = now_ns + max(_EXPRESSION_MIN_NS, length_ns)
        self._scene_until_ns = self._busy_until_ns + _SCENE_NS
        held = {item.cid for item in played if holds(item)}
        self._holding |= {item.layer for item in played if holds(item)}
        faces = {
            entry.cid: entry.weight
            for entry in blends
            if entry.layer is Layer.FACE and entry.cid in held
        }
        if faces:
            self._pose = None
            self._face = _Face(target, dict(faces), faces)

    def _reckon_face(self, target: Mood) -> None:
        face = self._face
        if face.target is None or distance(face.target, target) > MOVED:
            face.target = target
            face.goal = self._palette.blend(Layer.FACE, target)

    def _strike_pose(self, gesture: Gesture, moment: Moment) -> None:
        self._pose = None
        for tag in gesture.pose:
            for capsule in self._palette.tagged(Layer.FACE, tag):
                if holds(capsule):
                    weight = self._scaled(capsule, gesture.pose_weight)
                    self._pose = BlendEntry(capsule.cid, weight, Layer.FACE)
                    self._pose_until_ns = moment.now_ns + int(gesture.pose_s * NS_PER_S)
                    return

    def _accent(self, gesture: Gesture, moment: Moment) -> list[BlendEntry]:
        found = {
            item.cid: item
            for tag in gesture.accent
            for item in self._palette.tagged(Layer.FACE, tag)
            if not holds(item)
        }
        capsule = self._drawn(Layer.FACE, list(found.values()), moment.sequence)
        if capsule is None:
            return []
        return self._entries(Layer.FACE, {capsule.cid: gesture.accent_weight}, clearing=False)

    def _hand(self, gesture: Gesture, target: Mood, moment: Moment) -> list[BlendEntry]:
        near = [] if gesture.overrides_hand else self._felt_hands(target)
        felt = bool(near)
        wait_ms = self._pauses.wait_ms(moment.now_ns, felt=felt, speaking=moment.speaking)
        self._hand_offset_ms = 0
        if not gesture.overrides_hand:
            if wait_ms is None:
                return self._entries(Layer.HAND, {})
            self._hand_offset_ms = wait_ms
        weight = gesture.hand_weight
        if felt:
            # One gesture, not a third of each of three: hands are either up or down.
            capsule = self._drawn(Layer.HAND, [item for item, _ in near], moment.sequence)
            strength = min(1.0, sum(share for _, share in near))
            weight = _LEAST_GESTURE + (1.0 - _LEAST_GESTURE) * strength
        else:
            capsule = self._first_answer(Layer.HAND, gesture.hand, target, moment.sequence)
        if capsule is not None:
            self._pauses.moved(moment.now_ns + self._hand_offset_ms * NS_PER_MS, felt=felt)
        return self._gesture(Layer.HAND, capsule, weight)

    def _felt_hands(self, target: Mood) -> list[tuple[Capsule, float]]:
        """Gestures that say what is felt, with their shares; none for what is felt faintly."""
        if distance(target) < _HANDS_FEEL:
            return []
        felt = self._palette.blend(Layer.HAND, target)
        if sum(felt.values()) < _HANDS_FEEL:
            return []
        return [(self._library.capsules[cid], share) for cid, share in felt.items()]

    def _body(self, gesture: Gesture, target: Mood, moment: Moment) -> list[BlendEntry]:
        if gesture.body:
            capsule = self._first_answer(Layer.BODY, gesture.body, target, moment.sequence)
            return self._gesture(Layer.BODY, capsule, gesture.hand_weight)
        felt = self._palette.blend(Layer.BODY, target, k=1)
        return self._entries(Layer.BODY, felt)

    def _voice(self, target: Mood) -> list[BlendEntry]:
        return self._entries(Layer.VOICE, self._palette.blend(Layer.VOICE, target))

    def _gesture(self, layer: Layer, capsule: Capsule | None, weight: float) -> list[BlendEntry]:
        """A gesture, and the layer's neutral where something held has to go for it."""
        if capsule is None:
            return self._entries(layer, {})
        clears = layer in self._holding and not holds(capsule)
        rest = self._entries(layer, {}) if clears else []
        return [*self._entries(layer, {capsule.cid: weight}, clearing=False), *rest]

    def _faces(self) -> list[BlendEntry]:
        """The mood's face with the pose, or the neutral face where there is neither."""
        share = 1.0 if self._pose is None else _MOOD_BESIDE_POSE
        strongest = sorted(self._face.shown.items(), key=lambda item: (-item[1], item[0]))
        shown = {cid: weight * share for cid, weight in strongest[:_MAX_FACES]}
        if self._pose is None:
            return self._entries(Layer.FACE, shown)
        self._holding.add(Layer.FACE)
        return [self._pose, *self._entries(Layer.FACE, shown, clearing=False)]

    def _released(self, now_ns: int) -> list[BlendEntry]:
        """What takes light, camera and tempo back once an expression has had its time."""
        if now_ns < self._scene_until_ns:
            return []
        return [entry for layer in _SCENE for entry in self._entries(layer, {})]

    def _entries(
        self, layer: Layer, weights: dict[str, float], *, clearing: bool = True
    ) -> list[BlendEntry]:
        """Blend entries, scaled by personality.

        Args:
            layer: Their layer.
            weights: By cid; "" stands for the neutral.
            clearing: Whether nothing to show means that what is held has to go.
        """
        entries: list[BlendEntry] = []
        for cid, weight in weights.items():
            capsule = self._library.resolve(cid) if cid else self._palette.neutral(layer)
            if capsule is None:
                continue
            scaled = self._scaled(capsule, weight)
            if scaled >= MIN_WEIGHT:
                entries.append(BlendEntry(capsule.cid, scaled, layer))
                if holds(capsule):
                    self._holding.add(layer)
        neutral = self._palette.neutral(layer)
        if not entries and clearing and layer in self._holding and neutral is not None:
            self._holding.discard(layer)
            entries.append(BlendEntry(neutral.cid, 1.0, layer))
        return entries

    def _scaled(self, capsule: Capsule, weight: float) -> float:
        factors = self._personality.capsule_weights
        factor = factors.get(capsule.layer.value, 1.0) * factors.get(capsule.cid, 1.0)
        return _quantised(weight * factor)

    def _offsets(self, moment: Moment) -> tuple[LeadLag, ...]:
        offset_ms = self._personality.face_offset_ms
        if self._hand_offset_ms:
            return (LeadLag(Layer.HAND, self._hand_offset_ms),)
        if moment.speaking or offset_ms == _DEFAULT_FACE_OFFSET_MS:
            return ()
        return (LeadLag(Layer.FACE, offset_ms),)

    def _first_answer(
        self, layer: Layer, tags: Iterable[str], target: Mood, sequence: int
    ) -> Capsule | None:
        for tag in tags:
            if found := self._palette.tagged(layer, tag):
                apt = sorted(found, key=lambda item: _gap_to(item, target))[:_APT]
                return self._drawn(layer, apt, sequence)
        return None

    def _drawn(self, layer: Layer, candidates: Sequence[Capsule], sequence: int) -> Capsule | None:
        """One of the candidates by chance, but not the layer's last one again."""
        last = self._last.get(layer)
        fresh = [item for item in candidates if item.cid != last] or candidates
        if not fresh:
            return None
        draw = uniform(self._seed, sequence, len(layer.value))
        chosen = fresh[int(draw * len(fresh))]
        self._last[layer] = chosen.cid
        return chosen


def _quantised(weight: float) -> float:
    """To 1/256, which a 32-bit float holds exactly: a packet is the same on both ends of a wire."""
    return round(max(0.0, min(1.0, weight)) * 256) / 256


def _gap_to(capsule: Capsule, target: Mood) -> float:
    emotion = capsule.emotion
    return _PLAIN_DISTANCE if emotion is None else distance(mood_of(emotion), target)


def _gap(shown: dict[str, float], goal: dict[str, float]) -> float:
    return max(
        (abs(shown.get(cid, 0.0) - goal.get(cid, 0.0)) for cid in shown.keys() | goal.keys()),
        default=0.0,
    )


def _toward(shown: dict[str, float], goal: dict[str, float], share: float) -> dict[str, float]:
    """Weights a share of the way further; what would be too light goes to its goal."""
    moved: dict[str, float] = {}
    for cid in sorted(shown.keys() | goal.keys()):
        start, end = shown.get(cid, 0.0), goal.get(cid, 0.0)
        weight = start + (end - start) * share
        if weight < MIN_WEIGHT or abs(weight - end) < MIN_WEIGHT:
            weight = end
        if weight > 0.0:
            moved[cid] = weight
    return moved
