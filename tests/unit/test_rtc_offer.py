import asyncio
import contextlib

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import NegotiationError
from engine.rtc.offer import MAX_SDP_BYTES, read_offer
from engine.rtc.playout_delay import PLAYOUT_DELAY_URI

HOST = "a=candidate:1 1 udp 2122260223 192.0.2.7 50000 typ host"
HIDDEN = "a=candidate:2 1 udp 2122260223 1f2e-33.local 50001 typ host"


async def _offer() -> str:
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    connection.addTransceiver("video", direction="recvonly")
    connection.addTransceiver("audio", direction="recvonly")
    connection.createDataChannel("events")
    sdp = (await connection.createOffer()).sdp
    await connection.close()
    return sdp


@pytest.fixture(scope="module")
def sdp() -> str:
    return asyncio.run(_offer())


def lines_without(sdp: str, *starts: str) -> str:
    kept = [line for line in sdp.splitlines() if not line.startswith(starts)]
    return "\r\n".join(kept) + "\r\n"


def test_good_offer_says_what_it_wants(sdp: str) -> None:
    offer = read_offer("offer", sdp)
    assert (offer.has_video, offer.has_audio) == (True, True)
    assert offer.sdp == lines_without(sdp, "a=end-of-candidates")


def test_hidden_candidates_and_the_end_of_candidates_are_dropped(sdp: str) -> None:
    text = sdp + f"{HOST}\r\n{HIDDEN}\r\na=end-of-candidates\r\n"
    offer = read_offer("offer", text)
    assert ".local" not in offer.sdp
    assert "end-of-candidates" not in offer.sdp
    [candidate] = offer.description.media[-1].ice_candidates
    assert candidate.ip == "192.0.2.7"


@pytest.mark.parametrize("sdp_type", ["answer", "pranswer", "rollback", ""])
def test_anything_but_an_offer_is_refused(sdp: str, sdp_type: str) -> None:
    with pytest.raises(NegotiationError, match=f"SDP type '{sdp_type}': expected 'offer'"):
        read_offer(sdp_type, sdp)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "expected 'v=0'"),
        ("hello", "begins with 'hello'"),
        ("v=0\r\n", "no media sections"),
        ("v=0\r\nm=video x\r\n", "malformed SDP"),
        ("v=zero\r\n", "begins with 'v=zero"),
        ("v=0\r\nm=text 9 RTP/AVP 98\r\n", "media section 'text'"),
        ("v=0\r\n" + "a=x\r\n" * MAX_SDP_BYTES, f"at most {MAX_SDP_BYTES}"),
    ],
)
def test_malformed_sdp_is_named(text: str, problem: str) -> None:
    with pytest.raises(NegotiationError, match=problem):
        read_offer("offer", text)


@pytest.mark.parametrize(
    ("missing", "problem"),
    [
        (("a=ice-ufrag",), "video section has no ice-ufrag"),
        (("a=ice-pwd",), "video section has no ice-ufrag or ice-pwd"),
        (("a=fingerprint",), "video section has no DTLS fingerprint"),
        (("a=setup",), "video section has no DTLS fingerprint or setup"),
        (("a=rtcp-mux",), "video section has no rtcp-mux"),
        (("a=mid",), "video section has no mid"),
    ],
)
def test_missing_line_is_named(sdp: str, missing: tuple[str, ...], problem: str) -> None:
    with pytest.raises(NegotiationError, match=problem):
        read_offer("offer", lines_without(sdp, *missing))


def with_extension(sdp: str, number: int, uri: str) -> str:
    return sdp.replace("a=mid:0", f"a=extmap:{number} {uri}\r\na=mid:0")


@pytest.mark.parametrize("number", [-1, 0, 256, 300])
@pytest.mark.parametrize("uri", [PLAYOUT_DELAY_URI, "urn:ietf:params:rtp-hdrext:sdes:mid"])
def test_extension_id_that_no_packet_can_carry_is_named(sdp: str, number: int, uri: str) -> None:
    with pytest.raises(NegotiationError, match=f"extmap {number} {uri} in the video section"):
        read_offer("offer", with_extension(sdp, number, uri))


@pytest.mark.parametrize("number", [1, 14, 15, 255])
def test_viewer_that_offers_playout_delay_plays_at_once(sdp: str, number: int) -> None:
    offer = read_offer("offer", with_extension(sdp, number, PLAYOUT_DELAY_URI))
    assert offer.plays_at_once
    assert not read_offer("offer", sdp).plays_at_once


def test_second_section_of_a_kind_is_refused(sdp: str) -> None:
    sections = sdp.split("m=")
    doubled = "m=".join([*sections, sections[1]])
    with pytest.raises(NegotiationError, match="2 video sections: expected at most one"):
        read_offer("offer", doubled)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_damaged_offer_is_read_or_refused_but_nothing_else(sdp: str, data: st.DataObject) -> None:
    lines = sdp.splitlines()
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(lines) - 1))
        line = lines[place]
        cut = data.draw(st.integers(0, len(line)))
        lines[place] = line[:cut] + data.draw(st.text(max_size=6)) + line[cut + 1 :]
    with contextlib.suppress(NegotiationError):
        read_offer("offer", "\r\n".join(lines) + "\r\n")
