"""Opening the database and bringing its schema up to date."""

import os
import threading
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, create_engine, event, func, make_url, select
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import QueuePool

from storage.errors import DatabaseUnavailableError, SchemaError
from storage.postgres_text import json_text, take_any_text

__all__ = ["Database"]

_MIGRATIONS = Path(__file__).parent / "migrations"
# Alembic's state is the whole program's: one thread at a time.
_UPGRADING = threading.Lock()
_UPGRADE_KEY = 0x63617073  # of PostgreSQL's lock for it; nobody else should use the number


class Database:
    """One database; its engines may be used from any thread.

    Attributes:
        name: The URL for people, without a password.
        engine: For reading.
        writer: The same for transactions that write. On SQLite they take the lock at their
            beginning, and wait for it: one that had read first would be refused instead.

    Args:
        url: SQLAlchemy URL of SQLite or PostgreSQL. `sqlite://` lives in memory and is forgotten.

    Raises:
        DatabaseUnavailableError: The URL is malformed, or its driver is not installed.
    """

    def __init__(self, url: str) -> None:
        try:
            parsed = make_url(url)
            # For people: without the password, which the query may hold too.
            self.name = parsed.set(query={}).render_as_string(hide_password=True)
            # An error's text would hold what people say.
            options: dict[str, Any] = {"hide_parameters": True}
            if parsed.get_backend_name() == "sqlite":
                options["connect_args"] = {"timeout": 5.0, "check_same_thread": False}
                if parsed.database in (None, "", ":memory:"):
                    # One connection is the whole database: threads take turns on it.
                    options |= {"poolclass": QueuePool, "pool_size": 1, "max_overflow": 0}
                else:
                    _make_file(str(parsed.database))
            else:
                options["connect_args"] = {"connect_timeout": 3}
                options |= {"pool_pre_ping": True, "json_serializer": json_text}
            self.engine: Engine = create_engine(parsed, **options)
        except (ArgumentError, ValueError) as error:  # a port that is no number
            raise DatabaseUnavailableError("the database URL cannot be read") from error
        except ModuleNotFoundError as error:
            raise DatabaseUnavailableError(
                f"{self.name} needs the package {error.name}; install capsulecast[postgres]"
            ) from error
        except OSError as error:
            raise DatabaseUnavailableError(f"{self.name}: {error}") from error
        if parsed.get_backend_name() == "sqlite":
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        elif self.engine.dialect.driver == "psycopg":
            event.listen(self.engine, "connect", _prepare_postgresql)
        self.writer: Engine = self.engine.execution_options(writes=True)

    def upgrade(self, revision: str = "head") -> None:
        """Brings the schema up to date; does nothing where it is. Blocks.

        All of it happens, or nothing; of several programs at once one does it, and the others wait.

        Args:
            revision: The version to go to.

        Raises:
            DatabaseUnavailableError: The database cannot be opened.
            SchemaError: It is of a newer version of the program, or a migration failed.
        """
        config = _config()
        script = ScriptDirectory.from_config(config).get_revision(revision)
        try:
            with _UPGRADING, self.writer.begin() as connection:
                if connection.dialect.name == "postgresql":
                    connection.execute(select(func.pg_advisory_xact_lock(_UPGRADE_KEY)))
                if MigrationContext.configure(connection).get_current_revision() == script.revision:
                    return
                config.attributes["connection"] = connection
                command.upgrade(config, revision)
        except CommandError as error:
            raise SchemaError(f"{self.name}: {error}; is it of a newer version?") from error
        except DBAPIError as error:
            raise DatabaseUnavailableError(f"{self.name}: {error.orig}") from error

    def revision(self) -> str:
        """The schema's version; empty: there is none. Blocks.

        Raises:
            DatabaseUnavailableError: The database cannot be opened.
        """
        try:
            with self.engine.connect() as connection:
                return MigrationContext.configure(connection).get_current_revision() or ""
        except DBAPIError as error:
            raise DatabaseUnavailableError(f"{self.name}: {error.orig}") from error

    @staticmethod
    def head() -> str:
        """The schema's version that `upgrade` goes to."""
        return ScriptDirectory.from_config(_config()).get_current_head() or ""

    @staticmethod
    def knows(revision: str) -> bool:
        """Whether a schema's version is one that this program can bring up to date."""
        try:
            return ScriptDirectory.from_config(_config()).get_revision(revision) is not None
        except CommandError:
            return False

    def close(self) -> None:
        """Closes every connection; safe twice."""
        self.engine.dispose()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config


def _make_file(path: str) -> None:
    """Makes SQLite's file where there is none, for its owner alone: it holds what people say.

    SQLite gives the files beside it the same mode.
    """
    if path.startswith("file:"):  # a URI, which SQLite reads
        return
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 - a DBAPI connection
    # Python's driver would begin transactions late, and end them at changes of the schema.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    # Readers do not wait for the writer, and a commit costs one write to the log.
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.close()


def _prepare_postgresql(connection: Any, _record: object) -> None:  # noqa: ANN401 - a DBAPI connection
    take_any_text(connection)


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
