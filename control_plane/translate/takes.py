"""Recordings and the capsules that come of them: protobuf and proto3 JSON."""

from typing import Any

from capsulecast.v1 import capsule_service_pb2 as pb
from control_plane.errors import InvalidArgumentError
from control_plane.ranges import invalid, number, text
from control_plane.studio.takes import (
    MAX_TAKE_BYTES,
    MAX_TAKE_S,
    TAKE_KINDS,
    TakenCapsule,
    TakeOrder,
)
from control_plane.studio.workshop import WorkStep
from control_plane.translate.jsonform import decode, from_json, to_json
from control_plane.translate.library import capsule_to_message

__all__ = ["take_from_json", "take_from_message", "taken_to_json", "taken_to_message"]

_CONSENT_CHARS = 500
_DESCRIPTION_CHARS = 200
_LATEST_MS = int(1000 * MAX_TAKE_S)


def take_from_message(message: pb.ImportTakeRequest, usual_avatar: str) -> TakeOrder:
    """What is to be made of a recording; what of the id cannot be taken, the import itself says.

    Args:
        message: The request.
        usual_avatar: Stands in where it names none.

    Raises:
        InvalidArgumentError: There is no recording, it is too large, or a field is out of range.
    """
    for field in ("neutral_ms", "start_ms"):
        if getattr(message, field) > _LATEST_MS:
            raise invalid(field, getattr(message, field), f"at most {_LATEST_MS}")
    if len(message.description) > _DESCRIPTION_CHARS:
        text("description", message.description, _DESCRIPTION_CHARS, InvalidArgumentError)
    return TakeOrder(
        take=_take(message.take),
        kind=_kind(message.kind),
        cid=message.cid,
        avatar=message.avatar or usual_avatar,
        consent=text("consent", message.consent, _CONSENT_CHARS, InvalidArgumentError),
        emotion=_emotion(message) if message.HasField("emotion") else None,
        description=message.description,
        neutral_ms=message.neutral_ms,
        start_ms=message.start_ms,
        loop=message.loop,
        clip=message.clip,
        replace=message.replace,
    )


def take_from_json(body: bytes, usual_avatar: str) -> TakeOrder:
    """The same of proto3 JSON text, with the recording in base64; tens of ms for large ones."""
    message = from_json(decode(body), pb.ImportTakeRequest(), "request")
    return take_from_message(message, usual_avatar)


def taken_to_message(told: WorkStep | TakenCapsule) -> pb.ImportTakeResponse:
    """An answer of ImportTake."""
    if isinstance(told, WorkStep):
        progress = pb.ImportProgress(stage=told.stage, fraction=told.fraction)
        return pb.ImportTakeResponse(progress=progress)
    return pb.ImportTakeResponse(
        imported=pb.ImportedTake(
            capsule=capsule_to_message(told.capsule, with_json=True),
            warnings=told.warnings,
            frames=told.fit.frames,
            by_pictures=told.fit.by_pictures,
            landmark_rms_px=told.fit.landmark_rms_px,
            lost_frames=told.fit.lost_frames,
        )
    )


def taken_to_json(told: WorkStep | TakenCapsule) -> dict[str, Any]:
    """The same as proto3 JSON."""
    return to_json(taken_to_message(told), complete=True)


def _take(content: bytes) -> bytes:
    if not content:
        raise InvalidArgumentError("take is missing, expected the file of a recording", "take")
    if len(content) > MAX_TAKE_BYTES:
        raise invalid("take", f"{len(content):,} bytes", f"at most {MAX_TAKE_BYTES:,}")
    return content


def _kind(kind: str) -> str:
    if kind not in TAKE_KINDS:
        raise invalid("kind", kind, f"one of {', '.join(TAKE_KINDS)}")
    return kind


def _emotion(message: pb.ImportTakeRequest) -> tuple[float, float, float]:
    vad = message.emotion
    valence, arousal, dominance = (
        number(f"emotion.{name}", getattr(vad, name), -1.0, 1.0, InvalidArgumentError)
        for name in ("valence", "arousal", "dominance")
    )
    return valence, arousal, dominance
