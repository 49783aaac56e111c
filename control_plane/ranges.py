"""Checks of single values, with one wording: the field, the value, and what was expected."""

from collections.abc import Mapping
from typing import TypeVar

from control_plane.errors import InvalidArgumentError

__all__ = ["invalid", "named", "number", "strength", "text"]

_SHOWN_CHARS = 60
Named = TypeVar("Named")


def invalid(
    field: str,
    value: object,
    expected: str,
    error: type[InvalidArgumentError] = InvalidArgumentError,
) -> InvalidArgumentError:
    """The error for a value that cannot be taken; long values are cut."""
    # Messages hold 32-bit floats: more digits than they were sent with would only confuse.
    shown = f"{value:.6g}" if isinstance(value, float) else repr(value)
    if len(shown) > _SHOWN_CHARS:
        shown = f"{shown[:_SHOWN_CHARS]}..."
    return error(f"{field} is {shown}, expected {expected}", field)


def number(
    field: str, value: float, low: float, high: float, error: type[InvalidArgumentError]
) -> float:
    """A number in [low, high]; NaN is in no range.

    Raises:
        InvalidArgumentError: It is outside (in the class given as `error`).
    """
    if not low <= value <= high:
        raise invalid(field, value, f"a number in [{low:g}, {high:g}]", error)
    return value


def strength(field: str, value: float, error: type[InvalidArgumentError]) -> float:
    """A number in (0, 1]; NaN is none."""
    if not 0.0 < value <= 1.0:
        raise invalid(field, value, "a number in (0, 1]", error)
    return value


def text(field: str, value: str, limit: int, error: type[InvalidArgumentError]) -> str:
    """Text of 1 to `limit` characters of valid Unicode that is not only white space."""
    if len(value) > limit:
        raise error(f"{field} has {len(value):,} characters, expected at most {limit:,}", field)
    if not value.strip():
        raise invalid(field, value, f"1 to {limit:,} characters", error)
    try:
        value.encode()
    except UnicodeEncodeError as problem:
        message = f"{field} is no valid Unicode at character {problem.start}: a lone surrogate"
        raise error(message, field) from problem
    return value


def named(
    field: str, value: int, names: Mapping[int, Named], error: type[InvalidArgumentError]
) -> Named:
    """The record that an enum's value stands for."""
    if value not in names:
        known = ", ".join(str(name) for name in names.values())
        raise invalid(field, value, f"one of {known}", error)
    return names[value]
