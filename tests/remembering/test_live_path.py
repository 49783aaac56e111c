"""A conversation goes on, and nothing of it is lost, whatever happens to the database meanwhile."""

import asyncio
import os
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial, wraps
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session as OrmSession

from benchmarks.postgres import Cluster
from compositor.drawlist import FrameSize
from control_plane.events import Chat, ChatRole, Event
from control_plane.remembering.runs import checkout, spill_file
from control_plane.sessions.options import Client, SessionOptions
from control_plane.sessions.session import LiveSession
from control_plane.sessions.subscription import Subscription
from control_plane.sessions.updates import Stored
from storage.database import Database
from storage.keys import new_key
from storage.models import (
    AgentLog,
    ClientSystem,
    Conversation,
    Deployment,
    Fault,
    Message,
    ModeState,
    Packet,
    Run,
    Session,
    SystemVersion,
    Tts,
    User,
)
from storage.models import Chat as ChatRow
from storage.recorder import Recorder
from storage.records import FaultRecord, MessageRecord, Record, SessionStarted
from storage.repository import Repository
from storage.runs import Beginning, begin_run
from storage.spill import Spill
from tests.integration.running import Running, running


@pytest.fixture(autouse=True)
def data_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))


OPTIONS = SessionOptions(
    "mira",
    FrameSize(64, 64),
    30,
    client=Client(
        user="visitor-7",
        timezone="Europe/Berlin",
        initiator="button",
        platform="kiosk",
        consent=True,
        browser="Test/1",
        resolution="640x480",
    ),
)

SILENT = replace(OPTIONS, reply=False)


