"""`capsulecast capsule record`: the studio's tool that makes a capsule of a face at the camera."""

import argparse
import http.client
import json
import os
import sys
import webbrowser
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from control_plane.commands.command import USAGE, CommandError, add_setting_flags, command_settings
from control_plane.commands.serve import run_server

if TYPE_CHECKING:
    from control_plane.server import Ready
    from control_plane.settings import Settings

__all__ = ["add_record"]

_ASK_TIMEOUT_S = 2.0
_HELP = {
    "avatar": "avatar whose bases it is fitted to (default: that of the settings, mira)",
    "host": "address of the server",
    "port": "port of the server",
}


def add_record(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments to its parser."""
    parser.description = (
        "Opens the studio's tool that makes a capsule of your face before the camera: what "
        "`capsule import` does, in the browser. Where no server answers, one is started here and "
        "runs until Ctrl-C; the tool's address is printed. Needs the extra capsulecast[bake] and "
        "the models of `capsulecast models pull`, and says so where they are missing. The "
        "recording goes to the server and nowhere else. Browsers give the camera only to pages of "
        "this machine, or under https."
    )
    parser.add_argument("--cid", default="", metavar="ID", help="the capsule's, such as VF_201")
    parser.add_argument(
        "--vad",
        nargs=3,
        type=float,
        metavar=("V", "A", "D"),
        help="valence, arousal and dominance, each -1 to 1; all can be changed in the page",
    )
    parser.add_argument("--description", default="", metavar="TEXT", help="what it shows")
    parser.add_argument(
        "--browser",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="open it in this machine's browser, and not only print its address (default: yes)",
    )
    names = ("host", "port", "grpc_port", "avatar", "avatars", "library", "capsules", "models")
    add_setting_flags(parser, names, _HELP)
    parser.set_defaults(run=_record)


def _record(arguments: argparse.Namespace) -> int:
    settings = command_settings(arguments)
    if arguments.vad and not all(-1.0 <= value <= 1.0 for value in arguments.vad):
        shown = " ".join(f"{value:g}" for value in arguments.vad)
        raise CommandError(f"--vad is {shown}, expected numbers in [-1, 1]", USAGE)
    _require(settings)
    query = _query(arguments)
    url = _running(settings)
    if url:
        _tell(f"{url}/studio{query}#record", open_it=arguments.browser)
        return 0
    _serve(settings, query, open_it=arguments.browser)
    return 0


def _require(settings: "Settings") -> None:
    """Refuses where the import could not follow any face."""
    from capsules.bake.errors import BakeUnavailableError, ModelMissingError
    from capsules.bake.extra import require_extra
    from capsules.bake.models import locate

    try:
        require_extra()
        locate(settings.models, settings.cache_dir)
    except (BakeUnavailableError, ModelMissingError) as error:
        raise CommandError(str(error)) from error


def _query(arguments: argparse.Namespace) -> str:
    """The fields that are known already, for the page."""
    vad = ",".join(f"{value:g}" for value in arguments.vad or ())
    fields = {
        "avatar": getattr(arguments, "avatar", ""),
        "cid": arguments.cid,
        "vad": vad,
        "description": arguments.description,
    }
    given = {name: value for name, value in fields.items() if value}
    return f"?{urlencode(given)}" if given else ""


def _running(settings: "Settings") -> str:
    """Address of the server that answers there already; empty: none does."""
    from control_plane.hosts import reachable

    if settings.tls_cert is not None or settings.port == 0:
        return ""
    host = reachable(settings.host)
    shown = f"[{host}]" if ":" in host else host
    connection = http.client.HTTPConnection(host, settings.port, timeout=_ASK_TIMEOUT_S)
    try:
        connection.request("GET", "/api/health")
        status = json.loads(connection.getresponse().read()).get("status")
    except (OSError, ValueError, AttributeError, http.client.HTTPException):
        return ""
    finally:
        connection.close()
    return f"http://{shown}:{settings.port}" if status == "SERVING" else ""


def _serve(settings: "Settings", query: str, *, open_it: bool) -> None:
    def ready(server: "Ready") -> None:
        _tell(f"{server.url}/studio{query}#record", open_it=open_it)
        print("  the server runs until Ctrl-C", flush=True)

    run_server(settings, ready)


def _tell(url: str, *, open_it: bool) -> None:
    print(f"record at {url}", flush=True)
    if not open_it:
        return
    # A browser of the terminal has no camera, and would take the terminal.
    if sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        host = urlsplit(url).netloc
        print(f"  there is no screen here: open it where there is one, through a tunnel to {host}")
        return
    if not webbrowser.open(url):
        print("  no browser could be opened: open the address yourself")
