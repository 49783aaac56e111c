"""ID packets as protobuf and back: the one place where the body meets generated messages.

Weights and moods travel as 32-bit floats; a packet whose values fit these (the brain's do) comes
back equal.
"""

import math
from functools import lru_cache

from google.protobuf.message import DecodeError

from capsulecast.v1 import common_pb2, packet_pb2
from capsules.arkit import VISEMES
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

__all__ = [
    "from_bytes",
    "from_message",
    "layer_of",
    "layer_value",
    "size_bytes",
    "to_bytes",
    "to_message",
    "write",
]

MAX_OFFSET_MS = 500
_MAX_VARIATION = 3.0
_KEPT_ENTRIES = 4096

_LAYER_VALUES: dict[Layer, common_pb2.Layer.ValueType] = {
    layer: common_pb2.Layer.Value(f"LAYER_{layer.name}") for layer in Layer
}
_ATTENTION_VALUES: dict[Attention | None, packet_pb2.Attention.ValueType] = {
    None: packet_pb2.ATTENTION_UNSPECIFIED,
    **{item: packet_pb2.Attention.Value(f"ATTENTION_{item.name}") for item in Attention},
}
_ATTENTIONS: dict[int, Attention | None] = {
    int(value): item for item, value in _ATTENTION_VALUES.items()
}
_LAYERS: dict[int, Layer] = {int(value): layer for layer, value in _LAYER_VALUES.items()}
_LAYERS_BY_PREFIX = {f"{prefix}_": layer for layer, prefix in CID_PREFIXES.items()}


def layer_value(layer: Layer) -> common_pb2.Layer.ValueType:
    """The protobuf enum value of a layer."""
    return _LAYER_VALUES[layer]


def layer_of(value: int) -> Layer:
    """The layer of a protobuf enum value.

    Raises:
        PacketError: It names none.
    """
    layer = _LAYERS.get(value)
    if layer is None:
        raise PacketError(f"unknown layer {value}, expected 1 to {len(_LAYERS)}")
    return layer


def to_message(packet: IdPacket) -> packet_pb2.IdPacket:
    """The protobuf message; its size is not checked.

    Raises:
        PacketError: A value does not fit its field.
    """
    message = packet_pb2.IdPacket()
    write(packet, message)
    return message


def write(packet: IdPacket, message: packet_pb2.IdPacket) -> None:
    """Writes a packet into an empty message, such as a part of another; see `to_message`.

    Field by field: a message that is handed to a constructor is serialised and parsed to be
    copied, entries of a list one by one, which took over twice as long.

    Raises:
        PacketError: A value does not fit its field.
    """
    try:
        # Protobuf appends the lists of messages whose bytes follow each other.
        message.MergeFromString(
            b"".join(
                [
                    _sent(entry.cid, entry.weight, entry.layer, entry.fallback_cid)
                    for entry in packet.blends
                ]
            )
        )
        message.sequence = packet.sequence
        message.session_id = packet.session_id
        message.timestamp_ns = packet.timestamp_ns
        for item in packet.lead_lags:
            message.lead_lags.add(layer=_LAYER_VALUES[item.layer], offset_ms=item.offset_ms)
        for mark in packet.visemes:
            message.visemes.add(viseme=mark.viseme, offset_ms=mark.offset_ms)
        shown, mood = message.mood, packet.mood
        shown.valence = mood.valence
        shown.arousal = mood.arousal
        shown.dominance = mood.dominance
        message.audio_first = packet.audio_first
        message.speak_text = packet.speak_text
        message.label = packet.label
        message.event_sequence = packet.event_sequence
        message.interrupt = packet.interrupt
        message.attention = _ATTENTION_VALUES[packet.attention]
        if packet.variation != 1.0:
            message.variation = packet.variation
    except (TypeError, ValueError) as error:
        raise PacketError(f"packet {packet.sequence} cannot be written: {error}") from error


def from_message(message: packet_pb2.IdPacket) -> IdPacket:
    """The packet of a protobuf message.

    Raises:
        PacketError: A value is out of range or no layer is named.
    """
    return IdPacket(
        sequence=message.sequence,
        session_id=message.session_id,
        timestamp_ns=message.timestamp_ns,
        blends=tuple(_entry(item) for item in message.blends),
        lead_lags=tuple(_lead_lag(item) for item in message.lead_lags),
        audio_first=message.audio_first,
        speak_text=message.speak_text,
        visemes=tuple(_mark(item) for item in message.visemes),
        mood=_mood(message.mood),
        label=message.label,
        event_sequence=message.event_sequence,
        interrupt=message.interrupt,
        # One that a newer brain knows changes nothing here.
        attention=_ATTENTIONS.get(message.attention),
        variation=_variation(message.variation) if message.HasField("variation") else 1.0,
    )


