"""A program that writes as fast as it can and is killed at random moments, round after round.

`python killed.py URL JOURNAL ROUNDS MOST_S FOLDER WRITER`: every round forks, and kills the child
without a warning. The child tells of every message that it was told is stored, in FOLDER/ROUND, as
ids of 16 bytes each; the database is only opened in children, and left to the next as it is. WRITER
is `thread`, or `process` for a process of its own, which outlives the child by what it writes.
"""

import os
import random
import signal
import sys
import time
from functools import partial
from pathlib import Path

from storage.database import Database
from storage.keys import new_key
from storage.recorder import Recorder
from storage.records import MessageRecord, PacketRecord, SessionStarted
from storage.repository import Repository
from storage.spill import Spill
from storage.writing_process import WritingProcess

_SEED = 7
_LEAST_S = 0.002
# With the first the queue is enough, with the second much goes through the journal.
_IN_FLIGHT = (80, 300)
# Every so many rounds the child is killed while it starts, at another moment of that.
_EARLY = 5


def main() -> None:
    """Runs the rounds."""
    url, journal, rounds, most_s, folder, writer = sys.argv[1:]
    moments = random.Random(_SEED)
    _warm_up()
    for number in range(int(rounds)):
        ready_read, ready_write = os.pipe()
        child = os.fork()
        if child == 0:
            _write(url, Path(journal), Path(folder) / str(number), ready_write, writer)
        if number % _EARLY:
            os.read(ready_read, 1)  # what came first is in the database
        time.sleep(moments.uniform(_LEAST_S, float(most_s)))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(ready_read)
        os.close(ready_write)


def _warm_up() -> None:
    """Has everything imported and compiled before the first round, and no connection open."""
    database = Database("sqlite://")
    database.upgrade()
    session = _session()
    Repository(database).add([session, _message(session)])
    Repository(database).add([session, _message(session)], again=True)
    database.close()


def _write(url: str, journal: Path, told: Path, ready: int, writer: str) -> None:
    file = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    database = Database(url)
    # So small that much goes through the journal.
    store = Repository(database) if writer == "thread" else WritingProcess(url)
    recorder = Recorder(store, version="1", capacity=400, batch=64, spill=Spill(journal))
    recorder.start()
    session = _session()
    recorder.put(session, partial(os.write, ready, b"."))
    in_flight = _IN_FLIGHT[int(told.name) % 2]
    told_of = 0

    def stored(message: MessageRecord) -> None:
        nonlocal told_of
        os.write(file, message.id.bytes)
        told_of += 1

    number = 0
    while True:
        number += 1
        message = _message(session)
        while not recorder.put(message, partial(stored, message)):
            time.sleep(0.0005)
        recorder.put(PacketRecord(session.id, number, number, "chat", number, (("VF_1", 0.5),)))
        while number - told_of > in_flight:
            time.sleep(0.0005)


def _session() -> SessionStarted:
    return SessionStarted(new_key(), "mira", 512, 512, 30, 1, "friendly", False, True, "1")


def _message(session: SessionStarted) -> MessageRecord:
    return MessageRecord(session.id, "user", "hello " * 10, "client", 0.1, 0.0, 0.0, "Calm")


if __name__ == "__main__":
    main()
