"""`capsulecast capsule`: capsules to video files, and recordings to capsules."""

import argparse

from control_plane.commands.capsule_export import add_export
from control_plane.commands.capsule_import import add_import
from control_plane.commands.record import add_record

__all__ = ["add_capsule"]


def add_capsule(parser: argparse.ArgumentParser) -> None:
    """Adds the commands to their parser."""
    parser.description = "Renders capsules to files, and makes capsules of recordings."
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    add_export(commands.add_parser("export", help="render a capsule or expression to a file"))
    add_import(commands.add_parser("import", help="make a capsule of a recording of a face"))
    add_record(commands.add_parser("record", help="make one of your face before the camera"))
