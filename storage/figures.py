"""Figures of what is remembered: how much there is, how quick it was, what went wrong.

Each answer is bounded, whatever the tables hold: by days, and by how many rows it looks at.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import ColumnElement, Dialect, Select, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from storage.database import Database
from storage.tables.base import now
from storage.tables.live import Fault, Message, Performance, Session
from storage.tables.talk import Conversation
from storage.transactions import reading

__all__ = [
    "MAX_DAYS",
    "DayCount",
    "FaultFigures",
    "FaultLine",
    "Figures",
    "KindCount",
    "Latency",
    "Overview",
    "Query",
    "StageDay",
    "StageFigure",
    "last_days",
    "newest_first",
]

MAX_DAYS = 90
"""How far back figures go at most."""

Query: TypeAlias = Select[*tuple[Any, ...]]
"""A query for some columns."""

_SAMPLES = 6000  # performance rows that an answer rests on, about, at most
_LEAST_SAMPLES = 200  # of one day, where there are so many
_QUANTILES = ("p50", "p95", "p99")


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
class StageFigure:
    """How long one stage took with one version of the program, milliseconds.

    A sample is what one session measured in a minute. `p50_ms`, `p95_ms` and `p99_ms` are means
    over samples of their percentiles, None where none was stored; `worst_ms` is the highest of all.
    """

    stage: str
    version: str
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    worst_ms: float
    samples: int


@dataclass(frozen=True, slots=True)
class StageDay:
    """The mean 99th percentile of one stage on one day, milliseconds."""

    day: date
    stage: str
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Latency:
    """How quick each stage was.

    Attributes:
        stages: By stage and version.
        by_day: Only days with samples, the oldest first.
        samples: How many rows it rests on.
        complete: Whether those are all there are; else the last ones of each day.
    """

    stages: tuple[StageFigure, ...]
    by_day: tuple[StageDay, ...]
    samples: int
    complete: bool


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
        day = _day(Message.created_at, self._database.engine.dialect)
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
            counted = select(day, func.count()).where(Message.created_at >= _start(shown[0]))
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
        shown = last_days(days)
        limit = max(_LEAST_SAMPLES, _SAMPLES // len(shown))
        with reading(self._database) as orm:
            every = [
                _Sample(day, *row) for day in shown for row in orm.execute(_samples_of(day, limit))
            ]
        rows = [row for row in every if row.quantile in _QUANTILES]
        looked_at: Counter[date] = Counter()
        for row in every:
            looked_at[row.day] += row.count
        return Latency(
            stages=_by_version(rows),
            by_day=_by_day(rows),
            samples=sum(row.count for row in rows),
            complete=max(looked_at.values(), default=0) < limit,
        )

    def faults_by_day(self, days: int = 14) -> FaultFigures:
        """How many faults of each kind on each of so many days, 1 to `MAX_DAYS`."""
        shown = last_days(days)
        day = _day(Fault.created_at, self._database.engine.dialect)
        query = (
            select(Fault.mode, day, func.count())
            .where(Fault.created_at >= _start(shown[0]))
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


@dataclass(frozen=True, slots=True)
class _Sample:
    """What the rows of one measure, version and day come to."""

    day: date
    measure: str
    version: str
    count: int
    total: float
    highest: float

    @property
    def stage(self) -> str:
        return self.measure.rpartition(".")[0]

    @property
    def quantile(self) -> str:
        return self.measure.rpartition(".")[2]


def last_days(days: int) -> list[date]:
    """Today in UTC and the days before it, so many in all, the oldest first."""
    today = now().date()
    count = max(1, min(days, MAX_DAYS))
    return [today - timedelta(days=back) for back in reversed(range(count))]


def newest_first(
    query: Query,
    time: InstrumentedAttribute[datetime],
    key: InstrumentedAttribute[UUID],
    before: tuple[datetime, UUID] | None,
) -> Query:
    """Puts a query in order of time, the newest first, from behind a row of that time and key."""
    if before is not None:
        at, key_before = before
        query = query.where(or_(time < at, and_(time == at, key < key_before)))
    return query.order_by(time.desc(), key.desc())


def _samples_of(day: date, limit: int) -> Query:
    """The last so many times of a day, by measure and version: count, sum, highest."""
    row = Performance
    begin = _start(day)
    last = (
        select(row.measure, row.version, row.value)
        .where(
            row.created_at >= begin,
            row.created_at < begin + timedelta(days=1),
            row.unit == "ms",  # quicker than by the ends of the measures' names
        )
        .order_by(row.created_at.desc())
        .limit(limit)
        .subquery()
    )
    value = last.c.value
    return select(
        last.c.measure, last.c.version, func.count(), func.sum(value), func.max(value)
    ).group_by(last.c.measure, last.c.version)


def _start(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _day(column: Any, dialect: Dialect) -> ColumnElement[str]:  # noqa: ANN401 - a column of a table or a subquery
    """The day in UTC of a time; as text it is YYYY-MM-DD."""
    if dialect.name == "sqlite":  # kept as text that begins so
        return func.substr(column, 1, 10)
    return func.date(func.timezone("UTC", column))


def _by_version(rows: Sequence[_Sample]) -> tuple[StageFigure, ...]:
    found: dict[tuple[str, str], dict[str, list[_Sample]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        found[row.stage, row.version][row.quantile].append(row)
    return tuple(
        StageFigure(
            stage=stage,
            version=version,
            p50_ms=_mean(quantiles["p50"]),
            p95_ms=_mean(quantiles["p95"]),
            p99_ms=_mean(quantiles["p99"]),
            worst_ms=max(row.highest for parts in quantiles.values() for row in parts),
            samples=max(sum(row.count for row in parts) for parts in quantiles.values()),
        )
        for (stage, version), quantiles in sorted(found.items())
    )


def _by_day(rows: Sequence[_Sample]) -> tuple[StageDay, ...]:
    found: dict[tuple[date, str], list[_Sample]] = defaultdict(list)
    for row in rows:
        if row.quantile == "p99":
            found[row.day, row.stage].append(row)
    return tuple(
        StageDay(day, stage, _mean(parts) or 0.0) for (day, stage), parts in sorted(found.items())
    )


def _mean(rows: Sequence[_Sample]) -> float | None:
    count = sum(row.count for row in rows)
    return sum(row.total for row in rows) / count if count else None
