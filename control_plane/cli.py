"""The command line: `capsulecast serve`, `bake`, `models`, `capsule`, `library`, `replay` and more.

Heavy modules are imported by the commands that need them, after the environment is prepared.
"""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from control_plane.commands.bake import add_bake
from control_plane.commands.capsule import add_capsule
from control_plane.commands.command import (
    FAILED,
    INTERRUPTED,
    USAGE,
    CommandError,
    command_settings,
)
from control_plane.commands.db import add_db
from control_plane.commands.emotion import add_appraise
from control_plane.commands.export import add_export, add_stats
from control_plane.commands.governance import add_governance
from control_plane.commands.micro import add_generate
from control_plane.commands.models import add_models
from control_plane.commands.perform import add_perform
from control_plane.commands.replay import add_audit, add_replay
from control_plane.commands.study import add_study

if TYPE_CHECKING:
    from capsules.library import Library
    from control_plane.server import Ready
    from control_plane.settings import Settings

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point.

    Returns:
        0: well; 1: it failed; 2: a flag or setting cannot be used.
    """
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except CommandError as error:
        print(f"capsulecast: {error}", file=sys.stderr)
        return error.code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone, as with `| head`.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


class _Parser(argparse.ArgumentParser):
    """Takes flags by their whole names only: a new one must not change what an old one means."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - argparse's own
        super().__init__(**options, allow_abbrev=False)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="capsulecast",
        description="A real-time emotional avatar engine.",
        epilog="`capsulecast COMMAND --help` tells more about a command.",
    )
    parser.add_argument("--version", action="version", version=_version_line())
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    serve = commands.add_parser(
        "serve",
        help="start the server",
        description="Starts the server: the page, the HTTP and gRPC APIs, and the avatars.",
        epilog="Each flag is also an environment variable: --grpc-port is CAPSULECAST_GRPC_PORT. "
        "A flag wins. Without any, the page is at http://127.0.0.1:8080.",
    )
    _add_settings(serve)
    serve.set_defaults(run=_serve)
    add_bake(commands.add_parser("bake", help="make an avatar from a photo"))
    add_models(commands.add_parser("models", help="fetch the models that find faces in photos"))
    add_capsule(commands.add_parser("capsule", help="render capsules, make them of recordings"))
    _add_library(commands.add_parser("library", help="look into a library of capsules"))
    add_replay(commands.add_parser("replay", help="render a recorded session to a film"))
    add_perform(commands.add_parser("perform", help="play a scripted conversation to a film"))
    add_audit(commands.add_parser("audit", help="list why a session did what it did"))
    add_study(commands.add_parser("study", help="compare variants: people rate them, blind"))
    add_db(commands.add_parser("db", help="upgrade, check, back up or restore the database"))
    add_export(commands.add_parser("export", help="write conversations to a file to train on"))
    add_stats(commands.add_parser("stats", help="tell how much there is to train on"))
    add_appraise(commands.add_parser("appraise", help="tell what texts feel like"))
    _add_gpus(commands.add_parser("gpus", help="list the graphics adapters"))
    about = commands.add_parser("version", help="print the version")
    about.set_defaults(run=_version)
    return parser


def _add_settings(parser: argparse.ArgumentParser) -> None:
    """A flag for every setting; values are checked where the environment's are."""
    from control_plane.settings import Settings

    for name, field in Settings.model_fields.items():
        flag = "--" + name.replace("_", "-")
        default = field.get_default(call_default_factory=True)
        shown = "" if default in (None, "", ()) else f" (default: {_shown(default)})"
        text = f"{field.description}{shown}".replace("%", "%%")
        if field.annotation is bool:
            action = argparse.BooleanOptionalAction
            parser.add_argument(flag, action=action, default=argparse.SUPPRESS, help=text)
            continue
        metavar = _metavar(name, field.annotation)
        parser.add_argument(flag, metavar=metavar, default=argparse.SUPPRESS, help=text)


def _shown(default: Any) -> str:  # noqa: ANN401 - whatever a setting holds
    if hasattr(default, "width"):
        return f"{default.width}x{default.height}"
    if isinstance(default, bool):
        return "yes" if default else "no"
    return str(default)


