import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import ClauseElement, Connection, create_engine, inspect, make_url, select, text

from benchmarks.postgres import Cluster
from storage.archive import Archive
from storage.database import Database
from storage.models import Base, Conversation, Message, Session
from storage.repository import Repository
from storage.search import SEARCH_INDEX, said_in

SESSION = UUID("01a1f940-0000-7000-8000-000000000001")
WHEN = "2026-01-02 03:04:05.678900+00:00"
# Everything that the first version could hold; written as that version wrote it.
FIRST = (
    "INSERT INTO session (id, created_at, ended_at, end_reason, avatar, width, height, fps, seed,"
    " personality, probe, reply, version) VALUES (:session, :when, :when, 'done', 'mira', 512, 512,"
    " 30, '18446744073709551615', 'friendly', FALSE, TRUE, '0.1')",
    "INSERT INTO message (id, session_id, created_at, role, text, source, valence, arousal,"
    " dominance, label, packet, event_sequence) VALUES (:other, :session, :when, 'user', 'hello',"
    " 'client', 0.5, 0.25, -0.5, 'Glad', :bytes, 7)",
    "INSERT INTO performance (id, session_id, created_at, measure, value, unit, hardware, version)"
    " VALUES (:other, :session, :when, 'render.p99', 3.5, 'ms', 'a CPU', '0.1')",
    "INSERT INTO fault (id, session_id, created_at, mode, version, cause)"
    " VALUES (:other, NULL, :when, 'device_lost', '0.1', 'unplugged')",
)
REVISIONS = [
    script.revision
    for script in reversed(
        list(
            ScriptDirectory(
                str(Path(__file__).parents[2] / "storage" / "migrations")
            ).walk_revisions()
        )
    )
]


@pytest.fixture(params=["sqlite", "postgresql"])
def bare_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of a database without a schema."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'old.db'}"
    found: Cluster = request.getfixturevalue("postgres")
    return found.create(f"old_{tmp_path.name.lower().replace('-', '_')}"[:60])


@pytest.mark.parametrize("revision", REVISIONS)
def test_every_version_upgrades_with_its_data_in_it(bare_url: str, revision: str) -> None:
    database = Database(bare_url)
    database.upgrade("0001")
    with database.engine.begin() as connection:
        sqlite = database.engine.dialect.name == "sqlite"
        values = {"session": SESSION.hex if sqlite else SESSION, "when": WHEN, "bytes": b"\x08\x01"}
        values["other"] = values["session"]
        for statement in FIRST:
            connection.execute(text(statement), values)
    database.upgrade(revision)
    database.upgrade()
    database.upgrade()
    with database.engine.connect() as connection:
        assert _differences(connection) == []
    repository = Repository(database)
    ((started, ended),) = repository.sessions()
    assert (started.id, started.seed, started.avatar) == (SESSION, 2**64 - 1, "mira")
    assert ended is not None
    assert ended.reason == "done"
    assert started.created_at.isoformat().startswith("2026-01-02T03:04:05.6789")
    (message,) = repository.messages(SESSION)
    assert (message.text, message.packet, message.valence) == ("hello", b"\x08\x01", 0.5)
    (measured,) = repository.performance(SESSION)
    assert measured.value == 3.5
    (fault,) = repository.faults()
    assert fault.cause == "unplugged"
    archive = Archive(database)
    (conversation,) = archive.page(Conversation)
    assert (conversation.total_messages, conversation.is_active) == (1, False)
    (row,) = archive.page(Message)
    assert row.conversation_id == conversation.id
    assert row.updated_at == row.created_at == archive.page(Session)[0].updated_at
    database.close()


def _differences(connection: Connection) -> list[object]:
    """Of the schema from the models, without the index that not every database can have."""

    def counts(_item: object, name: str | None, *_rest: object) -> bool:
        return name != SEARCH_INDEX

    context = MigrationContext.configure(connection, opts={"include_object": counts})
    return list(compare_metadata(context, Base.metadata))


def test_words_are_indexed_where_postgresql_may_be_extended(postgres: Cluster) -> None:
    url = make_url(postgres.create("words"))
    database = Database(url.render_as_string(hide_password=False))
    database.upgrade()
    with database.engine.connect() as connection:
        assert SEARCH_INDEX in _indexes(connection)
        connection.exec_driver_sql("SET enable_seqscan = off")
        query = select(Conversation.id).where(said_in("roses", connection.dialect))
        plan = connection.execute(text(f"EXPLAIN {_literal(query, connection)}")).scalars().all()
        assert SEARCH_INDEX in "".join(plan)
    database.close()


def test_without_the_right_to_extend_postgresql_words_have_no_index(
    postgres: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    url = make_url(postgres.create("plain"))
    owner = create_engine(url)
    with owner.begin() as connection:
        for statement in (
            "CREATE ROLE plain LOGIN",
            "GRANT CREATE ON SCHEMA public TO plain",
            "REVOKE CREATE ON DATABASE plain FROM PUBLIC",
        ):
            connection.execute(text(statement))
    owner.dispose()
    database = Database(url.set(username="plain").render_as_string(hide_password=False))
    database.upgrade()
    assert database.revision() == Database.head()
    with database.engine.connect() as connection:
        assert SEARCH_INDEX not in _indexes(connection)
        assert "ix_message_unflagged" in _indexes(connection)
        assert _differences(connection) == []
    assert "permission denied" in caplog.text
    database.close()


def _indexes(connection: Connection) -> set[str | None]:
    return {index["name"] for index in inspect(connection).get_indexes("message")}


def _literal(query: ClauseElement, connection: Connection) -> str:
    return str(query.compile(connection, compile_kwargs={"literal_binds": True}))


def test_programs_that_start_at_once_all_find_it_up_to_date(bare_url: str) -> None:
    upgrade = f"from storage.database import Database; Database({bare_url!r}).upgrade()"
    programs = [subprocess.Popen([sys.executable, "-c", upgrade]) for _ in range(3)]
    assert [program.wait(60) for program in programs] == [0, 0, 0]
    database = Database(bare_url)
    assert database.revision() == Database.head()
    database.close()


def test_an_upgrade_that_fails_changes_nothing(bare_url: str) -> None:
    database = Database(bare_url)
    database.upgrade("0004")
    with database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE finetune (id INTEGER)"))
    with pytest.raises(Exception, match="finetune"):
        database.upgrade()
    with database.engine.connect() as connection:
        assert MigrationContext.configure(connection).get_current_revision() == "0004"
        assert "project" not in inspect(connection).get_table_names()
    database.close()
