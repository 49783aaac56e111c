"""Writes a journal without end, until the program is killed."""

import sys
import time
from pathlib import Path

from engine.recording.entries import Posed
from engine.recording.fingerprint import library_print
from engine.recording.journals import Journals
from tests.unit.recordings import LIBRARY, header


def main(folder: Path) -> None:
    writer = Journals(folder).open(header("killed"), 0, library_print(LIBRARY))
    number = 0
    while True:
        writer.put(number, Posed((("jawOpen", number / 1e6),)))
        number += 1
        if number % 100 == 0:
            sys.stdout.write("more\n")
            sys.stdout.flush()
            time.sleep(0.01)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
