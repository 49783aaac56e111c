"""`capsulecast serve`: the server, until it is told to stop."""

import argparse
import asyncio
from collections.abc import Callable
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from control_plane.commands.command import USAGE, CommandError, command_settings, prepare_libraries

if TYPE_CHECKING:
    from control_plane.server import Ready
    from control_plane.settings import Settings

__all__ = ["add_serve", "run_server"]


def add_serve(parser: argparse.ArgumentParser) -> None:
    """Adds the command's flags to its parser: one for every setting."""
    parser.description = "Starts the server: the page, the HTTP and gRPC APIs, and the avatars."
    parser.epilog = (
        "Each flag is also an environment variable: --grpc-port is CAPSULECAST_GRPC_PORT. "
        "A flag wins. Without any, the page is at http://127.0.0.1:8080."
    )
    _add_settings(parser)
    parser.set_defaults(run=_serve)


def run_server(settings: "Settings", tell_ready: "Callable[[Ready], None]") -> None:
    """Serves until the process is told to stop.

    Args:
        settings: The settings.
        tell_ready: Called once the server answers.

    Raises:
        CommandError: It cannot start.
    """
    prepare_libraries(settings)
    from control_plane.logs import set_up_logs

    set_up_logs(settings.log_level)
    from control_plane.serve import StartError, serve
    from control_plane.settings import SettingsError

    try:
        asyncio.run(serve(settings, tell_ready))
    except StartError as error:
        raise CommandError(str(error)) from error
    except SettingsError as error:
        raise CommandError(str(error), USAGE) from error


def _serve(arguments: argparse.Namespace) -> int:
    run_server(command_settings(arguments), _tell_ready)
    return 0


def _tell_ready(ready: "Ready") -> None:
    print(f"capsulecast is ready: {ready.url}")
    print(f"  gRPC     {ready.grpc_address}")
    print(f"  drawing  {ready.backend}")
    print(f"  voice    {ready.voice}")
    keeps = "" if ready.database == "sqlite://" else "; keeps what is said, sqlite:// would not"
    told = "whoever has the access token" if ready.by_token else "this machine alone"
    print(f"  memory   {ready.database}{keeps}; told to {told}", flush=True)


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
