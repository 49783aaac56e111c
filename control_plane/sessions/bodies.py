"""What sessions need of their bodies; the seam between brain and body in one process."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
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
from engine.features import Features
from engine.live import LiveStats
from engine.live_options import LiveCallbacks
from engine.packet import IdPacket
from engine.quality import Quality
from engine.tallies import Tallies

__all__ = ["BodyFactory", "Media", "SessionBody"]


class SessionBody(Protocol):
    """One session's body, such as `engine.live.LiveBody`."""

    @property
    def journal(self) -> str:
        """Name of the file that what it is told is recorded in; empty: nothing is."""

    @property
    def journal_sha256(self) -> str:
        """Digest of that file, in hex, once the body is closed; empty: there is none."""

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

    def take(self, library: Library, dropped: Iterable[int] = ()) -> None:
        """Goes on with another state of the library, from the next frame on; never waits.

        Args:
            library: Of which other capsules may be played.
            dropped: Sequences of packets of which nothing may play any more.
        """

    def set_features(self, features: Features) -> None:
        """Switches what the body does, from the next frame on; never waits."""

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


BodyFactory = Callable[[Library, str, SessionOptions, LiveCallbacks], Awaitable[SessionBody]]
"""Makes the body of the session of that id; raises InvalidArgumentError for an unknown avatar."""


class Media(Protocol):
    """What all bodies of a server share; `control_plane.media` makes the real one."""

    @property
    def backend(self) -> str:
        """What draws, for people to read; empty before `start`."""

    @property
    def voice(self) -> str:
        """What speaks, for people to read; empty before `start`."""

    @property
    def tallies(self) -> Tallies:
        """What all bodies have done since the start."""

    def cache_stats(self) -> CacheStats:
        """What the texture cache has done that all bodies share; zeros before `start`."""

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
