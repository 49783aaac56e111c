"""`capsulecast capsule`: capsules to video files, and recordings to capsules."""

import argparse
import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from control_plane.commands.command import USAGE, CommandError, add_setting_flags, command_settings
from control_plane.commands.progress import told_progress
from control_plane.commands.record import add_record

if TYPE_CHECKING:
    from capsules.avatar import Avatar
    from capsules.bake.finder import FaceFinder
    from capsules.library import Library
    from control_plane.settings import Settings
    from engine.offline.export import ExportOptions
    from engine.offline.taking import Imported, ImportOptions

__all__ = ["add_capsule"]

_VAD = ("V", "A", "D")
_WHERE = ("library", "capsules", "avatars", "avatar")
# What a setting means to these commands, where it is not what it means to a server's sessions.
_EXPORT_HELP = {
    "avatar": "avatar to draw it with (default: that of the settings, mira)",
    "seed": "with --idle: where chance starts; the same number gives the same file (default: 0)",
    "fps": "frames per second, 1 to 60 (default: 30)",
    "backgrounds": "folder of PNG and JPEG files for --background picture:NAME",
}
_IMPORT_HELP = {
    "avatar": "avatar whose bases it is fitted to (default: that of the settings, mira)",
    "library": "folder of capsules to put it into, instead of the one of your own",
    "capsules": "folder of your own capsules, which it is put into",
}


def add_capsule(parser: argparse.ArgumentParser) -> None:
    """Adds the commands to their parser."""
    parser.description = "Renders capsules to files, and makes capsules of recordings."
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_export(commands.add_parser("export", help="render a capsule or expression to a file"))
    _add_import(commands.add_parser("import", help="make a capsule of a recording of a face"))
    add_record(commands.add_parser("record", help="make one of your face before the camera"))


def _add_export(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Renders a capsule or expression as a viewer would see it. Files say that they are "
        "AI-generated."
    )
    parser.add_argument("id", metavar="ID", help="such as VF_WINK_LEFT, E_0001 or delight")
    parser.add_argument(
        "out",
        type=Path,
        metavar="OUT",
        help="FILE.webm, FILE.gif, or a folder, for PNG pictures",
    )
    parser.add_argument("--transparent", action="store_true", help="no background, but alpha")
    parser.add_argument(
        "--background",
        default="studio",
        help="studio, blur, transparent, color:#rrggbb, or picture:NAME of --backgrounds "
        "(default: studio)",
    )
    parser.add_argument(
        "--codec", choices=("vp9", "av1"), default="vp9", help="of a .webm file (default: vp9)"
    )
    parser.add_argument(
        "--loop", action="store_true", help="end as it begins, and repeat where the format can"
    )
    parser.add_argument(
        "--idle", action="store_true", help="breathe, blink and look about meanwhile"
    )
    parser.add_argument(
        "--seconds", type=float, metavar="N", help="how long; default: as long as it takes"
    )
    parser.add_argument(
        "--label", action="store_true", help="write 'AI-generated' into every picture too"
    )
    names = ("avatar", "avatars", "library", "capsules", "size", "fps", "seed", "backgrounds")
    add_setting_flags(parser, names, _EXPORT_HELP)
    parser.add_argument("--force", action="store_true", help="replace what is there")
    parser.set_defaults(run=_export)