def _metavar(name: str, annotation: Any) -> str:  # noqa: ANN401 - a type form
    if get_origin(annotation) is Literal:
        return "{" + ",".join(get_args(annotation)) + "}"
    kinds = [kind for kind in (get_args(annotation) or (annotation,)) if kind is not NoneType]
    if kinds[0] in (int, float):
        return "N"
    if kinds[0] is Path:
        return "PATH"
    return {
        "size": "WxH",
        "database": "URL",
        "allowed_origins": "LIST",
        "allowed_hosts": "LIST",
    }.get(name, name.upper())


def _add_library(parser: argparse.ArgumentParser) -> None:
    parser.description = "Lists, shows and checks capsules and expressions; says what may play."
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, text, run in (
        ("list", "list every capsule, expression and profile", _library_list),
        ("show", "show one capsule, expression or profile", _library_show),
        ("check", "look for mistakes; exit code 1 where there are errors", _library_check),
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


def _add_gpus(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Lists the graphics adapters that the GPU backend can reach: number, name, kind and "
        "interface. `capsulecast serve --gpu` takes the number or part of the name; CPU adapters "
        "are software, meant for tests."
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=_gpus)


def _serve(arguments: argparse.Namespace) -> int:
    settings = command_settings(arguments)
    _prepare(settings)
    from control_plane.logs import set_up_logs

    set_up_logs(settings.log_level)
    from control_plane.serve import StartError, serve
    from control_plane.settings import SettingsError

    try:
        asyncio.run(serve(settings, _tell_ready))
    except StartError as error:
        raise CommandError(str(error)) from error
    except SettingsError as error:
        raise CommandError(str(error), USAGE) from error
    return 0


def _prepare(settings: "Settings") -> None:
    """Sets what libraries read from the environment when they are imported."""
    os.environ.setdefault("NUMBA_CACHE_DIR", str(settings.cache_dir / "numba"))
    # gRPC's core prints its own complaints about what we report in one line.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")


def _tell_ready(ready: "Ready") -> None:
    print(f"capsulecast is ready: {ready.url}")
    print(f"  gRPC     {ready.grpc_address}")
    print(f"  drawing  {ready.backend}")
    print(f"  voice    {ready.voice}")
    keeps = "" if ready.database == "sqlite://" else "; keeps what is said, sqlite:// would not"
    told = "whoever has the access token" if ready.by_token else "this machine alone"
    print(f"  memory   {ready.database}{keeps}; told to {told}", flush=True)


def _read_library(arguments: argparse.Namespace, *, own: bool) -> "Library":
    """The library; with one's `own` capsules, as sessions have it."""
    settings = command_settings(arguments)
    from capsules.errors import LibraryError
    from capsules.library import load_library
    from control_plane.studio.own_capsules import open_own

    try:
        if own:
            return open_own(settings.library, settings.capsules, micro=settings.micro).library
        return load_library(settings.library).with_micro(settings.micro)
    except LibraryError as error:
        raise CommandError(str(error)) from error


def _library_list(arguments: argparse.Namespace) -> int:
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


def _library_show(arguments: argparse.Namespace) -> int:
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


def _library_check(arguments: argparse.Namespace) -> int:
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


def _gpus(arguments: argparse.Namespace) -> int:
    from compositor.errors import BackendUnavailableError
    from compositor.select import adapters

    try:
        found = adapters()
    except BackendUnavailableError as error:
        raise CommandError(str(error)) from error
    if arguments.json:
        print(json.dumps([asdict(one) for one in found], indent=2))
    elif not found:
        print("there is no graphics adapter with a Vulkan, Metal or Direct3D 12 driver")
    else:
        width = max(len(one.name) for one in found)
        for one in found:
            print(f"{one.index:>3}  {one.name:<{width}}  {one.kind:<13} {one.backend}")
    return 0


def _version(_arguments: argparse.Namespace) -> int:
    print(_version_line())
    return 0


def _version_line() -> str:
    return f"capsulecast {version('capsulecast')}"


if __name__ == "__main__":
    sys.exit(main())
