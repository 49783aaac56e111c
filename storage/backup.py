"""Backups: a copy of a database that runs, and the way back.

SQLite is copied by its own online backup, as it was at one moment, while others write; PostgreSQL
by its own tools, which have to be there. A backup holds rows, not media files or recordings.
"""

import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, inspect, make_url
from sqlalchemy.exc import DBAPIError

from storage.checkup import sqlite_damage, sqlite_file
from storage.database import Database
from storage.errors import (
    ConflictError,
    DatabaseUnavailableError,
    InvalidRecordError,
    SchemaError,
)

__all__ = ["back_up", "restore"]

_PARTIAL = ".partial"
_DUMP_MAGIC = b"PGDMP"
_PATIENCE_S = 5.0


def back_up(url: str, path: Path) -> None:
    """Copies a database into a file, whole or not at all. Blocks.

    Args:
        url: The database, which may be in use.
        path: The file; SQLite's own format, or that of `pg_dump --format=custom`.

    Raises:
        ConflictError: The file is there already.
        DatabaseUnavailableError: The database cannot be read, or a tool of PostgreSQL is missing.
        OSError: The file cannot be written.
    """
    if path.exists():
        raise ConflictError(f"{path} is there already")
    partial = path.with_name(path.name + _PARTIAL)
    partial.unlink(missing_ok=True)
    # Made here, for its owner alone: it holds what people say.
    os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        if make_url(url).get_backend_name() == "sqlite":
            _copy(_existing(url), partial)
        else:
            _postgres_tool(url, "pg_dump", "--format=custom", "--no-owner", f"--file={partial}")
        _sync(partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def restore(url: str, path: Path, *, force: bool = False) -> None:
    """Puts a backup in the place of a database's contents, and brings it up to date. Blocks.

    The backup is checked first. SQLite's is copied in one transaction, as is PostgreSQL's: what
    breaks off changes nothing. A SQLite file that cannot be read is kept beside, as `.damaged`. A
    backup of PostgreSQL goes into an empty database, or one of the same version. No server should
    run on the database meanwhile.

    Args:
        url: The database.
        path: The backup, as `back_up` writes it.
        force: Whether what is in the database may be lost.

    Raises:
        ConflictError: There is something in the database, and it may not be lost.
        InvalidRecordError: The file is no whole backup of this kind of database.
        SchemaError: The backup is of a newer version of the program.
        DatabaseUnavailableError: The database cannot be written to, or a tool of PostgreSQL is
            missing.
        OSError: The file cannot be read.
    """
    sqlite = make_url(url).get_backend_name() == "sqlite"
    with path.open("rb"):
        pass
    if sqlite:
        _check_sqlite(path)
    else:
        _check_dump(url, path)
    if not force and _holds_something(url):
        raise ConflictError("the database holds data already")
    if sqlite:
        target = sqlite_file(url)
        if target is None:
            raise InvalidRecordError("a database in memory cannot be restored")
        if target.exists():
            _set_aside(target)
        Database(url).close()  # makes the file, for its owner alone
        _copy(path, target)
    else:
        _postgres_tool(
            url, "pg_restore", "--clean", "--if-exists", "--no-owner", "--single-transaction",
            "--exit-on-error", f"--dbname={make_url(url).database}", str(path),
        )  # fmt: skip
    database = Database(url)
    try:
        database.upgrade()
    finally:
        database.close()


def _existing(url: str) -> Path:
    path = sqlite_file(url)
    if path is None or not path.exists():
        raise DatabaseUnavailableError(f"{path or 'a database in memory'}: nothing is there")
    return path


def _copy(source: Path, target: Path) -> None:
    """Copies a SQLite database over another, which stays as it is where that fails."""
    try:
        with _opened(source) as from_, _opened(target) as to:
            # In one go: between two, somebody's write would have it begin again, and so for ever.
            from_.backup(to, progress=_check_free)
            # A file of its own, without a log beside it.
            if target.name.endswith(_PARTIAL):
                to.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise DatabaseUnavailableError(f"{source} to {target}: {error}") from error


def _check_free(status: int, _left: int, _all: int) -> None:
    """Gives up where somebody holds a lock for longer than a connection waits."""
    if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        raise sqlite3.OperationalError("database is locked")


@contextmanager
def _opened(path: Path, *, read_only: bool = False) -> Iterator[sqlite3.Connection]:
    mode = "ro" if read_only else "rwc"
    connection = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode={mode}", timeout=_PATIENCE_S, uri=True
    )
    try:
        yield connection
    finally:
        connection.close()


