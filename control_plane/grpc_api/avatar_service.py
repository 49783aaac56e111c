"""AvatarService over gRPC."""

from collections.abc import AsyncIterator
from typing import Any

from grpc import aio

from capsulecast.v1 import avatar_service_pb2 as pb
from capsulecast.v1 import avatar_service_pb2_grpc as pb_grpc
from control_plane.grpc_api.answers import answering
from control_plane.studio.studio import Studio
from control_plane.translate.avatars import (
    avatar_to_message,
    faces_to_message,
    order_from_message,
    photo_from_message,
    told_to_message,
)

__all__ = ["AvatarService"]

Context = aio.ServicerContext[Any, Any]


class AvatarService(pb_grpc.AvatarServiceServicer):
    """The service; see `proto/capsulecast/v1/avatar_service.proto`."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    async def ListAvatars(  # noqa: N802 - gRPC's name
        self,
        request: pb.ListAvatarsRequest,  # noqa: ARG002 - gRPC's signature
        context: Context,
    ) -> pb.ListAvatarsResponse:
        """Lists the avatars."""
        async with answering(context):
            found = await self._studio.avatars.all()
            return pb.ListAvatarsResponse(avatars=[avatar_to_message(item) for item in found])

    async def BakeAvatar(  # noqa: N802 - gRPC's name
        self, request: pb.BakeAvatarRequest, context: Context
    ) -> AsyncIterator[pb.BakeAvatarResponse]:
        """Makes an avatar from a photo; a client that leaves cancels it."""
        async with (
            answering(context),
            self._studio.bake(order_from_message(request)) as telling,
        ):
            async for told in telling:
                yield told_to_message(told)

    async def DeleteAvatar(  # noqa: N802 - gRPC's name
        self, request: pb.DeleteAvatarRequest, context: Context
    ) -> pb.DeleteAvatarResponse:
        """Deletes one of the user's avatars."""
        async with answering(context):
            await self._studio.avatars.delete(request.name)
            return pb.DeleteAvatarResponse()

    async def DetectLandmarks(  # noqa: N802 - gRPC's name
        self, request: pb.DetectLandmarksRequest, context: Context
    ) -> pb.DetectLandmarksResponse:
        """Finds the faces in a photo."""
        async with answering(context):
            found = await self._studio.baker.detect(photo_from_message(request))
            return faces_to_message(found)
