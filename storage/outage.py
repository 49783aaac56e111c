"""Whether what the database says will pass: the same write may work later, unchanged."""

from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    NotSupportedError,
    ProgrammingError,
    TimeoutError,  # noqa: A004 - SQLAlchemy's own, when every connection is in use
)

from storage.errors import RemoteWriteError

__all__ = ["outage", "passes"]

_REFUSALS = (DataError, IntegrityError, NotSupportedError, ProgrammingError)


def passes(error: Exception) -> bool:
    """Whether it is the database that is in trouble (full, locked, away, read-only, broken).

    Or the machine, which is out of memory. Otherwise it is the record that was wrong, and trying
    again would not help.
    """
    if isinstance(error, RemoteWriteError):
        return error.passes
    if isinstance(error, (TimeoutError, MemoryError)):
        return True
    if not isinstance(error, DBAPIError) or isinstance(error, _REFUSALS):
        return False
    return error.connection_invalidated or not isinstance(error, InterfaceError)


def outage(error: Exception) -> str:
    """The database's own words, on one line; never a statement's parameters, which are personal.

    PostgreSQL tells some of those on the lines after the first.
    """
    if isinstance(error, RemoteWriteError):
        return str(error)
    said = str(error.orig) if isinstance(error, DBAPIError) else type(error).__name__
    return " ".join(said.partition("\n")[0].split())