def _check_sqlite(path: Path) -> None:
    try:
        with _opened(path, read_only=True) as copy:
            damage = sqlite_damage(copy)
            rows = copy.execute("SELECT version_num FROM alembic_version").fetchall()
    except sqlite3.Error as error:
        raise InvalidRecordError(f"{path} is no whole backup of SQLite: {error}") from error
    if damage:
        raise InvalidRecordError(f"{path} is no whole backup: {damage[0]}")
    _check_revision(path, "".join(row[0] for row in rows))


def _check_revision(path: Path, revision: str) -> None:
    if not revision:
        raise InvalidRecordError(f"{path} is no whole backup: it has no schema of ours")
    if not Database.knows(revision):
        raise SchemaError(f"{path} has schema {revision}, which a newer version of this made")


def _set_aside(path: Path) -> None:
    """Renames a SQLite file that cannot be read; one that can is left."""
    try:
        with _opened(path, read_only=True) as found:
            found.execute("PRAGMA schema_version").fetchall()
            if not sqlite_damage(found):
                return
    except sqlite3.Error:
        pass
    for end in ("", "-wal", "-shm"):
        part = path.with_name(path.name + end)
        if part.exists():
            part.replace(path.with_name(f"{path.name}.damaged{end}"))


def _check_dump(url: str, path: Path) -> None:
    with path.open("rb") as file:
        if file.read(len(_DUMP_MAGIC)) != _DUMP_MAGIC:
            raise InvalidRecordError(f"{path} is no backup of PostgreSQL")
    try:
        written = _postgres_tool(
            url, "pg_restore", "--data-only", "--table=alembic_version", "--file=-", str(path)
        )
    except DatabaseUnavailableError as error:
        raise InvalidRecordError(f"{path} is no whole backup: {error}") from error
    found = re.search(r"^COPY .*\n(\w+)\n", written, re.MULTILINE)
    _check_revision(path, found[1] if found else "")


def _holds_something(url: str) -> bool:
    path = sqlite_file(url)
    if path is not None and not path.exists():
        return False
    database = Database(url)
    try:
        with database.engine.connect() as connection:
            return bool(inspect(connection).get_table_names())
    except DBAPIError as error:
        raise DatabaseUnavailableError(f"{database.name}: {error.orig}") from error
    finally:
        database.close()


def _postgres_tool(url: str, tool: str, *arguments: str) -> str:
    """Runs a tool of PostgreSQL on a database; what it prints."""
    if shutil.which(tool) is None:
        raise DatabaseUnavailableError(
            f"there is no {tool}, which backups of PostgreSQL need (Debian: postgresql-client)"
        )
    parsed = make_url(url)
    environment = {**os.environ, **_connection(parsed)}
    done = subprocess.run(  # noqa: S603 - tools of PostgreSQL, with arguments of our own
        [tool, "--no-password", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise DatabaseUnavailableError(f"{tool}: {lines[-1]}")
    return done.stdout


def _connection(url: URL) -> dict[str, str]:
    """Where the tools find the database: in variables, which other users cannot see."""
    query = {name: value for name, value in url.query.items() if isinstance(value, str)}
    found = {
        "PGHOST": query.get("host") or url.host,
        "PGPORT": query.get("port") or (str(url.port) if url.port else None),
        "PGUSER": query.get("user") or url.username,
        "PGPASSWORD": query.get("password") or url.password,
        "PGDATABASE": query.get("dbname") or url.database,
        "PGSSLMODE": query.get("sslmode"),
        "PGSSLROOTCERT": query.get("sslrootcert"),
    }
    return {name: str(value) for name, value in found.items() if value}


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
