"""What the commands of the command line have in common."""

import argparse
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from capsules.avatar import Avatar
    from control_plane.settings import Settings

__all__ = [
    "FAILED",
    "INTERRUPTED",
    "USAGE",
    "CommandError",
    "add_setting_flags",
    "command_settings",
    "named_avatar",
    "prepare_libraries",
    "told_errors",
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


def prepare_libraries(settings: "Settings") -> None:
    """Sets what libraries read from the environment when they are imported: call it before."""
    os.environ.setdefault("NUMBA_CACHE_DIR", str(settings.cache_dir / "numba"))
    # gRPC's core prints its own complaints about what we report in one line.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    # SVT-AV1 would write its settings to the terminal.
    os.environ.setdefault("SVT_LOG", "1")


def named_avatar(settings: "Settings") -> "Avatar":
    """The avatar that the settings name.

    Raises:
        CommandError: There is none.
    """
    from control_plane.errors import NotFoundError
    from control_plane.studio.avatars import open_avatar

    try:
        return open_avatar(settings.avatar, settings.avatars, settings.cache_dir)
    except NotFoundError as error:
        message = f"--avatar is {settings.avatar!r}, and there is no such avatar"
        raise CommandError(message, USAGE) from error


@contextmanager
def told_errors() -> Iterator[None]:
    """Makes of what can go wrong one line for the operator.

    Raises:
        CommandError: It went wrong.
    """
    from capsules.errors import CapsuleError
    from compositor.errors import CompositorError
    from control_plane.errors import ControlError
    from engine.errors import EngineError
    from storage.errors import StorageError

    try:
        yield
    except BrokenPipeError:  # the reader of our output has gone
        raise
    except (
        CapsuleError,
        CompositorError,
        ControlError,
        EngineError,
        StorageError,
        OSError,
    ) as error:
        raise CommandError(" ".join(str(error).split())) from error


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
