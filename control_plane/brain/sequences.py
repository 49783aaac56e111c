"""The clients' sequence numbers, so that no event is taken twice."""

from collections import OrderedDict

from control_plane.errors import DuplicateEventError, InvalidEventError

__all__ = ["MAX_CLIENTS", "Sequences"]

MAX_CLIENTS = 1024
"""Of how many clients the last number is remembered; the one longest silent is forgotten first."""

_MAX_SEQUENCE = 2**64 - 1


class Sequences:
    """The last number of each client. Not thread-safe."""

    def __init__(self) -> None:
        self._last: OrderedDict[str, int] = OrderedDict()

    def check(self, sequence: int, client: str) -> None:
        """Whether an event may have this number; changes nothing.

        Raises:
            DuplicateEventError: The client has used this or a higher one.
            InvalidEventError: It is below 1 or no 64-bit number.
        """
        if not 1 <= sequence <= _MAX_SEQUENCE:
            raise InvalidEventError(
                f"event.sequence is {sequence}, expected 1 to {_MAX_SEQUENCE}", "event.sequence"
            )
        last = self._last.get(client, 0)
        if sequence <= last:
            raise DuplicateEventError(
                f"event.sequence is {sequence}, expected above {last}, the client's last one",
                "event.sequence",
            )

    def take(self, sequence: int, client: str) -> None:
        """Notes that the client's event was taken."""
        self._last[client] = sequence
        self._last.move_to_end(client)
        if len(self._last) > MAX_CLIENTS:
            self._last.popitem(last=False)

    def forget(self, client: str) -> None:
        """Drops a client; unknown ones are fine."""
        self._last.pop(client, None)