def _add_import(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Follows the face of a recording (a person's, or any generator's) and makes a capsule of "
        "it. Recordings of the avatar itself are compared picture by picture. Needs the extra "
        "capsulecast[bake] and, for other faces, the models of `capsulecast models pull`. Nothing "
        "leaves this machine."
    )
    parser.add_argument(
        "take", type=Path, metavar="TAKE", help="WebM, MP4, MOV, MKV, AVI or GIF file"
    )
    parser.add_argument("--cid", required=True, metavar="ID", help="the capsule's, such as VF_201")
    parser.add_argument(
        "--layer", choices=("face",), default="face", help="what it moves; so far, the face"
    )
    parser.add_argument(
        "--vad",
        nargs=3,
        type=float,
        metavar=_VAD,
        help="valence, arousal and dominance, each -1 to 1; without it, it has no emotion",
    )
    parser.add_argument(
        "--as",
        dest="kind",
        choices=("curves", "clip"),
        default="curves",
        help="curves of bases, for any avatar, or the pictures themselves, for the avatar of that "
        "face alone (default: curves)",
    )
    parser.add_argument(
        "--neutral",
        type=int,
        default=0,
        metavar="FRAME",
        help="number of a frame with the face at rest (default: 0, the first)",
    )
    parser.add_argument(
        "--start",
        type=float,
        default=0.0,
        metavar="MS",
        help="when what is kept begins; the face at rest may come before (default: 0)",
    )
    parser.add_argument("--loop", action="store_true", help="cut it where it repeats best")
    parser.add_argument("--description", default="", metavar="TEXT", help="what it shows")
    parser.add_argument(
        "--consent",
        default="",
        metavar="TEXT",
        help="who agreed to this and when; kept with it. A clip needs it, as it shows the face; of "
        "a drawn or generated one: 'not a real person'",
    )
    names = ("avatar", "avatars", "library", "capsules", "models")
    add_setting_flags(parser, names, _IMPORT_HELP)
    parser.add_argument("--force", action="store_true", help="replace a capsule imported as that")
    parser.set_defaults(run=_import)


def _export(arguments: argparse.Namespace) -> int:
    settings = _prepared(arguments)
    options = _export_options(arguments, settings)
    with _told_errors():
        from engine.offline.export import export_capsule

        avatar = _avatar(settings)
        done = export_capsule(_library(settings), avatar, arguments.id, arguments.out, options)
    seconds = done.frames / done.fps
    print(f"{done.path}: {done.frames} frames, {seconds:.2f} s")
    return 0


def _prepared(arguments: argparse.Namespace) -> "Settings":
    """The settings; and what libraries read from the environment when they are imported."""
    settings = command_settings(arguments)
    os.environ.setdefault("NUMBA_CACHE_DIR", str(settings.cache_dir / "numba"))
    # SVT-AV1 would write its settings to the terminal.
    os.environ.setdefault("SVT_LOG", "1")
    return settings


def _export_options(arguments: argparse.Namespace, settings: "Settings") -> "ExportOptions":
    from compositor.backdrop import picture_path
    from compositor.background import BackgroundKind, parse_background
    from engine.offline.export import ExportOptions
    from engine.offline.render import RenderOptions

    text = "transparent" if arguments.transparent else arguments.background
    try:
        background = parse_background(text)
    except ValueError as error:
        raise CommandError(f"--background is {text!r}, expected {error}", USAGE) from error
    picture = None
    if background.kind is BackgroundKind.PICTURE:
        folder = settings.backgrounds
        picture = picture_path(folder, background.picture) if folder else None
        if picture is None:
            raise CommandError(f"--background is {text!r}, which --backgrounds has not", USAGE)
    if arguments.seconds is not None and not 0.0 < arguments.seconds <= 60.0:
        raise CommandError(f"--seconds is {arguments.seconds:g}, expected up to 60", USAGE)
    return ExportOptions(
        render=RenderOptions(
            size=settings.size,
            fps=settings.fps,
            seed=settings.seed or 0,
            lively=arguments.idle,
            loop=arguments.loop,
            length_ms=None if arguments.seconds is None else 1000.0 * arguments.seconds,
        ),
        background=background,
        picture=picture,
        label=arguments.label,
        codec=arguments.codec,
        force=arguments.force,
    )


def _import(arguments: argparse.Namespace) -> int:
    settings = _prepared(arguments)
    if arguments.kind == "clip" and not arguments.consent.strip():
        raise CommandError(
            'a clip keeps the pictures: say who agreed and when, such as --consent "Ada Lovelace, '
            '2026-03-01, in writing"; "not a real person" for a drawn or generated face',
            USAGE,
        )
    with _told_errors():
        from capsules.bake.extra import require_extra

        require_extra()  # before the modules that import what it brings
        from engine.offline.taking import import_take

        folder = _own_folder(settings, arguments.cid)
        finder, why_not = _finder(settings)
        if why_not:
            print(f"capsulecast: {why_not}", file=sys.stderr)
            print("capsulecast: only the avatar's own exports can be read", file=sys.stderr)
        with told_progress() as progress:
            done = import_take(
                arguments.take,
                _avatar(settings),
                folder,
                _import_options(arguments),
                finder,
                progress,
            )
    _report(done)
    _tell_how_to_see(done, arguments)
    return 0


