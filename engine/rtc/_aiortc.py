# ruff: noqa: SLF001 - this module is the one place where private names of aiortc are touched
"""Everything that reaches into aiortc's and aioice's internals, and nothing else.

Written against aiortc 1.16 and aioice 0.13; `require_version` refuses others, because private
names may have moved. What it adds:

- a sender that encodes in a thread of its own, hears of keyframe and bitrate requests, writes
  the `playout-delay` header extension and says what ended it;
- candidates on the loopback address, so that a viewer on the same machine needs no network;
- datagrams other than STUN are taken only from addresses that passed an ICE check.
"""

import asyncio
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Any, Protocol, TypeVar

from aioice import ice
from aiortc import (
    MediaStreamTrack,
    RTCDtlsTransport,
    RTCPeerConnection,
    RTCRtpSender,
    RTCRtpTransceiver,
)
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from aiortc.rtcrtpsender import RTCEncodedFrame
from aiortc.rtp import RTCP_PSFB_APP, AnyRtcpPacket, RtcpPsfbPacket, unpack_remb_fci
from aiortc.sdp import SessionDescription
from av.frame import Frame

from engine.rtc.playout_delay import PLAYOUT_DELAY_URI, PlayoutDelayMap, playout_delay_value
from engine.stats import StageTimes

__all__ = [
    "Encoding",
    "Inbound",
    "MediaEncoder",
    "OwnedSender",
    "SentTimes",
    "close_quietly",
    "guard_transports",
    "negotiate_playout_delay",
    "replace_sender",
    "require_version",
]

_SUPPORTED = {"aiortc": "1.16.", "aioice": "0.13."}
_LOOPBACK = "127.0.0.1"
_MAX_FAILURES = 30  # frames in a row that cannot be encoded, each with a new encoder; a second

_Datagram = Callable[[bytes, tuple[Any, ...]], None]


@cache
def require_version() -> None:
    """Refuses versions of aiortc and aioice that this module was not written for.

    Raises:
        RuntimeError: aiortc is not 1.16 or aioice not 0.13.
    """
    for package, supported in _SUPPORTED.items():
        installed = version(package)
        if not installed.startswith(supported):
            raise RuntimeError(f"{package} {installed} is installed: expected {supported}*")


_F = TypeVar("_F", contravariant=True)


class MediaEncoder(Protocol[_F]):
    """What a sender needs of an encoder; `encode` runs on the sender's thread."""

    def encode(self, frame: _F, *, keyframe: bool) -> list[bytes]:
        """Encodes a frame of the track's kind into RTP payloads; none if it dropped the frame."""

    def set_bitrate(self, bitrate: int) -> None:
        """Takes the viewer's estimate, bits a second; called on the event loop."""


