import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from control_plane.cli import main
from control_plane.errors import InvalidArgumentError
from control_plane.remembering import export_file
from control_plane.remembering.export_file import export_to_file
from storage.database import Database
from storage.errors import InvalidRecordError
from storage.export import Exporter, Selection
from storage.export_formats import ExportFormat
from storage.export_marks import ExportMarks
from storage.models import Conversation, Message
from tests.remembering.rows import stored

KEY = b"0123456789abcdef"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A database with six conversations, which the tests only read."""
    found = Database(f"sqlite:///{tmp_path_factory.mktemp('database') / 'a.sqlite'}")
    found.upgrade()
    for number in range(6):
        row = stored(
            found,
            Conversation,
            conversation_quality=number / 10,
            training_data_exported=False,
            total_messages=2,
        )
        for role in ("user", "assistant"):
            stored(
                found,
                Message,
                conversation_id=row.id,
                session_id=row.session_id,
                role=role,
                text=f"{role} {number}",
            )
    yield found
    found.close()


@pytest.fixture
def database(written: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """The same, which the environment names."""
    monkeypatch.setenv("CAPSULECAST_DATABASE", str(written.engine.url))
    return written


class Breaking(Exporter):
    """Gives some conversations, then fails as a database does."""

    def __init__(self, database: Database, count: int) -> None:
        super().__init__(database, KEY)
        self._count = count

    def conversations(self, selection: Selection) -> Iterator[dict[str, Any]]:
        for number, conversation in enumerate(super().conversations(selection)):
            if number == self._count:
                raise ConnectionError("the database is away")
            yield conversation


@pytest.mark.parametrize("form", [ExportFormat.JSON, ExportFormat.JSONL])
@pytest.mark.parametrize("count", range(7))
def test_an_export_that_broke_off_anywhere_comes_out_the_same(
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    form: ExportFormat,
    count: int,
) -> None:
    monkeypatch.setattr(export_file, "_NOTE_EVERY", 2)
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    done = export_to_file(Exporter(database, KEY), Selection(), form, whole)
    assert (done.conversations, done.size_bytes) == (6, whole.stat().st_size)
    if count < 6:
        with pytest.raises(ConnectionError):
            export_to_file(Breaking(database, count), Selection(), form, broken)
    again = export_to_file(Exporter(database, KEY), Selection(), form, broken, resume=True)
    assert broken.read_bytes() == whole.read_bytes()
    assert again.conversations == (6 if count == 6 else 6 - count + count % 2)
    assert {path.name for path in tmp_path.iterdir() if "progress" in path.name} == set()
    assert broken.stat().st_mode & 0o777 == 0o600


def test_an_export_goes_on_only_as_it_was_begun(database: Database, tmp_path: Path) -> None:
    exporter, path = Exporter(database, KEY), tmp_path / "out"
    with pytest.raises(ConnectionError):
        export_to_file(Breaking(database, 3), Selection(limit=5), ExportFormat.JSON, path)
    for selection, form in (
        (Selection(limit=4), ExportFormat.JSON),
        (Selection(limit=5), ExportFormat.JSONL),
    ):
        with pytest.raises(InvalidArgumentError, match="other filters"):
            export_to_file(exporter, selection, form, path, resume=True)
    export_to_file(exporter, Selection(limit=5), ExportFormat.JSON, path, resume=True)
    assert len(json.loads(path.read_bytes())) == 5
    for resume in (False, True):
        with pytest.raises(InvalidArgumentError, match=r"is there already|is whole"):
            export_to_file(exporter, Selection(limit=5), ExportFormat.JSON, path, resume=resume)


@pytest.mark.parametrize(
    ("flags", "count"),
    [
        ([], 6),
        (["--limit", "2"], 2),
        (["--min-quality", "0.3"], 3),
        (["--since", "2027-01-01"], 0),
        (["--not-exported", "--consented"], 6),
        (["--min-judgement", "-1"], 0),
    ],
)
def test_export_writes_what_is_asked_for(
    database: Database,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    flags: list[str],
    count: int,
) -> None:
    path = tmp_path / "out.json"
    assert main(["export", "--out", str(path), *flags]) == 0
    assert len(json.loads(path.read_bytes())) == count
    assert f"{count} conversations" in capsys.readouterr().out


def test_what_has_been_written_is_marked_once_it_lies_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_file, "_NOTE_EVERY", 2)
    found = Database(f"sqlite:///{tmp_path / 'marked.sqlite'}")
    found.upgrade()
    monkeypatch.setenv("CAPSULECAST_DATABASE", str(found.engine.url))
    for _ in range(5):
        stored(found, Conversation, training_data_exported=False, exported_at=None)
    path, marks = tmp_path / "out", ExportMarks(found)
    with pytest.raises(ConnectionError):
        export_to_file(
            Breaking(found, 3), Selection(), ExportFormat.JSON, path, written=marks.mark_all
        )
    assert marks.stats().exported == 2
    assert main(["export", "--out", str(path), "--resume", "--mark"]) == 0
    assert len(json.loads(path.read_bytes())) == 5
    assert marks.stats().exported == 5
    again = tmp_path / "again"
    assert main(["export", "--out", str(again), "--not-exported"]) == 0
    assert json.loads(again.read_bytes()) == []
    found.close()


def test_export_writes_lines_and_parquet(database: Database, tmp_path: Path) -> None:
    lines, table = tmp_path / "out.jsonl", tmp_path / "out.parquet"
    assert main(["export", "--format", "jsonl", "--out", str(lines)]) == 0
    assert len(lines.read_text().splitlines()) == 6
    assert main(["export", "--format", "parquet", "--out", str(table)]) == 0
    import pandas as pd

    assert len(pd.read_parquet(table)) == 12


def test_pseudonyms_of_one_key_are_the_same(database: Database, tmp_path: Path) -> None:
    def users(name: str, *flags: str) -> list[str]:
        path = tmp_path / name
        asked = ["export", "--personal", "pseudonymise", "--out", str(path), *flags]
        assert main(asked) == 0
        return [item["user_id"] for item in json.loads(path.read_bytes())]

    key = tmp_path / "key"
    first = users("1", "--key", str(key))
    assert key.stat().st_mode & 0o777 == 0o600
    assert users("2", "--key", str(key)) == first
    assert users("3") != first
    key.write_bytes(b"short")
    assert main(["export", "--key", str(key), "--out", str(tmp_path / "4")]) == 2


@pytest.mark.parametrize(
    "flags",
    [
        ["--limit", "-1"],
        ["--min-quality", "2"],
        ["--min-judgement", "nan"],
        ["--since", "yesterday"],
        ["--after", "123"],
        ["--format", "xml"],
    ],
)
def test_export_refuses_what_makes_no_sense(
    flags: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(["export", "--out", str(tmp_path / "out"), *flags])
    assert end.value.code == 2
    assert flags[1] in capsys.readouterr().err


def test_stats_are_told_to_people_and_programs(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["stats", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["conversations"], found["messages"]) == (6, 12)
    assert main(["stats"]) == 0
    told = capsys.readouterr().out
    assert "flagged messages" in told
    assert "0.250" in told


def test_an_old_database_is_to_be_upgraded_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path / 'old.sqlite'}"
    old = Database(url)
    old.upgrade("0002")
    old.close()
    assert main(["stats", "--database", url]) == 1
    assert "capsulecast db upgrade" in capsys.readouterr().err


def test_parquet_without_pyarrow_leaves_no_file(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(InvalidRecordError, match="pyarrow"):
        export_to_file(
            Exporter(database, KEY), Selection(), ExportFormat.PARQUET, tmp_path / "a.parquet"
        )
    assert list(tmp_path.iterdir()) == []
