"""Why the mood is what it is: every change with its cause, its rule and what each part added.

A `MoodChange` keeps the numbers that went into the formulas of `control_plane.emotion.mood`, and
`contributions` takes them apart again. They always add up: those of the lasting mood to
`after.mood - before.mood`, all together to `after.shown - before.shown`.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from control_plane.emotion.personality import Personality
from control_plane.emotion.traits import EFFECTS, TRAIT_NAMES, Signal, Traits
from control_plane.emotion.vad import difference, distance, scaled, total
from engine.packet import Mood

__all__ = [
    "DAMPING",
    "KEPT_CHANGES",
    "REACTION_FACTORS",
    "SINCE_FACTORS",
    "Cause",
    "Contribution",
    "Explanation",
    "Factor",
    "MoodChange",
    "MoodLog",
    "Picture",
    "Rule",
    "Seen",
    "TraitChange",
    "Turn",
    "Weighed",
    "Weighing",
    "contributions",
]

KEPT_CHANGES = 64
"""How many of a session's last changes are kept."""

# Less than this is rounding.
_LEAST = 1e-12


class Rule(StrEnum):
    """How a change came about."""

    FELT = "felt"
    SET = "set"
    CALMED = "calmed"
    TRAITS = "traits"
    TIME = "time"


class Factor(StrEnum):
    """What a contribution comes from, in the order in which they are told."""

    DECAY = "decay"
    FADING = "fading"
    MOMENTUM = "momentum"
    APPRAISAL = "appraisal"
    EMPATHY = "empathy"
    INTENSITY = "intensity"
    OWN_WORDS = "own_words"
    CONFIDENCE = "confidence"
    GAIN = "gain"
    PATIENCE = "patience"
    BIAS = "bias"
    TRAITS = "traits"
    LIMIT = "limit"
    SET = "set"
    REPLACED = "replaced"
    REACTION = "reaction"


SINCE_FACTORS = frozenset({Factor.DECAY, Factor.FADING})
"""What time did since the change before."""

REACTION_FACTORS = frozenset({Factor.FADING, Factor.REPLACED, Factor.REACTION})
"""What moved the reaction on top of the mood rather than the mood."""

DAMPING = (
    Factor.INTENSITY,
    Factor.OWN_WORDS,
    Factor.CONFIDENCE,
    Factor.GAIN,
    Factor.PATIENCE,
)
"""What makes a response be felt more or less, in the order in which it is reckoned."""


@dataclass(frozen=True, slots=True)
class Cause:
    """What happened.

    Attributes:
        event: Kind of the event, such as "chat"; "tick" where time alone moved the mood.
        event_sequence: The client's number of the event; 0: none.
        evidence: What was found in it, for people; never the words of a chat.
    """

    event: str
    event_sequence: int = 0
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """The mood at a moment: the lasting one, and what the face shows of it and of a reaction."""

    mood: Mood
    shown: Mood


@dataclass(frozen=True, slots=True)
class Weighing:
    """What was felt, as it went into the formula.

    Attributes:
        read: What the event means by itself.
        response: What the listener feels at that.
        factors: Factors on the response, one for each of `DAMPING`; 1 where it changes nothing.
        share: Their product: how strongly it was felt.
        bias: The personality's.
        colour: The traits' shift.
        yields: The share of the mood that gave way, [0, 1].
    """

    read: Mood
    response: Mood
    factors: tuple[float, ...]
    share: float
    bias: Mood
    colour: Mood
    yields: float


@dataclass(frozen=True, slots=True)
class TraitChange:
    """A trait that a turn moved; `signals` are those that did, if any."""

    trait: str
    before: float
    after: float
    signals: tuple[Signal, ...] = ()


Turn = tuple[Traits, Traits, tuple[Signal, ...]]
"""A turn of the conversation: the traits before it and after it, and what happened in it."""


