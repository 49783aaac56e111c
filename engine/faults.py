"""Faults: what went wrong in the body and was survived."""

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Fault", "FaultSink"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    Attributes:
        mode: What failed, a stable word such as "device_lost", "render", "texture_cache",
            "viewer" or "speech".
        cause: What happened, for people; no chat text.
        session_id: The session it touched; empty: all of the process.
    """

    mode: str
    cause: str
    session_id: str = ""


FaultSink = Callable[[Fault], None]
"""Takes in faults; called on the event loop's thread, never blocks and never raises."""
