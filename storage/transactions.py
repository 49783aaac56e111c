"""Transactions, and what the database says of them in this package's own errors."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.orm import Session as OrmSession

from storage.database import Database
from storage.errors import DatabaseUnavailableError, InvalidRecordError
from storage.outage import outage

__all__ = ["reading", "writing"]


@contextmanager
def reading(database: Database) -> Iterator[OrmSession]:
    """A transaction that reads. Rows that come out of it belong to nobody afterwards.

    Raises:
        DatabaseUnavailableError: The database cannot be read now.
    """
    with _translated(database), OrmSession(database.engine) as orm:
        yield orm


@contextmanager
def writing(database: Database) -> Iterator[OrmSession]:
    """A transaction that writes: all of it, or nothing where an error leaves it.

    Raises:
        InvalidRecordError: A value breaks a rule of the database, or refers to nothing.
        DatabaseUnavailableError: The database cannot be written to now.
    """
    with (
        _translated(database),
        OrmSession(database.writer, expire_on_commit=False) as orm,
        orm.begin(),
    ):
        yield orm


@contextmanager
def _translated(database: Database) -> Iterator[None]:
    """The statement's parameters may be personal: only the database's own words are kept."""
    try:
        yield
    except (IntegrityError, DataError) as error:
        raise InvalidRecordError(outage(error)) from error
    except DBAPIError as error:
        raise DatabaseUnavailableError(f"{database.name}: {outage(error)}") from error
