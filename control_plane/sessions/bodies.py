"""What sessions need of their bodies; the seam between brain and body in one process."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from capsules.avatar import Avatar
from capsules.library import Library
from capsules.model import Capsule
from compositor.backend import I420
from compositor.drawlist import DrawList
from compositor.light import Surroundings
from compositor.pages import CacheStats
from control_plane.sessions.options import SessionOptions
from engine.faults import FaultSink
from engine.live import LiveCallbacks, LiveStats
from engine.packet import IdPacket
from engine.quality import Quality

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

    def set_quality(self, quality: Quality) -> None:
        """Draws clips at another size, from the next frame on; never waits."""

    def pose(self, values: Sequence[tuple[str, float]]) -> None:
        """Holds targets at values, in place of those held before; never waits."""

    def learn(self, capsule: Capsule) -> None:
        """Takes a capsule with tracks, whose id means this one from now on; never waits."""

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

    def cache_stats(self) -> CacheStats:
        """What the texture cache has done that all bodies share."""

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

    async def picture(
        self, library: Library, avatar: str, compose: Callable[[Avatar], DrawList]
    ) -> I420 | None:
        """One picture of an avatar outside any session; None where drawing failed.

        Args:
            library: Whose clips may be in it.
            avatar: The avatar's name.
            compose: Says what to draw; called on another thread.

        Raises:
            InvalidArgumentError: There is no such avatar.
            UnavailableError: Nothing draws yet.
        """

    async def aclose(self) -> None:
        """Releases everything; safe twice and before `start`."""
