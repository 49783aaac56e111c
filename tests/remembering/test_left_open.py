import asyncio
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from control_plane.remembering.runs import spill_file
from storage.archive import Archive
from storage.database import Database
from storage.keys import new_key
from storage.left_open import LEFT_OPEN
from storage.models import Conversation, Run, Session
from storage.modes import Modes
from storage.records import (
    MessageRecord,
    ModeEntered,
    PacketRecord,
    RunKilled,
    SessionEnded,
    SessionStarted,
)
from storage.repository import Repository
from storage.run_locks import RunLocks
from tests.integration.running import running
from tests.remembering.rows import stored
from tests.remembering.started import started

if sys.platform != "win32":
    import fcntl

BEGAN = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
SESSION = started(created_at=BEGAN)


def begun(database: Database, run_id: UUID, *modes: str) -> SessionStarted:
    session = replace(SESSION, id=new_key(), run_id=run_id)
    entered = [ModeEntered(session.id, mode, created_at=BEGAN) for mode in modes]
    Repository(database).add([session, *entered])
    return session


def row(database: Database, session: SessionStarted) -> Session:
    return Archive(database).get(Session, session.id)


def history(database: Database, session: SessionStarted) -> list[str]:
    return [state.mode.value for state in Modes(database).history(session.id)]


def test_what_a_killed_run_left_open_is_closed_as_of_its_last_sign(database: Database) -> None:
    killed = stored(database, Run).id
    talked = begun(database, killed, "warmup", "idle", "chat")
    text = "roses in the garden"
    said = [
        MessageRecord(talked.id, "user", text, "client", 0, 0, 0, "", created_at=BEGAN + later)
        for later in (timedelta(seconds=5), timedelta(seconds=7))
    ]
    last = BEGAN + timedelta(seconds=9)
    line = PacketRecord(talked.id, 1, 1, "chat", 1, (("VF_1", 0.5),), created_at=last)
    # What waited in a journal may come in one batch with the news.
    Repository(database).add([*said, line, RunKilled(killed)])
    found = row(database, talked)
    assert (found.ended_at, found.end_reason) == (last, LEFT_OPEN)
    assert history(database, talked) == ["warmup", "idle", "chat", "fault", "close"]
    (conversation,) = Archive(database).page(Conversation)
    assert (conversation.is_active, conversation.ended_at) == (False, last)
    assert conversation.topics_discussed == ["garden", "roses"]


@pytest.mark.parametrize(
    "modes", [(), ("warmup",), ("warmup", "idle", "close"), ("warmup", "reset")]
)
def test_a_session_is_closed_whatever_it_was_doing(
    database: Database, modes: tuple[str, ...]
) -> None:
    killed = stored(database, Run).id
    session = begun(database, killed, *modes)
    for _ in range(2):  # the news may come twice
        Repository(database).add([RunKilled(killed)], again=True)
    assert row(database, session).ended_at == BEGAN
    assert history(database, session)[-1:] == (["close"] if modes else [])


def test_sessions_that_ended_and_those_of_others_stay_as_they_are(database: Database) -> None:
    killed, living = (stored(database, Run).id for _ in range(2))
    ended, other = begun(database, killed), begun(database, living, "warmup")
    end = SessionEnded(ended.id, "done", BEGAN + timedelta(seconds=1))
    Repository(database).add([end, RunKilled(killed)])
    assert (row(database, ended).end_reason, row(database, ended).ended_at) == (
        "done",
        end.ended_at,
    )
    assert row(database, other).ended_at is None
    assert history(database, other) == ["warmup"]


def test_a_run_that_lives_or_ended_in_order_is_not_taken_for_killed(tmp_path: Path) -> None:
    path = tmp_path / "a.db.waiting"
    mine, theirs = RunLocks(path), RunLocks(path)
    one, two, three = new_key(), new_key(), new_key()
    mine.hold(one)
    theirs.hold(two)
    theirs.hold(three)
    assert mine.take_killed() == []
    assert mine.others_live()
    theirs.forget(three)
    theirs.close()  # as the system does for who is killed
    assert not mine.others_live()
    assert mine.take_killed() == [two]
    third = RunLocks(path)
    assert third.take_killed() == []  # somebody sees to it already
    mine.forget(two)
    mine.forget(one)
    mine.close()
    assert third.take_killed() == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="no such locks there")
def test_a_run_is_not_taken_for_killed_while_it_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.db.waiting"
    mine, theirs, found = RunLocks(path), RunLocks(path), list[UUID]()
    plain = fcntl.flock

    def slow(file: int, how: int) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(fcntl, "flock", plain)
            found.extend(theirs.take_killed())  # just before it is locked
        plain(file, how)

    with monkeypatch.context() as patch:
        patch.setattr(fcntl, "flock", slow)
        mine.hold(run_id := new_key())
    assert found == []
    assert theirs.take_killed() == []
    mine.close()
    assert theirs.take_killed() == [run_id]
    theirs.close()


def test_a_server_closes_what_killed_ones_left_and_leaves_no_file(
    url: str, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    killed = stored(database, Run).id
    session = begun(database, killed, "warmup", "idle")
    path = spill_file(url)
    assert path is not None
    locks = RunLocks(path)
    locks.hold(killed)
    locks.close()

    async def serve() -> None:
        async with running(tmp_path, database=url):
            async with asyncio.timeout(20):
                while row(database, session).ended_at is None:  # noqa: ASYNC110 - another thread writes
                    await asyncio.sleep(0.02)

    asyncio.run(serve())
    assert row(database, session).end_reason == LEFT_OPEN
    assert list(path.parent.glob(f"{path.name}.run-*")) == []
