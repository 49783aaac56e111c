"""`capsulecast perform`: a conversation from a script, as a film."""

import argparse
import asyncio
import json
from pathlib import Path

from control_plane.commands.command import (
    USAGE,
    CommandError,
    add_setting_flags,
    command_settings,
    prepare_libraries,
    told_errors,
)

__all__ = ["add_perform"]

_SETTINGS = (
    "personality", "personalities", "avatar", "avatars", "size", "fps", "seed", "library",
    "capsules", "micro", "tts",
)  # fmt: skip


def add_perform(parser: argparse.ArgumentParser) -> None:
    """Adds the command to its parser."""
    parser.description = (
        "Plays a conversation from a script and writes it as a film, with sound, on the CPU. "
        "Nothing is live: the same script gives the same film. A script has a JSON object a line, "
        'such as {"atMs": 1500, "event": {"chat": {"role": "CHAT_ROLE_USER", "text": "Hello!"}}}; '
        "events are those of the API."
    )
    parser.add_argument("script", type=Path, metavar="SCRIPT.jsonl", help="the script")
    parser.add_argument(
        "--video", type=Path, required=True, metavar="FILE.mp4", help="the film to write"
    )
    parser.add_argument("--length", type=float, metavar="S", help="seconds (default: as it takes)")
    parser.add_argument(
        "--reply",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="answer what users say by the built-in rules",
    )
    parser.add_argument("--force", action="store_true", help="replace what is there")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_setting_flags(parser, _SETTINGS, {})
    parser.set_defaults(run=_perform)


def _perform(arguments: argparse.Namespace) -> int:
    settings = command_settings(arguments)
    prepare_libraries(settings)
    if arguments.length is not None and not 0.1 <= arguments.length <= 3600.0:
        raise CommandError(f"--length is {arguments.length:g}, expected 0.1 to 3600", USAGE)
    with told_errors():
        from control_plane.emotion.personality_file import load_personalities
        from control_plane.scripted.film import ScriptedFilm, film_script
        from control_plane.scripted.script import read_script
        from engine.recording.movie import check_target

        cues = read_script(_text(arguments.script))
        check_target(arguments.video, force=arguments.force)
        film = ScriptedFilm(
            personality=load_personalities(settings.personalities).named(settings.personality),
            avatar=settings.avatar,
            size=settings.size,
            fps=settings.fps,
            seed=settings.seed or 0,
            reply=arguments.reply,
            length_ms=None if arguments.length is None else round(arguments.length * 1000),
        )
        done = asyncio.run(
            film_script(settings, cues, film, arguments.video, force=arguments.force)
        )
    if arguments.json:
        print(json.dumps({"frames": len(done.frames), "told": done.told}))
        return 0
    for at_ms, words in done.told:
        print(f"{at_ms / 1000:7.2f} s  {words}")
    print(f"{arguments.video}: {len(done.frames):,} frames")
    return 0


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{path} is no text in UTF-8: {error.reason}") from error
