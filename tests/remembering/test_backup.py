import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text

from benchmarks.postgres import Cluster
from storage.archive import Archive
from storage.backup import back_up, restore
from storage.checkup import check_database
from storage.database import Database
from storage.errors import (
    ConflictError,
    DatabaseUnavailableError,
    InvalidRecordError,
    SchemaError,
)
from storage.models import Conversation, User
from tests.remembering.rows import stored


@pytest.fixture
def empty_url(url: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of a database of the same kind, with nothing in it."""
    if url.startswith("sqlite"):
        return f"sqlite:///{tmp_path / 'other.db'}"
    found: Cluster = request.getfixturevalue("postgres")
    return found.create(f"other_{tmp_path.name.lower().replace('-', '_')}"[:60])


def names(url: str) -> list[str]:
    database = Database(url)
    found = [row.username for row in Archive(database).page(User)]
    database.close()
    return found


def test_a_backup_of_a_database_in_use_is_restored_elsewhere(
    database: Database, url: str, empty_url: str, tmp_path: Path
) -> None:
    row = stored(database, Conversation)
    file = tmp_path / "backup"
    with database.engine.connect() as connection:
        connection.execute(text("SELECT 1"))
        back_up(url, file)
    assert file.stat().st_mode & 0o777 == 0o600
    restore(empty_url, file)
    found = Database(empty_url)
    assert Archive(found).get(Conversation, row.id).topics_discussed == row.topics_discussed
    checkup = check_database(found)
    assert (checkup.current, checkup.damage) == (True, ())
    found.close()
    assert [path.name for path in tmp_path.iterdir() if "partial" in path.name] == []


def test_a_backup_ends_while_somebody_writes_all_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, file = tmp_path / "a.db", tmp_path / "backup"
    Database(f"sqlite:///{path}").upgrade()
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("CREATE TABLE ballast (content BLOB)")
    writer.execute("BEGIN")
    writer.executemany("INSERT INTO ballast VALUES (?)", [(bytes(4096),)] * 4000)
    writer.execute("COMMIT")
    steps: list[int] = []

    def write(status: int, _left: int, _all: int) -> None:
        steps.append(status)
        assert len(steps) < 20, "it begins again whenever somebody writes"
        writer.execute("INSERT INTO ballast VALUES (NULL)")

    monkeypatch.setattr("storage.backup._check_free", write)
    back_up(f"sqlite:///{path}", file)
    writer.close()
    with sqlite3.connect(file) as copy:
        assert copy.execute("SELECT count(*) FROM ballast").fetchone()[0] >= 4000
    copy.close()


def test_a_database_that_somebody_holds_is_not_waited_for_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.backup._PATIENCE_S", 0.05)
    path, file = tmp_path / "a.db", tmp_path / "backup"
    url = f"sqlite:///{path}"
    Database(url).upgrade()
    back_up(url, file)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseUnavailableError, match="locked"):
        restore(url, file, force=True)
    holder.close()


def test_a_database_that_holds_something_is_restored_over_only_by_force(
    database: Database, url: str, tmp_path: Path
) -> None:
    stored(database, User, username="ada")
    file = tmp_path / "backup"
    back_up(url, file)
    stored(database, User, username="grace")
    with pytest.raises(ConflictError, match="holds data"):
        restore(url, file)
    assert names(url) == ["ada", "grace"]
    restore(url, file, force=True)
    assert names(url) == ["ada"]


def test_a_file_that_is_there_is_not_written_over(
    database: Database, url: str, tmp_path: Path
) -> None:
    file = tmp_path / "backup"
    file.write_text("precious")
    with pytest.raises(ConflictError, match="there already"):
        back_up(url, file)
    assert file.read_text() == "precious"


@pytest.mark.parametrize("damage", ["nonsense", "half", "empty"])
def test_what_is_no_whole_backup_changes_nothing(
    database: Database, url: str, tmp_path: Path, damage: str
) -> None:
    stored(database, User, username="ada")
    file = tmp_path / "backup"
    back_up(url, file)
    whole = file.read_bytes()
    file.write_bytes(
        {"nonsense": b"nonsense" * 99, "half": whole[: len(whole) // 2], "empty": b""}[damage]
    )
    with pytest.raises(InvalidRecordError):
        restore(url, file, force=True)
    assert names(url) == ["ada"]


def test_a_backup_of_a_newer_version_changes_nothing(
    database: Database, url: str, empty_url: str, tmp_path: Path
) -> None:
    stored(database, User, username="ada")
    newer = Database(empty_url)
    newer.upgrade()
    with newer.writer.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    newer.close()
    file = tmp_path / "backup"
    back_up(empty_url, file)
    with pytest.raises(SchemaError, match="9999"):
        restore(url, file, force=True)
    assert names(url) == ["ada"]


def test_an_older_backup_is_brought_up_to_date(tmp_path: Path) -> None:
    old = f"sqlite:///{tmp_path / 'old.db'}"
    database = Database(old)
    database.upgrade("0003")
    database.close()
    file = tmp_path / "backup"
    back_up(old, file)
    new = f"sqlite:///{tmp_path / 'new.db'}"
    restore(new, file)
    found = Database(new)
    assert check_database(found).current
    found.close()
    with sqlite3.connect(file) as connection:  # the backup itself stays as it was
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("0003",)
    connection.close()


def test_a_damaged_database_is_set_aside_for_its_backup(tmp_path: Path) -> None:
    path, file = tmp_path / "a.db", tmp_path / "backup"
    url = f"sqlite:///{path}"
    database = Database(url)
    database.upgrade()
    stored(database, User, username="ada")
    database.close()
    back_up(url, file)
    path.write_bytes(b"rubbish" * 1000)
    restore(url, file, force=True)
    assert names(url) == ["ada"]
    assert (tmp_path / "a.db.damaged").read_bytes().startswith(b"rubbish")
    assert path.stat().st_mode & 0o777 == 0o600


def test_postgresql_without_its_tools_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("shutil.which", lambda _tool: None)
    with pytest.raises(DatabaseUnavailableError, match="pg_dump"):
        back_up("postgresql+psycopg://localhost/x", tmp_path / "backup")
    assert list(tmp_path.iterdir()) == []


def test_what_refers_to_nothing_is_found(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    database = Database(f"sqlite:///{path}")
    database.upgrade()
    row = stored(database, Conversation)
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM session WHERE id = ?", (row.session_id.hex,))
    connection.close()
    assert "1 rows of conversation refer to rows of session that are not there" in (
        check_database(database).damage
    )
    database.close()
