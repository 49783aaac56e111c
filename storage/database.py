"""Opening the database and bringing its schema up to date."""

import os
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import StaticPool

from storage.errors import DatabaseUnavailableError, SchemaError

__all__ = ["Database"]

_MIGRATIONS = Path(__file__).parent / "migrations"


class Database:
    """One database; its engine may be used from any thread.

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
            options: dict[str, Any] = {}
            if parsed.get_backend_name() == "sqlite":
                options["connect_args"] = {"timeout": 5.0, "check_same_thread": False}
                if parsed.database in (None, "", ":memory:"):
                    options["poolclass"] = StaticPool
                else:
                    _make_file(str(parsed.database))
            else:
                options["connect_args"] = {"connect_timeout": 3}
                options["pool_pre_ping"] = True
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

    def upgrade(self) -> None:
        """Brings the schema up to date; does nothing where it is. Blocks.

        Raises:
            DatabaseUnavailableError: The database cannot be opened.
            SchemaError: It is of a newer version of the program, or a migration failed.
        """
        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
        head = ScriptDirectory.from_config(config).get_current_head()
        try:
            with self.engine.begin() as connection:
                if MigrationContext.configure(connection).get_current_revision() == head:
                    return
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        except CommandError as error:
            raise SchemaError(f"{self.name}: {error}; is it of a newer version?") from error
        except DBAPIError as error:
            raise DatabaseUnavailableError(f"{self.name}: {error.orig}") from error

    def close(self) -> None:
        """Closes every connection; safe twice."""
        self.engine.dispose()


def _make_file(path: str) -> None:
    """Makes SQLite's file where there is none, for its owner alone: it holds what people say.

    SQLite gives the files beside it the same mode.
    """
    if path.startswith("file:"):  # a URI, which SQLite reads
        return
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 - a DBAPI connection
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    # Readers do not wait for the writer, and a commit costs one write to the log.
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.close()
