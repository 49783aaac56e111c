"""Whether a database is whole: its schema's version, its file, what refers to what."""

import sqlite3
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import DatabaseError

from storage.database import Database
from storage.errors import DatabaseUnavailableError

__all__ = ["Checkup", "check_database", "sqlite_damage", "sqlite_file"]

_MOST_TOLD = 20


@dataclass(frozen=True, slots=True)
class Checkup:
    """What was found.

    Attributes:
        revision: Version of the schema; empty: there is none.
        head: The version that this program makes.
        damage: What is wrong with the contents, in the database's own words.
    """

    revision: str
    head: str
    damage: tuple[str, ...]

    @property
    def current(self) -> bool:
        """Whether the schema is this program's."""
        return self.revision == self.head


def check_database(database: Database) -> Checkup:
    """Looks at all of a database and changes nothing. Blocks, for as long as reading it takes.

    PostgreSQL checks pages and references itself whenever it reads and writes them: there the
    version alone is looked at.

    Raises:
        DatabaseUnavailableError: The database cannot be opened.
    """
    revision, head = database.revision(), Database.head()
    damage = _damage(database) if database.engine.dialect.name == "sqlite" else ()
    return Checkup(revision, head, damage)


def sqlite_file(url: str) -> Path | None:
    """The file of a SQLite URL; None: it is no SQLite, or in memory, or named as a URI."""
    parsed = make_url(url)
    path = parsed.database or ""
    if parsed.get_backend_name() != "sqlite" or path in ("", ":memory:") or path[:5] == "file:":
        return None
    return Path(path)


def sqlite_damage(connection: sqlite3.Connection) -> tuple[str, ...]:
    """What is wrong with the contents of an open SQLite database.

    Raises:
        sqlite3.Error: It cannot be read at all.
    """
    found: list[str] = []
    for (line,) in connection.execute(f"PRAGMA integrity_check({_MOST_TOLD})"):
        found += [] if line == "ok" else str(line).splitlines()
    broken = Counter(
        (row[0], row[2]) for row in connection.execute("PRAGMA foreign_key_check").fetchall()
    )
    found += [
        f"{count} rows of {table} refer to rows of {target} that are not there"
        for (table, target), count in sorted(broken.items())
    ]
    return tuple(found)


def _damage(database: Database) -> tuple[str, ...]:
    try:
        with database.engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - for the type checker
            return sqlite_damage(driver)
    except (sqlite3.Error, DatabaseError) as error:
        raise DatabaseUnavailableError(f"{database.name}: {error}") from error
