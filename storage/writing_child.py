"""The process that writes: batches of records on stdin, an answer to each on stdout, as pickles.

It ends with its stdin, and so with the program that started it, however that ends: what it was
writing then is committed, what it had only heard half of is not begun.
"""

import gc
import os
import pickle
import signal
import sys
from collections.abc import Sequence
from typing import IO

from storage.database import Database
from storage.errors import StorageError
from storage.outage import outage, passes
from storage.records import Record
from storage.repository import Repository

__all__ = ["main"]

# Where cores are few, faces come first: what is written waits by itself.
_LESS_URGENT = 5


def main() -> None:
    """Writes until there is no more to read."""
    for number in (signal.SIGINT, signal.SIGTERM):
        # Sent to whole groups of processes; the program that started this one decides.
        signal.signal(number, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(_LESS_URGENT)
    orders = sys.stdin.buffer
    # What libraries print must not come between the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    try:
        _serve(orders, answers)
    except (EOFError, BrokenPipeError, pickle.UnpicklingError):
        # The program has ended, maybe half-way through an order. Nobody reads what is left to say.
        os._exit(0)


def _serve(orders: IO[bytes], answers: IO[bytes]) -> None:
    url, folder = pickle.load(orders)  # noqa: S301 - from the program that started us
    database: Database | None = None
    gc.collect()
    gc.freeze()
    try:
        while True:
            records, again = pickle.load(orders)  # noqa: S301 - from the program that started us
            refusal: tuple[str, bool] | None
            try:
                # Where that fails it is answered: whoever dies of it is started again and again.
                database = database or _opened(url, folder)
            except (OSError, StorageError) as error:
                refusal = str(error), True
            else:
                refusal = _refusal(Repository(database), records, again=again)
            pickle.dump(refusal, answers)
            answers.flush()
    finally:
        if database is not None:
            database.close()


def _opened(url: str, folder: str) -> Database:
    """The database, whose path may begin at the folder of the program that started us."""
    os.chdir(folder)
    return Database(url)


def _refusal(
    repository: Repository, records: Sequence[Record], *, again: bool
) -> tuple[str, bool] | None:
    """Writes; why that did not work, and whether it may later, or None."""
    try:
        repository.add(records, again=again)
    except Exception as error:  # drivers raise more than SQLAlchemy translates
        return outage(error), passes(error)
    return None


if __name__ == "__main__":
    main()
