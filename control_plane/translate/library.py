"""Capsules and expressions as protobuf and proto3 JSON."""

from collections.abc import Iterable
from typing import Any

from capsulecast.v1 import capsule_service_pb2, common_pb2
from capsules.model import Capsule, Emotion, Expression
from capsules.profile import Profile
from capsules.targets import Target
from control_plane.governance.rules import Bar, Standing
from control_plane.studio.own_capsules import Saved
from control_plane.translate.jsonform import from_json, to_json
from engine.wire import layer_value

__all__ = [
    "capsule_text_from_json",
    "capsule_to_json",
    "capsule_to_message",
    "expression_to_json",
    "expression_to_message",
    "profile_to_json",
    "profile_to_message",
    "saved_to_json",
    "saved_to_message",
    "targets_to_json",
    "targets_to_message",
]


_MAY_PLAY = Standing()
_BARS = {bar: capsule_service_pb2.Bar.Value(f"BAR_{bar.name}") for bar in Bar}


def capsule_to_message(
    capsule: Capsule, standing: Standing = _MAY_PLAY, *, with_json: bool = False
) -> capsule_service_pb2.Capsule:
    """A capsule and whether it may play; `with_json` adds its whole library form."""
    return capsule_service_pb2.Capsule(
        cid=capsule.cid,
        layer=layer_value(capsule.layer),
        description=capsule.description,
        version=capsule.version,
        revoked=capsule.revoked or standing.bar is not None,
        emotion=_vad(capsule.emotion),
        duration_ms=capsule.duration_ms,
        priority=capsule.priority,
        blend_mode=capsule.blend_mode.value,
        targets=[track.target for track in capsule.tracks],
        json=capsule.model_dump_json(exclude_none=True) if with_json else "",
        bar=_bar(standing),
        bar_reason=standing.reason,
    )


def capsule_to_json(
    capsule: Capsule, standing: Standing = _MAY_PLAY, *, with_json: bool = False
) -> dict[str, Any]:
    """A capsule as proto3 JSON."""
    return to_json(capsule_to_message(capsule, standing, with_json=with_json), complete=True)


def expression_to_message(
    expression: Expression, standing: Standing = _MAY_PLAY
) -> capsule_service_pb2.Expression:
    """An expression and whether it may play."""
    return capsule_service_pb2.Expression(
        id=expression.id,
        name=expression.name,
        description=expression.description,
        emotion=_vad(expression.emotion),
        cids=[item.cid for item in expression.items],
        bar=_bar(standing),
        bar_reason=standing.reason,
    )


def expression_to_json(expression: Expression, standing: Standing = _MAY_PLAY) -> dict[str, Any]:
    """An expression as proto3 JSON."""
    return to_json(expression_to_message(expression, standing), complete=True)


def profile_to_message(
    profile: Profile, standing: Standing = _MAY_PLAY
) -> capsule_service_pb2.Profile:
    """A profile and whether it may play."""
    return capsule_service_pb2.Profile(
        name=profile.name,
        description=profile.description,
        emotion=_vad(profile.emotion),
        tempo=profile.tempo,
        noise=profile.noise,
        items=[
            capsule_service_pb2.ProfileItem(
                cid=item.cid, weight=item.weight, every_s=item.every_s or 0.0
            )
            for item in profile.items
        ],
        bar=_bar(standing),
        bar_reason=standing.reason,
    )


def profile_to_json(profile: Profile, standing: Standing = _MAY_PLAY) -> dict[str, Any]:
    """A profile as proto3 JSON."""
    return to_json(profile_to_message(profile, standing), complete=True)


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


def _bar(standing: Standing) -> capsule_service_pb2.Bar.ValueType:
    if standing.bar is None:
        return capsule_service_pb2.BAR_UNSPECIFIED
    return _BARS[standing.bar]


def _vad(emotion: Emotion | None) -> common_pb2.Vad | None:
    if emotion is None:
        return None
    return common_pb2.Vad(
        valence=emotion.valence, arousal=emotion.arousal, dominance=emotion.dominance
    )
