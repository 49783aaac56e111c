"""`capsulecast capsule import`: recordings of faces to capsules."""

import argparse
import shlex
import sys
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
from control_plane.commands.progress import told_progress

if TYPE_CHECKING:
    from capsules.bake.finder import FaceFinder
    from control_plane.settings import Settings
    from engine.offline.taking import Imported, ImportOptions

__all__ = ["add_import"]

_VAD = ("V", "A", "D")
_MOST_LOOKS = 8
_WHERE = ("library", "capsules", "avatars", "avatar")
# What a setting means to this command, where it is not what it means to a server's sessions.
_HELP = {
    "avatar": "avatar whose bases it is fitted to (default: that of the settings, mira)",
    "library": "folder of capsules to put it into, instead of the one of your own",
    "capsules": "folder of your own capsules, which it is put into",
}


def add_import(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments to its parser."""
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
    parser.add_argument(
        "--residual",
        type=int,
        choices=range(_MOST_LOOKS + 1),
        default=3,
        metavar="K",
        help="keep up to so many pictures of what the bases do not explain, such as a crease, for "
        "this avatar alone; only of recordings of the avatar itself (default: 3; 0: none)",
    )
    parser.add_argument("--description", default="", metavar="TEXT", help="what it shows")
    parser.add_argument(
        "--consent",
        default="",
        metavar="TEXT",
        help="who agreed to this and when; kept with it. A clip needs it, as it shows the face; of "
        "a drawn or generated one: 'not a real person'",
    )
    names = ("avatar", "avatars", "library", "capsules", "models")
    add_setting_flags(parser, names, _HELP)
    parser.add_argument("--force", action="store_true", help="replace a capsule imported as that")
    parser.set_defaults(run=_import)


def _import(arguments: argparse.Namespace) -> int:
    settings = command_settings(arguments)
    prepare_libraries(settings)
    if arguments.kind == "clip" and not arguments.consent.strip():
        raise CommandError(
            'a clip keeps the pictures: say who agreed and when, such as --consent "Ada Lovelace, '
            '2026-03-01, in writing"; "not a real person" for a drawn or generated face',
            USAGE,
        )
    with told_errors():
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
                named_avatar(settings),
                folder,
                _import_options(arguments),
                finder,
                progress,
                avatars=settings.avatars,
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
        residual=arguments.residual,
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
    if report.looks:
        share = f"{100.0 * report.looks_explain:.0f} %"
        print(f"  {report.looks} looks explain {share} of what the bases do not, for this avatar")
    if report.loop is not None:
        first, last = report.loop
        print(f"  loops from {first} to {last} ms, which differ by {report.loop_gap:.3f} (RMS)")
    if capsule.tracks:
        print(f"  {report.points} points; basis, largest weight, points, mean miss of the curve:")
    for track in capsule.tracks:
        most = max((value for _, value in track.curve), key=abs)
        missed = report.curve_error.get(track.target, 0.0)
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
