"""The other process of the storage benchmark: `export URL`, or `write URL` until it is killed."""

import json
import os
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from storage.database import Database
from storage.export import Exporter, Selection
from storage.export_formats import ExportFormat, encode
from storage.keys import new_key
from storage.records import MessageRecord, SessionStarted
from storage.repository import Repository


def main() -> None:
    """Does what the first argument says."""
    task, url = sys.argv[1:3]
    database = Database(url)
    database.upgrade()
    {"export": _export, "write": _write}[task](database)


def _export(database: Database) -> None:
    rows = 0

    def counted() -> Iterator[dict[str, Any]]:
        nonlocal rows
        for conversation in Exporter(database, os.urandom(16)).conversations(Selection()):
            rows += len(conversation["messages"])
            yield conversation

    start = time.perf_counter()
    with Path(os.devnull).open("wb") as sink:
        sink.writelines(encode(counted(), ExportFormat.JSON))
    took_s = time.perf_counter() - start
    peak_mb = _peak_mb()
    print(json.dumps({"rows": rows, "took_s": took_s, "peak_mb": peak_mb}))


def _peak_mb() -> float:
    """The most memory this program has had resident; getrusage would count its parent's too."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def _write(database: Database) -> None:
    """Writes batches, and says so after each commit."""
    repository = Repository(database)
    session = SessionStarted(new_key(), "mira", 512, 512, 30, 1, "friendly", False, True, "bench")
    repository.add([session])
    while True:
        repository.add(
            [
                MessageRecord(session.id, "user", "hello " * 20, "client", 0.0, 0.0, 0.0, "Calm")
                for _ in range(100)
            ]
        )
        print("committed", flush=True)


if __name__ == "__main__":
    main()
