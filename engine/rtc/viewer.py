"""A viewer: one WebRTC connection that shows a session."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiortc import RTCConfiguration, RTCIceServer, RTCPeerConnection, RTCSessionDescription

from engine.errors import NegotiationError
from engine.faults import Fault, FaultSink
from engine.rtc._aiortc import (
    Inbound,
    close_quietly,
    guard_transports,
    negotiate_playout_delay,
    require_version,
)
from engine.rtc.audio import LIP_DELAY_NS
from engine.rtc.encoders import VIDEO_CODECS
from engine.rtc.events_channel import EventsChannel
from engine.rtc.offer import Offer, read_offer
from engine.rtc.sending import (
    SendingCallbacks,
    SentFrame,
    ViewerSources,
    send_pictures,
    send_sound,
    video_codec,
)

__all__ = ["Viewer", "ViewerCallbacks", "ViewerOptions"]


@dataclass(frozen=True, slots=True)
class ViewerOptions:
    """How viewers are connected.

    Attributes:
        codecs: Video codecs by preference, of `VIDEO_CODECS`.
        stun_servers: Such as "stun:stun.example.org:3478"; by default none is asked.
        connect_timeout_s: A viewer not connected by then is given up.
        silence_s: A viewer that sends nothing for that long is gone; browsers check every 2.5 s.
        send_buffer_bytes: Messages beyond this backlog are dropped.
    """

    codecs: tuple[str, ...] = VIDEO_CODECS
    stun_servers: tuple[str, ...] = ()
    connect_timeout_s: float = 20.0
    silence_s: float = 6.0
    send_buffer_bytes: int = 256 * 1024


@dataclass(frozen=True, slots=True)
class ViewerCallbacks:
    """Who hears of a viewer; called on the event loop.

    Attributes:
        on_message: A text message came on the events channel; what it returns is awaited.
        on_fault: Something failed; the session goes on.
        on_drawn: The first picture that shows an event is about to be sent: the client's number
            of the event and the picture's RTP timestamp. What it returns is sent as a message.
        on_sent: All packets of a picture are on their way; None: nobody wants to know.
    """

    on_message: Callable[[str], Awaitable[None] | None]
    on_fault: FaultSink
    on_drawn: Callable[[int, int], str]
    on_sent: Callable[[SentFrame], None] | None = None


class Viewer:
    """One connection: made by `answer`, closed by the viewer, a failure or `aclose`.

    Everything it starts ends with one task of its own, which also closes the connection.

    Args:
        sources: What it sees and hears.
        options: How it is connected.
        callbacks: Who hears of it.
        on_change: It has connected, or ended.
    """

    def __init__(
        self,
        sources: ViewerSources,
        options: ViewerOptions,
        callbacks: ViewerCallbacks,
        on_change: Callable[["Viewer"], None],
    ) -> None:
        require_version()
        self._sources = sources
        self._options = options
        self._callbacks = callbacks
        self._on_change = on_change
        servers = [RTCIceServer(urls=url) for url in options.stun_servers]
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=servers))
        self._inbound = Inbound()
        self._channel = EventsChannel(callbacks.on_message, self._fault, options.send_buffer_bytes)
        self._connected = asyncio.Event()
        self._ended = asyncio.Event()
        self._life: asyncio.Task[None] | None = None
        self._connection.on("connectionstatechange", self._on_state)
        self._connection.on("datachannel", self._channel.take)

    @property
    def connected(self) -> bool:
        """Whether media flows."""
        return self._connected.is_set() and not self._ended.is_set()

    @property
    def ended(self) -> bool:
        """Whether it is closed or about to be."""
        return self._ended.is_set()

    @property
    def codec(self) -> str:
        """The video codec in use, such as "H264"; empty before the first picture."""
        return video_codec(self._connection)

    @property
    def dropped_messages(self) -> int:
        """Messages dropped because the viewer is slow or sent too many."""
        return self._channel.dropped_in + self._channel.dropped_out

    async def answer(self, sdp_type: str, sdp: str) -> tuple[str, str]:
        """Answers the viewer's offer, once.

        The answer holds all of our candidates: nothing is trickled.

        Returns:
            Type and SDP of the answer.

        Raises:
            NegotiationError: The offer cannot be answered; this viewer is closed then.
        """
        try:
            answer = await self._negotiate(read_offer(sdp_type, sdp))
        except BaseException:
            await self.aclose()
            raise
        self._life = asyncio.create_task(self._live(), name="viewer")
        return answer

    def send(self, text: str) -> bool:
        """Sends a message on the events channel; drops and counts it if the viewer is slow.

        Returns:
            Whether it was sent.
        """
        return self._channel.send(text)

    async def aclose(self) -> None:
        """Closes the connection and ends all it started; safe twice and before `answer`."""
        self._ended.set()
        if self._life is not None:
            await asyncio.shield(self._life)
        else:
            await self._close()

    async def _negotiate(self, offer: Offer) -> tuple[str, str]:
        connection, sources = self._connection, self._sources
        callbacks = SendingCallbacks(
            self._on_encode_error, self._on_dead, self._on_shown, self._callbacks.on_sent
        )
        if offer.has_video:
            send_pictures(connection, sources, self._options.codecs, callbacks)
        if offer.has_audio:
            delay_ns = 0 if offer.plays_at_once else LIP_DELAY_NS
            send_sound(connection, sources, callbacks, delay_ns=delay_ns)
        try:
            await connection.setRemoteDescription(RTCSessionDescription(offer.sdp, "offer"))
            for transceiver in connection.getTransceivers():
                if transceiver.kind == "video":
                    negotiate_playout_delay(transceiver, offer.description)
            self._inbound = guard_transports(connection)
            await connection.setLocalDescription(await connection.createAnswer())
        except Exception as error:  # aiortc raises whatever its code runs into
            raise NegotiationError(
                f"the offer cannot be answered: {str(error) or type(error).__name__}"
            ) from error
        local = connection.localDescription
        return local.type, local.sdp

    async def _live(self) -> None:
        """Waits for the end, whatever brings it, and closes everything."""
        timeout_s = self._options.connect_timeout_s
        try:
            if not await _within(timeout_s, self._connected, self._ended):
                self._fault(f"not connected after {timeout_s:g} s")
            else:
                await self._until_silent()
            self._ended.set()
            await self._close()
        except Exception as error:  # the task's root
            self._fault(f"closing: {error!r}")
        finally:
            self._ended.set()
            self._on_change(self)

    async def _until_silent(self) -> None:
        """Returns when the viewer has ended or nothing came from it for a while.

        A page that is closed does not always say so, and ICE takes 30 s to notice.
        """
        heard = -1
        while self._inbound.count != heard:
            heard = self._inbound.count
            if await _within(self._options.silence_s, self._ended):
                return

    async def _close(self) -> None:
        await self._channel.aclose()
        await close_quietly(self._connection)

    def _on_state(self) -> None:
        match self._connection.connectionState:
            case "connected":
                self._connected.set()
                self._on_change(self)
            case "failed":
                self._fault("the connection failed")
                self._ended.set()
            case "closed":
                self._ended.set()

    def _on_shown(self, event_sequence: int, rtp_timestamp: int) -> None:
        self.send(self._callbacks.on_drawn(event_sequence, rtp_timestamp))

    def _on_encode_error(self, error: Exception) -> None:
        self._callbacks.on_fault(Fault("encode", repr(error), self._sources.session_id))

    def _on_dead(self, what: str, error: BaseException) -> None:
        """A viewer that is sent no more of something had better come back."""
        self._fault(f"sending {what}: {error!r}")
        self._ended.set()

    def _fault(self, cause: str) -> None:
        self._callbacks.on_fault(Fault("viewer", cause, self._sources.session_id))


async def _within(timeout_s: float, *events: asyncio.Event) -> bool:
    """Waits for one of the events; False if none was set in time."""
    waits = [asyncio.create_task(event.wait()) for event in events]
    try:
        done, _ = await asyncio.wait(waits, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
    return bool(done)
