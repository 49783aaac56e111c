"""Writing by a process of its own, on SQLite and on PostgreSQL."""

import os
import pickle
import select as polled
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy import select

from storage.database import Database
from storage.errors import RemoteWriteError
from storage.keys import new_key
from storage.models import Message
from storage.recorder import Recorder
from storage.records import MessageRecord, ModeEntered, PacketRecord, Record, SessionStarted
from storage.spill import Spill
from storage.writing_process import WritingProcess


def session() -> SessionStarted:
    return SessionStarted(new_key(), "mira", 512, 512, 30, 1, "friendly", False, True, "1")


def message(of: SessionStarted) -> MessageRecord:
    return MessageRecord(of.id, "user", "hello", "client", 0.1, 0.0, 0.0, "Calm")


def stored(database: Database) -> set[object]:
    with database.engine.connect() as connection:
        return set(connection.scalars(select(Message.id)))


@pytest.fixture
def writing(url: str) -> Iterator[WritingProcess]:
    found = WritingProcess(url)
    yield found
    found.close()


def test_what_it_acknowledges_others_can_read(writing: WritingProcess, database: Database) -> None:
    began = session()
    said = message(began)
    writing.add([began, said])
    assert stored(database) == {said.id}
    writing.add([said, message(began)], again=True)
    assert len(stored(database)) == 2


def test_a_refusal_names_its_reason_and_not_the_words(
    writing: WritingProcess, database: Database
) -> None:
    began = session()
    writing.add([began])
    with pytest.raises(RemoteWriteError) as refused:
        writing.add([message(began), message(session())])
    assert not refused.value.passes
    assert "foreign key" in str(refused.value).lower()
    assert "hello" not in str(refused.value)
    assert stored(database) == set()
    with pytest.raises(RemoteWriteError) as impossible:
        writing.add([ModeEntered(began.id, "warmup"), ModeEntered(began.id, "chat")])
    assert not impossible.value.passes


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_no_password_is_among_its_arguments(writing: WritingProcess, url: str) -> None:
    writing.start()
    for place in ("cmdline", "environ"):
        assert url.encode() not in Path(f"/proc/{writing.pid}/{place}").read_bytes()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the system has no SIGKILL")
def test_a_killed_one_is_replaced_and_nothing_is_lost(
    writing: WritingProcess, database: Database, tmp_path: Path
) -> None:
    recorder = Recorder(writing, version="1", spill=Spill(tmp_path / "journal"))
    recorder.start()
    began, told = session(), threading.Event()
    recorder.put(began, told.set)
    assert told.wait(30)
    said = [message(began) for _ in range(300)]
    for number, one in enumerate(said):
        recorder.put(one)
        recorder.put(PacketRecord(began.id, number, number, "chat", number, (("VF_1", 0.5),)))
        # The second time it may be about to be replaced, or dead already.
        if number in (100, 200) and (pid := writing.pid) is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    assert recorder.close(30) == 0
    assert stored(database) == {one.id for one in said}
    assert recorder.dropped == 0


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="the system has no pidfds")
def test_it_ends_with_a_killed_program(url: str, database: Database) -> None:
    program = (
        "import sys, time\n"
        "from storage.writing_process import WritingProcess\n"
        "writing = WritingProcess(sys.argv[1])\n"
        "writing.start()\n"
        "print(writing.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    command = [sys.executable, "-c", program, url]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        handle = os.pidfd_open(int(parent.stdout.readline()))
        parent.kill()
        # Readable once the process has ended.
        assert ended(handle, 30)


def test_an_order_that_cannot_be_sent_leaves_no_part_of_it_behind(
    writing: WritingProcess, database: Database
) -> None:
    began = session()
    said = message(began)
    # As long as pipes and buffers would not hold back, before what no process takes from another.
    long, local = replace(said, text="hello " * 50_000), cast(Record, lambda: None)
    with pytest.raises((AttributeError, pickle.PicklingError)):
        writing.add([began, long, local])
    assert stored(database) == set()
    writing.add([began, said])
    assert stored(database) == {said.id}


def test_an_answer_that_was_not_read_is_not_taken_for_the_next_one(
    writing: WritingProcess, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = session()
    writing.add([began])
    with monkeypatch.context() as patch:
        patch.setattr(pickle, "load", out_of_memory)
        with pytest.raises(MemoryError):
            writing.add([message(began)])
    known = stored(database)  # written or not: its program cannot tell
    with pytest.raises(RemoteWriteError, match=r"(?i)foreign key"):
        writing.add([message(session())])
    assert stored(database) == known


def test_a_database_that_cannot_be_opened_now_costs_no_process(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.touch()  # nothing can lie in it
    url = f"sqlite:///{folder}/a.db"
    writing, began = WritingProcess(url), session()
    pids = set()
    for _ in range(2):
        with pytest.raises(RemoteWriteError, match=r"(?i)not a directory|exists") as refused:
            writing.add([began])
        assert refused.value.passes
        pids.add(writing.pid)
    folder.unlink()
    database = Database(url)
    database.upgrade()
    writing.add([began, said := message(began)])
    assert stored(database) == {said.id}
    assert pids == {writing.pid}
    database.close()
    writing.close()


def out_of_memory(_: object) -> object:
    raise MemoryError


def test_a_closed_one_takes_nothing_more(writing: WritingProcess) -> None:
    writing.start()
    assert writing.pid is not None
    writing.close()
    writing.close()
    assert writing.pid is None
    with pytest.raises(RemoteWriteError, match="ended"):
        writing.add([session()])


def ended(handle: int, limit_s: float) -> bool:
    """Whether the process of a pidfd ends in time."""
    try:
        return bool(polled.select([handle], [], [], limit_s)[0])
    finally:
        os.close(handle)
