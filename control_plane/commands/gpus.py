"""`capsulecast gpus`: the graphics adapters of this machine."""

import argparse
import json
from dataclasses import asdict

from control_plane.commands.command import told_errors

__all__ = ["add_gpus"]


def add_gpus(parser: argparse.ArgumentParser) -> None:
    """Adds the command's flags to its parser."""
    parser.description = (
        "Lists the graphics adapters that the GPU backend can reach: number, name, kind and "
        "interface. `capsulecast serve --gpu` takes the number or part of the name; CPU adapters "
        "are software, meant for tests."
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=_gpus)


def _gpus(arguments: argparse.Namespace) -> int:
    from compositor.select import adapters

    with told_errors():
        found = adapters()
    if arguments.json:
        print(json.dumps([asdict(one) for one in found], indent=2))
    elif not found:
        print("there is no graphics adapter with a Vulkan, Metal or Direct3D 12 driver")
    else:
        width = max(len(one.name) for one in found)
        for one in found:
            print(f"{one.index:>3}  {one.name:<{width}}  {one.kind:<13} {one.backend}")
    return 0