@dataclass(frozen=True, slots=True)
class MoodChange:
    """One change.

    Attributes:
        number: From 1, rises by one; that of the last change where time alone passed since.
        at_ns: When, on the session's clock.
        cause: What happened.
        rule: What the mood did.
        before: After the change before, or at the session's beginning.
        now: Right before the event: what time made of `before`.
        after: After it.
        weighing: How it was felt; None for other rules.
        traits: Traits that moved along.
    """

    number: int
    at_ns: int
    cause: Cause
    rule: Rule
    before: Picture
    now: Picture
    after: Picture
    weighing: Weighing | None = None
    traits: tuple[TraitChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why the mood of a session is what it is.

    Attributes:
        personality: Whose it is.
        traits: As they are now.
        since: What time has done since the last change.
        changes: The last ones, the newest first.
    """

    personality: Personality
    traits: Traits
    since: MoodChange
    changes: tuple[MoodChange, ...]


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one factor added to valence, arousal and dominance; `value` is the factor's number."""

    factor: Factor
    amount: Mood
    value: float | None = None


def contributions(change: MoodChange) -> tuple[Contribution, ...]:
    """What added up to the change; factors that added nothing are left out."""
    since = difference(change.now.mood, change.before.mood)
    faded = difference(_reaction(change.now), _reaction(change.before))
    found = [Contribution(Factor.DECAY, since), Contribution(Factor.FADING, faded)]
    moved = difference(change.after.mood, change.now.mood)
    if change.weighing is not None:
        weighed = _weighed(change.weighing, change.now.mood)
        found += weighed
        # The rest is what the bounds of the cube took, down to the last bit of rounding.
        rest = difference(moved, total(item.amount for item in weighed))
        found.append(Contribution(Factor.LIMIT, rest))
    else:
        found.append(Contribution(Factor.SET, moved))
    found.append(Contribution(Factor.REPLACED, scaled(_reaction(change.now), -1.0)))
    found.append(Contribution(Factor.REACTION, _reaction(change.after)))
    if change.rule in (Rule.TIME, Rule.TRAITS):  # neither touches the reaction under way
        found = found[:-2]
    return tuple(item for item in found if distance(item.amount) > _LEAST)


Seen = tuple[Mood, Mood]
"""What a `Picture` is made of."""

Weighed = tuple[Mood, Mood, tuple[float, ...], float, Mood, Mood, float]
"""What a `Weighing` is made of."""

# What is noted of a change while it happens: what a `MoodChange` is made of but for its number.
_Note = tuple[int, Cause, Rule, Seen, Seen, Seen, Weighed | None, tuple[Turn, ...]]


class MoodLog:
    """The last changes of one session, the oldest forgotten first. Not thread-safe.

    Nearly all of them are forgotten unread, so records are made of them only for those who ask.

    Args:
        start: The mood at the session's beginning.
    """

    def __init__(self, start: Seen) -> None:
        self._last = start
        self._notes: deque[_Note] = deque(maxlen=KEPT_CHANGES)
        self._count = 0

    def add(
        self,
        at_ns: int,
        cause: Cause,
        rule: Rule,
        now: Seen,
        after: Seen,
        *,
        weighed: Weighed | None = None,
        turns: tuple[Turn, ...] = (),
    ) -> None:
        """Notes a change."""
        self._count += 1
        self._notes.append((at_ns, cause, rule, self._last, now, after, weighed, turns))
        self._last = after

    def newest(self, limit: int = KEPT_CHANGES) -> tuple[MoodChange, ...]:
        """The last changes, the newest first."""
        return tuple(
            _written(note, self._count - age)
            for age, note in enumerate(islice(reversed(self._notes), limit))
        )

    def since(self, at_ns: int, now: Seen) -> MoodChange:
        """What time has done since the last change; it is not kept."""
        note = (at_ns, Cause("tick"), Rule.TIME, self._last, now, now, None, ())
        return _written(note, self._count)


def _written(note: _Note, number: int) -> MoodChange:
    at_ns, cause, rule, before, now, after, weighed, turns = note
    return MoodChange(
        number=number,
        at_ns=at_ns,
        cause=cause,
        rule=rule,
        before=Picture(*before),
        now=Picture(*now),
        after=Picture(*after),
        weighing=None if weighed is None else Weighing(*weighed),
        traits=tuple(change for turn in turns for change in _trait_changes(*turn)),
    )


def _trait_changes(
    before: Traits, after: Traits, signals: tuple[Signal, ...]
) -> Iterator[TraitChange]:
    return (
        TraitChange(
            name,
            getattr(before, name),
            getattr(after, name),
            tuple(signal for signal in signals if name in EFFECTS[signal]),
        )
        for name in TRAIT_NAMES
        if getattr(before, name) != getattr(after, name)
    )


def _reaction(picture: Picture) -> Mood:
    return difference(picture.shown, picture.mood)


def _weighed(weighing: Weighing, now: Mood) -> list[Contribution]:
    """Takes `yields * (response * factors + bias + colour - now)` apart."""
    share = weighing.yields
    found = [
        Contribution(Factor.MOMENTUM, scaled(now, -share), 1.0 - share),
        Contribution(Factor.APPRAISAL, scaled(weighing.read, share)),
        Contribution(Factor.EMPATHY, scaled(difference(weighing.response, weighing.read), share)),
    ]
    reached = 1.0
    for factor, value in zip(DAMPING, weighing.factors, strict=True):
        amount = scaled(weighing.response, share * reached * (value - 1.0))
        found.append(Contribution(factor, amount, value))
        reached *= value
    found.append(Contribution(Factor.BIAS, scaled(weighing.bias, share)))
    found.append(Contribution(Factor.TRAITS, scaled(weighing.colour, share)))
    return found