def run(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """A test that runs in an event loop of its own."""

    @wraps(test)
    def call(**fixtures: object) -> None:
        asyncio.run(test(**fixtures))

    return call


def started() -> SessionStarted:
    return SessionStarted(new_key(), "mira", 512, 512, 30, 1, "friendly", False, True, "1")


def said(session: SessionStarted, text: str = "hello") -> MessageRecord:
    return MessageRecord(session.id, "user", text, "client", 0.0, 0.0, 0.0, "Calm")


def in_time(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "it did not happen within twenty seconds"
        time.sleep(0.01)


async def stored(subscription: Subscription, count: int) -> list[Stored]:
    found: list[Stored] = []
    async with asyncio.timeout(20):
        async for update in subscription:
            if isinstance(update, Stored):
                found.append(update)
                if len(found) == count:
                    return found
    raise AssertionError("the session ended")


def chat(session: LiveSession, number: int) -> None:
    session.handle(Event(number, Chat(ChatRole.USER, f"message {number}")), "id:test")


def written(database: Database, session: LiveSession) -> list[str]:
    query = select(Message.text).where(Message.session_id == UUID(session.id))
    with OrmSession(database.engine) as orm:
        return list(orm.scalars(query.where(Message.role == "user").order_by(Message.id)))


@run
async def test_reply_is_acknowledged_once_it_is_in_the_database(
    url: str, database: Database, tmp_path: Path
) -> None:
    async with running(tmp_path, database=url) as server:
        session = await _session(server)
        subscription = session.subscribe()
        chat(session, 1)
        found = await stored(subscription, 2)
        assert sorted(one.event_sequence for one in found) == [0, 1]
        with OrmSession(database.engine) as orm:
            assert {UUID(one.message_id) for one in found} == set(orm.scalars(select(Message.id)))


@run
async def test_everything_about_a_conversation_is_stored(
    url: str, database: Database, tmp_path: Path
) -> None:
    async with running(tmp_path, database=url, deployment="lobby") as server:
        session = await _session(server)
        subscription = session.subscribe()
        chat(session, 1)
        await stored(subscription, 2)
        assert server.server.sessions is not None
        await server.server.sessions.end(session.id)
    with OrmSession(database.engine) as orm:
        row = orm.scalars(select(Session)).one()
        run = orm.scalars(select(Run)).one()
        deployment = orm.scalars(select(Deployment)).one()
        version = orm.scalars(select(SystemVersion)).one()
        assert (row.run_id, row.deployment_id) == (run.id, deployment.id)
        assert (deployment.name, run.system_version_id) == ("lobby", version.id)
        assert (run.component, run.ended_at is not None) == ("server", True)
        assert (row.timezone, row.initiator) == ("Europe/Berlin", "button")
        user = orm.scalars(select(User)).one()
        assert (row.user_id, user.external_identifier) == (user.id, "visitor-7")
        assert user.consent_at is not None
        machine = orm.scalars(select(ClientSystem)).one()
        assert (row.client_system_id, machine.browser) == (machine.id, {"name": "Test/1"})
        conversation = orm.scalars(select(Conversation)).one()
        assert (conversation.platform, conversation.consent) == ("kiosk", True)
        assert (conversation.model_used, conversation.total_messages) == ("fake", 2)
        assert conversation.avg_response_time is not None
        asked, reply = orm.scalars(select(Message).order_by(Message.id)).all()
        assert asked.confidence is not None
        assert asked.agent_outputs is not None
        assert asked.agent_outputs.keys() == {"mood", "appraisal", "empathy"}
        assert reply.processing_time_s is not None
        link = orm.scalars(select(ChatRow)).one()
        assert (link.user_prompt_id, link.reply_id, link.system) == (asked.id, reply.id, "fake")
        speech = orm.scalars(select(Tts)).one()
        assert (speech.message_id, speech.text) == (reply.id, "I see.")
        agents = orm.execute(select(AgentLog.agent, AgentLog.message_id)).all()
        assert {tuple(row) for row in agents} == {
            ("appraiser", asked.id),
            ("appraiser", reply.id),
            ("responder", reply.id),
        }
        modes = orm.scalars(select(ModeState.mode).order_by(ModeState.position)).all()
        assert modes == ["warmup", "idle", "chat", "close"]
        figures = orm.execute(select(Fault.mode)).all()
        assert figures == []


@run
async def test_session_of_a_known_user_finds_them_again(
    url: str, database: Database, tmp_path: Path
) -> None:
    async with running(tmp_path, database=url) as server:
        for _ in range(2):
            session = await _session(server)
            subscription = session.subscribe()
            chat(session, 1)
            await stored(subscription, 1)
    with OrmSession(database.engine) as orm:
        user = orm.scalars(select(User)).one()
        assert orm.scalars(select(Conversation.user_id)).all() == [user.id] * 2
        version = select(func.count()).select_from(SystemVersion)
        assert orm.scalar(version) == 1


def test_runs_that_begin_at_once_share_their_version(database: Database) -> None:
    beginning = Beginning("server", "1", "abc", False, "here", "kiosk", "a machine")
    begun = []
    threads = [
        threading.Thread(target=lambda: begun.append(begin_run(database, beginning)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({one.run_id for one in begun}) == 4
    assert len({(one.system_version_id, one.deployment_id) for one in begun}) == 1


@run
async def test_restart_of_postgresql_in_mid_conversation(
    postgres: Cluster, database: Database, url: str, tmp_path: Path
) -> None:
    if not url.startswith("postgresql"):
        pytest.skip("SQLite has no server")
    journal = spill_file(url)
    assert journal is not None
    async with running(tmp_path, database=url) as server:
        session = await _session(server, SILENT)
        subscription = session.subscribe()
        chat(session, 1)
        await stored(subscription, 1)
        await asyncio.to_thread(postgres.stop)
        try:
            began = time.perf_counter()
            for number in range(2, 30):
                chat(session, number)
            assert time.perf_counter() - began < 2.0
            assert len(server.body(session.id).applied) >= 29
            await asyncio.to_thread(in_time, lambda: journal.stat().st_size > 0)
        finally:
            await asyncio.to_thread(postgres.start)
        assert len(await stored(subscription, 28)) == 28
        assert await asyncio.to_thread(written, database, session) == [
            f"message {number}" for number in range(1, 30)
        ]
        chat(session, 30)
        assert [one.event_sequence for one in await stored(subscription, 1)] == [30]
    with OrmSession(database.engine) as orm:
        assert orm.scalars(select(Conversation.total_messages)).one() == 30
        assert len(orm.scalars(select(Packet.sequence)).all()) >= 30
        faults = orm.scalars(select(Fault)).all()
        assert "storage_overflow" in {fault.mode for fault in faults}


@run
async def test_locked_database_holds_up_nobody(tmp_path: Path) -> None:
    path = tmp_path / "test.sqlite"
    async with running(tmp_path) as server:
        session = await _session(server, SILENT)
        subscription = session.subscribe()
        chat(session, 1)
        await stored(subscription, 1)
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        slowest = 0.0
        for number in range(2, 40):
            began = time.perf_counter()
            chat(session, number)
            slowest = max(slowest, time.perf_counter() - began)
            await asyncio.sleep(0.01)
        assert slowest < 1.0
        assert len(server.body(session.id).applied) >= 39
        other.execute("ROLLBACK")
        other.close()
        assert len(await stored(subscription, 38)) == 38
    database = Database(f"sqlite:///{path}")
    assert written(database, session) == [f"message {number}" for number in range(1, 40)]
    database.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of 16 megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m", "none", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("a small disk takes the right to mount one")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def _filled(folder: Path) -> Path:
    """A file that takes all the room there is."""
    path = folder / "ballast"
    with suppress(OSError), path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    assert os.statvfs(folder).f_bavail == 0
    return path


def test_full_disk_loses_nothing_where_the_journal_has_room(
    small_disk: Path, tmp_path: Path
) -> None:
    database = Database(f"sqlite:///{small_disk / 'test.db'}")
    database.upgrade()
    ballast = _filled(small_disk)
    journal = tmp_path / "journal"
    recorder = Recorder(Repository(database), version="1", spill=Spill(journal))
    recorder.start()
    session = started()
    told: list[UUID] = []
    given = [said(session, "x" * 2000) for _ in range(300)]
    recorder.put(session)
    for one in given:
        assert recorder.put(one, partial(told.append, one.id))
    in_time(lambda: recorder.spilled >= 1 and not recorder._queue)
    already = list(told)
    assert len(already) < 300
    ballast.unlink()
    assert recorder.settle(20)
    assert recorder.close() == 0
    assert (recorder.dropped, told) == (0, [one.id for one in given])
    assert [one.id for one in Repository(database).messages(session.id)] == told
    assert [fault.mode for fault in Repository(database).faults()] == ["storage_overflow"]
    assert "disk is full" in Repository(database).faults()[0].cause
    database.close()


def test_full_disk_under_the_journal_too_drops_openly_and_goes_on(small_disk: Path) -> None:
    database = Database(f"sqlite:///{small_disk / 'test.db'}")
    database.upgrade()
    ballast = _filled(small_disk)
    recorder = Recorder(
        Repository(database), version="1", capacity=100, spill=Spill(small_disk / "journal")
    )
    recorder.start()
    session = started()
    assert recorder.put(session)
    given = [said(session, "x" * 4000) for _ in range(300)]
    taken = [one.id for one in given if recorder.put(one)]
    in_time(lambda: bool(recorder._away) and not recorder._keeps)
    ballast.unlink()
    assert recorder.settle(20)
    assert recorder.close() == 0
    assert [one.id for one in Repository(database).messages(session.id)] == taken
    assert recorder.dropped == 300 - len(taken) > 0
    causes = " ".join(fault.cause for fault in Repository(database).faults())
    assert f"{recorder.dropped} records dropped" in causes
    database.close()


def test_commit_whose_answer_was_lost_is_not_written_twice(database: Database) -> None:
    repository = Repository(database)
    session = started()
    first, second = said(session), said(session)
    fault = FaultRecord("test", None, "1", "cause")
    repository.add([session, first, fault])
    repository.add([session, first, fault, second], again=True)
    assert [one.id for one in repository.messages(session.id)] == [first.id, second.id]
    assert len(repository.faults()) == 1
    with OrmSession(database.engine) as orm:
        assert orm.scalars(select(Conversation.total_messages)).one() == 2


def test_transaction_that_commits_and_then_fails_is_told_as_stored(database: Database) -> None:
    failures = [OperationalError("commit", {}, Exception("the connection was lost"))]
    session = started()
    repository = Repository(database)

    class Flaky:
        def add(self, records: Sequence[Record], *, again: bool = False) -> None:
            repository.add(records, again=again)
            if failures:
                raise failures.pop()

    recorder = Recorder(Flaky(), version="1")
    told: list[UUID] = []
    one = said(session)
    recorder.put(session)
    recorder.put(one, lambda: told.append(one.id))
    recorder.start()
    assert recorder.close(20) == 0
    assert told == [one.id]
    assert len(repository.messages(session.id)) == 1
    assert recorder.dropped == 0


def test_journal_of_a_database_is_beside_it_and_names_no_password(tmp_path: Path) -> None:
    assert spill_file(f"sqlite:///{tmp_path}/a.sqlite") == tmp_path / "a.sqlite.waiting"
    assert spill_file("sqlite://") is None
    one = spill_file("postgresql+psycopg://me:first@host/db")
    assert one == spill_file("postgresql+psycopg://me:second@host/db")
    assert one != spill_file("postgresql+psycopg://me:first@host/other")


def test_commit_of_a_checkout_is_found(tmp_path: Path) -> None:
    assert checkout(tmp_path) == ("", False)
    git = ["git", "-C", str(tmp_path), "-c", "user.name=t", "-c", "user.email=t@t"]
    (tmp_path / "file").write_text("one")
    for command in (["init", "-q"], ["add", "file"], ["commit", "-q", "-m", "first"]):
        subprocess.run([*git, *command], check=True)
    commit, modified = checkout(tmp_path)
    assert (len(commit), modified) == (40, False)
    (tmp_path / "file").write_text("two")
    assert checkout(tmp_path) == (commit, True)


async def _session(server: Running, options: SessionOptions = OPTIONS) -> LiveSession:
    assert server.server.sessions is not None
    return await server.server.sessions.create(options)
