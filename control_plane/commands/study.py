"""`capsulecast study`: what people think of variants of the avatar, asked blind."""

import argparse
import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from control_plane.commands.command import (
    add_setting_flags,
    command_settings,
    prepare_libraries,
    told_errors,
)

if TYPE_CHECKING:
    from control_plane.settings import Settings
    from control_plane.study.desk import StudyState
    from storage.database import Database

__all__ = ["add_study"]

_SETTINGS = {
    "render": ("media", "personalities", "avatars", "library", "capsules", "tts"),
    "delete": ("media",),
}
_COMMANDS = {
    "create": "keep a study that a JSON file defines",
    "render": "make the films that are missing",
    "open": "let participants in",
    "close": "let nobody in any more; who is in may finish",
    "delete": "delete one that is not open, with its answers and its films, for good",
    "list": "list the studies",
    "results": "show what the answers come to",
}


def add_study(parser: argparse.ArgumentParser) -> None:
    """Adds the commands to their parser."""
    parser.description = (
        "Compares variants of the avatar: people watch films without knowing which variant they "
        "see, and rate them. Participants use the page /study/NAME of a server with the same "
        "database and media. docs/studies.md tells more."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, text in _COMMANDS.items():
        command = commands.add_parser(name, help=text, description=text.capitalize() + ".")
        if name == "create":
            command.add_argument("file", type=Path, metavar="FILE.json", help="the definition")
        elif name != "list":
            command.add_argument("name", metavar="NAME", help="name of the study")
        if name == "results":
            _add_forms(command)
        if name in ("create", "open", "close", "list"):
            command.add_argument("--json", action="store_true", help="print JSON")
        add_setting_flags(command, ("database", *_SETTINGS.get(name, ())), {})
        command.set_defaults(run=_run, study_command=name)


def _add_forms(parser: argparse.ArgumentParser) -> None:
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--markdown", action="store_true", help="print tables (the default)")
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--csv", action="store_true", help="print every rating as a line of CSV")
    parser.add_argument(
        "--comments",
        action="store_true",
        help="with --csv: what people wrote too, which may tell who they are",
    )


def _run(arguments: argparse.Namespace) -> int:
    settings = command_settings(arguments)
    with told_errors(), _opened(settings) as database:
        if arguments.study_command == "render":
            _render(settings, database, arguments.name)
        elif arguments.study_command == "delete":
            _delete(settings, database, arguments.name)
        elif arguments.study_command == "results":
            print(_results(arguments, database), end="")
        else:
            _told(_done(arguments, database), as_json=arguments.json)
    return 0


def _done(arguments: argparse.Namespace, database: "Database") -> "list[StudyState]":
    from control_plane.study.definition import read_definition
    from control_plane.study.desk import StudyDesk

    desk = StudyDesk(database)
    match arguments.study_command:
        case "create":
            return [desk.create(read_definition(arguments.file.read_bytes()))]
        case "open":
            return [desk.open(arguments.name)]
        case "close":
            return [desk.close(arguments.name)]
        case _:
            return desk.all()


def _told(states: "list[StudyState]", *, as_json: bool) -> None:
    from control_plane.study.export import state_json

    if as_json:
        print(json.dumps([state_json(state) for state in states], indent=2))
        return
    for state in states:
        stage = "open" if state.is_open else "closed" if state.opened_at else "not opened yet"
        missing = f", {state.missing} films missing" if state.missing else ""
        print(
            f"{state.name}: {stage}; {state.design}, {len(state.variants)} variants in "
            f"{len(state.scenes)} scenes{missing}; {state.tally.participants} participants, "
            f"{state.tally.finished} finished"
        )


def _render(settings: "Settings", database: "Database", name: str) -> None:
    prepare_libraries(settings)
    from control_plane.commands.progress import told_progress
    from control_plane.study.rendering import render_study
    from storage.studies import Studies

    with told_progress() as tell:
        count = asyncio.run(render_study(settings, database, name, tell))
    made = "1 film was" if count == 1 else f"{count} films were"
    print(f"{name}: {made} made, none is missing")
    studies = Studies(database)
    for scene, one, other in studies.alike(studies.named(name).id):
        print(f"warning: in {scene} the films of {one} and {other} are the same, byte for byte")


def _delete(settings: "Settings", database: "Database", name: str) -> None:
    from control_plane.study.desk import StudyDesk
    from storage.media_store import MediaStore

    StudyDesk(database).delete(name, MediaStore(settings.media, database))
    print(f"{name}: deleted")


def _results(arguments: argparse.Namespace, database: "Database") -> str:
    from control_plane.study.desk import StudyDesk
    from control_plane.study.export import ratings_csv, report_json, report_markdown

    desk = StudyDesk(database)
    if arguments.csv:
        return ratings_csv(desk.ratings(arguments.name), comments=arguments.comments)
    report = desk.results(arguments.name)
    if arguments.json:
        return json.dumps(report_json(report), indent=2) + "\n"
    return report_markdown(report)


@contextmanager
def _opened(settings: "Settings") -> "Iterator[Any]":
    from storage.database import Database

    database = Database(settings.database)
    try:
        database.upgrade()
        yield database
    finally:
        database.close()
