import os
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from uuid import uuid4

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session as OrmSession

from storage.database import Database
from storage.errors import DatabaseUnavailableError, SchemaError
from storage.models import AgentLog, Base
from storage.records import (
    FaultRecord,
    MessageRecord,
    PerformanceRecord,
    SessionEnded,
    SessionStarted,
)
from storage.repository import Repository


def started() -> SessionStarted:
    return SessionStarted(
        id=uuid4(),
        avatar="mira",
        width=512,
        height=512,
        fps=30,
        seed=2**64 - 1,
        personality="friendly",
        probe=False,
        reply=True,
        version="1",
    )


def message(session: SessionStarted, said: str = "hello") -> MessageRecord:
    return MessageRecord(
        session_id=session.id,
        role="user",
        text=said,
        source="client",
        valence=0.5,
        arousal=-0.25,
        dominance=0.0,
        label="glad",
        packet=b"\x08\x01",
        event_sequence=3,
    )


@pytest.fixture
def database() -> Database:
    made = Database("sqlite://")
    made.upgrade()
    return made


def test_what_the_appraiser_made_of_a_message_is_written_with_it_once(database: Database) -> None:
    session = started()
    output = {"valence": 0.5, "label": "glad"}
    felt = replace(message(session), agent_outputs={"appraisal": output}, confidence=0.75)
    repository = Repository(database)
    repository.add([session, felt, message(session, "not appraised")])
    repository.add([felt], again=True)
    with OrmSession(database.engine) as orm:
        (row,) = orm.scalars(select(AgentLog)).all()
    assert (row.message_id, row.agent, row.input) == (felt.id, "appraiser", {"role": "user"})
    assert (row.output, row.confidence_score) == (output, 0.75)


def test_migrations_make_the_tables_of_the_models(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, Base.metadata) == []
        assert "message" in inspect(connection).get_table_names()


def test_upgrade_of_a_current_database_changes_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new' / 'folder' / 'a.sqlite'}"
    first = Database(url)
    first.upgrade()
    record = started()
    Repository(first).add([record])
    first.close()
    again = Database(url)
    again.upgrade()
    again.upgrade()
    assert Repository(again).sessions() == [(record, None)]
    again.close()
    again.close()


def test_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.sqlite'}"
    database = Database(url)
    database.upgrade()
    with database.engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    with pytest.raises(SchemaError, match="newer version"):
        database.upgrade()
    database.close()


def test_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    path.write_text("this is not a database, however long it may be" * 100)
    database = Database(f"sqlite:///{path}")
    with pytest.raises(DatabaseUnavailableError, match=r"a\.sqlite: file is not a database"):
        database.upgrade()
    database.close()


@pytest.mark.parametrize("url", ["no url", "postgresql+psycopg://user:secret/name"])
def test_url_that_cannot_be_read_is_refused_and_not_told(url: str) -> None:
    with pytest.raises(DatabaseUnavailableError, match=r"^the database URL cannot be read$"):
        Database(url)


def test_name_holds_no_password() -> None:
    pytest.importorskip("psycopg")
    database = Database("postgresql+psycopg://user:se/cret@host/name?password=cret")
    assert "cret" not in database.name
    database.close()


@pytest.mark.skipif(os.name != "posix", reason="other systems have other modes")
def test_sqlite_files_are_their_owners_alone(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'a.sqlite'}")
    database.upgrade()
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes == dict.fromkeys(("a.sqlite", "a.sqlite-shm", "a.sqlite-wal"), 0o600)
    database.close()


def test_sqlite_file_is_in_wal_mode(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'a.sqlite'}")
    database.upgrade()
    database.close()
    with sqlite3.connect(tmp_path / "a.sqlite") as connection:
        assert connection.execute("pragma journal_mode").fetchone() == ("wal",)
    connection.close()


def test_every_record_comes_back_equal(database: Database) -> None:
    session = started()
    said = message(session)
    ended = SessionEnded(session.id, "asked to")
    measured = PerformanceRecord(session.id, "render.p99", 3.5, "ms", "a CPU", "1")
    fault = FaultRecord("device_lost", session.id, "1", "unplugged")
    repository = Repository(database)
    repository.add([session, said, measured, fault, ended])
    assert repository.sessions() == [(session, ended)]
    assert repository.messages(session.id) == [said]
    assert repository.performance(session.id) == [measured]
    assert repository.faults() == [fault]


def test_other_time_zones_are_stored_as_utc(database: Database) -> None:
    here = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    fault = FaultRecord("x", None, "1", "y", created_at=here)
    Repository(database).add([fault])
    (stored,) = Repository(database).faults()
    assert stored.created_at == here
    assert stored.created_at.tzinfo is UTC


def test_a_batch_is_written_whole_or_not_at_all(database: Database) -> None:
    session = started()
    orphan = message(started())
    with pytest.raises(IntegrityError):
        Repository(database).add([session, orphan])
    assert Repository(database).sessions() == []


def test_nul_characters_do_not_reach_the_database(database: Database) -> None:
    session = started()
    Repository(database).add([session, message(session, "a\0b")])
    (stored,) = Repository(database).messages(session.id)
    assert stored.text == "a\N{REPLACEMENT CHARACTER}b"


def test_what_people_say_is_marked_as_personal() -> None:
    columns = Base.metadata.tables["message"].columns
    personal = {column.name for column in columns if column.info.get("personal")}
    assert personal == {
        "text",
        "packet",
        "agent_outputs",
        "context_embedding",
        "memory_context",
    }
