"""`capsulecast capsule export`: capsules and expressions to video files."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from control_plane.commands.command import (
    USAGE,
    CommandError,
    add_setting_flags,
    command_settings,
    named_avatar,
    prepare_libraries,
    told_errors,
)

if TYPE_CHECKING:
    from control_plane.settings import Settings
    from engine.offline.export import ExportOptions

__all__ = ["add_export"]

# What a setting means to this command, where it is not what it means to a server's sessions.
_HELP = {
    "avatar": "avatar to draw it with (default: that of the settings, mira)",
    "seed": "with --idle: where chance starts; the same number gives the same file (default: 0)",
    "fps": "frames per second, 1 to 60 (default: 30)",
    "backgrounds": "folder of PNG and JPEG files for --background picture:NAME",
}


def add_export(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments to its parser."""
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
    add_setting_flags(parser, names, _HELP)
    parser.add_argument("--force", action="store_true", help="replace what is there")
    parser.set_defaults(run=_export)


def _export(arguments: argparse.Namespace) -> int:
    settings = command_settings(arguments)
    prepare_libraries(settings)
    options = _export_options(arguments, settings)
    with told_errors():
        from control_plane.studio.own_capsules import open_own
        from engine.offline.export import export_capsule

        library = open_own(settings.library, settings.capsules, micro=settings.micro).library
        avatar = named_avatar(settings)
        done = export_capsule(library, avatar, arguments.id, arguments.out, options)
    seconds = done.frames / done.fps
    print(f"{done.path}: {done.frames} frames, {seconds:.2f} s")
    return 0


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
