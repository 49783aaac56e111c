"""CapsuleService over gRPC."""

from collections.abc import AsyncIterator
from typing import Any

from grpc import aio

from capsulecast.v1 import capsule_service_pb2 as pb
from capsulecast.v1 import capsule_service_pb2_grpc as pb_grpc
from capsules.targets import targets
from control_plane.catalog import Catalog
from control_plane.grpc_api.answers import answering
from control_plane.studio.studio import Studio
from control_plane.translate.library import (
    capsule_to_message,
    expression_to_message,
    profile_to_message,
    saved_to_message,
    targets_to_message,
)
from control_plane.translate.takes import take_from_message, taken_to_message
from engine.wire import layer_of

__all__ = ["CapsuleService"]

Context = aio.ServicerContext[Any, Any]


class CapsuleService(pb_grpc.CapsuleServiceServicer):
    """The service; see `proto/capsulecast/v1/capsule_service.proto`."""

    def __init__(self, catalog: Catalog, studio: Studio, usual_avatar: str) -> None:
        self._catalog = catalog
        self._studio = studio
        self._usual_avatar = usual_avatar

    async def ListCapsules(  # noqa: N802 - gRPC's name
        self, request: pb.ListCapsulesRequest, context: Context
    ) -> pb.ListCapsulesResponse:
        """Lists capsules in order of their ids."""
        async with answering(context):
            layer = layer_of(request.layer) if request.layer else None
            page, token = self._catalog.capsules(request.page_size, request.page_token, layer)
            return pb.ListCapsulesResponse(
                capsules=[capsule_to_message(item, self._catalog.standing(item)) for item in page],
                next_page_token=token,
            )

    async def GetCapsule(  # noqa: N802 - gRPC's name
        self, request: pb.GetCapsuleRequest, context: Context
    ) -> pb.GetCapsuleResponse:
        """Returns one capsule, a revoked one too."""
        async with answering(context):
            capsule = self._catalog.capsule(request.cid)
            standing = self._catalog.standing(capsule)
            message = capsule_to_message(capsule, standing, with_json=True)
            return pb.GetCapsuleResponse(capsule=message)

    async def ListExpressions(  # noqa: N802 - gRPC's name
        self, request: pb.ListExpressionsRequest, context: Context
    ) -> pb.ListExpressionsResponse:
        """Lists expressions in order of their ids."""
        async with answering(context):
            page, token = self._catalog.expressions(request.page_size, request.page_token)
            return pb.ListExpressionsResponse(
                expressions=[
                    expression_to_message(item, self._catalog.standing(item)) for item in page
                ],
                next_page_token=token,
            )

    async def ListProfiles(  # noqa: N802 - gRPC's name
        self, request: pb.ListProfilesRequest, context: Context
    ) -> pb.ListProfilesResponse:
        """Lists profiles in order of their names."""
        async with answering(context):
            page, token = self._catalog.profiles(request.page_size, request.page_token)
            return pb.ListProfilesResponse(
                profiles=[profile_to_message(item, self._catalog.standing(item)) for item in page],
                next_page_token=token,
            )

    async def ListTargets(  # noqa: N802 - gRPC's name
        self,
        request: pb.ListTargetsRequest,  # noqa: ARG002 - gRPC's signature
        context: Context,
    ) -> pb.ListTargetsResponse:
        """Lists what curves may move."""
        async with answering(context):
            return targets_to_message(targets().values())

    async def SaveCapsule(  # noqa: N802 - gRPC's name
        self, request: pb.SaveCapsuleRequest, context: Context
    ) -> pb.SaveCapsuleResponse:
        """Keeps a capsule."""
        async with answering(context):
            return saved_to_message(await self._studio.own.save(request.json))

    async def ImportTake(  # noqa: N802 - gRPC's name
        self, request: pb.ImportTakeRequest, context: Context
    ) -> AsyncIterator[pb.ImportTakeResponse]:
        """Makes a capsule of a recording; a client that leaves cancels it."""
        async with (
            answering(context),
            self._studio.take(take_from_message(request, self._usual_avatar)) as telling,
        ):
            async for told in telling:
                yield taken_to_message(told)
