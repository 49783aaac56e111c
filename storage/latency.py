"""How quick each stage was, day by day and version by version.

A sample is what one session measured in a minute. However many there are, an answer rests on a
bounded number of them.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage.days import last_days, start_of
from storage.newest import Query
from storage.tables.live import Performance

__all__ = ["Latency", "StageDay", "StageFigure", "read_latency"]

_SAMPLES = 6000  # performance rows that an answer rests on, about, at most
_LEAST_SAMPLES = 200  # of one day, where there are so many
_QUANTILES = ("p50", "p95", "p99")


@dataclass(frozen=True, slots=True)
class StageFigure:
    """How long one stage took with one version of the program, milliseconds.

    `p50_ms`, `p95_ms` and `p99_ms` are means over samples of their percentiles, None where none was
    stored; `worst_ms` is the highest of all.
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


def read_latency(orm: Session, days: int) -> Latency:
    """How quick each stage was in so many days, 1 to `storage.days.MAX_DAYS`."""
    shown = last_days(days)
    limit = max(_LEAST_SAMPLES, _SAMPLES // len(shown))
    every = [_Sample(day, *row) for day in shown for row in orm.execute(_samples_of(day, limit))]
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


def _samples_of(day: date, limit: int) -> Query:
    """The last so many times of a day, by measure and version: count, sum, highest."""
    row = Performance
    begin = start_of(day)
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
