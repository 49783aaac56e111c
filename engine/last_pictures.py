"""The sessions' last good pictures, for when one cannot be drawn."""

from compositor.backend import I420
from engine.faults import Fault, FaultSink

__all__ = ["LastPictures"]


class LastPictures:
    """What each session was shown last, and which of them are failing.

    Args:
        report: Hears of sessions that begin to fail: once a failure, not once a frame.
    """

    def __init__(self, report: FaultSink) -> None:
        self._report = report
        self._good: dict[str, I420] = {}
        self._failing: set[str] = set()

    def keep(self, session_id: str, picture: I420) -> None:
        """Notes a picture that could be drawn."""
        self._good[session_id] = picture
        self._failing.discard(session_id)

    def instead(self, session_id: str, error: Exception) -> I420 | None:
        """What is shown for a picture that failed; None: there has been none."""
        if session_id not in self._failing:
            self._failing.add(session_id)
            self._report(Fault("render", repr(error), session_id))
        return self._good.get(session_id)

    def forget(self, session_id: str) -> None:
        """Drops what is kept of a session."""
        self._good.pop(session_id, None)
        self._failing.discard(session_id)
