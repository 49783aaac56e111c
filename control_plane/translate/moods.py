"""Why a mood is what it is, and the personalities, as protobuf and proto3 JSON."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from capsulecast.v1 import common_pb2
from capsulecast.v1 import session_service_pb2 as pb
from control_plane import ranges
from control_plane.emotion.explain import (
    KEPT_CHANGES,
    Contribution,
    Explanation,
    Factor,
    MoodChange,
    Rule,
    contributions,
)
from control_plane.emotion.labels import label_of
from control_plane.emotion.personality import Personality
from control_plane.emotion.traits import Traits
from control_plane.emotion.wording import sentence
from control_plane.translate.jsonform import to_json
from engine.packet import Mood

__all__ = [
    "explanation_to_json",
    "explanation_to_message",
    "limit_of",
    "personalities_to_json",
    "personalities_to_message",
]

_FACTORS: Mapping[Factor, pb.MoodFactor.ValueType] = MappingProxyType(
    {item: pb.MoodFactor.Value(f"MOOD_FACTOR_{item.name}") for item in Factor}
)
_RULES: Mapping[Rule, pb.MoodRule.ValueType] = MappingProxyType(
    {item: pb.MoodRule.Value(f"MOOD_RULE_{item.name}") for item in Rule}
)
_USUAL_CHANGES = 16


def limit_of(value: int) -> int:
    """How many changes are asked for; 0 asks for 16.

    Raises:
        InvalidArgumentError: It is no number from 0 to `KEPT_CHANGES`.
    """
    if not 0 <= value <= KEPT_CHANGES:
        raise ranges.invalid("limit", value, f"1 to {KEPT_CHANGES}, or 0 for {_USUAL_CHANGES}")
    return value or _USUAL_CHANGES


def explanation_to_message(explanation: Explanation) -> pb.ExplainMoodResponse:
    """An explanation."""
    return pb.ExplainMoodResponse(
        personality=explanation.personality.name,
        traits=_traits(explanation.traits),
        since=_change(explanation.since),
        changes=[_change(item) for item in explanation.changes],
    )


def explanation_to_json(explanation: Explanation) -> dict[str, Any]:
    """The same as proto3 JSON."""
    return to_json(explanation_to_message(explanation), complete=True)


def personalities_to_message(found: Iterable[Personality]) -> pb.ListPersonalitiesResponse:
    """Personalities."""
    return pb.ListPersonalitiesResponse(
        personalities=[
            pb.Personality(
                name=item.name,
                description=item.description,
                baseline=_vad(item.baseline),
                traits=_traits(item.traits),
            )
            for item in found
        ]
    )


def personalities_to_json(found: Iterable[Personality]) -> dict[str, Any]:
    """The same as proto3 JSON."""
    return to_json(personalities_to_message(found), complete=True)


def _change(change: MoodChange) -> pb.MoodChange:
    parts = contributions(change)
    return pb.MoodChange(
        number=change.number,
        timestamp_ns=change.at_ns,
        event=change.cause.event,
        event_sequence=change.cause.event_sequence,
        evidence=change.cause.evidence,
        rule=_RULES[change.rule],
        mood_before=_vad(change.before.mood),
        mood_after=_vad(change.after.mood),
        shown_before=_vad(change.before.shown),
        shown_after=_vad(change.after.shown),
        label=label_of(change.after.shown),
        contributions=[_contribution(item) for item in parts],
        traits=[
            pb.TraitChange(
                trait=item.trait,
                before=item.before,
                after=item.after,
                signals=[signal.value for signal in item.signals],
            )
            for item in change.traits
        ],
        sentence=sentence(change, parts),
    )


def _contribution(item: Contribution) -> pb.MoodContribution:
    return pb.MoodContribution(
        factor=_FACTORS[item.factor], amount=_vad(item.amount), value=item.value
    )


def _traits(traits: Traits) -> pb.Traits:
    return pb.Traits(
        energy=traits.energy,
        warmth=traits.warmth,
        confidence=traits.confidence,
        curiosity=traits.curiosity,
        patience=traits.patience,
    )


def _vad(mood: Mood) -> common_pb2.Vad:
    return common_pb2.Vad(valence=mood.valence, arousal=mood.arousal, dominance=mood.dominance)