def size_bytes(packet: IdPacket) -> int:
    """Length of the packet on the wire.

    Raises:
        PacketError: A value does not fit its field.
    """
    return to_message(packet).ByteSize()


def to_bytes(packet: IdPacket) -> bytes:
    """The packet as it goes over the network.

    Raises:
        PacketError: It is larger than `MAX_PACKET_BYTES`, or a value does not fit its field.
    """
    data = to_message(packet).SerializeToString()
    _check_size(len(data), packet)
    return data


def from_bytes(data: bytes) -> IdPacket:
    """The packet that came over the network.

    Raises:
        PacketError: It is too large, no packet, or a value is out of range.
    """
    if len(data) > MAX_PACKET_BYTES:
        raise PacketError(f"packet of {len(data)} bytes, expected at most {MAX_PACKET_BYTES}")
    message = packet_pb2.IdPacket()
    try:
        message.ParseFromString(data)
    except DecodeError as error:
        raise PacketError(f"{len(data)} bytes are no ID packet: {error}") from error
    return from_message(message)


def _check_size(size: int, packet: IdPacket) -> None:
    if size > MAX_PACKET_BYTES:
        text_bytes = len(packet.speak_text.encode())
        raise PacketError(
            f"packet {packet.sequence} is {size} bytes, expected at most {MAX_PACKET_BYTES}: "
            f"{len(packet.blends)} blends, {len(packet.visemes)} visemes, "
            f"{text_bytes} bytes of text"
        )


def _entry(item: packet_pb2.BlendEntry) -> BlendEntry:
    # Written so that NaN fails too.
    if not 0.0 < item.weight <= 1.0:
        raise PacketError(f"weight of {item.cid!r} is {item.weight}, expected (0, 1]")
    if not item.cid:
        raise PacketError("a blend entry names no capsule")
    named = _LAYERS_BY_PREFIX.get(item.cid[:3]) if item.layer == 0 else None
    layer = layer_of(item.layer) if named is None else named
    return BlendEntry(item.cid, item.weight, layer, item.fallback_cid)


@lru_cache(_KEPT_ENTRIES)
def _sent(cid: str, weight: float, layer: Layer, fallback_cid: str) -> bytes:
    """A packet of one entry: the same few come again and again, for weights are quantised."""
    # None where the capsule's id says it: an entry is two bytes shorter then.
    named = _LAYERS_BY_PREFIX.get(cid[:3]) is layer
    packet = packet_pb2.IdPacket()
    packet.blends.add(
        cid=cid,
        weight=weight,
        layer=common_pb2.LAYER_UNSPECIFIED if named else _LAYER_VALUES[layer],
        fallback_cid=fallback_cid,
    )
    return packet.SerializeToString()


def _lead_lag(item: packet_pb2.LeadLag) -> LeadLag:
    if abs(item.offset_ms) > MAX_OFFSET_MS:
        raise PacketError(f"offset_ms is {item.offset_ms}, expected -{MAX_OFFSET_MS} to 500")
    return LeadLag(layer_of(item.layer), item.offset_ms)


def _mark(item: packet_pb2.VisemeMark) -> VisemeMark:
    if item.viseme >= len(VISEMES):
        raise PacketError(f"viseme is {item.viseme}, expected 0 to {len(VISEMES) - 1}")
    return VisemeMark(item.viseme, item.offset_ms)


def _variation(value: float) -> float:
    # Written so that NaN fails too.
    if not 0.0 <= value <= _MAX_VARIATION:
        raise PacketError(f"variation is {value}, expected 0 to {_MAX_VARIATION:g}")
    return value


def _mood(item: common_pb2.Vad) -> Mood:
    values = (item.valence, item.arousal, item.dominance)
    if not all(math.isfinite(value) and abs(value) <= 1.0 for value in values):
        raise PacketError(f"mood is {values}, expected three numbers in [-1, 1]")
    return Mood(*values)
