"""A PostgreSQL server of our own, from the system's packages, in a temporary folder."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine, text

__all__ = ["Cluster", "MissingServerError", "cluster"]

_TOOLS_S = 60
_DEBIAN = Path("/usr/lib/postgresql")  # a folder a version, which is not on the PATH


class MissingServerError(Exception):
    """There is no PostgreSQL server on this machine."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A server that runs.

    Attributes:
        folder: Where its socket, its data and its log are.
        commands: Where its commands are.
        run_as: What its tools' commands begin with, for it refuses to run as root.
        durable: Whether a commit reaches the disk.
    """

    folder: Path
    commands: Path
    run_as: tuple[str, ...]
    durable: bool = False

    def url(self, name: str = "postgres") -> str:
        """The URL of a database of it."""
        return f"postgresql+psycopg://test@/{name}?host={self.folder}"

    def create(self, name: str) -> str:
        """Makes an empty database; its URL."""
        engine = create_engine(self.url(), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        engine.dispose()
        return self.url(name)

    def start(self) -> None:
        """Starts it and waits until it answers."""
        options = f"-c listen_addresses= -c unix_socket_directories={self.folder}"
        options += "" if self.durable else " -c fsync=off"
        options += " -c max_connections=200"
        data, log = str(self.folder / "data"), str(self.folder / "log")
        self.tool("pg_ctl", "start", "-w", "-D", data, "-o", options, "-l", log)

    def stop(self) -> None:
        """Stops it at once, as a power cut would."""
        self.tool("pg_ctl", "stop", "-m", "immediate", "-D", str(self.folder / "data"))

    def tool(self, command: str, *arguments: str) -> None:
        """Runs one of PostgreSQL's commands to its end."""
        subprocess.run(
            [*self.run_as, str(self.commands / command), *arguments],
            check=True,
            timeout=_TOOLS_S,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )


@contextmanager
def cluster(*, durable: bool = False) -> Iterator[Cluster]:
    """Makes and starts a server, without syncing to the disk unless it is durable.

    Raises:
        MissingServerError: Its commands are not to be found.
    """
    commands = _commands()
    root = os.geteuid() == 0
    user = "nobody" if root else pwd.getpwuid(os.geteuid()).pw_name
    run_as = ("setpriv", f"--reuid={user}", "--clear-groups") if root else ()
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        folder = Path(name)
        if root:
            shutil.chown(folder, user)
        found = Cluster(folder, commands, run_as, durable)
        data = str(folder / "data")
        found.tool("initdb", "-D", data, "-U", "test", "-A", "trust", "--no-sync", "-E", "UTF8")
        found.start()
        try:
            yield found
        finally:
            found.stop()


def _commands() -> Path:
    """The folder of the server's commands: on the PATH, or else Debian's newest."""
    on_path = shutil.which("pg_ctl")
    folders = [] if on_path is None else [Path(on_path).parent]
    folders += sorted(_DEBIAN.glob("*/bin"), key=_version, reverse=True)
    for folder in folders:
        if all((folder / name).exists() for name in ("initdb", "pg_ctl")):
            return folder
    raise MissingServerError("no PostgreSQL server (Debian: postgresql)")


def _version(folder: Path) -> int:
    name = folder.parent.name
    return int(name) if name.isdigit() else 0
