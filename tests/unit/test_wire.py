from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsulecast.v1 import packet_pb2
from capsules.model import CID_PREFIXES, Layer
from engine.errors import PacketError
from engine.packet import (
    MAX_PACKET_BYTES,
    Attention,
    BlendEntry,
    IdPacket,
    LeadLag,
    Mood,
    VisemeMark,
)
from engine.wire import (
    from_bytes,
    from_message,
    layer_of,
    layer_value,
    size_bytes,
    to_bytes,
    to_message,
)

PACKET = IdPacket(
    sequence=7,
    session_id="7b1d2c3e-0000-4000-8000-000000000001",
    timestamp_ns=123_456_789_000,
    blends=(
        BlendEntry("VF_083", 0.5, Layer.FACE, "VF_NEUTRAL"),
        BlendEntry("HF_TYPING", 1.0, Layer.HAND),
    ),
    lead_lags=(LeadLag(Layer.FACE, -80), LeadLag(Layer.VOICE, 500)),
    audio_first=True,
    speak_text="Grüß dich 😂",
    visemes=(VisemeMark(10, 120), VisemeMark(0, 300)),
    mood=Mood(0.25, -0.5, 1.0),
    label="joyful",
    event_sequence=42,
    interrupt=True,
    attention=Attention.READING,
)

shares = st.integers(1, 256).map(lambda value: value / 256)
signed = st.integers(-1024, 1024).map(lambda value: value / 1024)
layers = st.sampled_from(list(Layer))
cids = st.from_regex(r"\A(VF|HF)_[0-9A-Z]{1,8}\Z")
packets = st.builds(
    IdPacket,
    sequence=st.integers(0, 2**64 - 1),
    session_id=st.text(max_size=10),
    timestamp_ns=st.integers(0, 2**64 - 1),
    blends=st.lists(st.builds(BlendEntry, cids, shares, layers, cids), max_size=5).map(tuple),
    lead_lags=st.lists(st.builds(LeadLag, layers, st.integers(-500, 500)), max_size=3).map(tuple),
    audio_first=st.booleans(),
    speak_text=st.text(max_size=20),
    visemes=st.lists(
        st.builds(VisemeMark, st.integers(0, 14), st.integers(0, 2**32 - 1)), max_size=4
    ).map(tuple),
    mood=st.builds(Mood, signed, signed, signed),
    label=st.text(max_size=8),
    event_sequence=st.integers(0, 2**64 - 1),
    interrupt=st.booleans(),
    attention=st.none() | st.sampled_from(list(Attention)),
    variation=st.sampled_from([0.0, 0.5, 1.0, 3.0]),
)


def test_packet_comes_back_equal() -> None:
    assert from_bytes(to_bytes(PACKET)) == PACKET
    assert from_message(to_message(PACKET)) == PACKET


@given(packets)
def test_any_packet_comes_back_equal(packet: IdPacket) -> None:
    assert size_bytes(packet) == len(to_message(packet).SerializeToString())
    assert from_bytes(to_bytes(packet)) == packet


def test_large_packet_is_refused_with_its_sizes() -> None:
    large = replace(PACKET, speak_text="ä" * 300)
    with pytest.raises(PacketError, match=r"is \d+ bytes, expected at most 500: 2 .* 600 bytes"):
        to_bytes(large)
    with pytest.raises(PacketError, match="packet of 501 bytes"):
        from_bytes(b"\0" * (MAX_PACKET_BYTES + 1))


@pytest.mark.parametrize(
    "packet",
    [
        replace(PACKET, sequence=-1),
        replace(PACKET, timestamp_ns=2**64),
        replace(PACKET, speak_text="\ud800"),
    ],
)
def test_value_that_fits_no_field_is_refused(packet: IdPacket) -> None:
    with pytest.raises(PacketError, match="cannot be written"):
        to_bytes(packet)


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        ({"blends": [{"cid": "VF_1", "weight": float("nan"), "layer": 1}]}, "weight"),
        ({"blends": [{"cid": "VF_1", "weight": 1.5, "layer": 1}]}, "weight"),
        ({"blends": [{"cid": "XX_1", "weight": 1.0, "layer": 0}]}, "unknown layer 0"),
        ({"blends": [{"cid": "VF_1", "weight": 1.0, "layer": 99}]}, "unknown layer 99"),
        ({"blends": [{"weight": 1.0, "layer": 1}]}, "names no capsule"),
        ({"lead_lags": [{"layer": 1, "offset_ms": 501}]}, "offset_ms is 501"),
        ({"visemes": [{"viseme": 15}]}, "viseme is 15"),
        ({"mood": {"valence": 1.5}}, "mood is"),
        ({"mood": {"arousal": float("inf")}}, "mood is"),
    ],
)
def test_packet_with_a_bad_value_is_refused(message: dict[str, object], complaint: str) -> None:
    data = packet_pb2.IdPacket(**message).SerializeToString()  # type: ignore[arg-type]  # by table
    with pytest.raises(PacketError, match=complaint):
        from_bytes(data)


@given(st.binary(max_size=600))
def test_any_bytes_are_a_packet_or_an_error(data: bytes) -> None:
    try:
        packet = from_bytes(data)
    except PacketError:
        return
    assert from_message(to_message(packet)) == packet


def test_layers_keep_their_numbers() -> None:
    assert [layer_of(layer_value(layer)) for layer in Layer] == list(Layer)


@pytest.mark.parametrize("layer", Layer)
def test_a_layer_that_the_id_names_does_not_travel(layer: Layer) -> None:
    usual = replace(PACKET, blends=(BlendEntry(f"{CID_PREFIXES[layer]}_1", 0.5, layer),))
    assert to_message(usual).blends[0].layer == 0
    assert from_bytes(to_bytes(usual)) == usual
    other = Layer.FACE if layer is Layer.HAND else Layer.HAND
    odd = replace(PACKET, blends=(BlendEntry(f"{CID_PREFIXES[layer]}_1", 0.5, other),))
    assert from_bytes(to_bytes(odd)) == odd
