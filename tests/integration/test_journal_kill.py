import os
import subprocess
import sys
import time
from pathlib import Path

from engine.recording.entries import Posed
from engine.recording.journal import read_journal

PROGRAM = Path(__file__).with_name("journal_run.py")
ROOT = PROGRAM.parents[2]


def test_journal_of_a_killed_program_is_whole_up_to_its_last_record(tmp_path: Path) -> None:
    path = tmp_path / "killed.journal"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "proto")))}
    with subprocess.Popen(
        [sys.executable, PROGRAM, tmp_path], stdout=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdout is not None
        deadline_s = time.monotonic() + 60.0
        while not path.exists() or path.stat().st_size < 100_000:
            assert process.stdout.readline(), "it ended by itself"
            assert time.monotonic() < deadline_s
        process.kill()
    entries = list(read_journal(path)[1])
    assert len(entries) > 1_000
    assert [entry.at_ns for entry in entries] == list(range(len(entries)))
    assert all(isinstance(entry.kind, Posed) for entry in entries)
