"""Everything here runs on SQLite and on PostgreSQL, each test with no rows but its own."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from benchmarks.postgres import Cluster, MissingServerError, cluster
from storage.database import Database
from storage.models import Base

_TESTED = "tested"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A server with one database that has the schema and nothing in it; CI has to have one."""
    try:
        with cluster() as found:
            database = Database(found.create(_TESTED))
            database.upgrade()
            database.close()
            yield found
    except MissingServerError as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the schema and nothing in it."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    database = Database(f"sqlite:///{path}")
    database.upgrade()
    with database.engine.connect() as connection:
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    database.close()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Of a database with the schema in it, and nothing else."""
    if request.param == "sqlite":
        path = tmp_path / "test.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    found: Cluster = request.getfixturevalue("postgres")
    yield found.url(_TESTED)
    _empty(found)


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """A database with the schema in it, and nothing else."""
    found = Database(url)
    yield found
    found.close()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared_database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """One that the tests of a module share, which do not mind each other's rows."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("shared") / "test.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        found = Database(f"sqlite:///{path}")
        yield found
        found.close()
        return
    server: Cluster = request.getfixturevalue("postgres")
    found = Database(server.url(_TESTED))
    yield found
    found.close()
    _empty(server)


def _empty(found: Cluster) -> None:
    """Deletes every row: much quicker than a new database, which is hundreds of files."""
    engine = create_engine(found.url(_TESTED))
    with engine.begin() as connection:
        connection.execute(text("SET session_replication_role = replica"))
        for table in Base.metadata.tables.values():
            connection.execute(table.delete())
    engine.dispose()
