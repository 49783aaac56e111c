from importlib.metadata import version

import pytest
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpParameters
from aiortc.rtp import HeaderExtensionsMap, RtpPacket, unpack_header_extensions
from hypothesis import given
from hypothesis import strategies as st

from engine.rtc import _aiortc
from engine.rtc.playout_delay import PlayoutDelayMap, playout_delay_value

MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"


def configured(headers: HeaderExtensionsMap) -> HeaderExtensionsMap:
    headers.configure(
        RTCRtpParameters(
            headerExtensions=[
                RTCRtpHeaderExtensionParameters(id=4, uri=MID),
                RTCRtpHeaderExtensionParameters(id=3, uri=SEND_TIME),
            ]
        )
    )
    return headers


def packet() -> RtpPacket:
    made = RtpPacket(payload_type=97, sequence_number=1, timestamp=2, payload=b"picture")
    made.extensions.mid = "0"
    made.extensions.abs_send_time = 0x123456
    return made


def elements(data: bytes) -> dict[int, bytes]:
    words = int.from_bytes(data[14:16], "big")
    profile = int.from_bytes(data[12:14], "big")
    return dict(unpack_header_extensions(profile, data[16 : 16 + 4 * words]))


def test_packet_carries_the_extension_beside_the_others() -> None:
    headers = configured(PlayoutDelayMap(5, playout_delay_value(0, 0)))
    data = packet().serialize(headers)
    assert elements(data) == {4: b"0", 3: b"\x12\x34\x56", 5: b"\x00\x00\x00"}
    assert b"\x52\x00\x00\x00" in data  # id 5, length 3, min = max = 0
    assert data.endswith(b"picture")


def test_packet_is_read_back_by_aiortc_itself() -> None:
    data = packet().serialize(configured(PlayoutDelayMap(5, playout_delay_value(0, 0))))
    read = RtpPacket.parse(data, configured(HeaderExtensionsMap()))
    assert read.extensions.mid == "0"
    assert read.extensions.abs_send_time == 0x123456
    assert read.payload == b"picture"


def test_packet_without_other_extensions_carries_it_alone() -> None:
    headers = PlayoutDelayMap(9, playout_delay_value(0, 0))
    data = RtpPacket(payload_type=97).serialize(headers)
    assert data[12:] == b"\xbe\xde\x00\x01\x92\x00\x00\x00"


def test_id_above_14_takes_the_two_byte_form() -> None:
    headers = configured(PlayoutDelayMap(20, playout_delay_value(0, 0)))
    data = packet().serialize(headers)
    assert data[12:14] == b"\x10\x00"
    assert elements(data) == {4: b"0", 3: b"\x12\x34\x56", 20: b"\x00\x00\x00"}


@given(st.integers(1, 255), st.integers(0, 4095), st.integers(0, 4095))
def test_any_id_and_delay_survive_the_wire(extension_id: int, low: int, more: int) -> None:
    high = min(low + more, 4095)
    if extension_id in (3, 4):
        return
    value = playout_delay_value(low * 10, high * 10)
    data = packet().serialize(configured(PlayoutDelayMap(extension_id, value)))
    sent = int.from_bytes(elements(data)[extension_id], "big")
    assert (sent >> 12, sent & 0xFFF) == (low, high)


@pytest.mark.parametrize(("low", "high"), [(-10, 0), (20, 10), (0, 40_960)])
def test_delay_out_of_range_is_named(low: int, high: int) -> None:
    with pytest.raises(ValueError, match=f"{low}..{high} ms"):
        playout_delay_value(low, high)


@pytest.mark.parametrize(("package", "other"), [("aiortc", "1.17.0"), ("aioice", "0.14.0")])
def test_another_version_of_what_is_patched_is_refused(
    package: str, other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        _aiortc, "version", lambda name: other if name == package else version(name)
    )
    _aiortc.require_version.cache_clear()
    with pytest.raises(RuntimeError, match=f"{package} {other} is installed"):
        _aiortc.require_version()
    monkeypatch.undo()
    _aiortc.require_version()
