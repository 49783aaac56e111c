import json
import os
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from control_plane.cli import main
from control_plane.remembering.runs import spill_file
from storage.database import Database
from storage.keys import new_key
from storage.media_store import MediaStore
from storage.models import MediaFile, User
from storage.run_locks import RunLocks
from tests.remembering.rows import stored


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Of a database that is not there yet, which the environment names."""
    found = f"sqlite:///{tmp_path / 'a.sqlite'}"
    monkeypatch.setenv("CAPSULECAST_DATABASE", found)
    monkeypatch.setenv("CAPSULECAST_MEDIA", str(tmp_path / "media"))
    return found


def test_upgrade_makes_the_schema_and_then_leaves_it(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["db", "upgrade"]) == 0
    assert capsys.readouterr().out.endswith(f"schema {Database.head()}, new\n")
    assert main(["db", "upgrade", "--database", url]) == 0
    assert capsys.readouterr().out.endswith("up to date already\n")


def test_upgrade_tells_where_it_came_from(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    old = Database(url)
    old.upgrade("0002")
    old.close()
    assert main(["db", "check"]) == 1
    assert "the schema is 0002, expected" in capsys.readouterr().out
    assert main(["db", "upgrade"]) == 0
    assert "from 0002" in capsys.readouterr().out
    assert main(["db", "check"]) == 0
    assert "no problem" in capsys.readouterr().out


def test_check_makes_no_database(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["db", "check"]) == 1
    assert "there is no such database" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_check_finds_what_does_not_fit_together(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = Database(url)
    database.upgrade()
    store = MediaStore(tmp_path / "media", database)
    kept = store.put([b"picture"], "image/png", "png")
    changed = store.put([b"sound"], "audio/wav", "wav")
    store.path(changed).write_bytes(b"noise")
    gone = stored(database, MediaFile)
    stray = store.path(kept).with_name("stray.png")
    stray.write_bytes(b"nobody's")
    os.utime(stray, (0, 0))
    journal = spill_file(url)
    assert journal is not None
    journal.write_bytes(b"a record\n")
    with database.engine.connect() as connection:
        connection.execute(text("PRAGMA foreign_keys = OFF"))
    database.close()
    assert main(["db", "check", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["schema"] == Database.head()
    assert found["problems"] == [
        f"media file without a row: {stray}",
        f"media file is missing: {gone.id}",
        f"records wait to be stored, which the server does when it starts: {journal}",
    ]
    assert main(["db", "check", "--contents"]) == 1
    told = capsys.readouterr().out
    assert f"media file has changed: {changed.id}" in told
    assert told.endswith("4 problems\n")


@pytest.mark.skipif(sys.platform == "win32", reason="no such locks there")
def test_nothing_is_restored_beneath_a_server_that_runs(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["db", "upgrade"]) == 0
    file = str(tmp_path / "backup")
    assert main(["db", "backup", file]) == 0
    beside = spill_file(url)
    assert beside is not None
    server = RunLocks(beside)
    server.hold(new_key())
    assert main(["db", "restore", file, "--force"]) == 1
    assert "stop it first" in capsys.readouterr().err
    server.close()  # killed, or at its end
    assert main(["db", "restore", file, "--force"]) == 0


def test_backup_and_restore_there_and_back(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = Database(url)
    database.upgrade()
    stored(database, User, username="ada")
    database.close()
    file = str(tmp_path / "backup")
    assert main(["db", "backup", file]) == 0
    assert main(["db", "backup", file]) == 1
    assert "is there already" in capsys.readouterr().err
    assert main(["db", "restore", file]) == 1
    assert "--force would lose it" in capsys.readouterr().err
    assert main(["db", "restore", file, "--force"]) == 0
    other = f"sqlite:///{tmp_path / 'other.sqlite'}"
    assert main(["db", "restore", file, "--database", other]) == 0
    assert main(["db", "check", "--database", other]) == 0
    assert main(["db", "restore", str(tmp_path / "nowhere")]) == 1
    assert "nowhere" in capsys.readouterr().err
    forgets = ["db", "backup", str(tmp_path / "other"), "--database", "sqlite://"]
    assert main(forgets) == 1
