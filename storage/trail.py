"""The trail: an audit line for every packet, and every order of governance, as rows and back.

Lines come by the thousand a second, so they are written as plain parameters of one statement a
batch, past the ORM.
"""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession

from storage.bulk import add_rows
from storage.database import Database
from storage.models import Governance, Packet
from storage.postgres_text import holdable
from storage.records import OrderRecord, PacketRecord

__all__ = ["Trail", "add_packets", "order_row"]

_MAX_CAPSULES = 40  # a packet of 500 bytes holds fewer
_LARGEST = 2**63 - 1


class Trail:
    """Reads the trail, page by page. Every call blocks and opens a transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._engine = database.engine

    def packets(self, session_id: UUID, after: int = 0, limit: int = 100) -> list[PacketRecord]:
        """Lines of a session in order of the packets.

        Args:
            session_id: The session.
            after: Only packets with a higher number.
            limit: At most so many.
        """
        query = (
            select(Packet)
            .where(Packet.session_id == session_id, Packet.sequence > after)
            .order_by(Packet.sequence)
            .limit(limit)
        )
        with OrmSession(self._engine) as orm:
            return [_packet(row) for row in orm.scalars(query)]

    def orders(self, skip: int = 0, limit: int = 100) -> list[OrderRecord]:
        """Orders, the newest first.

        Args:
            skip: How many of the newest are left out.
            limit: At most so many.
        """
        query = (
            select(Governance)
            .order_by(Governance.created_at.desc(), Governance.id)
            .offset(skip)
            .limit(limit)
        )
        with OrmSession(self._engine) as orm:
            return [
                OrderRecord(
                    action=row.action,
                    subject=row.subject,
                    actor=row.actor,
                    reason=row.reason,
                    id=row.id,
                    created_at=row.created_at,
                )
                for row in orm.scalars(query)
            ]


def add_packets(orm: OrmSession, records: Sequence[PacketRecord]) -> None:
    """Writes lines in the transaction of `orm`."""
    add_rows(orm, Packet, [_values(record) for record in records])


def order_row(record: OrderRecord) -> Governance:
    """An order as a row."""
    return Governance(
        id=record.id,
        created_at=record.created_at,
        action=record.action[:40],
        subject=holdable(record.subject),
        actor=holdable(record.actor)[:200],
        reason=holdable(record.reason),
    )


def _values(record: PacketRecord) -> dict[str, Any]:
    shown = record.capsules[:_MAX_CAPSULES]
    return {
        "session_id": record.session_id,
        "sequence": record.sequence,
        "created_at": record.created_at,
        "timestamp_ns": record.timestamp_ns,
        "cause": record.cause[:40],
        "event_sequence": min(record.event_sequence, _LARGEST),
        "capsules": json.dumps(shown, separators=(",", ":")),
        "speaks": record.speaks,
        "interrupt": record.interrupt,
    }


def _packet(row: Packet) -> PacketRecord:
    return PacketRecord(
        session_id=row.session_id,
        sequence=row.sequence,
        timestamp_ns=row.timestamp_ns,
        cause=row.cause,
        event_sequence=row.event_sequence,
        capsules=tuple((cid, weight) for cid, weight in json.loads(row.capsules)),
        speaks=row.speaks,
        interrupt=row.interrupt,
        created_at=row.created_at,
    )
