"""What several revisions do alike: columns that every table has, and columns added to old ones."""

from typing import Any

import sqlalchemy as sa
from alembic import op

__all__ = ["TIME", "add", "kept", "stamp"]

TIME = sa.DateTime(timezone=True)


def kept() -> list[sa.Column[Any]]:
    """The key, and when the row was made and last changed."""
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
    ]


def add(table: str, *columns: str) -> None:
    """Adds columns as SQL, for SQLite takes new references only with their column."""
    quoted = op.get_bind().dialect.identifier_preparer.quote(table)
    for column in columns:
        op.execute(f"ALTER TABLE {quoted} ADD COLUMN {_typed(column)}")


def stamp(table: str) -> None:
    """Gives rows from before a time of change: when they were made."""
    add(table, "updated_at TIME NOT NULL DEFAULT '1970-01-01 00:00:00.000000+00:00'")
    quoted = op.get_bind().dialect.identifier_preparer.quote(table)
    op.execute(f"UPDATE {quoted} SET updated_at = created_at")  # noqa: S608 - our own names


def _typed(column: str) -> str:
    postgresql = op.get_bind().dialect.name == "postgresql"
    types = {"TIME": "TIMESTAMP WITH TIME ZONE", "KEY": "UUID", "JSON": "JSONB"}
    if not postgresql:
        types = {"TIME": "DATETIME", "KEY": "CHAR(32)", "JSON": "JSON"}
    name, kind, *rest = column.split(" ")
    return " ".join([name, types.get(kind, kind), *rest])
