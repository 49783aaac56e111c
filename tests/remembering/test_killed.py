"""kill -9 at random moments under load: nothing that was acknowledged is ever missing."""

import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select, text

from storage.database import Database
from storage.models import Conversation, Message, Packet
from storage.recorder import Recorder
from storage.repository import Repository
from storage.spill import Spill

PROGRAM = Path(__file__).with_name("killed.py")
ROUNDS = {
    ("sqlite", "thread"): (100, 0.12),
    ("sqlite", "process"): (20, 0.12),  # each starts one first
    ("postgresql", "thread"): (6, 0.5),
    ("postgresql", "process"): (4, 0.5),
}
"""How many, and how many seconds each lasts at most, by database and what writes."""


@pytest.mark.parametrize("writer", ["thread", "process"])
def test_kill_at_any_moment_loses_nothing_acknowledged(
    url: str, writer: str, tmp_path: Path
) -> None:
    rounds, most_s = ROUNDS[url.partition(":")[0].partition("+")[0], writer]
    journal, folder = tmp_path / "journal", tmp_path / "told"
    folder.mkdir()
    command: list[str | Path] = [
        sys.executable,
        PROGRAM,
        url,
        journal,
        f"{rounds}",
        f"{most_s}",
        folder,
        writer,
    ]
    subprocess.run(command, check=True, timeout=110)
    files = [path.read_bytes() for path in folder.iterdir()]
    told = {
        UUID(bytes=data[start : start + 16])
        for data in files
        for start in range(0, len(data) - 15, 16)
    }
    database = Database(url)
    assert _sound(database)
    before = _messages(database)
    assert told <= before
    _replay(database, journal)
    after = _messages(database)
    database.close()
    assert before <= after
    # That the rounds were what they should be: many children had got so far as to be told.
    assert sum(map(bool, files)) > rounds / 4


def _sound(database: Database) -> bool:
    if database.engine.dialect.name != "sqlite":
        return True
    with database.engine.connect() as connection:
        return connection.execute(text("PRAGMA integrity_check")).scalar() == "ok"


def _messages(database: Database) -> set[UUID]:
    with database.engine.connect() as connection:
        return set(connection.scalars(select(Message.id)))


def _replay(database: Database, journal: Path) -> None:
    """Writes what waits, and checks that nothing was written or counted twice."""
    recorder = Recorder(Repository(database), version="1", spill=Spill(journal))
    recorder.start()
    assert recorder.close(60) == 0
    assert recorder.dropped == 0
    counted = (
        select(Conversation.total_messages, func.count(Message.id))
        .outerjoin(Message, Message.conversation_id == Conversation.id)
        .group_by(Conversation.id, Conversation.total_messages)
    )
    with database.engine.connect() as connection:
        rows = connection.execute(counted).all()
        assert all(total == count for total, count in rows)
        refused = connection.scalars(text("SELECT cause FROM fault WHERE mode = 'storage_refused'"))
        assert refused.all() == []
        assert connection.scalar(select(func.count()).select_from(Packet))
