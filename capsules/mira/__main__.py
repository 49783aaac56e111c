"""Draws Mira and packs her: `python -m capsules.mira OUT.avatar`."""

import argparse
from pathlib import Path

from capsules.mira.build import build_mira
from capsules.pack import save_archive

__all__ = ["main"]


def main() -> None:
    """Writes the avatar archive that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m capsules.mira", description=__doc__)
    parser.add_argument("out", type=Path, help="the .avatar file to write")
    save_archive(build_mira(), parser.parse_args().out)


if __name__ == "__main__":
    main()
