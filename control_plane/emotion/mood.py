"""Mood: what stays of what was felt.

Two time scales, as in ALMA (Gebhard, 2005): an emotion is a short reaction to one event, a mood
is what many of them leave behind. The mood follows an event by momentum,

    mood = m * mood + (1 - m) * (target * intensity + bias)

(less of it where the intensity is slight) and between events goes home exponentially in continuous
time: to the personality's baseline, or to where a profile keeps it. What the face shows,
`expressed`, is the mood with the fading reaction on top.

`intensity` is the event's own, damped by how far the appraisal is to be trusted, times the
personality's gain and, for what is bad, what its patience makes of it. `bias` is the personality's
with the colour of the traits (`control_plane.emotion.traits`), which also shifts the baseline.
"""

import math
from dataclasses import dataclass

from control_plane.emotion.explain import (
    KEPT_CHANGES,
    Cause,
    MoodChange,
    MoodLog,
    Rule,
    Seen,
    Turn,
    Weighed,
)
from control_plane.emotion.personality import Personality
from control_plane.emotion.traits import (
    Signal,
    Temper,
    Traits,
    after_turn,
    colour,
    negative_factor,
    temper_of,
)
from control_plane.emotion.vad import clamp, mix
from engine.clock import NS_PER_S
from engine.packet import Mood

__all__ = [
    "SILENCE_NS",
    "SURE",
    "Felt",
    "MoodModel",
    "trust",
]

# After this long without an event the mood comes back to the baseline fast.
SILENCE_NS = 10 * NS_PER_S
SURE = 0.65
"""An appraisal of this confidence or more is felt as it is."""

_RECENTRE_S = 2.0
# What is felt less strongly than this moves the mood less than momentum alone would: plain words
# neither comfort nor sober anybody.
_SLIGHT = 0.4
# A reaction of this share of what is left of the last one takes its place.
_SUPERSEDES = 0.5
# What one says oneself moves the mood less than what one is told.
_OWN_WORDS = 0.6


@dataclass(frozen=True, slots=True)
class Felt:
    """Something to feel.

    Attributes:
        read: What the event means by itself.
        response: What the listener feels at it; None: the same.
        intensity: How strong it is, [0, 1].
        confidence: How far the appraisal is to be trusted, [0, 1].
        own_words: Whether the avatar says it itself.
    """

    read: Mood
    response: Mood | None = None
    intensity: float = 1.0
    confidence: float = 1.0
    own_words: bool = False


def trust(confidence: float) -> float:
    """How much of what was appraised with this confidence is felt, [0, 1]."""
    return max(0.0, min(1.0, confidence / SURE))


