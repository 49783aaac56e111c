"""Many rows of one table at once, past the ORM: its bookkeeping costs more than they do."""

from collections.abc import Sequence
from functools import cache
from typing import Any, cast

from sqlalchemy import Insert, Table, insert
from sqlalchemy.orm import Session as OrmSession

from storage.tables.base import Base

__all__ = ["add_rows"]


def add_rows(orm: OrmSession, table: type[Base], values: Sequence[dict[str, Any]]) -> None:
    """Writes rows in the transaction of `orm`, which does not get to know them.

    Args:
        orm: The transaction.
        table: Whose rows they are.
        values: By column, of each row; all of the same columns. None: nothing is written.
    """
    if values:
        orm.connection().execute(_statement(table), values)


@cache
def _statement(table: type[Base]) -> Insert:
    """Made once: SQLAlchemy finds again what it compiled for it without looking into it."""
    return insert(cast(Table, table.__table__))
