"""Days in UTC, which figures are counted by."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Dialect, func

from storage.tables.base import now

__all__ = ["MAX_DAYS", "day_of", "last_days", "start_of"]

MAX_DAYS = 90
"""How far back figures go at most."""


def last_days(days: int) -> list[date]:
    """Today in UTC and the days before it, so many in all, the oldest first."""
    today = now().date()
    count = max(1, min(days, MAX_DAYS))
    return [today - timedelta(days=back) for back in reversed(range(count))]


def start_of(day: date) -> datetime:
    """When a day begins."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def day_of(column: Any, dialect: Dialect) -> ColumnElement[str]:  # noqa: ANN401 - a column of a table or a subquery
    """The day in UTC of a time; as text it is YYYY-MM-DD."""
    if dialect.name == "sqlite":  # kept as text that begins so
        return func.substr(column, 1, 10)
    return func.date(func.timezone("UTC", column))
