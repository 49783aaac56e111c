"""`capsulecast db upgrade`, `check`, `backup` and `restore`: the database of what is remembered."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from control_plane.commands.command import FAILED, CommandError, add_setting_flags, command_settings
from control_plane.commands.database import opened_database, storage_errors

if TYPE_CHECKING:
    from control_plane.settings import Settings
    from storage.database import Database

__all__ = ["add_db"]

_WORDS = {"database": "SQLite or PostgreSQL URL (default: as served)"}
_MOST_TOLD = 20


def add_db(parser: argparse.ArgumentParser) -> None:
    """Adds the commands to `capsulecast db`."""
    parser.description = "Brings the database up to date, checks it, and keeps copies of it."
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    upgrade = commands.add_parser(
        "upgrade",
        help="bring the schema up to date",
        description="Brings the schema up to date; does nothing where it is. All of an upgrade "
        "happens or nothing. The server does the same when it starts.",
    )
    add_setting_flags(upgrade, ("database",), _WORDS)
    upgrade.set_defaults(run=_upgrade)
    check = commands.add_parser(
        "check",
        help="look for damage; exit code 1 where there is any",
        description="Checks the schema's version, the contents of a SQLite file, whether media "
        "files and their rows fit together, and whether records wait to be stored.",
    )
    add_setting_flags(check, ("database", "media"), _WORDS)
    check.add_argument(
        "--contents", action="store_true", help="read every media file and compare its hash"
    )
    check.add_argument("--json", action="store_true", help="print JSON")
    check.set_defaults(run=_check)
    backup = commands.add_parser(
        "backup",
        help="copy the database into a file",
        description="Copies the database into a file while it may be in use: rows, not media "
        "files and recordings. PostgreSQL needs pg_dump.",
    )
    add_setting_flags(backup, ("database",), _WORDS)
    backup.add_argument("file", type=Path, metavar="FILE", help="where to; may not be there yet")
    backup.set_defaults(run=_backup)
    restore = commands.add_parser(
        "restore",
        help="put such a copy in the database's place",
        description="Checks a copy, puts it in the place of the database's contents, and brings "
        "it up to date. Stop the server first. PostgreSQL needs pg_restore.",
    )
    add_setting_flags(restore, ("database",), _WORDS)
    restore.add_argument("file", type=Path, metavar="FILE", help="as `backup` has written it")
    restore.add_argument(
        "--force", action="store_true", help="lose what is in the database, if anything is"
    )
    restore.set_defaults(run=_restore)


def _upgrade(arguments: argparse.Namespace) -> int:
    with opened_database(command_settings(arguments), must_exist=False) as database:
        before = database.revision()
        database.upgrade()
        after = database.revision()
    print(f"{database.name}: schema {after}, {_change(before, after)}")
    return 0


def _change(before: str, after: str) -> str:
    if before == after:
        return "up to date already"
    return f"from {before}" if before else "new"


def _check(arguments: argparse.Namespace) -> int:
    settings = command_settings(arguments)
    from storage.checkup import check_database

    with opened_database(settings) as database:
        checkup = check_database(database)
        problems = list(checkup.damage)
        if not checkup.current:
            problems.append(
                f"the schema is {checkup.revision or 'missing'}, expected {checkup.head}: "
                "run `capsulecast db upgrade`"
            )
        else:
            problems += _media_problems(settings, database, contents=arguments.contents)
    problems += _waiting(settings)
    if arguments.json:
        found = {"database": database.name, "schema": checkup.revision, "problems": problems}
        print(json.dumps(found, indent=2))
    else:
        for problem in problems:
            print(problem)
        print(f"{database.name}: schema {checkup.revision}, {_counted(len(problems))}")
    return FAILED if problems else 0


def _counted(problems: int) -> str:
    return {0: "no problem", 1: "1 problem"}.get(problems, f"{problems} problems")


def _media_problems(settings: "Settings", database: "Database", *, contents: bool) -> list[str]:
    from storage.media_store import MediaStore

    found = MediaStore(settings.media, database).check(contents=contents)
    lists: tuple[tuple[str, tuple[object, ...]], ...] = (
        ("media file without a row", found.files_without_row),
        ("media file is missing", found.rows_without_file),
        ("media file has changed", found.changed),
    )
    problems: list[str] = []
    for what, items in lists:
        problems += [f"{what}: {item}" for item in items[:_MOST_TOLD]]
        if len(items) > _MOST_TOLD:
            problems.append(f"{what}: and {len(items) - _MOST_TOLD} more")
    return problems


def _waiting(settings: "Settings") -> list[str]:
    """Journals of records that the database has not taken; a server that runs has one too."""
    from control_plane.remembering.runs import spill_file

    path = spill_file(settings.database)
    if path is None:
        return []
    journals = sorted([path, *path.parent.glob(f"{path.name}-*")])
    return [
        f"records wait to be stored, which the server does when it starts: {journal}"
        for journal in journals
        if journal.is_file() and journal.stat().st_size > 0
    ]


def _backup(arguments: argparse.Namespace) -> int:
    settings = command_settings(arguments)
    from storage.backup import back_up

    with storage_errors():
        back_up(settings.database, arguments.file)
    print(f"{arguments.file}: {arguments.file.stat().st_size:,} bytes")
    return 0


def _refuse_beside_a_server(database: str) -> None:
    """What a server records of sessions that the backup does not have would be lost.

    Raises:
        CommandError: A server of this machine runs on the database.
    """
    from control_plane.remembering.runs import spill_file
    from storage.run_locks import RunLocks

    beside = spill_file(database)
    if beside is not None and RunLocks(beside).others_live():
        raise CommandError("a server runs on this database; stop it first")


def _restore(arguments: argparse.Namespace) -> int:
    settings = command_settings(arguments)
    from storage.backup import restore
    from storage.errors import ConflictError

    _refuse_beside_a_server(settings.database)
    with storage_errors():
        try:
            restore(settings.database, arguments.file, force=arguments.force)
        except ConflictError as error:
            raise CommandError(f"{error}; --force would lose it") from error
    print(f"restored from {arguments.file}")
    return 0
