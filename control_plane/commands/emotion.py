"""`capsulecast appraise`: what texts feel like, a line of JSON for a line of JSON."""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from control_plane.commands.command import FAILED, CommandError, command_settings

if TYPE_CHECKING:
    from control_plane.emotion.appraisal import Appraisal

__all__ = ["add_appraise"]

_DIGITS = 4


def add_appraise(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments to its parser."""
    parser.description = (
        'Reads lines such as {"text": "what a day!"} and prints for each one line with '
        "valence, arousal and dominance in [-1, 1], intensity and confidence in [0, 1], and a "
        "label. Lines that cannot be read are told on standard error with their number, and the "
        "next ones are read; the exit code is 1 then."
    )
    parser.add_argument(
        "file",
        nargs="?",
        default="-",
        metavar="FILE",
        help="JSON lines to read (default: -, standard input)",
    )
    parser.add_argument(
        "--appraiser",
        metavar="PATH",
        default=argparse.SUPPRESS,
        help="folder of an ONNX model of your own, in place of ours",
    )
    parser.set_defaults(run=_appraise)


def _appraise(arguments: argparse.Namespace) -> int:
    from control_plane.emotion.appraisal import open_appraiser
    from control_plane.emotion.onnx_rater import RaterError

    try:
        appraiser = open_appraiser(command_settings(arguments).appraiser)
    except RaterError as error:
        raise CommandError(str(error)) from error
    bad = 0
    with _opened(arguments.file) as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                text = _text_of(line)
            except ValueError as error:
                bad += 1
                print(f"capsulecast: line {number}: {error}", file=sys.stderr)
                continue
            print(json.dumps(_as_json(appraiser.appraise(text))), flush=True)
    return FAILED if bad else 0


@contextmanager
def _opened(name: str) -> Iterator[IO[bytes]]:
    """The lines as bytes: one that is not UTF-8 must not end the rest."""
    if name == "-":
        yield sys.stdin.buffer
        return
    with ExitStack() as stack:
        try:
            file = stack.enter_context(Path(name).open("rb"))
        except OSError as error:
            raise CommandError(f"cannot read {name}: {error.strerror}") from error
        yield file


def _text_of(line: bytes) -> str:
    """The text of a line.

    Raises:
        ValueError: It is no JSON object with a "text" that is a string.
    """
    try:
        item = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8: {error.reason} at byte {error.start}") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not JSON: {error.msg} at column {error.colno}") from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(item, dict) or "text" not in item:
        raise ValueError('expected an object with "text", such as {"text": "hello"}')
    if not isinstance(item["text"], str):
        raise ValueError(f'"text" is {json.dumps(item["text"])[:40]}, expected a string')
    return item["text"]


def _as_json(appraisal: "Appraisal") -> dict[str, float | str]:
    return {
        "valence": round(appraisal.vad.valence, _DIGITS),
        "arousal": round(appraisal.vad.arousal, _DIGITS),
        "dominance": round(appraisal.vad.dominance, _DIGITS),
        "intensity": round(appraisal.intensity, _DIGITS),
        "label": appraisal.label,
        "confidence": round(appraisal.confidence, _DIGITS),
    }