class MoodModel:
    """One session's mood. Not thread-safe; times are the caller's and do not go back."""

    def __init__(self, personality: Personality, now_ns: int) -> None:
        self._personality = personality
        self._place: Mood | None = None
        self._take_traits(personality.traits)
        # How it was when something last moved it, and where it goes from there by itself.
        self._mood = self._reaction = self._home = self._baseline
        self._reaction_share = 0.0
        self._at_ns = self._event_ns = now_ns
        self._seen = self._mood, self._mood
        self._seen_ns: int | None = None  # when that is right; None: at no time any more
        self._log = MoodLog(self._seen)
        self._turned: tuple[Turn, ...] = ()

    @property
    def traits(self) -> Traits:
        """The traits now."""
        return self._traits

    @property
    def temper(self) -> Temper:
        """What the traits make of gestures now."""
        return self._temper

    def turn(self, signals: tuple[Signal, ...]) -> None:
        """A turn of the conversation: the traits move; the mood follows by and by."""
        before = self._traits
        after = after_turn(before, self._personality.traits, signals)
        if after != before:
            self._take_traits(after)
            self._turned += ((before, after, signals),)

    def end_turn(self, now_ns: int, event_sequence: int = 0) -> None:
        """Notes a turn at which nothing was felt; after `turn`, once the event was dealt with."""
        if self._turned:
            self._go_on(now_ns, self._event_ns)
            cause = Cause("turn", event_sequence)
            self._add(now_ns, cause, Rule.TRAITS, self._look(now_ns))

    def feel(self, felt: Felt, now_ns: int, cause: Cause) -> None:
        """Something happened that is felt."""
        now = self._look(now_ns)
        left = self._reaction_left(now_ns)
        weighed = self._weigh(felt)
        _, target, _, share, bias, shift, yields = weighed
        felt_place = Mood(
            target.valence * share + bias.valence + shift.valence,
            target.arousal * share + bias.arousal + shift.arousal,
            target.dominance * share + bias.dominance + shift.dominance,
        )
        # A clear feeling takes the place of the last reaction; a faint one only colours it.
        follow = min(1.0, share) * self._personality.reaction_share
        if follow >= _SUPERSEDES * left:
            self._reaction, left = target, follow
        else:
            self._reaction = mix(self._reaction, target, follow / (follow + left))
        self._move_to(mix(now[0], felt_place, yields), now_ns, now_ns, left)
        self._add(now_ns, cause, Rule.FELT, now, weighed)

    def set(self, mood: Mood, now_ns: int, cause: Cause) -> None:
        """Somebody set the mood by hand; no momentum and no bias apply."""
        now = self._look(now_ns)
        self._move_to(clamp(mood.valence, mood.arousal, mood.dominance), now_ns, now_ns, 0.0)
        self._add(now_ns, cause, Rule.SET, now)

    def notice(self, now_ns: int) -> None:
        """Something happened that is not felt: it only ends the silence."""
        self._go_on(now_ns, now_ns)

    def calm_reaction(self, now_ns: int, cause: Cause) -> None:
        """Drops the reaction under way; the mood stays."""
        now = self._look(now_ns)
        self._move_to(now[0], now_ns, self._event_ns, 0.0)
        self._add(now_ns, cause, Rule.CALMED, now)

    def dwell(self, place: Mood | None, now_ns: int) -> None:
        """From now on the mood goes to `place` by itself; None: to the baseline again."""
        self._place = place
        self._go_on(now_ns, self._event_ns)

    def at(self, now_ns: int) -> Mood:
        """The mood, without reactions."""
        return self._look(now_ns)[0]

    def expressed(self, now_ns: int) -> Mood:
        """What the face shows: the mood with the fading reaction on top."""
        return self._look(now_ns)[1]

    def changes(self, limit: int = KEPT_CHANGES) -> tuple[MoodChange, ...]:
        """The last changes, the newest first."""
        return self._log.newest(limit)

    def since_change(self, now_ns: int) -> MoodChange:
        """What time has done since the last one."""
        return self._log.since(now_ns, self._look(now_ns))

    def _weigh(self, felt: Felt) -> Weighed:
        person = self._personality
        response = felt.read if felt.response is None else felt.response
        factors = (
            felt.intensity,
            _OWN_WORDS if felt.own_words else 1.0,
            trust(felt.confidence),
            person.gain,
            negative_factor(self._traits) if response.valence < 0.0 else 1.0,
        )
        share = math.prod(factors)
        yields = (1.0 - person.momentum) * min(1.0, share / _SLIGHT)
        return felt.read, response, factors, share, person.bias, self._colour, yields

    def _take_traits(self, traits: Traits) -> None:
        """The traits, and what follows from them until they move again."""
        self._traits = traits
        self._temper = temper_of(traits)
        self._colour = colour(traits)
        base, shift = self._personality.baseline, self._colour
        self._baseline = clamp(
            base.valence + shift.valence,
            base.arousal + shift.arousal,
            base.dominance + shift.dominance,
        )

    def _look(self, now_ns: int) -> Seen:
        """The mood at a time, and what is shown; kept, for an event asks again and again."""
        if now_ns != self._seen_ns:
            mood = self._faded(now_ns)
            self._seen = mood, mix(mood, self._reaction, self._reaction_left(now_ns))
            self._seen_ns = now_ns
        return self._seen

    def _faded(self, now_ns: int) -> Mood:
        """The mood, nothing having happened since it last moved.

        Exact for any step: where it is moved to what this says on the way, nothing changes.
        """
        if now_ns <= self._at_ns:
            return self._mood
        turn_ns = self._event_ns + SILENCE_NS
        if now_ns <= turn_ns:
            exponent = (now_ns - self._at_ns) / NS_PER_S / self._personality.decay_s
        else:
            slow_s = max(0, turn_ns - self._at_ns) / NS_PER_S
            fast_s = (now_ns - max(self._at_ns, turn_ns)) / NS_PER_S
            exponent = slow_s / self._personality.decay_s + fast_s / _RECENTRE_S
        return mix(self._mood, self._home, -math.expm1(-exponent))

    def _reaction_left(self, now_ns: int) -> float:
        """How much is left of the last reaction, [0, 1]."""
        if now_ns <= self._at_ns:
            return self._reaction_share
        age_s = (now_ns - self._at_ns) / NS_PER_S
        return self._reaction_share * math.exp(-age_s / self._personality.reaction_s)

    def _go_on(self, now_ns: int, event_ns: int) -> None:
        """From what is felt now on the mood goes where it goes by now."""
        mood, left = self._look(now_ns)[0], self._reaction_left(now_ns)
        self._move_to(mood, now_ns, event_ns, left)
        self._seen_ns = now_ns  # nothing has moved

    def _move_to(self, mood: Mood, now_ns: int, event_ns: int, reaction_share: float) -> None:
        """The mood is this now; `reaction_share` is how much of the reaction is left now.

        `event_ns` is when something was last felt.
        """
        self._mood, self._at_ns, self._event_ns = mood, now_ns, event_ns
        self._reaction_share = reaction_share
        self._home = self._baseline if self._place is None else self._place
        self._seen_ns = None

    def _add(
        self, now_ns: int, cause: Cause, rule: Rule, now: Seen, weighed: Weighed | None = None
    ) -> None:
        after = self._look(now_ns)
        self._log.add(now_ns, cause, rule, now, after, weighed=weighed, turns=self._turned)
        self._turned = ()
