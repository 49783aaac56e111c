"""Rows in order of time, the newest first, page by page."""

from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import Select, and_, or_
from sqlalchemy.orm import InstrumentedAttribute

__all__ = ["Query", "newest_first"]

Query: TypeAlias = Select[*tuple[Any, ...]]
"""A query for some columns."""


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
