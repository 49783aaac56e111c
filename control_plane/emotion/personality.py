"""Personalities: how strongly and how soon somebody feels, and what they come back to."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from control_plane.errors import InvalidArgumentError
from engine.packet import Mood

__all__ = ["PERSONALITIES", "Personality", "personality_named"]


@dataclass(frozen=True, slots=True)
class Personality:
    """A temperament, as numbers.

    Attributes:
        name: Unique name.
        baseline: The mood at rest.
        bias: Added to what is felt, see `control_plane.emotion.mood`; each in [-1, 1].
        gain: Factor on what is felt, above 0; 1 feels it as it was appraised.
        momentum: Share of the mood that stays when something is felt, [0, 1).
        decay_s: Time constant of the way back to the baseline between events.
        reaction_s: Time constant with which a single reaction fades into the mood.
        reaction_share: How far the face follows a reaction beyond the mood, [0, 1].
        empathy: How far a user's distress is met with concern instead of mirrored, [0, 1].
        face_offset_ms: When the face follows where the hands lead, ms after the event.
        capsule_weights: Factors in [0, 2] by capsule id or by layer name; both apply.
    """

    name: str
    baseline: Mood
    bias: Mood
    gain: float = 1.0
    momentum: float = 0.7
    decay_s: float = 12.0
    reaction_s: float = 4.0
    reaction_share: float = 0.85
    empathy: float = 0.8
    face_offset_ms: int = 50
    capsule_weights: Mapping[str, float] = field(default_factory=dict)


# Faces that a host spares guests, whatever is nearest.
_UNKIND = {
    "VF_CONTEMPT": 0.5,
    "VF_DISDAIN": 0.6,
    "VF_DISGUST_LOW": 0.7,
    "VF_EYE_ROLL": 0.3,
    "VF_MENACE": 0.5,
}

PERSONALITIES: dict[str, Personality] = {
    "friendly": Personality(
        name="friendly",
        baseline=Mood(0.18, 0.02, 0.05),
        bias=Mood(0.08, 0.04, 0.0),
        gain=1.1,
        empathy=0.9,
        capsule_weights={**_UNKIND, "VF_SYMPATHY": 1.2},
    ),
    "professional": Personality(
        name="professional",
        baseline=Mood(0.08, -0.05, 0.15),
        bias=Mood(0.03, -0.04, 0.06),
        gain=0.75,
        decay_s=8.0,
        reaction_s=3.0,
        reaction_share=0.75,
        empathy=0.8,
        face_offset_ms=70,
        capsule_weights={**_UNKIND, "hand": 0.8, "body": 0.8, "voice": 0.8, "camera": 0.5},
    ),
    "skeptical": Personality(
        name="skeptical",
        baseline=Mood(-0.06, -0.05, 0.18),
        bias=Mood(-0.10, 0.0, 0.10),
        gain=0.8,
        decay_s=16.0,
        reaction_s=5.0,
        reaction_share=0.7,
        empathy=0.4,
        face_offset_ms=100,
        capsule_weights={"hand": 0.7, "body": 0.9, "VF_SKEPTIC": 1.4, "VF_DOUBT_BROW": 1.3},
    ),
}


def personality_named(name: str) -> Personality:
    """The personality of that name.

    Raises:
        InvalidArgumentError: There is none.
    """
    found = PERSONALITIES.get(name)
    if found is None:
        known = ", ".join(PERSONALITIES)
        message = f"options.personality is {name!r}, expected one of {known}"
        raise InvalidArgumentError(message, "options.personality")
    return found
