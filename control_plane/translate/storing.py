"""What the messages of stored things have in common: ids, times, values that may be missing."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from control_plane.errors import InvalidArgumentError
from control_plane.ranges import invalid, number

__all__ = [
    "identity",
    "moment",
    "one_of",
    "optional_identity",
    "present",
    "rated",
    "shown_id",
    "timestamp",
]

Choice = TypeVar("Choice", bound=StrEnum)


def identity(field: str, value: str) -> UUID:
    """The id of a row.

    Raises:
        InvalidArgumentError: It is none.
    """
    try:
        return UUID(value)
    except ValueError as error:
        raise invalid(field, value, "an id, a UUID") from error


def optional_identity(field: str, value: str) -> UUID | None:
    """The id of a row; None: none is given.

    Raises:
        InvalidArgumentError: It is no id.
    """
    return identity(field, value) if value else None


def shown_id(key: UUID | None) -> str:
    """An id as text; empty: there is none."""
    return "" if key is None else str(key)


def present(message: Any, field: str) -> Any:  # noqa: ANN401 - any message's field of any type
    """The value of a field that may be absent; None: it is."""
    return getattr(message, field) if message.HasField(field) else None


def timestamp(time: datetime | None) -> Timestamp | None:
    """A time; None: there is none."""
    if time is None:
        return None
    stamp = Timestamp()
    stamp.FromDatetime(time)
    return stamp


def moment(field: str, stamp: Timestamp) -> datetime:
    """A time, in UTC.

    Raises:
        InvalidArgumentError: It is out of range.
    """
    try:
        return stamp.ToDatetime(UTC)
    except (ValueError, OverflowError) as error:
        raise invalid(field, stamp.seconds, "a time of the years 1 to 9999") from error


def one_of(field: str, value: str, kind: type[Choice]) -> Choice:
    """The value of an enum.

    Raises:
        InvalidArgumentError: It is none.
    """
    try:
        return kind(value)
    except ValueError as error:
        raise invalid(field, value, f"one of {', '.join(kind)}") from error


def rated(field: str, value: float, low: float, high: float) -> float:
    """A number in [low, high].

    Raises:
        InvalidArgumentError: It is outside.
    """
    return number(field, value, low, high, InvalidArgumentError)
