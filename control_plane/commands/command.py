"""What the commands of the command line have in common."""

import argparse
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from control_plane.settings import Settings

__all__ = [
    "FAILED",
    "INTERRUPTED",
    "USAGE",
    "CommandError",
    "add_setting_flags",
    "command_settings",
]

FAILED = 1
"""Exit code: it went wrong."""
USAGE = 2
"""Exit code: a flag or setting cannot be used."""
INTERRUPTED = 130
"""Exit code: the operator ended it."""


class CommandError(Exception):
    """A command failed; the message is one line for the operator.

    Attributes:
        code: The exit code.
    """

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code


def command_settings(arguments: argparse.Namespace) -> "Settings":
    """The settings with those arguments over them that are called like one.

    Raises:
        CommandError: A value cannot be used.
    """
    from control_plane.settings import Settings, SettingsError, load_settings

    given = {
        name: value for name, value in vars(arguments).items() if name in Settings.model_fields
    }
    try:
        return load_settings(given)
    except SettingsError as error:
        raise CommandError(str(error), USAGE) from error


def add_setting_flags(
    parser: argparse.ArgumentParser, names: Sequence[str], words: Mapping[str, str]
) -> None:
    """Flags that stand for settings, which are checked there.

    Args:
        parser: A command's.
        names: Of the settings.
        words: What some of them say of themselves here.
    """
    from control_plane.settings import Settings

    for name in names:
        text = words.get(name) or f"{Settings.model_fields[name].description}".replace("%", "%%")
        flag, metavar = name.replace("_", "-"), name.upper()
        parser.add_argument(f"--{flag}", metavar=metavar, default=argparse.SUPPRESS, help=text)
