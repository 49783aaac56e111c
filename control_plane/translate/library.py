"""Capsules and expressions as protobuf and proto3 JSON."""

from typing import Any

from capsulecast.v1 import capsule_service_pb2, common_pb2
from capsules.model import Capsule, Emotion, Expression
from control_plane.translate.jsonform import to_json
from engine.wire import layer_value

__all__ = [
    "capsule_to_json",
    "capsule_to_message",
    "expression_to_json",
    "expression_to_message",
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


def _vad(emotion: Emotion | None) -> common_pb2.Vad | None:
    if emotion is None:
        return None
    return common_pb2.Vad(
        valence=emotion.valence, arousal=emotion.arousal, dominance=emotion.dominance
    )
