import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.exc import IntegrityError

from control_plane.settings import load_settings
from storage.database import Database
from storage.models import Base
from storage.recorder import Recorder
from storage.records import (
    FaultRecord,
    MessageRecord,
    PerformanceRecord,
    SessionEnded,
    SessionStarted,
)
from storage.repository import Repository

TOOLS_S = 60


@pytest.fixture
def url() -> Iterator[str]:
    """A PostgreSQL cluster of its own, on a socket in a folder of its own."""
    if shutil.which("initdb") is None or shutil.which("pg_ctl") is None:
        pytest.skip("no PostgreSQL server (Debian: postgresql, with its bin folder on the PATH)")
    # PostgreSQL refuses to run as root.
    user = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    run_as = ["setpriv", f"--reuid={user}", "--clear-groups"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        folder = Path(name)
        if run_as:
            shutil.chown(folder, user)
        data = str(folder / "data")

        def tool(*command: str) -> None:
            subprocess.run(
                [*run_as, *command],
                check=True,
                timeout=TOOLS_S,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )

        tool("initdb", "-D", data, "-U", "test", "-A", "trust", "--no-sync", "-E", "UTF8")
        options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
        log = str(folder / "log")
        tool("pg_ctl", "start", "-w", "-D", data, "-o", options, "-l", log)
        try:
            yield f"postgresql://test@/postgres?host={folder}"
        finally:
            tool("pg_ctl", "stop", "-m", "immediate", "-D", data)


def test_postgresql_remembers_what_sqlite_does(url: str) -> None:
    database = Database(load_settings({"database": url}).database)
    database.upgrade()
    database.upgrade()
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    session = SessionStarted(
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
    said = MessageRecord(
        session.id, "user", "hello \N{GRINNING FACE}", "client", 0.5, -0.25, 0.0, "glad", b"\x08"
    )
    measured = PerformanceRecord(session.id, "render.p99", 3.5, "ms", "a CPU", "1")
    fault = FaultRecord("device_lost", session.id, "1", "unplugged")
    ended = SessionEnded(session.id, "asked to")
    repository = Repository(database)
    recorder = Recorder(repository, version="1")
    for record in (session, said, measured, fault, ended):
        assert recorder.put(record)
    recorder.start()
    assert recorder.close(10) == 0
    assert repository.sessions() == [(session, ended)]
    assert repository.messages(session.id) == [said]
    assert repository.performance(session.id) == [measured]
    assert repository.faults() == [fault]
    orphan = MessageRecord(uuid4(), "user", "hello", "client", 0.0, 0.0, 0.0, "")
    with pytest.raises(IntegrityError):
        repository.add([orphan])
    database.close()
