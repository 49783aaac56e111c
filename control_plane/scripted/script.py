"""A script: events with the times at which they happen."""

from dataclasses import dataclass
from typing import Any

from control_plane.errors import InvalidArgumentError
from control_plane.events import Event
from control_plane.translate.events import event_from_json
from control_plane.translate.jsonform import decode

__all__ = ["Cue", "read_script", "script_of"]

_MOST_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Cue:
    """An event, and when it happens: milliseconds from the start."""

    at_ms: int
    event: Event


def read_script(text: str) -> list[Cue]:
    """Reads JSON lines of `{"atMs": 1500, "event": {"chat": {"text": "Hello!"}}}`.

    Blank lines and those that begin with "#" are left out; events are those of the API.

    Raises:
        InvalidArgumentError: A line cannot be read; the message names it.
    """
    found: list[Any] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            found.append(decode(line))
        except InvalidArgumentError as error:
            raise InvalidArgumentError(f"line {number}: {error}") from error
    return script_of(found)


def script_of(cues: list[Any]) -> list[Cue]:
    """The cues of parsed JSON, in the order of their times.

    Raises:
        InvalidArgumentError: One cannot be read; the message names its place.
    """
    found = []
    for number, cue in enumerate(cues, 1):
        if not isinstance(cue, dict) or "event" not in cue:
            raise InvalidArgumentError(f'cue {number}: expected {{"atMs": ..., "event": ...}}')
        at_ms = cue.get("atMs", 0)
        if type(at_ms) is not int or not 0 <= at_ms <= _MOST_MS:
            raise InvalidArgumentError(
                f"cue {number}: atMs is {at_ms!r}, expected a whole number from 0 to {_MOST_MS}"
            )
        try:
            found.append(Cue(at_ms, event_from_json(cue["event"])))
        except InvalidArgumentError as error:
            raise InvalidArgumentError(f"cue {number}: {error}", error.field) from error
    return sorted(found, key=lambda cue: cue.at_ms)
