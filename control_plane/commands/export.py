"""`capsulecast export` and `stats`: what there is to train on."""

import argparse
import json
import os
import secrets
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from control_plane.commands.command import USAGE, CommandError, add_setting_flags, command_settings
from control_plane.commands.database import opened_database

if TYPE_CHECKING:
    from storage.export import Selection

__all__ = ["add_export", "add_stats"]

_WORDS = {"database": "SQLite or PostgreSQL URL (default: as served)"}
_KEY_BYTES = 32
_MIN_KEY_BYTES = 16


def add_export(parser: argparse.ArgumentParser) -> None:
    """Makes the parser that of `capsulecast export`."""
    parser.description = "Writes conversations into a file to train on, in the order they began."
    add_setting_flags(parser, ("database",), _WORDS)
    parser.add_argument(
        "--format",
        choices=("json", "jsonl", "parquet"),
        default="json",
        help="an array of conversations, JSON lines for chat, or Parquet with a row a message "
        "(default: json)",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="where to")
    parser.add_argument(
        "--resume", action="store_true", help="go on with an export into FILE that broke off"
    )
    parser.add_argument("--conversation", type=UUID, metavar="ID", help="this one alone")
    parser.add_argument("--limit", type=_count, metavar="N", help="at most so many conversations")
    parser.add_argument("--after", type=UUID, metavar="ID", help="only those made after this one")
    parser.add_argument(
        "--min-quality", type=_within(0, 1), metavar="Q", help="of at least this quality, 0 to 1"
    )
    parser.add_argument(
        "--min-judgement",
        type=_within(-1, 1),
        metavar="J",
        help="judged, and by nobody worse than this, -1 to 1",
    )
    parser.add_argument("--since", type=_time, metavar="TIME", help="made then or later, ISO 8601")
    parser.add_argument("--until", type=_time, metavar="TIME", help="made before")
    parser.add_argument(
        "--consented", action="store_true", help="only those whose user agreed to training"
    )
    parser.add_argument(
        "--not-exported", action="store_true", help="only those that are not marked as exported"
    )
    parser.add_argument(
        "--mark", action="store_true", help="mark as exported what has been written"
    )
    parser.add_argument(
        "--personal",
        choices=("keep", "pseudonymise", "omit"),
        default="keep",
        help="what to do with what tells who somebody is or what they said (default: keep)",
    )
    parser.add_argument(
        "--key",
        type=Path,
        metavar="PATH",
        help="file with the key of the pseudonyms, made where there is none; exports with one key "
        "can be joined (default: a new key, forgotten at the end)",
    )
    parser.set_defaults(run=_export)


def add_stats(parser: argparse.ArgumentParser) -> None:
    """Makes the parser that of `capsulecast stats`."""
    parser.description = "Tells how much there is to train on."
    add_setting_flags(parser, ("database",), _WORDS)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=_stats)


def _export(arguments: argparse.Namespace) -> int:
    from control_plane.remembering.export_file import export_to_file
    from storage.export import Exporter
    from storage.export_formats import ExportFormat
    from storage.export_marks import ExportMarks
    from storage.privacy import Personal

    selection = _selection(arguments)
    if arguments.resume and selection.personal is Personal.PSEUDONYMISE and arguments.key is None:
        raise CommandError("--resume with pseudonyms needs the --key of before", USAGE)
    with opened_database(command_settings(arguments), current=True) as database:
        key = secrets.token_bytes(_KEY_BYTES) if arguments.key is None else _key(arguments.key)
        done = export_to_file(
            Exporter(database, key),
            selection,
            ExportFormat(arguments.format),
            arguments.out,
            resume=arguments.resume,
            written=ExportMarks(database).mark_all if arguments.mark else _leave,
        )
    print(f"{arguments.out}: {done.conversations:,} conversations, {done.size_bytes:,} bytes")
    return 0


def _leave(_written: Sequence[UUID]) -> None:
    """Marks nothing."""


def _selection(arguments: argparse.Namespace) -> "Selection":
    from storage.export import Selection
    from storage.privacy import Personal

    return Selection(
        conversation_id=arguments.conversation,
        limit=arguments.limit,
        after=arguments.after,
        min_quality=arguments.min_quality,
        since=arguments.since,
        until=arguments.until,
        consented=arguments.consented,
        min_judgement=arguments.min_judgement,
        not_exported=arguments.not_exported,
        personal=Personal(arguments.personal),
    )


def _stats(arguments: argparse.Namespace) -> int:
    from storage.export_marks import ExportMarks

    with opened_database(command_settings(arguments), current=True) as database:
        found = asdict(ExportMarks(database).stats())
    if arguments.json:
        print(json.dumps(found, indent=2))
        return 0
    width = max(map(len, found))
    for name, value in found.items():
        shown = "unknown" if value is None else f"{value:,}"
        if isinstance(value, float):
            shown = f"{value:,.3f}"
        print(f"{name.replace('_', ' '):<{width}}  {shown}")
    return 0


def _key(path: Path) -> bytes:
    """The key in a file, made for its owner alone where there is none."""
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        key = path.read_bytes()
        if len(key) < _MIN_KEY_BYTES:
            message = f"--key: {path} has fewer than {_MIN_KEY_BYTES} bytes"
            raise CommandError(message, USAGE) from None
        return key
    with os.fdopen(descriptor, "wb") as file:
        key = secrets.token_bytes(_KEY_BYTES)
        file.write(key)
    return key


def _count(value: str) -> int:
    if not value.isascii() or not value.isdigit():
        raise argparse.ArgumentTypeError(f"{value!r}, expected a number from 0 up")
    return int(value)


def _within(low: float, high: float) -> Callable[[str], float]:
    def read(value: str) -> float:
        try:
            number = float(value)
        except ValueError:
            number = float("nan")
        if not low <= number <= high:
            expected = f"a number from {low:g} to {high:g}"
            raise argparse.ArgumentTypeError(f"{value!r}, expected {expected}")
        return number

    return read


def _time(value: str) -> datetime:
    try:
        found = datetime.fromisoformat(value)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{value!r}, expected such as 2026-01-31") from error
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
