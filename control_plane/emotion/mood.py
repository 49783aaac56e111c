"""Mood: what stays of what was felt.

Two time scales, as in ALMA (Gebhard, 2005): an emotion is a short reaction to one event, a mood
is what many of them leave behind. The mood follows an event by momentum,

    mood = m * mood + (1 - m) * (target * intensity + bias)

(less of it where the intensity is slight) and between events goes back to the personality's
baseline exponentially in continuous time. What the face shows, `expressed`, is the mood with the
fading reaction on top.
"""

import math
from dataclasses import dataclass

from control_plane.emotion.personality import Personality
from engine.clock import NS_PER_S
from engine.packet import Mood

__all__ = ["SILENCE_NS", "MoodModel", "MoodState", "clamp", "decayed", "distance", "mix"]

# After this long without an event the mood comes back to the baseline fast.
SILENCE_NS = 10 * NS_PER_S
_RECENTRE_S = 2.0
# What is felt less strongly than this moves the mood less than momentum alone would: plain words
# neither comfort nor sober anybody.
_SLIGHT = 0.4
# A reaction of this share of what is left of the last one takes its place.
_SUPERSEDES = 0.5

_ZERO = Mood()


def clamp(valence: float, arousal: float, dominance: float) -> Mood:
    """The point of the cube nearest to the three numbers."""
    return Mood(
        max(-1.0, min(1.0, valence)),
        max(-1.0, min(1.0, arousal)),
        max(-1.0, min(1.0, dominance)),
    )


def mix(start: Mood, end: Mood, share: float) -> Mood:
    """The point `share` of the way from `start` to `end`, clamped."""
    return clamp(
        start.valence + (end.valence - start.valence) * share,
        start.arousal + (end.arousal - start.arousal) * share,
        start.dominance + (end.dominance - start.dominance) * share,
    )


def distance(a: Mood, b: Mood = _ZERO) -> float:
    """Euclidean distance, [0, sqrt(12)]; of one mood: from the middle."""
    return math.sqrt(
        (a.valence - b.valence) ** 2
        + (a.arousal - b.arousal) ** 2
        + (a.dominance - b.dominance) ** 2
    )


@dataclass(frozen=True, slots=True)
class MoodState:
    """A mood at a time.

    Attributes:
        mood: The mood.
        at_ns: When it was so.
        event_ns: When something was last felt.
    """

    mood: Mood
    at_ns: int
    event_ns: int


def decayed(state: MoodState, personality: Personality, now_ns: int) -> MoodState:
    """The state at a later time, nothing having happened in between.

    Exact for any step: `decayed` to b by way of a gives what `decayed` to b gives at once. A time
    before the state's own changes nothing.
    """
    if now_ns <= state.at_ns:
        return state
    turn_ns = state.event_ns + SILENCE_NS
    slow_ns = max(0, min(now_ns, turn_ns) - state.at_ns)
    fast_ns = max(0, now_ns - max(state.at_ns, turn_ns))
    exponent = slow_ns / NS_PER_S / personality.decay_s + fast_ns / NS_PER_S / _RECENTRE_S
    return MoodState(
        mood=mix(state.mood, personality.baseline, -math.expm1(-exponent)),
        at_ns=now_ns,
        event_ns=state.event_ns,
    )


class MoodModel:
    """One session's mood. Not thread-safe; times are the caller's and do not go back."""

    def __init__(self, personality: Personality, now_ns: int) -> None:
        self._personality = personality
        self._state = MoodState(personality.baseline, now_ns, now_ns)
        self._reaction = personality.baseline
        self._reaction_share = 0.0

    def feel(self, target: Mood, intensity: float, now_ns: int) -> None:
        """Something happened: `target` in the cube, `intensity` in [0, 1]."""
        person = self._personality
        share = intensity * person.gain
        felt = Mood(
            target.valence * share + person.bias.valence,
            target.arousal * share + person.bias.arousal,
            target.dominance * share + person.bias.dominance,
        )
        before = self.at(now_ns)
        # A clear feeling takes the place of the last reaction; a faint one only colours it.
        left = self._reaction_left(now_ns)
        yields = (1.0 - person.momentum) * min(1.0, share / _SLIGHT)
        self._state = MoodState(mix(before, felt, yields), now_ns, now_ns)
        follow = min(1.0, share) * person.reaction_share
        if follow >= _SUPERSEDES * left:
            self._reaction, self._reaction_share = target, follow
        else:
            toward = follow / (follow + left)
            self._reaction, self._reaction_share = mix(self._reaction, target, toward), left

    def set(self, mood: Mood, now_ns: int) -> None:
        """Somebody set the mood by hand; no momentum and no bias apply."""
        self._state = MoodState(clamp(mood.valence, mood.arousal, mood.dominance), now_ns, now_ns)
        self._reaction_share = 0.0

    def notice(self, now_ns: int) -> None:
        """Something happened that is not felt: it only ends the silence."""
        left = self._reaction_left(now_ns)
        self._state = MoodState(self.at(now_ns), now_ns, now_ns)
        self._reaction_share = left

    def calm_reaction(self, now_ns: int) -> None:
        """Drops the reaction under way; the mood stays."""
        self._state = decayed(self._state, self._personality, now_ns)
        self._reaction_share = 0.0

    def at(self, now_ns: int) -> Mood:
        """The mood, without reactions."""
        return decayed(self._state, self._personality, now_ns).mood

    def expressed(self, now_ns: int) -> Mood:
        """What the face shows: the mood with the fading reaction on top."""
        return mix(self.at(now_ns), self._reaction, self._reaction_left(now_ns))

    def _reaction_left(self, now_ns: int) -> float:
        age_s = max(0, now_ns - self._state.event_ns) / NS_PER_S
        return self._reaction_share * math.exp(-age_s / self._personality.reaction_s)
