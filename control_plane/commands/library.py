"""`capsulecast library`: what is in a library of capsules, and what of it may play."""

import argparse
import json
from typing import TYPE_CHECKING

from control_plane.commands.command import FAILED, CommandError, command_settings, told_errors
from control_plane.commands.governance import add_governance
from control_plane.commands.micro import add_generate

if TYPE_CHECKING:
    from capsules.library import Library

__all__ = ["add_library"]


def add_library(parser: argparse.ArgumentParser) -> None:
    """Adds the commands to their parser."""
    parser.description = "Lists, shows and checks capsules and expressions; says what may play."
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, text, run in (
        ("list", "list every capsule, expression and profile", _list),
        ("show", "show one capsule, expression or profile", _show),
        ("check", "look for mistakes; exit code 1 where there are errors", _check),
    ):
        command = commands.add_parser(name, help=text, description=text.capitalize() + ".")
        if name == "show":
            command.add_argument("id", metavar="ID", help="such as VF_083, E_0001 or delight")
        command.add_argument("--json", action="store_true", help="print JSON")
        command.add_argument(
            "--library", metavar="PATH", default=argparse.SUPPRESS, help="folder to read"
        )
        command.add_argument(
            "--micro",
            metavar="N",
            default=argparse.SUPPRESS,
            help="generated micro-capsules that are there too, 0 to 10000 (default: as served)",
        )
        if name != "check":
            command.add_argument(
                "--capsules",
                metavar="PATH",
                default=argparse.SUPPRESS,
                help="folder of your own capsules, which are there too without --library",
            )
        command.set_defaults(run=run)
    add_governance(commands)
    add_generate(commands.add_parser("generate", help="write generated micro-capsules to a file"))


def _read_library(arguments: argparse.Namespace, *, own: bool) -> "Library":
    """The library; with one's `own` capsules, as sessions have it."""
    settings = command_settings(arguments)
    from capsules.library import load_library
    from control_plane.studio.own_capsules import open_own

    with told_errors():
        if own:
            return open_own(settings.library, settings.capsules, micro=settings.micro).library
        return load_library(settings.library).with_micro(settings.micro)


def _list(arguments: argparse.Namespace) -> int:
    library = _read_library(arguments, own=True)
    rows = [
        {"id": capsule.cid, "kind": capsule.layer.value, "description": capsule.description}
        for capsule in library.capsules.values()
    ]
    rows += [
        {"id": item.id, "kind": "expression", "description": f"{item.name}: {item.description}"}
        for item in library.expressions.values()
    ]
    rows += [
        {"id": item.name, "kind": "profile", "description": item.description}
        for item in library.profiles.values()
    ]
    if arguments.json:
        print(json.dumps(rows, indent=2))
    else:
        width = max((len(row["id"]) for row in rows), default=0)
        for row in rows:
            print(f"{row['id']:<{width}}  {row['kind']:<11} {row['description']}")
    return 0


def _show(arguments: argparse.Namespace) -> int:
    from capsules.errors import UnknownCapsuleError

    library = _read_library(arguments, own=True)
    try:
        item = (
            library.capsules.get(arguments.id)
            or library.profiles.get(arguments.id)
            or library.expression(arguments.id)
        )
    except UnknownCapsuleError as error:
        raise CommandError(str(error)) from error
    print(item.model_dump_json(indent=2, exclude_none=True, exclude_defaults=not arguments.json))
    return 0


def _check(arguments: argparse.Namespace) -> int:
    from capsules.check import check_library

    findings = check_library(_read_library(arguments, own=False))
    if arguments.json:
        rows = [
            {
                "severity": str(finding.severity),
                "code": finding.code,
                "where": finding.where,
                "message": finding.message,
            }
            for finding in findings
        ]
        print(json.dumps(rows, indent=2))
    else:
        for finding in findings:
            print(f"{finding.severity}: {finding.where}: {finding.message} [{finding.code}]")
        print("1 finding" if len(findings) == 1 else f"{len(findings)} findings")
    return FAILED if any(str(finding.severity) == "error" for finding in findings) else 0
