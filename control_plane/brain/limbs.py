"""What hands and body do: gestures of the situation, of an answer, or of what is felt."""

from collections.abc import Mapping

from capsules.model import Capsule, Layer
from control_plane.brain.choices import Choices
from control_plane.brain.entries import EntryWriter
from control_plane.brain.gestures import Gesture
from control_plane.brain.pauses import Pauses
from control_plane.brain.plan import Moment
from control_plane.brain.reactions import Reacting
from control_plane.brain.weights import MIN_WEIGHT
from control_plane.emotion.vad import distance
from engine.clock import NS_PER_MS
from engine.packet import BlendEntry, Mood

__all__ = ["BLENDED", "Limbs"]

BLENDED = 3
"""Of how many capsules a layer's blend is made; of one where blending is switched off."""

# From here on an emotion, and what the hands can say of it, moves them by itself.
_HANDS_FEEL = 0.3
# A gesture is made or left: a hand raised by a third is a twitch.
_LEAST_GESTURE = 0.75


class Limbs:
    """One session's hands and body. Deterministic from its calls; not thread-safe.

    Args:
        writer: Writes the entries.
        reacting: The personality's own answer of the moment.
        choices: Which of several gestures is made.
        pauses: When hands rest.

    Attributes:
        nearest: Of how many capsules a blend is made.
        hand_offset_ms: How long the hands wait after the event that was planned last.
    """

    def __init__(
        self, writer: EntryWriter, reacting: Reacting, choices: Choices, pauses: Pauses
    ) -> None:
        self._writer = writer
        self._reacting = reacting
        self._choices = choices
        self._pauses = pauses
        self.nearest = BLENDED
        self.hand_offset_ms = 0

    def hand(self, gesture: Gesture, target: Mood, moment: Moment) -> list[BlendEntry]:
        """What the hands do at an event: an answer's gesture, what is felt, or the situation's."""
        own = self._reacting.once(Layer.HAND, moment.now_ns)
        if own is not None:
            self.hand_offset_ms = 0
            self._pauses.moved(moment.now_ns, felt=True)
            return self._writer.gesture(Layer.HAND, own[0], own[1] * moment.temper.gesture)
        if self._reacting.still:
            return self._writer.cleared(Layer.HAND)
        self.hand_offset_ms = 0
        near: list[tuple[Capsule, float]] = []
        felt = False
        if not gesture.overrides_hand:
            now_ns, speaking = moment.now_ns, moment.speaking
            if self._pauses.whatever(now_ns, speaking=speaking):
                return self._writer.cleared(Layer.HAND)
            near = self._felt_hands(target)
            felt = bool(near)
            wait_ms = self._pauses.wait_ms(now_ns, felt=felt, speaking=speaking)
            if wait_ms is None:
                return self._writer.cleared(Layer.HAND)
            self.hand_offset_ms = wait_ms
        weight = gesture.hand_weight
        if felt:
            # One gesture, not a third of each of three: hands are either up or down.
            capsule = self._choices.drawn(Layer.HAND, [item for item, _ in near], moment.sequence)
            strength = min(1.0, sum(share for _, share in near))
            weight = _LEAST_GESTURE + (1.0 - _LEAST_GESTURE) * strength
        else:
            capsule = self._choices.answer(
                self._writer.palette, Layer.HAND, gesture.hand, target, moment.sequence
            )
        if capsule is not None:
            self._pauses.moved(moment.now_ns + self.hand_offset_ms * NS_PER_MS, felt=felt)
        return self._writer.gesture(Layer.HAND, capsule, weight * moment.temper.gesture)

    def _felt_hands(self, target: Mood) -> list[tuple[Capsule, float]]:
        """Gestures that say what is felt, with their shares; none for what is felt faintly."""
        if distance(target) < _HANDS_FEEL:
            return []
        felt = self._writer.palette.blend(Layer.HAND, target, k=self.nearest)
        if sum(felt.values()) < _HANDS_FEEL:
            return []
        parts = ((self._writer.part(cid), share) for cid, share in felt.items())
        return [(part.capsule, share) for part, share in parts if part is not None]

    def body(self, gesture: Gesture, target: Mood, moment: Moment) -> list[BlendEntry]:
        """What the body does at an event, and how it holds itself."""
        own = self._reacting.once(Layer.BODY, moment.now_ns)
        if own is not None:
            shaken = self._writer.write(Layer.BODY, {own[0].cid: own[1]}, clearing=False)
            return [*shaken, *self._writer.write(Layer.BODY, self.held_body(target))]
        if gesture.body and not self._reacting.on:
            capsule = self._choices.answer(
                self._writer.palette, Layer.BODY, gesture.body, target, moment.sequence
            )
            weight = gesture.hand_weight * moment.temper.gesture
            return self._writer.gesture(Layer.BODY, capsule, weight)
        if gesture.curious and moment.temper.lean >= MIN_WEIGHT:
            leaning = self._writer.palette.tagged(Layer.BODY, "lean_in")[:1]
            return self._writer.write(
                Layer.BODY, {item.cid: moment.temper.lean for item in leaning}
            )
        return self._writer.write(Layer.BODY, self.held_body(target))

    def held_body(self, target: Mood) -> Mapping[str, float]:
        """How the body holds itself: as an answer has it, or as is felt."""
        return self._reacting.held(Layer.BODY) or self._felt_body(target)

    def _felt_body(self, target: Mood) -> dict[str, float]:
        felt = self._writer.palette.blend(Layer.BODY, target, k=1)
        clear = max(felt.values(), default=0.0) >= MIN_WEIGHT
        return felt if clear else self._writer.stance(Layer.BODY)
