"""Avatars, faces and orders to bake: protobuf and proto3 JSON."""

import math
from collections.abc import Sequence
from typing import Any

from capsulecast.v1 import avatar_service_pb2 as pb
from control_plane.errors import InvalidArgumentError
from control_plane.ranges import invalid
from control_plane.studio.avatars import AvatarInfo
from control_plane.studio.baker import MAX_PHOTO_BYTES, BakeOrder, FacePoints, FoundFaces
from control_plane.studio.workshop import WorkStep
from control_plane.translate.jsonform import decode, from_json, to_json

__all__ = [
    "avatar_to_json",
    "avatar_to_message",
    "faces_to_json",
    "faces_to_message",
    "order_from_json",
    "order_from_message",
    "photo_from_json",
    "photo_from_message",
    "told_to_json",
    "told_to_message",
]

_MAX_FACE = 100
_MAX_PX = 1e6
_COUNTS = {"landmarks": (468 * 3,), "irises": (0, 20), "eye_contours": (0, 284)}


def avatar_to_message(info: AvatarInfo) -> pb.Avatar:
    """An avatar."""
    return pb.Avatar(
        name=info.name,
        builtin=info.builtin,
        source=info.source,
        generator=info.generator,
        sha256=info.sha256,
        consent=info.consent,
        synthetic=info.synthetic,
        bases=info.bases,
    )


def avatar_to_json(info: AvatarInfo) -> dict[str, Any]:
    """An avatar as proto3 JSON."""
    return to_json(avatar_to_message(info), complete=True)


def faces_to_message(found: FoundFaces) -> pb.DetectLandmarksResponse:
    """The faces of a photo."""
    faces = [
        pb.Face(
            landmarks=face.landmarks,
            irises=face.irises,
            eye_contours=face.eye_contours,
            width_px=face.width_px,
            yaw_degrees=face.yaw_degrees,
            pitch_degrees=face.pitch_degrees,
            roll_degrees=face.roll_degrees,
            refusal=face.refusal,
            notice=face.notice,
        )
        for face in found.faces
    ]
    return pb.DetectLandmarksResponse(width=found.width, height=found.height, faces=faces)


def faces_to_json(found: FoundFaces) -> dict[str, Any]:
    """The same as proto3 JSON."""
    return to_json(faces_to_message(found), complete=True)


def order_from_message(message: pb.BakeAvatarRequest) -> BakeOrder:
    """What is to be baked; what of name and consent cannot be taken, baking itself says.

    Raises:
        InvalidArgumentError: There is no photo, it is too large, or points are no face's.
    """
    if message.face > _MAX_FACE:
        raise invalid("face", message.face, f"at most {_MAX_FACE}")
    return BakeOrder(
        photo=_photo(message.photo),
        name=message.name,
        consent=message.consent,
        face=message.face or None,
        hands=not message.no_hands,
        allow_small=message.allow_small,
        points=_points(message.landmarks) if message.HasField("landmarks") else None,
    )


def order_from_json(body: bytes) -> BakeOrder:
    """The same of proto3 JSON text, with the photo in base64. Takes tens of ms for large ones."""
    return order_from_message(from_json(decode(body), pb.BakeAvatarRequest(), "request"))


def photo_from_message(message: pb.DetectLandmarksRequest) -> bytes:
    """The photo's file.

    Raises:
        InvalidArgumentError: There is none, or it is too large.
    """
    return _photo(message.photo)


def photo_from_json(body: bytes) -> bytes:
    """The same of proto3 JSON text, with the photo in base64."""
    return _photo(from_json(decode(body), pb.DetectLandmarksRequest(), "request").photo)


def told_to_message(told: WorkStep | AvatarInfo) -> pb.BakeAvatarResponse:
    """An answer of BakeAvatar."""
    if isinstance(told, AvatarInfo):
        return pb.BakeAvatarResponse(avatar=avatar_to_message(told))
    progress = pb.BakeProgress(stage=told.stage, fraction=told.fraction)
    return pb.BakeAvatarResponse(progress=progress)


def told_to_json(told: WorkStep | AvatarInfo) -> dict[str, Any]:
    """The same as proto3 JSON."""
    return to_json(told_to_message(told), complete=True)


def _photo(content: bytes) -> bytes:
    if not content:
        raise InvalidArgumentError("photo is missing, expected the file of a photo", "photo")
    if len(content) > MAX_PHOTO_BYTES:
        raise invalid("photo", f"{len(content):,} bytes", f"at most {MAX_PHOTO_BYTES:,}")
    return content


def _points(face: pb.Face) -> FacePoints:
    return FacePoints(
        landmarks=_numbers("landmarks", face.landmarks),
        irises=_numbers("irises", face.irises),
        eye_contours=_numbers("eye_contours", face.eye_contours),
    )


def _numbers(name: str, values: Sequence[float]) -> tuple[float, ...]:
    field, counts = f"landmarks.{name}", _COUNTS[name]
    if len(values) not in counts:
        raise invalid(field, f"{len(values)} numbers", f"{counts[-1]} numbers")
    for value in values:
        if not (math.isfinite(value) and abs(value) <= _MAX_PX):
            raise invalid(field, value, "pixels of the photo")
    return tuple(values)
