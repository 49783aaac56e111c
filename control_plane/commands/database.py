"""The database as commands of the command line have it: opened, closed, its errors told."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from control_plane.commands.command import CommandError

if TYPE_CHECKING:
    from control_plane.settings import Settings
    from storage.database import Database

__all__ = ["opened_database", "storage_errors"]


@contextmanager
def opened_database(
    settings: "Settings", *, must_exist: bool = True, current: bool = False
) -> Iterator["Database"]:
    """The database of the settings.

    Args:
        settings: The settings.
        must_exist: Whether a SQLite file that is not there is an error; it would be made.
        current: Whether the schema has to be this program's.

    Raises:
        CommandError: It cannot be opened or used.
    """
    from storage.checkup import sqlite_file
    from storage.database import Database

    path = sqlite_file(settings.database)
    if must_exist and path is not None and not path.exists():
        raise CommandError(f"{path}: there is no such database")
    with storage_errors():
        database = Database(settings.database)
        try:
            if current and database.revision() != Database.head():
                raise CommandError(f"{database.name}: run `capsulecast db upgrade` first")
            yield database
        finally:
            database.close()


@contextmanager
def storage_errors() -> Iterator[None]:
    """What goes wrong is told to the operator on one line.

    Raises:
        CommandError: The storage, the disk, or what was asked for.
    """
    from control_plane.errors import ControlError
    from storage.errors import StorageError

    try:
        yield
    except (ControlError, StorageError, OSError) as error:
        raise CommandError(" ".join(str(error).split())) from error
