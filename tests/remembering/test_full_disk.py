"""PostgreSQL on a disk that fills up; of SQLite `test_live_path.py` tells."""

import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import create_engine, text

from benchmarks.postgres import Cluster
from storage.database import Database
from storage.recorder import Recorder
from storage.records import MessageRecord
from storage.repository import Repository
from storage.spill import Spill
from tests.remembering.started import started

_DISK_MB = 64
_SPACE = "small_disk"


@pytest.fixture
def small_disk(postgres: Cluster) -> Iterator[Path]:
    """A file system of its own for tables, which the server may write to."""
    folder = postgres.folder / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_DISK_MB}m", "none", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        folder.rmdir()
        pytest.skip("a small disk takes the right to mount one")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)
    folder.rmdir()


@pytest.fixture
def url(postgres: Cluster, small_disk: Path) -> Iterator[str]:
    """Of a database whose tables are on that disk."""
    place = small_disk / "tables"
    place.mkdir()
    shutil.chown(place, postgres.folder.owner())
    engine = create_engine(postgres.url(), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE TABLESPACE {_SPACE} LOCATION '{place}'"))
        connection.execute(text(f"CREATE DATABASE {_SPACE} TABLESPACE {_SPACE}"))
    yield postgres.url(_SPACE)
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {_SPACE} WITH (FORCE)"))
        connection.execute(text(f"DROP TABLESPACE {_SPACE}"))
    engine.dispose()


def test_full_disk_under_postgresql_loses_nothing_and_tells(
    url: str, small_disk: Path, tmp_path: Path
) -> None:
    database = Database(url)
    database.upgrade()
    repository = Repository(database)
    recorder = Recorder(repository, version="1", spill=Spill(tmp_path / "journal"))
    recorder.start()
    session = started()
    recorder.put(session)
    assert recorder.settle(20)
    ballast = _filled(small_disk)
    told: list[UUID] = []
    given = [  # what cannot be compressed
        MessageRecord(session.id, "user", secrets.token_hex(4000), "client", 0.0, 0.0, 0.0, "")
        for _ in range(200)
    ]
    for one in given:
        assert recorder.put(one, partial(told.append, one.id))
    _in_time(lambda: recorder.spilled >= 1)
    assert len(told) < len(given)
    ballast.unlink()
    assert recorder.settle(30)
    assert recorder.close(20) == 0
    assert (recorder.dropped, told) == (0, [one.id for one in given])
    assert [one.id for one in repository.messages(session.id)] == told
    (fault,) = repository.faults()
    assert fault.mode == "storage_overflow"
    assert "No space left on device" in fault.cause
    database.close()


def _filled(folder: Path) -> Path:
    """A file that takes all the room there is."""
    path = folder / "ballast"
    with suppress(OSError), path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(1 << 16))
    with suppress(OSError), path.open("ab", buffering=0) as file:
        while True:
            file.write(bytes(512))
    assert os.statvfs(folder).f_bavail == 0
    return path


def _in_time(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "it did not happen within twenty seconds"
        time.sleep(0.01)
