"""CapsuleService over gRPC."""

from typing import Any

from grpc import aio

from capsulecast.v1 import capsule_service_pb2 as pb
from capsulecast.v1 import capsule_service_pb2_grpc as pb_grpc
from capsules.targets import targets
from control_plane.catalog import Catalog
from control_plane.grpc_api.answers import answering
from control_plane.own_capsules import OwnCapsules
from control_plane.translate.library import (
    capsule_to_message,
    expression_to_message,
    saved_to_message,
    targets_to_message,
)
from engine.wire import layer_of

__all__ = ["CapsuleService"]

Context = aio.ServicerContext[Any, Any]


class CapsuleService(pb_grpc.CapsuleServiceServicer):
    """The service; see `proto/capsulecast/v1/capsule_service.proto`."""

    def __init__(self, catalog: Catalog, own: OwnCapsules) -> None:
        self._catalog = catalog
        self._own = own

    async def ListCapsules(  # noqa: N802 - gRPC's name
        self, request: pb.ListCapsulesRequest, context: Context
    ) -> pb.ListCapsulesResponse:
        """Lists capsules in order of their ids."""
        async with answering(context):
            layer = layer_of(request.layer) if request.layer else None
            page, token = self._catalog.capsules(request.page_size, request.page_token, layer)
            return pb.ListCapsulesResponse(
                capsules=[capsule_to_message(item) for item in page], next_page_token=token
            )

    async def GetCapsule(  # noqa: N802 - gRPC's name
        self, request: pb.GetCapsuleRequest, context: Context
    ) -> pb.GetCapsuleResponse:
        """Returns one capsule, a revoked one too."""
        async with answering(context):
            capsule = self._catalog.capsule(request.cid)
            return pb.GetCapsuleResponse(capsule=capsule_to_message(capsule, with_json=True))

    async def ListExpressions(  # noqa: N802 - gRPC's name
        self, request: pb.ListExpressionsRequest, context: Context
    ) -> pb.ListExpressionsResponse:
        """Lists expressions in order of their ids."""
        async with answering(context):
            page, token = self._catalog.expressions(request.page_size, request.page_token)
            return pb.ListExpressionsResponse(
                expressions=[expression_to_message(item) for item in page], next_page_token=token
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
            return saved_to_message(await self._own.save(request.json))