def _import_options(arguments: argparse.Namespace) -> "ImportOptions":
    from engine.offline.taking import ImportOptions

    return ImportOptions(
        cid=arguments.cid,
        kind=arguments.kind,
        emotion=tuple(arguments.vad) if arguments.vad else None,
        description=arguments.description,
        neutral=arguments.neutral,
        start_ms=arguments.start,
        loop=arguments.loop,
        consent=arguments.consent,
        force=arguments.force,
    )


def _own_folder(settings: "Settings", cid: str) -> Path:
    """The folder that is written to: of the operator's library, or of the user's own capsules."""
    from capsules.library import load_library

    if settings.library is not None:
        return settings.library
    if cid in load_library().capsules:
        raise CommandError(f"--cid is {cid}, which is a capsule of the packaged library", USAGE)
    settings.capsules.mkdir(parents=True, exist_ok=True)
    return settings.capsules


def _finder(settings: "Settings") -> tuple["FaceFinder | None", str]:
    """The models that find faces; None, and why, where there are none."""
    from capsules.bake.errors import BakeUnavailableError, ModelMissingError
    from capsules.bake.finder import FaceFinder
    from capsules.bake.models import locate

    try:
        return FaceFinder.open(locate(settings.models, settings.cache_dir)), ""
    except (BakeUnavailableError, ModelMissingError) as error:
        return None, str(error)


def _report(done: "Imported") -> None:
    capsule, report = done.capsule, done.report
    print(f"{capsule.cid}: {capsule.duration_ms} ms, in {done.path}")
    print(f"  {report.frames} frames, fitted by {report.method}")
    if report.landmark_rms_px is not None:
        lost = f", lost in {report.lost} frames" if report.lost else ""
        print(f"  landmarks are off by {report.landmark_rms_px:.2f} px (RMS){lost}")
    if report.picture_rms is not None:
        rest = f", and by {255.0 * report.rest_rms:.1f} if nothing moved" if report.rest_rms else ""
        print(f"  pictures are off by {255.0 * report.picture_rms:.1f} of 255 (RMS){rest}")
    if report.loop is not None:
        first, last = report.loop
        print(f"  loops from {first} to {last} ms, which differ by {report.loop_gap:.3f} (RMS)")
    if capsule.tracks:
        print(f"  {report.points} points; basis, largest weight, points, mean miss of the curve:")
    for track in capsule.tracks:
        most = max((value for _, value in track.curve), key=abs)
        missed = report.curve_error[track.target]
        print(f"    {track.target:<22} {most:+.2f} {len(track.curve):4d} {missed:.3f}")
    for warning in done.warnings:
        print(f"  {warning.severity}: {warning.message} [{warning.code}]")


def _tell_how_to_see(done: "Imported", arguments: argparse.Namespace) -> None:
    cid = done.capsule.cid
    if done.capsule.clip is not None:
        print("  it shows the very face of the recording: use it with the avatar of that face only")
    # Flags that were given lead to where it lies; settings of the environment do so by themselves.
    given = [(f"--{name}", str(vars(arguments)[name])) for name in _WHERE if name in arguments]
    words = [
        "capsule",
        "export",
        cid,
        f"{cid.lower()}.webm",
        *(word for pair in given for word in pair),
    ]
    print(f"  to see it: capsulecast {shlex.join(words)}")
    print("  a server that runs already has it after a restart")


def _library(settings: "Settings") -> "Library":
    from control_plane.studio.own_capsules import open_own

    return open_own(settings.library, settings.capsules, micro=settings.micro).library


def _avatar(settings: "Settings") -> "Avatar":
    from control_plane.errors import NotFoundError
    from control_plane.studio.avatars import open_avatar

    try:
        return open_avatar(settings.avatar, settings.avatars, settings.cache_dir)
    except NotFoundError as error:
        message = f"--avatar is {settings.avatar!r}, and there is no such avatar"
        raise CommandError(message, USAGE) from error


@contextmanager
def _told_errors() -> Iterator[None]:
    """What can go wrong as one line for the operator."""
    from capsules.errors import CapsuleError
    from compositor.errors import CompositorError
    from engine.errors import EngineError

    try:
        yield
    except (CapsuleError, CompositorError, EngineError) as error:
        raise CommandError(str(error)) from error
