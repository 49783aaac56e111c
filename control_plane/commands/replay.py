"""`capsulecast replay`: a recorded session as a film; `capsulecast audit`: why it did that."""

import argparse
import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from control_plane.commands.command import (
    USAGE,
    CommandError,
    add_setting_flags,
    command_settings,
    prepare_libraries,
    told_errors,
)

if TYPE_CHECKING:
    from control_plane.replay.film import FilmOptions
    from control_plane.settings import Settings
    from engine.recording.replay import Report
    from storage.records import PacketRecord

__all__ = ["add_audit", "add_replay"]

_WHERE = ("database", "journals", "library", "capsules", "avatars", "backgrounds", "tts")
_PAGE = 1000


def add_replay(parser: argparse.ArgumentParser) -> None:
    """Adds the command to its parser."""
    parser.description = (
        "Renders a recorded session as it was shown, frame for frame, with sound, on the CPU. It "
        "needs the library and the avatar as they were then, and says so where they are others."
    )
    parser.add_argument("session", metavar="SESSION", help="id of a session, living or ended")
    parser.add_argument(
        "--video", type=Path, required=True, metavar="FILE.mp4", help="the film to write"
    )
    parser.add_argument(
        "--from", dest="start_s", type=float, default=0.0, metavar="S", help="first second shown"
    )
    parser.add_argument(
        "--to", dest="end_s", type=float, metavar="S", help="last second shown (default: the end)"
    )
    parser.add_argument("--force", action="store_true", help="replace what is there")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_setting_flags(parser, _WHERE, {})
    parser.set_defaults(run=_replay)


def add_audit(parser: argparse.ArgumentParser) -> None:
    """Adds the command to its parser."""
    parser.description = "Lists a session's packets: when, why, which capsules at which weights."
    parser.add_argument("session", metavar="SESSION", help="id of a session, living or ended")
    parser.add_argument("--json", action="store_true", help="print a JSON object a line")
    add_setting_flags(parser, ("database",), {})
    parser.set_defaults(run=_audit)


def _replay(arguments: argparse.Namespace) -> int:
    settings = command_settings(arguments)
    prepare_libraries(settings)
    options = _options(arguments)
    with told_errors():
        from control_plane.replay.film import make_film

        path, digest = _journal(settings, _session_id(arguments.session))
        report = asyncio.run(make_film(settings, path, digest, options))
    if arguments.json:
        from dataclasses import asdict

        print(json.dumps(asdict(report)))
        return 0
    for line in _told(report, options):
        print(line)
    return 0


def _options(arguments: argparse.Namespace) -> "FilmOptions":
    from control_plane.replay.film import FilmOptions

    start_s, end_s = arguments.start_s, arguments.end_s
    if not 0.0 <= start_s < 1e6:
        raise CommandError(f"--from is {start_s:g}, expected a second of the session", USAGE)
    if end_s is not None and not start_s < end_s < 1e6:
        raise CommandError(f"--to is {end_s:g}, expected a later second than --from", USAGE)
    return FilmOptions(arguments.video, start_s, end_s, force=arguments.force)


def _session_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise CommandError(f"SESSION is {text[:60]!r}, expected a session's id", USAGE) from error


def _journal(settings: "Settings", session_id: UUID) -> tuple[Path, str]:
    """A session's journal and its digest; empty: it was not closed."""
    from storage.database import Database
    from storage.repository import Repository

    database = Database(settings.database)
    try:
        database.upgrade()
        found = Repository(database).session(session_id)
    finally:
        database.close()
    if found is None:
        raise CommandError(f"no session {session_id} is stored in {database.name}")
    session, digest = found
    if not session.journal:
        raise CommandError(f"session {session_id} was not recorded")
    path = settings.journals / Path(session.journal).name
    if not path.exists():
        raise CommandError(
            f"the recording of session {session_id} is not in {settings.journals} (any more): "
            "recordings are deleted after --journals-days, or when they need more room than "
            "--journals-mb"
        )
    return path, digest


def _told(report: "Report", options: "FilmOptions") -> Iterator[str]:
    """What came of it, for people, and in what it is not what was shown."""
    yield f"{options.video}: {report.written:,} frames, {report.sentences:,} sentences"
    if report.coarse:
        yield (
            f"  {report.coarse:,} of {report.frames:,} frames were shown with coarser textures; "
            "replay shows them full"
        )
    if report.repeated:
        yield f"  {report.repeated:,} frames could not be drawn then: the picture before stayed"
    if report.late_frames:
        yield f"  {report.late_frames:,} frames came too late then and were left out; so here"
    if report.differing:
        yield (
            f"  {report.differing:,} of {report.checked:,} frames that were compared differ from "
            "what was shown: was it another version of the program?"
        )
    if report.other_sound:
        yield (
            f"  {report.other_sound:,} of {report.sentences:,} sentences sound otherwise than they "
            "did: the voice is another one"
        )
    if report.truncated:
        yield f"  the recording ends before the session: {report.truncated}"
    elif report.late_frames is None and options.end_s is None:
        yield "  the recording breaks off: the session lives, or its server was killed"


def _audit(arguments: argparse.Namespace) -> int:
    settings = command_settings(arguments)
    session_id = _session_id(arguments.session)
    with told_errors():
        from storage.database import Database
        from storage.repository import Repository
        from storage.trail import Trail

        database = Database(settings.database)
        try:
            database.upgrade()
            if Repository(database).session(session_id) is None:
                raise CommandError(f"no session {session_id} is stored in {database.name}")
            trail, after = Trail(database), 0
            while page := trail.packets(session_id, after, _PAGE):
                for record in page:
                    print(_json(record) if arguments.json else _line(record))
                after = page[-1].sequence
        finally:
            database.close()
    return 0


def _json(record: "PacketRecord") -> str:
    return json.dumps(
        {
            "sequence": record.sequence,
            "time": record.created_at.isoformat(),
            "timestamp_ns": record.timestamp_ns,
            "cause": record.cause,
            "event_sequence": record.event_sequence,
            "capsules": [[cid, weight] for cid, weight in record.capsules],
            "speaks": record.speaks,
            "interrupt": record.interrupt,
        }
    )


def _line(record: "PacketRecord") -> str:
    number = f" {record.event_sequence}" if record.event_sequence else ""
    also = " speaks" * record.speaks + " interrupts" * record.interrupt
    capsules = ", ".join(f"{cid} {weight:.2f}" for cid, weight in record.capsules) or "-"
    moment = record.created_at.isoformat(sep=" ", timespec="milliseconds")
    return f"{record.sequence:>6}  {moment}  {record.cause}{number}{also}: {capsules}"
