"""What the server remembers of itself: its run, its version, where it is, and its recorder."""

import hashlib
import logging
import subprocess
from functools import partial
from pathlib import Path

from sqlalchemy import make_url

from control_plane.settings import Settings, data_home
from storage.database import Database
from storage.recorder import Recorder
from storage.records import RunKilled
from storage.repository import Repository
from storage.run_locks import RunLocks
from storage.runs import Beginning, Begun, begin_run
from storage.spill import Spill
from storage.writing_process import WritingProcess

__all__ = ["begin", "checkout", "close_killed", "open_recorder", "run_locks", "spill_file"]

_GIT_S = 2.0
_LOG = logging.getLogger(__name__)


def open_recorder(settings: Settings, database: Database, version: str) -> Recorder:
    """The recorder, with a journal beside it for what the database cannot take."""
    path = spill_file(settings.database)
    if path is None:  # nobody else sees what is in memory
        return Recorder(Repository(database), version=version)
    if settings.writer == "thread":
        return Recorder(Repository(database), version=version, spill=Spill(path))
    writing = WritingProcess(settings.database)
    writing.start()
    return Recorder(writing, version=version, spill=Spill(path), release=writing.close)


def spill_file(database: str) -> Path | None:
    """Where the journal of a database is: beside an SQLite file, else among the user's data.

    None: the database lives in memory and forgets everything anyway.
    """
    url = make_url(database)
    if url.get_backend_name() != "sqlite":
        # One journal a database, and no password in its name.
        name = url.set(password=None).render_as_string()
        return data_home() / f"waiting-{hashlib.sha256(name.encode()).hexdigest()[:12]}.journal"
    if url.database in (None, "", ":memory:"):
        return None
    path = Path(url.database.removeprefix("file:").partition("?")[0])
    return path.with_name(f"{path.name}.waiting")


def begin(database: Database, settings: Settings, version: str, hardware: str) -> Begun:
    """Notes that the server began to run. Blocks, for as long as git may take.

    Raises:
        StorageError: The database cannot be written to now.
    """
    commit, modified = checkout(Path(__file__).parents[2])
    return begin_run(
        database,
        Beginning(
            component="server",
            version_tag=version,
            git_hash=commit,
            modified=modified,
            deployment=settings.deployment,
            deployment_type=settings.deployment_type,
            hardware=hardware,
        ),
    )


def run_locks(settings: Settings) -> RunLocks | None:
    """The locks of the servers of this machine on a database; None: it lives in memory."""
    path = spill_file(settings.database)
    return None if path is None else RunLocks(path)


def close_killed(locks: RunLocks, run: Begun, recorder: Recorder) -> None:
    """Marks this run as living, and has sessions closed that killed ones left open. Blocks.

    They are closed after whatever waits to be written of them.

    Args:
        locks: Who lives on this machine.
        run: This run.
        recorder: It has been started.
    """
    try:
        locks.hold(run.run_id)
        for run_id in locks.take_killed():
            recorder.put(RunKilled(run_id), partial(locks.forget, run_id))
    except OSError as error:
        _LOG.warning("what earlier runs left open stays so: %s", error.strerror or error)


def checkout(folder: Path) -> tuple[str, bool]:
    """The commit that is checked out in a folder, and whether files differ from it.

    Empty where the folder is no checkout, or git is not there to tell.
    """
    if not (folder / ".git").exists():
        return "", False
    try:
        commit = _git(folder, "rev-parse", "HEAD")
        return commit, bool(_git(folder, "status", "--porcelain", "--untracked-files=no"))
    except (OSError, subprocess.SubprocessError):
        return "", False


def _git(folder: Path, *arguments: str) -> str:
    # Reading must not take the lock that somebody's own git waits for.
    command = ["git", "--no-optional-locks", "-C", str(folder), *arguments]
    done = subprocess.run(  # noqa: S603 - git, with arguments of our own
        command, check=True, capture_output=True, text=True, timeout=_GIT_S
    )
    return done.stdout.strip()
