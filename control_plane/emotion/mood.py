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
from dataclasses import dataclass, replace

from control_plane.emotion.explain import (
    KEPT_CHANGES,
    Cause,
    Factor,
    MoodChange,
    MoodLog,
    Picture,
    Rule,
    TraitChange,
    Weighing,
)
from control_plane.emotion.personality import Personality
from control_plane.emotion.traits import (
    EFFECTS,
    TRAIT_NAMES,
    Signal,
    Traits,
    after_turn,
    colour,
    negative_factor,
)
from control_plane.emotion.vad import clamp, mix, total
from engine.clock import NS_PER_S
from engine.packet import Mood

__all__ = [
    "SILENCE_NS",
    "SURE",
    "Felt",
    "MoodModel",
    "MoodState",
    "decayed",
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


@dataclass(frozen=True, slots=True)
class MoodState:
    """A mood at a time.

    Attributes:
        mood: The mood.
        home: Where it goes by itself.
        at_ns: When it was so.
        event_ns: When something was last felt.
    """

    mood: Mood
    home: Mood
    at_ns: int
    event_ns: int


def trust(confidence: float) -> float:
    """How much of what was appraised with this confidence is felt, [0, 1]."""
    return max(0.0, min(1.0, confidence / SURE))


def decayed(state: MoodState, personality: Personality, now_ns: int) -> MoodState:
    """The state at a later time, nothing having happened in between.

    Exact for any step: `decayed` to b by way of a gives what `decayed` to b gives at once. A time
    before the state's own changes nothing.
    """
    if now_ns <= state.at_ns:
        return state
    return replace(state, mood=_faded(state, personality, now_ns), at_ns=now_ns)


def _faded(state: MoodState, personality: Personality, now_ns: int) -> Mood:
    """The mood of `decayed`."""
    if now_ns <= state.at_ns:
        return state.mood
    turn_ns = state.event_ns + SILENCE_NS
    slow_ns = max(0, min(now_ns, turn_ns) - state.at_ns)
    fast_ns = max(0, now_ns - max(state.at_ns, turn_ns))
    exponent = slow_ns / NS_PER_S / personality.decay_s + fast_ns / NS_PER_S / _RECENTRE_S
    return mix(state.mood, state.home, -math.expm1(-exponent))


class MoodModel:
    """One session's mood. Not thread-safe; times are the caller's and do not go back."""

    def __init__(self, personality: Personality, now_ns: int) -> None:
        self._personality = personality
        self._traits = personality.traits
        self._place: Mood | None = None
        home = self._home()
        self._state = MoodState(home, home, now_ns, now_ns)
        self._reaction = home
        self._reaction_share, self._reaction_ns = 0.0, now_ns
        self._pictured = Picture(home, home)
        self._pictured_ns: int | None = None  # when that is right; None: at no time any more
        self._log = MoodLog(Picture(home, home))
        self._turned: tuple[TraitChange, ...] = ()

    @property
    def traits(self) -> Traits:
        """The traits now."""
        return self._traits

    def turn(self, signals: tuple[Signal, ...]) -> None:
        """A turn of the conversation: the traits move; the mood follows by and by."""
        before = self._traits
        self._traits = after_turn(before, self._personality.traits, signals)
        self._turned += tuple(
            TraitChange(
                name,
                getattr(before, name),
                getattr(self._traits, name),
                tuple(signal for signal in signals if name in EFFECTS[signal]),
            )
            for name in TRAIT_NAMES
            if getattr(before, name) != getattr(self._traits, name)
        )

    def end_turn(self, now_ns: int, cause: Cause) -> None:
        """Notes a turn at which nothing was felt; after `turn`, once the event was dealt with."""
        if self._turned:
            left = self._reaction_left(now_ns)
            self._move_to(self.at(now_ns), now_ns, self._state.event_ns, left)
            now = self._picture(now_ns)
            self._add(now_ns, cause, Rule.TRAITS, now)

    def feel(self, felt: Felt, now_ns: int, cause: Cause) -> MoodChange:
        """Something happened that is felt."""
        now = self._picture(now_ns)
        left = self._reaction_left(now_ns)
        weighing = self._weigh(felt)
        share, target = weighing.share, weighing.response
        felt_place = Mood(
            target.valence * share + weighing.bias.valence + weighing.colour.valence,
            target.arousal * share + weighing.bias.arousal + weighing.colour.arousal,
            target.dominance * share + weighing.bias.dominance + weighing.colour.dominance,
        )
        # A clear feeling takes the place of the last reaction; a faint one only colours it.
        follow = min(1.0, share) * self._personality.reaction_share
        if follow >= _SUPERSEDES * left:
            self._reaction, left = target, follow
        else:
            self._reaction = mix(self._reaction, target, follow / (follow + left))
        self._move_to(mix(now.mood, felt_place, weighing.yields), now_ns, now_ns, left)
        return self._add(now_ns, cause, Rule.FELT, now, weighing)

    def set(self, mood: Mood, now_ns: int, cause: Cause) -> MoodChange:
        """Somebody set the mood by hand; no momentum and no bias apply."""
        now = self._picture(now_ns)
        self._move_to(clamp(mood.valence, mood.arousal, mood.dominance), now_ns, now_ns, 0.0)
        return self._add(now_ns, cause, Rule.SET, now)

    def notice(self, now_ns: int) -> None:
        """Something happened that is not felt: it only ends the silence."""
        left = self._reaction_left(now_ns)
        self._move_to(self.at(now_ns), now_ns, now_ns, left)

    def calm_reaction(self, now_ns: int, cause: Cause) -> MoodChange:
        """Drops the reaction under way; the mood stays."""
        now = self._picture(now_ns)
        self._move_to(now.mood, now_ns, self._state.event_ns, 0.0)
        return self._add(now_ns, cause, Rule.CALMED, now)

    def dwell(self, place: Mood | None, now_ns: int) -> None:
        """From now on the mood goes to `place` by itself; None: to the baseline again."""
        self._place = place
        left = self._reaction_left(now_ns)
        self._move_to(self.at(now_ns), now_ns, self._state.event_ns, left)

    def at(self, now_ns: int) -> Mood:
        """The mood, without reactions."""
        return self._picture(now_ns).mood

    def expressed(self, now_ns: int) -> Mood:
        """What the face shows: the mood with the fading reaction on top."""
        return self._picture(now_ns).shown

    def changes(self, limit: int = KEPT_CHANGES) -> tuple[MoodChange, ...]:
        """The last changes, the newest first."""
        return self._log.newest(limit)

    def since_change(self, now_ns: int) -> MoodChange:
        """What time has done since the last one."""
        return self._log.since(now_ns, self._picture(now_ns))

    def _weigh(self, felt: Felt) -> Weighing:
        person = self._personality
        response = felt.read if felt.response is None else felt.response
        factors = [(Factor.INTENSITY, felt.intensity)]
        if felt.own_words:
            factors.append((Factor.OWN_WORDS, _OWN_WORDS))
        factors.append((Factor.CONFIDENCE, trust(felt.confidence)))
        factors.append((Factor.GAIN, person.gain))
        if response.valence < 0.0:
            factors.append((Factor.PATIENCE, negative_factor(self._traits)))
        share = math.prod(value for _, value in factors)
        yields = (1.0 - person.momentum) * min(1.0, share / _SLIGHT)
        shift = colour(self._traits)
        return Weighing(felt.read, response, tuple(factors), share, person.bias, shift, yields)

    def _home(self) -> Mood:
        if self._place is not None:
            return self._place
        shifted = total((self._personality.baseline, colour(self._traits)))
        return clamp(shifted.valence, shifted.arousal, shifted.dominance)

    def _picture(self, now_ns: int) -> Picture:
        """Both at a time; kept, for an event asks for the same ones again and again."""
        if now_ns != self._pictured_ns:
            mood = _faded(self._state, self._personality, now_ns)
            shown = mix(mood, self._reaction, self._reaction_left(now_ns))
            self._pictured, self._pictured_ns = Picture(mood, shown), now_ns
        return self._pictured

    def _move_to(self, mood: Mood, now_ns: int, event_ns: int, reaction_share: float) -> None:
        """The mood is this now; `reaction_share` is how much of the reaction is left now."""
        self._state = MoodState(mood, self._home(), now_ns, event_ns)
        self._reaction_share, self._reaction_ns = reaction_share, now_ns
        self._pictured_ns = None

    def _add(
        self,
        now_ns: int,
        cause: Cause,
        rule: Rule,
        now: Picture,
        weighing: Weighing | None = None,
    ) -> MoodChange:
        turned, self._turned = self._turned, ()
        after = self._picture(now_ns)
        return self._log.add(now_ns, cause, rule, now, after, weighing=weighing, traits=turned)

    def _reaction_left(self, now_ns: int) -> float:
        age_s = max(0, now_ns - self._reaction_ns) / NS_PER_S
        return self._reaction_share * math.exp(-age_s / self._personality.reaction_s)
