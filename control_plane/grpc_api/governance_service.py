"""GovernanceService over gRPC."""

from typing import Any

from grpc import aio

from capsulecast.v1 import governance_service_pb2 as pb
from capsulecast.v1 import governance_service_pb2_grpc as pb_grpc
from control_plane.governance.desk import GovernanceDesk
from control_plane.grpc_api.answers import answering
from control_plane.translate.governance import (
    lines_to_message,
    orders_to_message,
    rules_to_message,
)

__all__ = ["GovernanceService"]

Context = aio.ServicerContext[Any, Any]


class GovernanceService(pb_grpc.GovernanceServiceServicer):
    """The service; see `proto/capsulecast/v1/governance_service.proto`."""

    def __init__(self, desk: GovernanceDesk) -> None:
        self._desk = desk

    async def Revoke(  # noqa: N802 - gRPC's name
        self, request: pb.RevokeRequest, context: Context
    ) -> pb.RevokeResponse:
        """Bars capsules and expressions from all sessions."""
        async with answering(context):
            governance = self._desk.governance
            rules = await governance.revoke(request.ids, request.actor, request.reason)
            return pb.RevokeResponse(rules=rules_to_message(rules))

    async def Reinstate(  # noqa: N802 - gRPC's name
        self, request: pb.ReinstateRequest, context: Context
    ) -> pb.ReinstateResponse:
        """Takes revocations back."""
        async with answering(context):
            governance = self._desk.governance
            rules = await governance.reinstate(request.ids, request.actor, request.reason)
            return pb.ReinstateResponse(rules=rules_to_message(rules))

    async def SetWhitelist(  # noqa: N802 - gRPC's name
        self, request: pb.SetWhitelistRequest, context: Context
    ) -> pb.SetWhitelistResponse:
        """Lets some alone play."""
        async with answering(context):
            governance = self._desk.governance
            ids = request.ids or None
            rules = await governance.set_whitelist(ids, request.actor, request.reason)
            return pb.SetWhitelistResponse(rules=rules_to_message(rules))

    async def GetRules(  # noqa: N802 - gRPC's name
        self,
        request: pb.GetRulesRequest,  # noqa: ARG002 - gRPC's signature
        context: Context,
    ) -> pb.GetRulesResponse:
        """Returns the rules in force."""
        async with answering(context):
            return pb.GetRulesResponse(rules=rules_to_message(self._desk.governance.rules))

    async def ListOrders(  # noqa: N802 - gRPC's name
        self, request: pb.ListOrdersRequest, context: Context
    ) -> pb.ListOrdersResponse:
        """Lists the orders that were given."""
        async with answering(context):
            return orders_to_message(
                *await self._desk.orders(request.page_size, request.page_token)
            )

    async def ListAuditLines(  # noqa: N802 - gRPC's name
        self, request: pb.ListAuditLinesRequest, context: Context
    ) -> pb.ListAuditLinesResponse:
        """Lists a session's packets with their causes."""
        async with answering(context):
            page = await self._desk.lines(request.session_id, request.page_size, request.page_token)
            return lines_to_message(*page)
