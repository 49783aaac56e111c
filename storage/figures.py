"""Figures of what is remembered: how much there is, how quick it was, what went wrong.

Each answer is bounded, whatever the tables hold: by days, and by how many rows it looks at.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select

from storage.database import Database
from storage.days import day_of, last_days, start_of
from storage.latency import Latency, read_latency
from storage.newest import newest_first
from storage.tables.base import now
from storage.tables.live import Fault, Message, Session
from storage.tables.talk import Conversation
from storage.transactions import reading

__all__ = ["DayCount", "FaultFigures", "FaultLine", "Figures", "KindCount", "Overview"]


@dataclass(frozen=True, slots=True)
class DayCount:
    """How many on one day in UTC."""

    day: date
    count: int


@dataclass(frozen=True, slots=True)
class KindCount:
    """How many of one kind."""

    kind: str
    count: int


@dataclass(frozen=True, slots=True)
class Overview:
    """How much there is.

    Attributes:
        sessions: All that were ever made.
        sessions_day: Of them, those of the last 24 hours.
        active: Conversations that go on.
        exported: Conversations marked as exported.
        consented: Conversations whose users agreed to training.
        quality: Mean of the conversations' quality, [0, 1]; None: none has any.
        messages: All that was said.
        messages_by_day: Of each of the last days, the oldest first, days without any too.
        faults_day: Faults of the last 24 hours by kind, the most frequent first.
    """

    sessions: int
    sessions_day: int
    active: int
    exported: int
    consented: int
    quality: float | None
    messages: int
    messages_by_day: tuple[DayCount, ...]
    faults_day: tuple[KindCount, ...]


@dataclass(frozen=True, slots=True)
class FaultLine:
    """One thing that went wrong."""

    id: UUID
    created_at: datetime
    mode: str
    cause: str
    session_id: UUID | None
    version: str
    during: str | None


@dataclass(frozen=True, slots=True)
class FaultFigures:
    """Faults by kind.

    Attributes:
        days: The days that are counted, the oldest first.
        by_kind: Kind and how many on each of those days, the most frequent kind first.
    """

    days: tuple[date, ...]
    by_kind: tuple[tuple[str, tuple[int, ...]], ...]


class Figures:
    """Reads figures. Every call blocks and is a transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def overview(self, days: int = 14) -> Overview:
        """How much there is, with messages of so many days, 1 to `MAX_DAYS`."""
        shown = last_days(days)
        yesterday = now() - timedelta(days=1)
        day = day_of(Message.created_at, self._database.engine.dialect)
        with reading(self._database) as orm:
            sessions = orm.scalar(select(func.count(Session.id))) or 0
            recent = select(func.count(Session.id)).where(Session.created_at >= yesterday)
            sessions_day = orm.scalar(recent) or 0
            row = Conversation
            talks = orm.execute(
                select(
                    func.coalesce(func.sum(row.total_messages), 0),
                    func.count().filter(row.is_active),
                    func.count().filter(row.training_data_exported),
                    func.count().filter(row.consent),
                    func.avg(row.conversation_quality),
                )
            ).one()
            counted = select(day, func.count()).where(Message.created_at >= start_of(shown[0]))
            by_day = {str(row[0]): row[1] for row in orm.execute(counted.group_by(day))}
            faults = (
                select(Fault.mode, func.count())
                .where(Fault.created_at >= yesterday)
                .group_by(Fault.mode)
            )
            kinds = [KindCount(*row) for row in orm.execute(faults)]
        return Overview(
            sessions=sessions,
            sessions_day=sessions_day,
            messages=int(talks[0]),
            active=talks[1],
            exported=talks[2],
            consented=talks[3],
            quality=talks[4],
            messages_by_day=tuple(DayCount(one, by_day.get(str(one), 0)) for one in shown),
            faults_day=tuple(sorted(kinds, key=lambda one: (-one.count, one.kind))),
        )

    def latency(self, days: int = 7) -> Latency:
        """How quick each stage was in so many days, 1 to `MAX_DAYS`."""
        with reading(self._database) as orm:
            return read_latency(orm, days)

    def faults_by_day(self, days: int = 14) -> FaultFigures:
        """How many faults of each kind on each of so many days, 1 to `MAX_DAYS`."""
        shown = last_days(days)
        day = day_of(Fault.created_at, self._database.engine.dialect)
        query = (
            select(Fault.mode, day, func.count())
            .where(Fault.created_at >= start_of(shown[0]))
            .group_by(Fault.mode, day)
        )
        found: dict[str, dict[str, int]] = defaultdict(dict)
        with reading(self._database) as orm:
            for mode, when, count in orm.execute(query):
                found[mode][str(when)] = count
        ranked = sorted(found.items(), key=lambda item: (-sum(item[1].values()), item[0]))
        return FaultFigures(
            days=tuple(shown),
            by_kind=tuple(
                (mode, tuple(counts.get(str(one), 0) for one in shown)) for mode, counts in ranked
            ),
        )

    def faults(
        self,
        *,
        mode: str = "",
        session_id: UUID | None = None,
        before: tuple[datetime, UUID] | None = None,
        limit: int = 50,
    ) -> Sequence[FaultLine]:
        """Faults, the newest first.

        Args:
            mode: Only this kind; empty: every kind.
            session_id: Only this session's.
            before: Only those that come after the fault of this time and id in the list.
            limit: At most so many.
        """
        query = select(
            Fault.id,
            Fault.created_at,
            Fault.mode,
            Fault.cause,
            Fault.session_id,
            Fault.version,
            Fault.during,
        )
        if mode:
            query = query.where(Fault.mode == mode)
        if session_id is not None:
            query = query.where(Fault.session_id == session_id)
        query = newest_first(query, Fault.created_at, Fault.id, before).limit(limit)
        with reading(self._database) as orm:
            return [FaultLine(*row) for row in orm.execute(query)]
