"""Capsules and expressions as protobuf and proto3 JSON."""

from collections.abc import Iterable
from typing import Any

from capsulecast.v1 import capsule_service_pb2, common_pb2
from capsules.model import Capsule, Emotion, Expression
from capsules.targets import Target
from control_plane.own_capsules import Saved
from control_plane.translate.jsonform import from_json, to_json
from engine.wire import layer_value

__all__ = [
    "capsule_text_from_json",
    "capsule_to_json",
    "capsule_to_message",
    "expression_to_json",
    "expression_to_message",
    "saved_to_json",
    "saved_to_message",
    "targets_to_json",
    "targets_to_message",
]


def capsule_to_message(capsule: Capsule, *, with_json: bool = False) -> capsule_service_pb2.Capsule:
    """A capsule; `with_json` adds its whole library form."""
    return capsule_service_pb2.Capsule(
        cid=capsule.cid,
        layer=layer_value(capsule.layer),
        description=capsule.description,
        version=capsule.version,
        revoked=capsule.revoked,
        emotion=_vad(capsule.emotion),
        duration_ms=capsule.duration_ms,
        priority=capsule.priority,
        blend_mode=capsule.blend_mode.value,
        targets=[track.target for track in capsule.tracks],
        json=capsule.model_dump_json(exclude_none=True) if with_json else "",
    )


def capsule_to_json(capsule: Capsule, *, with_json: bool = False) -> dict[str, Any]:
    """A capsule as proto3 JSON."""
    return to_json(capsule_to_message(capsule, with_json=with_json), complete=True)


def expression_to_message(expression: Expression) -> capsule_service_pb2.Expression:
    """An expression."""
    return capsule_service_pb2.Expression(
        id=expression.id,
        name=expression.name,
        description=expression.description,
        emotion=_vad(expression.emotion),
        cids=[item.cid for item in expression.items],
    )


def expression_to_json(expression: Expression) -> dict[str, Any]:
    """An expression as proto3 JSON."""
    return to_json(expression_to_message(expression), complete=True)


def capsule_text_from_json(data: object) -> str:
    """The capsule in a SaveCapsuleRequest in parsed proto3 JSON.

    Raises:
        InvalidArgumentError: It does not fit.
    """
    return from_json(data, capsule_service_pb2.SaveCapsuleRequest(), "request").json


def targets_to_message(found: Iterable[Target]) -> capsule_service_pb2.ListTargetsResponse:
    """What curves may move."""
    return capsule_service_pb2.ListTargetsResponse(
        targets=[
            capsule_service_pb2.Target(
                name=item.name,
                kind=item.kind.value,
                minimum=item.minimum,
                maximum=item.maximum,
                rest=item.rest,
                max_rate=item.max_rate,
                unit=item.unit,
            )
            for item in found
        ]
    )


def targets_to_json(found: Iterable[Target]) -> dict[str, Any]:
    """The same as proto3 JSON."""
    return to_json(targets_to_message(found), complete=True)


def saved_to_message(saved: Saved) -> capsule_service_pb2.SaveCapsuleResponse:
    """A capsule that was saved."""
    capsule = capsule_to_message(saved.capsule, with_json=True)
    return capsule_service_pb2.SaveCapsuleResponse(capsule=capsule, warnings=saved.warnings)


def saved_to_json(saved: Saved) -> dict[str, Any]:
    """The same as proto3 JSON."""
    return to_json(saved_to_message(saved), complete=True)


def _vad(emotion: Emotion | None) -> common_pb2.Vad | None:
    if emotion is None:
        return None
    return common_pb2.Vad(
        valence=emotion.valence, arousal=emotion.arousal, dominance=emotion.dominance
    )
