"""A viewer: one WebRTC connection that shows a session."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiortc import (
    RTCConfiguration,
    RTCDataChannel,
    RTCIceServer,
    RTCPeerConnection,
    RTCRtpTransceiver,
    RTCSessionDescription,
)
from aiortc.rtcrtpparameters import RTCRtpCodecCapability
from aiortc.rtcrtpsender import RTCRtpSender

from compositor.drawlist import FrameSize
from engine.clock import Clock
from engine.errors import NegotiationError
from engine.faults import Fault, FaultSink
from engine.feed import FrameFeed, LiveFrame
from engine.rtc._aiortc import (
    Encoding,
    Inbound,
    OwnedSender,
    SentTimes,
    close_quietly,
    guard_transports,
    negotiate_playout_delay,
    replace_sender,
    require_version,
)
from engine.rtc.audio import LIP_DELAY_NS, OpusEncoder, SoundSource, SoundTrack
from engine.rtc.encoders import VIDEO_CODECS, open_video_encoder
from engine.rtc.offer import Offer, read_offer
from engine.rtc.video import FrameTrack
from engine.stats import StageTimes
from engine.timer import Timer

__all__ = [
    "EVENTS_CHANNEL",
    "SentFrame",
    "Viewer",
    "ViewerCallbacks",
    "ViewerOptions",
    "ViewerSources",
]

EVENTS_CHANNEL = "events"
"""Label of the data channel that a viewer opens for events and packets."""

_MAX_REPLIES = 64  # answers to a viewer's messages under way at once; more messages are dropped


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
class ViewerSources:
    """What a viewer sees and hears, of one session.

    Attributes:
        session_id: The session.
        size: Of its frames.
        feed: Its pictures.
        sound: Its sound.
        start_ns: Moment of the clock that both tracks count from.
        clock: Its clock.
        timer: Waits on that clock.
        encode_times: Takes in how long pictures take to encode.
    """

    session_id: str
    size: FrameSize
    feed: FrameFeed
    sound: SoundSource
    start_ns: int
    clock: Clock
    timer: Timer
    encode_times: StageTimes


@dataclass(frozen=True, slots=True)
class SentFrame:
    """One picture on its way to one viewer.

    Attributes:
        frame: The picture.
        times: When it was encoded and sent.
    """

    frame: LiveFrame
    times: SentTimes


@dataclass(frozen=True, slots=True)
class ViewerCallbacks:
    """Who hears of a viewer; called on the event loop.

    Attributes:
        on_message: A text message came on the events channel; what it returns is awaited.
        on_change: The viewer connected or ended.
        on_fault: Something failed; the session goes on.
        on_drawn: The first picture that shows an event is about to be sent: the client's number
            of the event and the picture's RTP timestamp. What it returns is sent as a message.
        on_sent: All packets of a picture are on their way; None: nobody wants to know.
    """

    on_message: Callable[[str], Awaitable[None] | None]
    on_change: Callable[["Viewer"], None]
    on_fault: FaultSink
    on_drawn: Callable[[int, int], str]
    on_sent: Callable[[SentFrame], None] | None = None


class Viewer:
    """One connection: made by `answer`, closed by the viewer, a failure or `aclose`.

    Everything it starts ends with one task of its own, which also closes the connection.
    """

    def __init__(
        self, sources: ViewerSources, options: ViewerOptions, callbacks: ViewerCallbacks
    ) -> None:
        require_version()
        self._sources = sources
        self._options = options
        self._callbacks = callbacks
        servers = [RTCIceServer(urls=url) for url in options.stun_servers]
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=servers))
        self._inbound = Inbound()
        self._channel: RTCDataChannel | None = None
        self._connected = asyncio.Event()
        self._ended = asyncio.Event()
        self._replies: set[asyncio.Task[None]] = set()
        self._life: asyncio.Task[None] | None = None
        self._shown_event = 0
        self.dropped_in = 0
        self.dropped_out = 0
        self._connection.on("connectionstatechange", self._on_state)
        self._connection.on("datachannel", self._on_channel)

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
        names = [
            sender.codec_name
            for sender in self._connection.getSenders()
            if isinstance(sender, OwnedSender) and sender.kind == "video"
        ]
        return names[0] if names else ""

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
        channel = self._channel
        if channel is None or channel.readyState != "open":
            return False
        if channel.bufferedAmount + len(text) > self._options.send_buffer_bytes:
            self.dropped_out += 1
            return False
        try:
            channel.send(text)
        except (ConnectionError, ValueError) as error:
            self.dropped_out += 1
            self._callbacks.on_fault(
                Fault("viewer", f"sending a message: {error}", self._sources.session_id)
            )
            return False
        return True

    async def aclose(self) -> None:
        """Closes the connection and ends all it started; safe twice and before `answer`."""
        self._ended.set()
        if self._life is not None:
            await asyncio.shield(self._life)
        else:
            await self._close()

    async def _negotiate(self, offer: Offer) -> tuple[str, str]:
        connection = self._connection
        if offer.has_video:
            self._add_video()
        if offer.has_audio:
            self._add_audio(delay_ns=0 if offer.plays_at_once else LIP_DELAY_NS)
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

    def _add_video(self) -> None:
        track = FrameTrack(self._sources.feed)
        transceiver = self._connection.addTransceiver("video", direction="sendonly")
        self._own(
            transceiver,
            track,
            Encoding(
                open_encoder=lambda codec: open_video_encoder(codec, self._sources.size),
                times=self._sources.encode_times,
                on_error=self._on_encode_error,
                on_dead=lambda error: self._on_dead("pictures", error),
                thread_name="encode-video",
                on_encoded=lambda timestamp: self._on_encoded(track.taken, timestamp),
                on_sent=self._on_sent(track),
            ),
        )
        transceiver.setCodecPreferences(_preferred(self._options.codecs))

    def _add_audio(self, *, delay_ns: int) -> None:
        sources = self._sources
        track = SoundTrack(
            sources.sound,
            sources.start_ns,
            clock=sources.clock,
            timer=sources.timer,
            delay_ns=delay_ns,
        )
        transceiver = self._connection.addTransceiver("audio", direction="sendonly")
        self._own(
            transceiver,
            track,
            Encoding(
                open_encoder=lambda _: OpusEncoder(),
                times=StageTimes(1),
                on_error=self._on_encode_error,
                on_dead=lambda error: self._on_dead("sound", error),
                thread_name="encode-audio",
            ),
        )
        opus = [c for c in RTCRtpSender.getCapabilities("audio").codecs if c.name == "opus"]
        transceiver.setCodecPreferences(opus)

    def _own(
        self, transceiver: RTCRtpTransceiver, track: FrameTrack | SoundTrack, encoding: Encoding
    ) -> None:
        transport = transceiver.sender.transport
        replace_sender(transceiver, OwnedSender(track, transport, encoding))

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
            self._callbacks.on_change(self)

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
        for reply in self._replies:
            reply.cancel()
        await asyncio.gather(*self._replies, return_exceptions=True)
        await close_quietly(self._connection)

    def _on_state(self) -> None:
        match self._connection.connectionState:
            case "connected":
                self._connected.set()
                self._callbacks.on_change(self)
            case "failed":
                self._fault("the connection failed")
                self._ended.set()
            case "closed":
                self._ended.set()

    def _on_channel(self, channel: RTCDataChannel) -> None:
        if channel.label != EVENTS_CHANNEL or self._channel is not None:
            channel.close()
            return
        self._channel = channel
        channel.on("message", self._on_message)

    def _on_message(self, message: str | bytes) -> None:
        if not isinstance(message, str) or len(self._replies) >= _MAX_REPLIES:
            self.dropped_in += 1
            return
        try:
            reply = self._callbacks.on_message(message)
        except Exception as error:  # the handler's own bug must not end the connection
            self._fault(f"handling a message: {error!r}")
            return
        if inspect.isawaitable(reply):
            task = asyncio.create_task(self._reply(reply), name="viewer-message")
            self._replies.add(task)
            task.add_done_callback(self._replies.discard)

    async def _reply(self, reply: Awaitable[None]) -> None:
        try:
            await reply
        except Exception as error:  # the task's root
            self._fault(f"handling a message: {error!r}")

    def _on_encoded(self, frame: LiveFrame | None, rtp_timestamp: int) -> None:
        if frame is None or frame.event_sequence == self._shown_event:
            return
        self._shown_event = frame.event_sequence
        self.send(self._callbacks.on_drawn(frame.event_sequence, rtp_timestamp))

    def _on_sent(self, track: FrameTrack) -> Callable[[SentTimes], None] | None:
        on_sent = self._callbacks.on_sent
        if on_sent is None:
            return None

        def sent(times: SentTimes) -> None:
            if track.taken is not None:
                on_sent(SentFrame(track.taken, times))

        return sent

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


def _preferred(codecs: tuple[str, ...]) -> list[RTCRtpCodecCapability]:
    """Capabilities in the order of the codecs' names, retransmission last."""
    known = RTCRtpSender.getCapabilities("video").codecs
    order = [name.upper() for name in codecs]
    chosen = [one for name in order for one in known if one.name.upper() == name]
    return [*chosen, *(one for one in known if one.name.lower() == "rtx")]