@dataclass(frozen=True, slots=True)
class SentTimes:
    """When a frame was encoded and sent, by `time.monotonic_ns`."""

    encode_ns: int
    encoded_ns: int
    sent_ns: int


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a sender encodes.

    Attributes:
        open_encoder: Makes an encoder for a codec by its SDP name; called on the event loop.
        times: Takes in how long frames take.
        on_error: Hears of a frame that could not be encoded, the first one in a row; a new
            encoder takes the next one.
        on_dead: Hears what ended the sender, unless its track ended or it was stopped.
        thread_name: Name of the sender's thread.
        on_encoded: Hears the RTP timestamp of every frame but the first, before it is sent.
        on_sent: Hears of every frame when its last packet was handed to the network.
    """

    open_encoder: Callable[[str], MediaEncoder[Any]]
    times: StageTimes
    on_error: Callable[[Exception], None]
    on_dead: Callable[[BaseException], None]
    thread_name: str
    on_encoded: Callable[[int], None] | None = None
    on_sent: Callable[[SentTimes], None] | None = None


class OwnedSender(RTCRtpSender):
    """An RTP sender with its own encoder and thread.

    Frames' pts must count ticks of the codec's RTP clock. One frame is encoded at a time, while
    the next waits where the track finds it. A sender whose encoder keeps failing gives up.

    Args:
        track: Where frames come from.
        transport: The transceiver's DTLS transport.
        encoding: How to encode them.
    """

    def __init__(
        self, track: MediaStreamTrack, transport: RTCDtlsTransport, encoding: Encoding
    ) -> None:
        super().__init__(track, transport)
        self._encoding = encoding
        self._encoder: MediaEncoder[Any] | None = None
        self._keyframe_wanted = True
        self._executor: ThreadPoolExecutor | None = ThreadPoolExecutor(
            1, thread_name_prefix=encoding.thread_name
        )
        self._last_pts: int | None = None
        self._under_way: tuple[int, int] | None = None
        self._failures = 0
        self.codec_name = ""

    async def _next_encoded_frame(self, codec: RTCRtpCodecParameters) -> RTCEncodedFrame | None:
        self._tell_sent()
        frame = await self.track.recv()
        executor = self._executor
        if not self._enabled or executor is None or not isinstance(frame, Frame):
            return None
        if self._encoder is None:
            self.codec_name = codec.name
            self._encoder = self._encoding.open_encoder(codec.name)
        # An encoder may change the frame, so its pts is read first.
        pts, keyframe, self._keyframe_wanted = frame.pts, self._keyframe_wanted, False
        began_ns = time.monotonic_ns()
        try:
            payloads = await asyncio.get_running_loop().run_in_executor(
                executor, self._encode, self._encoder, frame, keyframe
            )
        except Exception as error:  # an encoder raises what its library does: begin anew
            self._note_failure(error)
            self._encoder, payloads = None, []
        else:
            self._failures = 0
        if not payloads or pts is None:
            self._keyframe_wanted |= keyframe or self._encoder is None
            return None
        self._announce(pts)
        if self._encoding.on_sent is not None:
            self._under_way = began_ns, time.monotonic_ns()
        # aiortc leaves the audio level out for None; computing it in Python costs more than opus.
        return RTCEncodedFrame(payloads, pts, None)  # type: ignore[arg-type]

    def _tell_sent(self) -> None:
        """Called when the next frame is asked for, which aiortc does once the last one is sent."""
        if self._under_way is not None and self._encoding.on_sent is not None:
            self._encoding.on_sent(SentTimes(*self._under_way, time.monotonic_ns()))
        self._under_way = None

    def _note_failure(self, error: Exception) -> None:
        self._failures += 1
        if self._failures == 1:
            self._encoding.on_error(error)
        if self._failures == _MAX_FAILURES:
            raise error

    def _RTCRtpSender__log_warning(self, message: str, *_: object) -> None:  # noqa: N802 - aiortc's name
        """What aiortc calls, in its `except`, with what ends the sending of RTP."""
        self._encoding.on_dead(sys.exception() or RuntimeError(message))

    def _announce(self, pts: int) -> None:
        """Tells the frame's RTP timestamp; aiortc's random origin shows in the frame before."""
        if self._last_pts is not None and self._encoding.on_encoded is not None:
            last_timestamp: int = self._RTCRtpSender__rtp_timestamp  # type: ignore[attr-defined]
            self._encoding.on_encoded((last_timestamp + pts - self._last_pts) & 0xFFFF_FFFF)
        self._last_pts = pts

    def _encode(self, encoder: MediaEncoder[Frame], frame: Frame, keyframe: bool) -> list[bytes]:
        start_ns = time.perf_counter_ns()
        payloads = encoder.encode(frame, keyframe=keyframe)
        self._encoding.times.add(time.perf_counter_ns() - start_ns)
        return payloads

    def _send_keyframe(self) -> None:
        self._keyframe_wanted = True

    async def _handle_rtcp_packet(self, packet: AnyRtcpPacket) -> None:
        await super()._handle_rtcp_packet(packet)
        if isinstance(packet, RtcpPsfbPacket) and packet.fmt == RTCP_PSFB_APP:
            try:
                bitrate, ssrcs = unpack_remb_fci(packet.fci)
            except ValueError:
                return
            if self._ssrc in ssrcs and self._encoder is not None:
                self._encoder.set_bitrate(bitrate)

    def write_playout_delay(self, extension_id: int) -> None:
        """Asks the viewer, in every packet from now on, to show pictures at once."""
        headers = PlayoutDelayMap(extension_id, playout_delay_value(0, 0))
        self._RTCRtpSender__rtp_header_extensions_map = headers

    async def aclose(self) -> None:
        """Waits for the frame being encoded and ends the thread; safe twice."""
        executor, self._executor = self._executor, None
        if executor is not None:
            await asyncio.get_running_loop().run_in_executor(executor, _nothing)
            executor.shutdown()  # does not wait any more: its thread is idle


def _nothing() -> None:
    """The last thing that an executor does."""


def replace_sender(transceiver: RTCRtpTransceiver, sender: OwnedSender) -> None:
    """Puts a sender in the place of the one that aiortc made, before negotiation."""
    made = transceiver.sender
    sender._stream_id = made._stream_id
    transceiver._RTCRtpTransceiver__sender = sender  # type: ignore[attr-defined]
    transceiver.receiver._set_rtcp_ssrc(sender._ssrc)


def negotiate_playout_delay(transceiver: RTCRtpTransceiver, offer: SessionDescription) -> None:
    """Accepts the extension in the answer if the offer has it, and makes the sender write it.

    To be called between setRemoteDescription and createAnswer.
    """
    media = next((m for m in offer.media if m.rtp.muxId == transceiver.mid), None)
    offered = media.rtp.headerExtensions if media is not None else []
    extension = next((one for one in offered if one.uri == PLAYOUT_DELAY_URI), None)
    if extension is not None and isinstance(transceiver.sender, OwnedSender):
        transceiver._headerExtensions.append(extension)
        transceiver.sender.write_playout_delay(extension.id)


@dataclass(slots=True)
class Inbound:
    """How many datagrams came in; it stands still once the other side is gone."""

    count: int = 0


def guard_transports(connection: RTCPeerConnection) -> Inbound:
    """Adds loopback candidates and the check of datagrams' sources, before gathering."""
    inbound = Inbound()
    transports = connection._RTCPeerConnection__iceTransports  # type: ignore[attr-defined]
    for transport in transports:
        _guard(transport._connection, inbound)
    return inbound


