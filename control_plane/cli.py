"""The command line: `capsulecast serve`, `bake`, `models`, `capsule`, `library`, `replay` and more.

Heavy modules are imported by the commands that need them, after the environment is prepared.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from control_plane.commands.bake import add_bake
from control_plane.commands.capsule import add_capsule
from control_plane.commands.command import INTERRUPTED, CommandError
from control_plane.commands.db import add_db
from control_plane.commands.emotion import add_appraise
from control_plane.commands.export import add_export, add_stats
from control_plane.commands.gpus import add_gpus
from control_plane.commands.library import add_library
from control_plane.commands.models import add_models
from control_plane.commands.perform import add_perform
from control_plane.commands.replay import add_audit, add_replay
from control_plane.commands.serve import add_serve
from control_plane.commands.study import add_study

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
    add_serve(commands.add_parser("serve", help="start the server"))
    add_bake(commands.add_parser("bake", help="make an avatar from a photo"))
    add_models(commands.add_parser("models", help="fetch the models that find faces in photos"))
    add_capsule(commands.add_parser("capsule", help="render capsules, make them of recordings"))
    add_library(commands.add_parser("library", help="look into a library of capsules"))
    add_replay(commands.add_parser("replay", help="render a recorded session to a film"))
    add_perform(commands.add_parser("perform", help="play a scripted conversation to a film"))
    add_audit(commands.add_parser("audit", help="list why a session did what it did"))
    add_study(commands.add_parser("study", help="compare variants: people rate them, blind"))
    add_db(commands.add_parser("db", help="upgrade, check, back up or restore the database"))
    add_export(commands.add_parser("export", help="write conversations to a file to train on"))
    add_stats(commands.add_parser("stats", help="tell how much there is to train on"))
    add_appraise(commands.add_parser("appraise", help="tell what texts feel like"))
    add_gpus(commands.add_parser("gpus", help="list the graphics adapters"))
    about = commands.add_parser("version", help="print the version")
    about.set_defaults(run=_version)
    return parser


def _version(_arguments: argparse.Namespace) -> int:
    print(_version_line())
    return 0


def _version_line() -> str:
    return f"capsulecast {version('capsulecast')}"


if __name__ == "__main__":
    sys.exit(main())
