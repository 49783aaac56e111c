"""Reads an SDP offer and says what is wrong with it."""

from dataclasses import dataclass

from aiortc.sdp import MediaDescription, SessionDescription

from engine.errors import NegotiationError
from engine.rtc.playout_delay import PLAYOUT_DELAY_URI

__all__ = ["MAX_SDP_BYTES", "Offer", "read_offer"]

MAX_SDP_BYTES = 100_000

_MDNS_SUFFIX = ".local"
_MAX_EXTENSION_ID = 255  # RFC 8285: 1..14 take the one-byte form, any up to 255 the two-byte form


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer that can be answered.

    Attributes:
        sdp: What to hand to aiortc; without the browser's mDNS candidates.
        description: The same, parsed.
        has_video: Whether it has a video section to answer.
        has_audio: Likewise.
        plays_at_once: Whether pictures, if any, are shown on arrival (`playout-delay` is offered)
            rather than held back until their sound is due.
    """

    sdp: str
    description: SessionDescription
    has_video: bool
    has_audio: bool
    plays_at_once: bool


def read_offer(sdp_type: str, sdp: str) -> Offer:
    """Checks an offer.

    Raises:
        NegotiationError: It cannot be answered; the message says why.
    """
    if sdp_type != "offer":
        raise NegotiationError(f"SDP type {sdp_type!r}: expected 'offer'")
    size = len(sdp.encode())
    if size > MAX_SDP_BYTES:
        raise NegotiationError(f"SDP of {size} bytes: expected at most {MAX_SDP_BYTES}")
    if not sdp.startswith("v=0"):
        raise NegotiationError(f"SDP begins with {sdp[:20]!r}: expected 'v=0'")
    sdp = _without_hidden(sdp)
    description = _parse(sdp)
    _check_sections(description)
    kinds = [media.kind for media in description.media]
    plays_at_once = all(_has_playout_delay(m) for m in description.media if m.kind == "video")
    return Offer(sdp, description, "video" in kinds, "audio" in kinds, plays_at_once)


def _has_playout_delay(media: MediaDescription) -> bool:
    return any(one.uri == PLAYOUT_DELAY_URI for one in media.rtp.headerExtensions)


def _without_hidden(sdp: str) -> str:
    """Drops candidates behind mDNS names, and the mark that no more candidates come.

    Resolving a name that a browser hides its address behind may take a second and often fails;
    the browser reaches us by our candidates and so shows its address. More candidates are always
    learnt that way, whatever the offer says.
    """
    kept = [
        line
        for line in sdp.splitlines()
        if not _is_mdns_candidate(line) and line != "a=end-of-candidates"
    ]
    return "\r\n".join(kept) + "\r\n"


def _is_mdns_candidate(line: str) -> bool:
    fields = line.split()
    return line.startswith("a=candidate:") and len(fields) > 4 and fields[4].endswith(_MDNS_SUFFIX)


def _parse(sdp: str) -> SessionDescription:
    try:
        return SessionDescription.parse(sdp)
    except Exception as error:  # aiortc's parser raises whatever its code runs into
        raise NegotiationError(
            f"malformed SDP: {type(error).__name__}: {str(error) or 'unexpected line'}"
        ) from error


def _check_sections(description: SessionDescription) -> None:
    kinds = [media.kind for media in description.media]
    if not kinds:
        raise NegotiationError("the SDP has no media sections: expected audio, video, application")
    for kind in kinds:
        if kind not in ("audio", "video", "application"):
            raise NegotiationError(f"media section {kind!r}: expected audio, video, application")
        if kinds.count(kind) > 1:
            raise NegotiationError(f"{kinds.count(kind)} {kind} sections: expected at most one")
    for media in description.media:
        _check_section(media)


def _check_section(media: MediaDescription) -> None:
    if media.ice is None or not media.ice.usernameFragment or not media.ice.password:
        raise NegotiationError(f"the {media.kind} section has no ice-ufrag or ice-pwd")
    if media.dtls is None or not media.dtls.fingerprints:
        raise NegotiationError(f"the {media.kind} section has no DTLS fingerprint or setup line")
    if not media.rtp.muxId:
        raise NegotiationError(f"the {media.kind} section has no mid")
    if media.kind != "application" and not media.rtcp_mux:
        raise NegotiationError(f"the {media.kind} section has no rtcp-mux")
    for extension in media.rtp.headerExtensions:
        if not 1 <= extension.id <= _MAX_EXTENSION_ID:
            raise NegotiationError(
                f"extmap {extension.id} {extension.uri} in the {media.kind} section: "
                f"expected an id from 1 to {_MAX_EXTENSION_ID}"
            )
