"""What a viewer is sent: a session's pictures and its sound, each with an encoder of its own."""

from collections.abc import Callable
from dataclasses import dataclass

from aiortc import RTCPeerConnection, RTCRtpTransceiver
from aiortc.rtcrtpparameters import RTCRtpCodecCapability
from aiortc.rtcrtpsender import RTCRtpSender

from compositor.drawlist import FrameSize
from engine.clock import Clock
from engine.feed import FrameFeed, LiveFrame
from engine.rtc._aiortc import Encoding, OwnedSender, SentTimes, replace_sender
from engine.rtc.audio import OpusEncoder, SoundSource, SoundTrack
from engine.rtc.encoders import open_video_encoder
from engine.rtc.video import FrameTrack
from engine.stats import StageTimes
from engine.timer import Timer

__all__ = [
    "SendingCallbacks",
    "SentFrame",
    "ViewerSources",
    "send_pictures",
    "send_sound",
    "video_codec",
]


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
class SendingCallbacks:
    """Who hears of what is sent; called on the event loop.

    Attributes:
        on_error: Something could not be encoded, the first of a row.
        on_dead: No more pictures, or no more sound, can be sent, and why.
        on_shown: The first picture that shows an event is about to be sent: the client's number
            of the event and the picture's RTP timestamp.
        on_sent: All packets of a picture are on their way; None: nobody wants to know.
    """

    on_error: Callable[[Exception], None]
    on_dead: Callable[[str, BaseException], None]
    on_shown: Callable[[int, int], None]
    on_sent: Callable[[SentFrame], None] | None = None


def send_pictures(
    connection: RTCPeerConnection,
    sources: ViewerSources,
    codecs: tuple[str, ...],
    callbacks: SendingCallbacks,
) -> None:
    """Adds a session's pictures to what a connection sends.

    Args:
        connection: Not negotiated yet.
        sources: Where they come from.
        codecs: By preference, of `engine.rtc.encoders.VIDEO_CODECS`.
        callbacks: Who hears of them.
    """
    track = FrameTrack(sources.feed)
    told = _Told(track, callbacks)
    encoding = Encoding(
        open_encoder=lambda codec: open_video_encoder(codec, sources.size),
        times=sources.encode_times,
        on_error=callbacks.on_error,
        on_dead=lambda error: callbacks.on_dead("pictures", error),
        thread_name="encode-video",
        on_encoded=told.encoded,
        on_sent=None if callbacks.on_sent is None else told.sent,
    )
    transceiver = connection.addTransceiver("video", direction="sendonly")
    _own(transceiver, track, encoding)
    transceiver.setCodecPreferences(_preferred(codecs))


def send_sound(
    connection: RTCPeerConnection,
    sources: ViewerSources,
    callbacks: SendingCallbacks,
    *,
    delay_ns: int,
) -> None:
    """Adds a session's sound to what a connection sends.

    Args:
        connection: Not negotiated yet.
        sources: Where it comes from.
        callbacks: Who hears of it.
        delay_ns: How much later it is read.
    """
    track = SoundTrack(
        sources.sound,
        sources.start_ns,
        clock=sources.clock,
        timer=sources.timer,
        delay_ns=delay_ns,
    )
    encoding = Encoding(
        open_encoder=lambda _: OpusEncoder(),
        times=StageTimes(1),
        on_error=callbacks.on_error,
        on_dead=lambda error: callbacks.on_dead("sound", error),
        thread_name="encode-audio",
    )
    transceiver = connection.addTransceiver("audio", direction="sendonly")
    _own(transceiver, track, encoding)
    opus = [c for c in RTCRtpSender.getCapabilities("audio").codecs if c.name == "opus"]
    transceiver.setCodecPreferences(opus)


def video_codec(connection: RTCPeerConnection) -> str:
    """The video codec in use, such as "H264"; empty before the first picture."""
    names = [
        sender.codec_name
        for sender in connection.getSenders()
        if isinstance(sender, OwnedSender) and sender.kind == "video"
    ]
    return names[0] if names else ""


class _Told:
    """What is told of the pictures of a track."""

    def __init__(self, track: FrameTrack, callbacks: SendingCallbacks) -> None:
        self._track = track
        self._callbacks = callbacks
        self._shown_event = 0

    def encoded(self, rtp_timestamp: int) -> None:
        frame = self._track.taken
        if frame is None or frame.event_sequence == self._shown_event:
            return
        self._shown_event = frame.event_sequence
        self._callbacks.on_shown(frame.event_sequence, rtp_timestamp)

    def sent(self, times: SentTimes) -> None:
        if self._track.taken is not None and self._callbacks.on_sent is not None:
            self._callbacks.on_sent(SentFrame(self._track.taken, times))


def _own(
    transceiver: RTCRtpTransceiver, track: FrameTrack | SoundTrack, encoding: Encoding
) -> None:
    transport = transceiver.sender.transport
    replace_sender(transceiver, OwnedSender(track, transport, encoding))


def _preferred(codecs: tuple[str, ...]) -> list[RTCRtpCodecCapability]:
    """Capabilities in the order of the codecs' names, retransmission last."""
    known = RTCRtpSender.getCapabilities("video").codecs
    order = [name.upper() for name in codecs]
    chosen = [one for name in order for one in known if one.name.upper() == name]
    return [*chosen, *(one for one in known if one.name.lower() == "rtx")]