def _guard(connection: ice.Connection, inbound: Inbound) -> None:
    gather = connection.get_component_candidates

    async def gather_with_loopback(
        component: int,
        addresses: list[str],
        timeout: int = 5,  # noqa: ASYNC109 - aioice's signature
    ) -> list[Any]:
        candidates = await gather(component, [*addresses, _LOOPBACK], timeout)
        for protocol in connection._protocols:
            _check_sources(connection, protocol, inbound)
        return candidates

    connection.get_component_candidates = gather_with_loopback  # type: ignore[method-assign]


def _check_sources(
    connection: ice.Connection, protocol: ice.StunProtocol, inbound: Inbound
) -> None:
    """Drops datagrams other than STUN from addresses without a successful ICE check."""
    receive: _Datagram = protocol.datagram_received

    def receive_checked(data: bytes, address: tuple[Any, ...]) -> None:
        # The first byte tells STUN (0..3) from DTLS and RTP: RFC 7983.
        if (data and data[0] < 4) or _is_validated(connection, (address[0], address[1])):
            inbound.count += 1
            receive(data, address)

    protocol.datagram_received = receive_checked  # type: ignore[method-assign,assignment]


def _is_validated(connection: ice.Connection, address: tuple[str, int]) -> bool:
    succeeded = ice.CandidatePair.State.SUCCEEDED
    return any(
        pair.remote_addr == address and pair.state == succeeded for pair in connection._check_list
    )


async def close_quietly(connection: RTCPeerConnection) -> None:
    """Closes a connection and, whatever happens, the senders' threads; safe twice."""
    try:
        await connection.close()
    finally:
        for sender in connection.getSenders():
            if isinstance(sender, OwnedSender):
                await sender.aclose()
