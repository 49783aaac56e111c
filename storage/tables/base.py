"""What every table has, and how values are kept on both databases.

`info={"personal": True}` marks what tells who somebody is or what they said.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    JSON,
    CheckConstraint,
    DateTime,
    Dialect,
    Enum,
    Float,
    ForeignKey,
    MetaData,
    String,
    TypeDecorator,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from storage.keys import new_key

__all__ = [
    "NAME",
    "PERSONAL",
    "Base",
    "Hundredths",
    "Json",
    "Kept",
    "UtcDateTime",
    "between",
    "choice",
    "exactly_one",
    "key",
    "new_key",
    "now",
]

PERSONAL: dict[str, Any] = {"personal": True}
"""The mark of columns that tell who somebody is or what they said."""

NAME = String(200)
"""Names, versions, formats: short words for people."""

Json = JSON().with_variant(JSONB(), "postgresql")
"""Open shapes."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime, on databases without time zones (SQLite) too."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Refuses naive times, brings others to UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a naive datetime cannot be stored: {value!r}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Marks what comes back as UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Hundredths(TypeDecorator[float]):
    """A number rounded to 2 decimals."""

    impl = Float
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: Dialect) -> float | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Rounds it."""
        return None if value is None else round(value, 2)


def now() -> datetime:
    """The wall clock in UTC."""
    return datetime.now(UTC)


class Base(DeclarativeBase):
    """Base of the tables."""

    type_annotation_map: ClassVar = {datetime: UtcDateTime, UUID: Uuid, float: Float}
    # Constraints have names, by which a migration finds them.
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Kept:
    """A row with a key, and when it was made and last changed."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_key, sort_order=-3)
    created_at: Mapped[datetime] = mapped_column(default=now, sort_order=-2, index=True)
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now, sort_order=-1)


def key(target: str, *, index: bool = True, unique: bool = False) -> Any:  # noqa: ANN401 - a column of whatever the annotation says
    """A reference to a row of the table `target`; whether it may be missing the annotation says."""
    return mapped_column(ForeignKey(f"{target}.id"), index=index and not unique, unique=unique)


def choice(values: type[StrEnum]) -> Enum:
    """One of an enum's values, checked by the database."""
    return Enum(
        values,
        native_enum=False,
        create_constraint=True,
        length=20,
        name=f"{values.__name__.lower()}",
        values_callable=lambda found: [item.value for item in found],
    )


def between(column: str, low: float, high: float) -> CheckConstraint:
    """That a column is in a range, both ends included, or missing."""
    return CheckConstraint(f"{column} BETWEEN {low} AND {high}", name=f"{column}_range")


def exactly_one(first: str, second: str) -> CheckConstraint:
    """That one of two columns has a value and the other has none."""
    return CheckConstraint(f"({first} IS NULL) <> ({second} IS NULL)", name=f"{first}_or_{second}")
