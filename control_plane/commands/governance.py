"""`capsulecast library revoke`, `reinstate`, `whitelist` and `rules`: what may play.

With --server an order goes to a server that runs, which applies it at once; without, it is written
into the file of the rules, which a server reads when it starts.
"""

import argparse
import getpass
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from control_plane.commands.command import USAGE, CommandError, command_settings

if TYPE_CHECKING:
    from capsules.library import Library
    from control_plane.governance.rules import Order, Rules

__all__ = ["add_governance"]

_TIMEOUT_S = 10.0
_SETTINGS = ("governance", "library", "capsules", "micro")
_COMMANDS = {
    "revoke": "forbid capsules or expressions in every session",
    "reinstate": "take revocations back",
    "whitelist": "let these alone play; --off lets all play again that is not revoked",
    "rules": "show what is revoked and what alone may play",
}


def add_governance(commands: Any) -> None:  # noqa: ANN401 - argparse's subparsers have no public type
    """Adds the commands to those of `capsulecast library`."""
    from control_plane.settings import Settings

    for name, text in _COMMANDS.items():
        command = commands.add_parser(name, help=text, description=text.capitalize() + ".")
        if name != "rules":
            many = "*" if name == "whitelist" else "+"
            command.add_argument(
                "ids", nargs=many, metavar="ID", help="such as VF_083, E_0001 or delight"
            )
            command.add_argument("--reason", default="", metavar="TEXT", help="why; kept with it")
            command.add_argument(
                "--by", default=None, metavar="NAME", help="who asks (default: the user's name)"
            )
        if name == "whitelist":
            command.add_argument("--off", action="store_true", help="lift the whitelist")
        command.add_argument(
            "--server", metavar="URL", help="a server that runs, such as http://127.0.0.1:8080"
        )
        command.add_argument("--json", action="store_true", help="print JSON")
        for setting in _SETTINGS:
            help_text = f"{Settings.model_fields[setting].description}".replace("%", "%%")
            command.add_argument(
                f"--{setting}", metavar="PATH", default=argparse.SUPPRESS, help=help_text
            )
        command.set_defaults(run=_run, order=name)


def _run(arguments: argparse.Namespace) -> int:
    if arguments.order == "whitelist" and arguments.off is bool(arguments.ids):
        raise CommandError("whitelist takes ids, or --off to lift it", USAGE)
    found = _ask(arguments) if arguments.server else _write(arguments)
    if arguments.json:
        print(json.dumps(found))
        return 0
    for one in found.get("revoked", []):
        print(f"revoked    {one['id']}{_why(one)}")
    whitelist = found.get("whitelist")
    if whitelist is not None:
        for id_ in whitelist.get("ids", []):
            print(f"whitelist  {id_}")
        print(f"           {len(whitelist.get('ids', []))} alone may play{_why(whitelist)}")
    if not found.get("revoked") and whitelist is None:
        print("everything may play")
    return 0


def _why(order: dict[str, Any]) -> str:
    by = f" by {order['actor']}" if order.get("actor") else ""
    return f"  {order.get('orderTime', '')}{by}: {order.get('reason') or 'no reason given'}"


def _actor(arguments: argparse.Namespace) -> str:
    if arguments.by is not None:
        return str(arguments.by)
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a user without a name
        return ""


def _ask(arguments: argparse.Namespace) -> dict[str, Any]:
    """Sends the order to a server; returns its rules."""
    from control_plane.access import read_token

    base = arguments.server.rstrip("/")
    if not base.startswith(("http://", "https://")):
        raise CommandError(f"--server is {arguments.server!r}, expected http://HOST:PORT", USAGE)
    body = None
    path = "/api/governance"
    if arguments.order != "rules":
        path = f"{path}/{arguments.order}"
        order = {"ids": arguments.ids, "actor": _actor(arguments), "reason": arguments.reason}
        body = json.dumps(order).encode()
    headers = {"Content-Type": "application/json"}
    if token := read_token(command_settings(arguments)):
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(base + path, body, headers)  # noqa: S310 - http and https alone, checked above
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - the same
            found: dict[str, Any] = json.load(answer)["rules"]
    except urllib.error.HTTPError as error:
        raise CommandError(_refusal(error)) from error
    except (OSError, ValueError, KeyError) as error:
        raise CommandError(f"{base} does not answer as a server of capsulecast: {error}") from error
    return found


def _refusal(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["error"]["message"])
    except (OSError, ValueError, KeyError, TypeError):
        return f"the server refused: HTTP {error.code}"


def _write(arguments: argparse.Namespace) -> dict[str, Any]:
    """Writes the order into the file; returns the rules."""
    settings = command_settings(arguments)
    from capsules.errors import LibraryError
    from control_plane.errors import ControlError
    from control_plane.governance.file import read_rules, write_rules
    from control_plane.governance.rules import Order
    from control_plane.studio.own_capsules import open_own
    from control_plane.translate.governance import rules_to_json
    from storage.records import utc_now

    try:
        rules = read_rules(settings.governance)
        if arguments.order != "rules":
            own = open_own(settings.library, settings.capsules, micro=settings.micro)
            order = Order(_actor(arguments), arguments.reason, utc_now())
            rules = _changed(arguments)(rules, own.library, order)
            write_rules(settings.governance, rules)
    except (ControlError, LibraryError) as error:
        raise CommandError(str(error)) from error
    found: dict[str, Any] = rules_to_json(rules)["rules"]
    return found


def _changed(arguments: argparse.Namespace) -> Callable[["Rules", "Library", "Order"], "Rules"]:
    from control_plane.governance.orders import with_reinstated, with_revoked, with_whitelist

    ids = arguments.ids
    return {
        "revoke": lambda rules, library, order: with_revoked(rules, library, ids, order)[0],
        "reinstate": lambda rules, library, _order: with_reinstated(rules, library, ids)[0],
        "whitelist": lambda rules, library, order: with_whitelist(
            rules, library, None if arguments.off else ids, order
        )[0],
    }[arguments.order]
