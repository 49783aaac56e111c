"""Records that may be in the database already: after a crash, or a commit nobody heard back from.

What only changes a row (an end, features, a digest) is no row of its own: it is written again,
which changes nothing.
"""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session as OrmSession

from storage.models import (
    AgentLog,
    Chat,
    Fault,
    Governance,
    Memory,
    Message,
    ModeState,
    Packet,
    Performance,
    Session,
    Tts,
)
from storage.records import (
    AgentRecord,
    ChatRecord,
    FaultRecord,
    MemoryNoted,
    MessageRecord,
    ModeEntered,
    OrderRecord,
    PacketRecord,
    PerformanceRecord,
    Record,
    SessionStarted,
    SpeechRecord,
)
from storage.tables.base import Kept

__all__ = ["unwritten"]

_TABLES: dict[type[Record], type[Kept]] = {
    SessionStarted: Session,
    MessageRecord: Message,
    MemoryNoted: Memory,
    OrderRecord: Governance,
    ModeEntered: ModeState,
    AgentRecord: AgentLog,
    ChatRecord: Chat,
    SpeechRecord: Tts,
    PerformanceRecord: Performance,
    FaultRecord: Fault,
}


def unwritten(orm: OrmSession, records: Sequence[Record]) -> list[Record]:
    """Those that the database does not have, in their order."""
    keys: defaultdict[type[Kept], list[UUID]] = defaultdict(list)
    lines: list[tuple[UUID, int]] = []
    for record in records:
        if isinstance(record, PacketRecord):
            lines.append((record.session_id, record.sequence))
        elif type(record) in _TABLES:
            keys[_TABLES[type(record)]].append(record.id)
    known: set[object] = set()
    for table, ids in keys.items():
        known.update(orm.scalars(select(table.id).where(table.id.in_(ids))))
    if lines:
        columns = (Packet.session_id, Packet.sequence)
        query = select(*columns).where(tuple_(*columns).in_(lines))
        known.update(tuple(row) for row in orm.execute(query))
    return [record for record in records if _key(record) not in known]


def _key(record: Record) -> object:
    """What its row is known by; None: it has none of its own."""
    if isinstance(record, PacketRecord):
        return (record.session_id, record.sequence)
    return record.id if type(record) in _TABLES else None
