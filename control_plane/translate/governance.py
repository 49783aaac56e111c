"""Rules, orders and audit lines as protobuf and proto3 JSON."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from capsulecast.v1 import governance_service_pb2 as pb
from control_plane.governance.rules import Rules
from control_plane.translate.jsonform import from_json, to_json
from storage.records import OrderRecord, PacketRecord

__all__ = [
    "Ordered",
    "lines_to_json",
    "lines_to_message",
    "ordered_from_json",
    "orders_to_json",
    "orders_to_message",
    "rules_to_json",
    "rules_to_message",
]


@dataclass(frozen=True, slots=True)
class Ordered:
    """What a request to revoke, reinstate or whitelist asks for."""

    ids: tuple[str, ...]
    actor: str
    reason: str


def ordered_from_json(data: object) -> Ordered:
    """The request in parsed proto3 JSON: all three have the same fields.

    Raises:
        InvalidArgumentError: It does not fit.
    """
    message = from_json(data, pb.RevokeRequest(), "request")
    return Ordered(tuple(message.ids), message.actor, message.reason)


def rules_to_message(rules: Rules) -> pb.Rules:
    """The rules."""
    order = rules.whitelist_order
    whitelist = None
    if rules.whitelist is not None:
        whitelist = pb.Whitelist(
            ids=rules.whitelist,
            actor="" if order is None else order.actor,
            reason="" if order is None else order.reason,
            order_time=None if order is None else _timestamp(order.at),
        )
    return pb.Rules(
        revoked=[
            pb.Revocation(id=id_, actor=one.actor, reason=one.reason, order_time=_timestamp(one.at))
            for id_, one in sorted(rules.revoked.items())
        ],
        whitelist=whitelist,
    )


def rules_to_json(rules: Rules) -> dict[str, Any]:
    """The rules as proto3 JSON, inside {"rules": ...}."""
    return to_json(pb.GetRulesResponse(rules=rules_to_message(rules)), complete=True)


def orders_to_message(orders: Sequence[OrderRecord], token: str) -> pb.ListOrdersResponse:
    """A page of orders."""
    return pb.ListOrdersResponse(
        orders=[
            pb.GovernanceOrder(
                order_time=_timestamp(one.created_at),
                action=one.action,
                subject=one.subject,
                actor=one.actor,
                reason=one.reason,
            )
            for one in orders
        ],
        next_page_token=token,
    )


def orders_to_json(orders: Sequence[OrderRecord], token: str) -> dict[str, Any]:
    """A page of orders as proto3 JSON."""
    return to_json(orders_to_message(orders, token), complete=True)


def lines_to_message(lines: Sequence[PacketRecord], token: str) -> pb.ListAuditLinesResponse:
    """A page of audit lines."""
    return pb.ListAuditLinesResponse(
        lines=[
            pb.AuditLine(
                sequence=one.sequence,
                send_time=_timestamp(one.created_at),
                timestamp_ns=one.timestamp_ns,
                cause=one.cause,
                event_sequence=one.event_sequence,
                capsules=[pb.AuditedCapsule(cid=cid, weight=w) for cid, w in one.capsules],
                speaks=one.speaks,
                interrupt=one.interrupt,
            )
            for one in lines
        ],
        next_page_token=token,
    )


def lines_to_json(lines: Sequence[PacketRecord], token: str) -> dict[str, Any]:
    """A page of audit lines as proto3 JSON."""
    return to_json(lines_to_message(lines, token), complete=True)


def _timestamp(moment: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp
