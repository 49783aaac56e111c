"""What sessions need of their bodies; the seam between brain and body in one process."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from capsules.library import Library
from compositor.light import Surroundings
from control_plane.sessions.options import SessionOptions
from engine.faults import FaultSink
from engine.live import LiveCallbacks, LiveStats
from engine.packet import IdPacket

__all__ = ["BodyFactory", "Media", "SessionBody"]


class SessionBody(Protocol):
    """One session's body, such as `engine.live.LiveBody`."""

    @property
    def viewers(self) -> int:
        """How many viewers are connected over WebRTC."""

    def apply(self, packet: IdPacket, *, source: str = "") -> None:
        """Plays a packet, from the next frame on; never waits."""

    def surround(self, surroundings: Surroundings) -> None:
        """Lights the avatar by the colours around its picture; never waits."""

    async def negotiate(self, sdp_type: str, sdp: str) -> tuple[str, str]:
        """Answers a viewer's offer.

        Raises:
            NegotiationError: It cannot be answered.
        """

    def send(self, text: str) -> None:
        """Sends to every viewer's data channel; never waits."""

    def active_capsules(self) -> tuple[tuple[str, float], ...]:
        """Capsules that play now with their weights, the strongest first."""

    def stats(self) -> LiveStats:
        """What was measured lately."""

    async def aclose(self) -> None:
        """Lets the viewers go and releases everything; safe twice."""


BodyFactory = Callable[[str, SessionOptions, LiveCallbacks], Awaitable[SessionBody]]
"""Makes the body of the session of that id; raises InvalidArgumentError for an unknown avatar."""


class Media(Protocol):
    """What all bodies of a server share; `control_plane.media` makes the real one."""

    @property
    def backend(self) -> str:
        """What draws, for people to read; empty before `start`."""

    @property
    def voice(self) -> str:
        """What speaks, for people to read; empty before `start`."""

    async def start(self, on_fault: FaultSink) -> None:
        """Opens what draws and what speaks, and loads the default avatar.

        Raises:
            BackendUnavailableError: The drawing backend that was asked for cannot run here.
            VoiceUnavailableError: The voice that was asked for cannot run here.
            InvalidArgumentError: There is no such avatar.
            PackError: The avatar cannot be loaded.
        """

    async def make(
        self,
        library: Library,
        session_id: str,
        options: SessionOptions,
        callbacks: LiveCallbacks,
    ) -> SessionBody:
        """Makes the body of a session; see `BodyFactory`."""

    async def aclose(self) -> None:
        """Releases everything; safe twice and before `start`."""
