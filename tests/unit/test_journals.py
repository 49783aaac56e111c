import errno
import hashlib
import io
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from engine.recording.entries import End, Entry, Learned, Voiced
from engine.recording.errors import JournalError
from engine.recording.fingerprint import library_print
from engine.recording.journal import JournalFile, read_journal
from engine.recording.journals import JournalLimits, Journals
from tests.unit.recordings import LIBRARY, header, written


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "expected b'CAPSJRN1'"),
        (b"CAPSJRN2....", "expected b'CAPSJRN1'"),
        (b"CAPSJRN1", "before its first record"),
        (b"CAPSJRN1\x02\0\0\0\0\0\0\0ab", "before its first record"),
    ],
)
def test_file_that_is_no_journal_is_refused(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "a.journal"
    path.write_bytes(content)
    with pytest.raises(JournalError, match=told):
        read_journal(path)
    with pytest.raises(JournalError, match="there is no journal"):
        read_journal(tmp_path / "none.journal")


def test_journal_that_outgrows_its_limit_ends_and_says_so(tmp_path: Path) -> None:
    journals = Journals(tmp_path, JournalLimits(file_bytes=2_000))
    path = written(journals, "s", 500)
    journals.close()
    entries = list(read_journal(path)[1])
    assert 10 < len(entries) < 200
    end = entries[-1].kind
    assert isinstance(end, End)
    assert "2,000 bytes" in end.truncated
    assert path.stat().st_size < 3_000


def test_entries_that_come_too_fast_end_a_journal(tmp_path: Path) -> None:
    journals = Journals(tmp_path, JournalLimits(waiting=10))
    path = written(journals, "s", 5_000)
    journals.close()
    ends = [entry.kind for entry in read_journal(path)[1] if isinstance(entry.kind, End)]
    assert any("faster than they could be written" in end.truncated for end in ends)


def test_oldest_journals_go_first_and_none_that_lives(tmp_path: Path) -> None:
    journals = Journals(tmp_path, JournalLimits(days=1.0))
    old, young = written(journals, "old", 5), written(journals, "young", 5)
    two_days_ago = time.time() - 2 * 86_400
    os.utime(old, (two_days_ago, two_days_ago))
    living = journals.open(header("living"), 0, library_print(LIBRARY))
    os.utime(living.path, (two_days_ago, two_days_ago))
    journals.sweep()
    assert not old.exists()
    assert young.exists()
    assert living.path.exists()
    small = Journals(tmp_path, JournalLimits(total_bytes=1))
    small.sweep()
    assert not young.exists()
    journals.close()


class FullDisk(io.RawIOBase):
    """Takes a few bytes at a time, and then no more."""

    def __init__(self, room_bytes: int) -> None:
        self.left_bytes = room_bytes
        self.kept = b""

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        if not self.left_bytes:
            raise OSError(errno.ENOSPC, "No space left on device")
        taken = bytes(cast("bytes", data))[: min(7, self.left_bytes)]
        self.left_bytes -= len(taken)
        self.kept += taken
        return len(taken)


def test_disk_that_takes_a_part_gets_the_rest_and_a_full_one_ends_the_journal(
    caplog: pytest.LogCaptureFixture,
) -> None:
    disk = FullDisk(100)
    file = JournalFile(cast("BinaryIO", disk))
    file.append(b"a" * 60)
    assert disk.kept == b"a" * 60
    assert not file.truncated
    file.append(b"b" * 60)
    assert file.truncated
    assert "No space left" in caplog.text
    assert file.sha256 == hashlib.sha256(disk.kept).hexdigest()


def test_journal_that_another_sweep_deletes_meanwhile_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journals = Journals(tmp_path, JournalLimits(total_bytes=1))
    gone, left = written(journals, "gone", 5), written(journals, "left", 5)
    look = Path.stat

    def stat(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if path == gone:
            path.unlink(missing_ok=True)
        return look(path, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(Path, "stat", stat)
    journals.sweep()
    assert not left.exists()
    journals.close()


def test_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="cannot be written"):
        Journals(tmp_path / "file").open(header(), 0, library_print(LIBRARY))


def test_entry_that_nobody_could_read_ends_its_journal_and_says_so(tmp_path: Path) -> None:
    journals = Journals(tmp_path)
    writer = journals.open(header("s"), 0, library_print(LIBRARY))
    writer.put(1, Voiced(1))
    writer.put(2, Learned("x" * (1 << 20)))
    writer.put(3, Voiced(2))
    journals.close()
    kept, end = read_journal(writer.path)[1]
    assert kept == Entry(1, Voiced(1))
    assert isinstance(end.kind, End)
    assert "expected at most 1,048,576" in end.kind.truncated


def test_header_that_nobody_could_read_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    journals = Journals(tmp_path)
    ids = tuple(f"VF_{number:09}" for number in range(100_000))
    with pytest.raises(JournalError, match="expected at most"):
        journals.open(replace(header("s"), barred=ids), 0, library_print(LIBRARY))
    assert list(tmp_path.glob("*.journal")) == []
    journals.close()
