"""`capsulecast bake`: from one photo to an avatar that sessions can show."""

import argparse
import shlex
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from control_plane.commands.command import INTERRUPTED, USAGE, CommandError, command_settings
from control_plane.commands.progress import told_progress

if TYPE_CHECKING:
    from capsules.bake.baking import BakeRequest
    from capsules.bake.models import ModelFolder
    from control_plane.settings import Settings

__all__ = ["add_bake"]


def add_bake(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments to its parser."""
    parser.description = (
        "Makes an avatar from one photo: from the front, the whole face lit and uncovered, at "
        "least 160 pixels between its edges. Needs the extra capsulecast[bake] and the models of "
        "`capsulecast models pull`. Nothing leaves this machine."
    )
    parser.add_argument("photo", type=Path, metavar="PHOTO", help="JPEG, PNG, WebP or HEIC file")
    parser.add_argument(
        "--name", required=True, help="the avatar's name: lower-case letters, digits and '_'"
    )
    parser.add_argument(
        "--consent",
        default="",
        metavar="TEXT",
        help="who agreed to this and when; kept in the avatar. For a drawn portrait: 'not a real "
        "person'",
    )
    parser.add_argument("--face", type=int, metavar="N", help="which face, from 1, of several")
    parser.add_argument(
        "--allow-small",
        action="store_true",
        help="take a face of less than 160 pixels, which will look less sharp",
    )
    parser.add_argument(
        "--hands",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="draw hands in the colour of the skin (default: yes)",
    )
    parser.add_argument(
        "--landmarks", type=Path, metavar="FILE", help="take the face's points from this file"
    )
    parser.add_argument(
        "--write-landmarks",
        type=Path,
        metavar="FILE",
        help="write the face's points to this file, to be corrected by hand",
    )
    parser.add_argument("--force", action="store_true", help="replace an avatar of that name")
    for name, text in (
        ("avatars", "folder to put it into, if not that of the settings"),
        ("models", "folder of the model files, if not that of the settings"),
    ):
        parser.add_argument(
            f"--{name}", type=Path, metavar="FOLDER", default=argparse.SUPPRESS, help=text
        )
    parser.set_defaults(run=_bake)


def _bake(arguments: argparse.Namespace) -> int:
    settings = command_settings(arguments)
    from capsules.bake.errors import (
        AvatarNameError,
        BakeError,
        CancelledBakeError,
        ConsentError,
    )
    from capsules.errors import CapsuleError

    began = time.monotonic()
    warnings: list[str] = []
    try:
        pack = _baked(arguments, settings, warnings)
    except (KeyboardInterrupt, CancelledBakeError):
        print("capsulecast: cancelled; nothing was written", file=sys.stderr)
        return INTERRUPTED
    except (AvatarNameError, ConsentError) as error:
        raise CommandError(str(error), USAGE) from error
    except (BakeError, CapsuleError) as error:
        raise CommandError(str(error)) from error
    print(f"{pack.name} is baked in {time.monotonic() - began:.1f} s: {pack}")
    elsewhere = ["--avatars", str(settings.avatars)] if "avatars" in arguments else []
    print(f"  to see it: {shlex.join(['capsulecast', 'serve', *elsewhere, '--avatar', pack.name])}")
    for warning in warnings:
        print(f"capsulecast: warning: {warning}", file=sys.stderr)
    return 0


def _baked(arguments: argparse.Namespace, settings: "Settings", warnings: list[str]) -> Path:
    from capsules.bake.extra import require_extra

    require_extra()  # before the modules that import what it brings
    from capsules.bake.baking import bake, check_request

    request = _request(arguments)
    check_request(request)
    models = _models(settings, optional=request.landmarks is not None)
    with _ended_by_sigterm(), told_progress() as progress:
        return bake(
            request,
            models,
            settings.avatars,
            progress=progress,
            cache_dir=settings.cache_dir,
            warn=warnings.append,
        )


def _request(arguments: argparse.Namespace) -> "BakeRequest":
    from capsules.bake.baking import BakeRequest

    return BakeRequest(
        photo=arguments.photo,
        name=arguments.name,
        consent=arguments.consent,
        face=arguments.face,
        hands=arguments.hands,
        allow_small=arguments.allow_small,
        landmarks=arguments.landmarks,
        write_landmarks=arguments.write_landmarks,
        force=arguments.force,
    )


def _models(settings: "Settings", *, optional: bool) -> "ModelFolder | None":
    from capsules.bake.errors import ModelMissingError
    from capsules.bake.models import locate

    try:
        return locate(settings.models, settings.cache_dir)
    except ModelMissingError:
        if optional and settings.models is None:
            return None
        raise


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """SIGTERM ends the work like Ctrl-C, so that what was begun is cleared away."""

    def end(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
