"""Personalities: how strongly and how soon somebody feels, and what they come back to."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from control_plane.emotion.occasions import Occasion
from control_plane.emotion.traits import REFERENCE, Traits
from control_plane.errors import InvalidArgumentError
from engine.packet import Mood

__all__ = ["Personalities", "Personality", "Reaction"]


@dataclass(frozen=True, slots=True)
class Reaction:
    """Somebody's own answer to an occasion, beside what they feel at it.

    Attributes:
        shows: Faces, bodies and a gesture by capsule id, with weights in (0, 1]. What plays once
            is played at once, what holds is held beside what is felt.
        feels: What is felt instead of what was appraised; None: that, met with empathy.
        lasts_s: How long it is held, s.
        stance: How much of the stance's faces is left meanwhile, [0, 1].
        pause_ms: How long words that come at once wait for it; None: as always.
        still: Whether the hands stay where they are meanwhile, but for a gesture that it shows.
    """

    shows: Mapping[str, float]
    feels: Mood | None = None
    lasts_s: float = 4.0
    stance: float = 1.0
    pause_ms: int | None = None
    still: bool = False


@dataclass(frozen=True, slots=True)
class Personality:
    """A temperament, as numbers; `control_plane.emotion.mood` says how they are used.

    Attributes:
        name: Unique name.
        description: For people to read.
        baseline: The mood at rest, while the traits have no effect.
        bias: Added to what is felt; each in [-1, 1].
        gain: Factor on what is felt, above 0; 1 feels it as it was appraised.
        momentum: Share of the mood that stays when something is felt, [0, 1).
        decay_s: Time constant of the way back to the baseline between events.
        reaction_s: Time constant with which a single reaction fades into the mood.
        reaction_share: How far the face follows a reaction beyond the mood, [0, 1].
        empathy: How far a user's distress is met with concern instead of mirrored, [0, 1].
        face_offset_ms: When the face follows where the hands lead, ms after the event.
        pause_ms: How long an answer in words waits after what it answers; the face comes first.
        gesture_rest_s: How long hands rest between gestures that no feeling urges.
        traits: Where the traits return to.
        stance: Faces and bodies that are held beside what is felt, with weights in [0, 1].
        reactions: Answers of its own, by occasion.
        capsule_weights: Factors in [0, 2] by capsule id or by layer name; both apply.
    """

    name: str
    description: str
    baseline: Mood
    bias: Mood
    gain: float = 1.0
    momentum: float = 0.7
    decay_s: float = 12.0
    reaction_s: float = 6.0
    reaction_share: float = 0.85
    empathy: float = 0.8
    face_offset_ms: int = 50
    pause_ms: int = 130
    gesture_rest_s: float = 4.0
    traits: Traits = REFERENCE
    stance: Mapping[str, float] = field(default_factory=dict)
    reactions: Mapping[Occasion, Reaction] = field(default_factory=dict)
    capsule_weights: Mapping[str, float] = field(default_factory=dict)


class Personalities:
    """Those that sessions may have, by name. Immutable; safe to read from any thread.

    Args:
        items: With unique names.
    """

    def __init__(self, items: Iterable[Personality]) -> None:
        self._by_name: Mapping[str, Personality] = MappingProxyType(
            {item.name: item for item in items}
        )

    def __iter__(self) -> Iterator[Personality]:
        return iter(self._by_name.values())

    def __len__(self) -> int:
        return len(self._by_name)

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def named(self, name: str) -> Personality:
        """The personality of that name.

        Raises:
            InvalidArgumentError: There is none.
        """
        found = self._by_name.get(name)
        if found is None:
            known = ", ".join(self._by_name)
            message = f"options.personality is {name!r}, expected one of {known}"
            raise InvalidArgumentError(message, "options.personality")
        return found
