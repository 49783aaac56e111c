"""The messages of the API as JSON Schemas."""

from typing import Any

from google.protobuf.descriptor import Descriptor, FileDescriptor

from capsulecast.v1 import (
    avatar_service_pb2,
    capsule_service_pb2,
    governance_service_pb2,
    memory_service_pb2,
    session_service_pb2,
    training_service_pb2,
)
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
        session_service_pb2.ExplainMoodResponse.DESCRIPTOR,
        session_service_pb2.ListPersonalitiesResponse.DESCRIPTOR,
        capsule_service_pb2.ListCapsulesResponse.DESCRIPTOR,
        capsule_service_pb2.ListExpressionsResponse.DESCRIPTOR,
        capsule_service_pb2.ListProfilesResponse.DESCRIPTOR,
        capsule_service_pb2.ListTargetsResponse.DESCRIPTOR,
        capsule_service_pb2.SaveCapsuleRequest.DESCRIPTOR,
        capsule_service_pb2.SaveCapsuleResponse.DESCRIPTOR,
        capsule_service_pb2.ImportTakeRequest.DESCRIPTOR,
        capsule_service_pb2.ImportTakeResponse.DESCRIPTOR,
        governance_service_pb2.RevokeRequest.DESCRIPTOR,
        governance_service_pb2.RevokeResponse.DESCRIPTOR,
        governance_service_pb2.ReinstateRequest.DESCRIPTOR,
        governance_service_pb2.ReinstateResponse.DESCRIPTOR,
        governance_service_pb2.SetWhitelistRequest.DESCRIPTOR,
        governance_service_pb2.SetWhitelistResponse.DESCRIPTOR,
        governance_service_pb2.GetRulesResponse.DESCRIPTOR,
        governance_service_pb2.ListOrdersResponse.DESCRIPTOR,
        governance_service_pb2.ListAuditLinesResponse.DESCRIPTOR,
        avatar_service_pb2.ListAvatarsResponse.DESCRIPTOR,
        avatar_service_pb2.BakeAvatarRequest.DESCRIPTOR,
        avatar_service_pb2.BakeAvatarResponse.DESCRIPTOR,
        avatar_service_pb2.DeleteAvatarResponse.DESCRIPTOR,
        avatar_service_pb2.DetectLandmarksRequest.DESCRIPTOR,
        avatar_service_pb2.DetectLandmarksResponse.DESCRIPTOR,
        *_stored(memory_service_pb2.DESCRIPTOR),
        *_stored(training_service_pb2.DESCRIPTOR),
    )
    size = found["SessionOptions"]["properties"]["size"]
    found["SessionOptions"]["properties"]["size"] = {
        "oneOf": [size, {"type": "string", "examples": ["512x512"]}]
    }
    return found


def _stored(file: FileDescriptor) -> list[Descriptor]:
    """What the calls of a file's services take and give: each of them is there over HTTP too."""
    calls = [call for service in file.services_by_name.values() for call in service.methods]
    return [kind for call in calls for kind in (call.input_type, call.output_type)]
