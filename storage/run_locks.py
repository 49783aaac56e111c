"""Which runs of the program live on this machine, and which were killed.

Each holds a lock on a small file of its own for as long as it lives. The system lets go of it
however the run ends; what ends in order removes its file, so a file that nobody holds is of a run
that was killed.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path
from uuid import UUID

if sys.platform != "win32":
    import fcntl

__all__ = ["RunLocks"]

_MARK = ".run-"
_BEGINNING = ".beginning"


class RunLocks:
    """The locks of the runs that share a database; `close` when done. Any thread may call it.

    On Windows, where files cannot be locked in this way, nothing is held and nothing found.

    Args:
        path: What the files' names begin with.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held: dict[UUID, int] = {}

    def hold(self, run_id: UUID) -> None:
        """Marks a run as living, until `forget` or the program's end.

        Raises:
            OSError: The file cannot be made.
        """
        if sys.platform == "win32":
            return
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Renamed once it is held: a file of that name which nobody holds is of a killed run.
        aside = self._path.with_name(f"{self._path.name}{_MARK}{run_id}{_BEGINNING}")
        file = os.open(aside, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(file, fcntl.LOCK_EX)
        aside.rename(self._file(run_id))
        self._held[run_id] = file

    def take_killed(self) -> list[UUID]:
        """Runs that were killed, which nobody else gets to hear of as long as they are held here.

        Raises:
            OSError: The folder cannot be read.
        """
        found = []
        for path in sorted(self._path.parent.glob(f"{self._path.name}{_MARK}*")):
            with suppress(ValueError, FileNotFoundError):
                run_id = UUID(path.name.partition(_MARK)[2])
                if run_id not in self._held and self._taken(run_id):
                    found.append(run_id)
        return found

    def others_live(self) -> bool:
        """Whether a run lives on this machine that is not held here.

        Raises:
            OSError: The folder cannot be read.
        """
        if sys.platform == "win32":
            return False
        for path in self._path.parent.glob(f"{self._path.name}{_MARK}*"):
            with suppress(ValueError, FileNotFoundError):
                run_id = UUID(path.name.partition(_MARK)[2])
                if run_id not in self._held and _is_locked(path):
                    return True
        return False

    def forget(self, run_id: UUID) -> None:
        """Removes a run's file: it has ended, and all is known of it."""
        file = self._held.pop(run_id, None)
        if file is not None:
            self._file(run_id).unlink(missing_ok=True)
            os.close(file)

    def close(self) -> None:
        """Lets go of every run; the files of killed ones stay for the next program. Safe twice.

        Call `forget` before for a run that ended in order.
        """
        while self._held:
            # One at a time: another thread may forget a run meanwhile.
            with suppress(KeyError):
                os.close(self._held.popitem()[1])

    def _taken(self, run_id: UUID) -> bool:
        """Holds a run's file unless somebody else does."""
        if sys.platform == "win32":
            return False
        file = os.open(self._file(run_id), os.O_RDWR)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        if not self._file(run_id).exists():  # somebody has dealt with it meanwhile
            os.close(file)
            return False
        self._held[run_id] = file
        return True

    def _file(self, run_id: UUID) -> Path:
        return self._path.with_name(f"{self._path.name}{_MARK}{run_id}")


def _is_locked(path: Path) -> bool:
    """Whether another holds a lock on a file."""
    file = os.open(path, os.O_RDWR)
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False
