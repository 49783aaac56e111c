"""The messages of the API as JSON Schemas."""

from typing import Any

from capsulecast.v1 import avatar_service_pb2, capsule_service_pb2, session_service_pb2
from control_plane.translate.jsonform import schemas

__all__ = ["api_schemas"]


def api_schemas() -> dict[str, dict[str, Any]]:
    """JSON Schemas, by name, of every message that a door in JSON takes or gives."""
    found = schemas(
        session_service_pb2.Event.DESCRIPTOR,
        session_service_pb2.ConverseResponse.DESCRIPTOR,
        session_service_pb2.SendEventResponse.DESCRIPTOR,
        session_service_pb2.ListSessionsResponse.DESCRIPTOR,
        session_service_pb2.SessionDescription.DESCRIPTOR,
        capsule_service_pb2.ListCapsulesResponse.DESCRIPTOR,
        capsule_service_pb2.ListExpressionsResponse.DESCRIPTOR,
        capsule_service_pb2.ListTargetsResponse.DESCRIPTOR,
        capsule_service_pb2.SaveCapsuleRequest.DESCRIPTOR,
        capsule_service_pb2.SaveCapsuleResponse.DESCRIPTOR,
        avatar_service_pb2.ListAvatarsResponse.DESCRIPTOR,
        avatar_service_pb2.BakeAvatarRequest.DESCRIPTOR,
        avatar_service_pb2.BakeAvatarResponse.DESCRIPTOR,
        avatar_service_pb2.DeleteAvatarResponse.DESCRIPTOR,
        avatar_service_pb2.DetectLandmarksRequest.DESCRIPTOR,
        avatar_service_pb2.DetectLandmarksResponse.DESCRIPTOR,
    )
    size = found["SessionOptions"]["properties"]["size"]
    found["SessionOptions"]["properties"]["size"] = {
        "oneOf": [size, {"type": "string", "examples": ["512x512"]}]
    }
    return found
