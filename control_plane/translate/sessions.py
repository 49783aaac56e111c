"""Sessions and their options: protobuf and proto3 JSON."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from capsulecast.v1 import common_pb2, session_service_pb2
from compositor.background import Background, parse_background
from compositor.drawlist import FrameSize
from compositor.lettering import can_write
from compositor.pages import CacheStats
from control_plane import ranges
from control_plane.errors import InvalidArgumentError
from control_plane.frame_sizes import MAX_FPS, expected_side, parse_size
from control_plane.sessions.options import Client, SessionInfo, SessionOptions
from control_plane.translate.jsonform import from_json, to_json
from engine.quality import Quality

__all__ = [
    "MAX_SDP_CHARS",
    "QUALITIES",
    "features_given",
    "offer_from_json",
    "offer_from_message",
    "options_from_json",
    "options_from_message",
    "session_to_json",
    "session_to_message",
]

MAX_SDP_CHARS = 200_000

QUALITIES: Mapping[int, Quality] = MappingProxyType(
    {session_service_pb2.Quality.Value(f"QUALITY_{item.name}"): item for item in Quality}
)
"""What the contract's numbers mean."""

_MAX_NAME_CHARS = 100
_MAX_WATERMARK_CHARS = 40
_CLIENT_CHARS = {
    "user": 200,
    "timezone": 60,
    "initiator": 60,
    "platform": 40,
    "browser": 400,
    "camera": 200,
    "microphone": 200,
    "speakers": 200,
    "resolution": 40,
}


def options_from_message(
    message: session_service_pb2.SessionOptions, defaults: SessionOptions
) -> SessionOptions:
    """The options, with what is left out taken from `defaults`.

    Raises:
        InvalidArgumentError: A value is out of range.
    """
    return SessionOptions(
        avatar=_name("options.avatar", message.avatar) or defaults.avatar,
        size=_size(message.size) if message.HasField("size") else defaults.size,
        fps=_fps(message.fps) or defaults.fps,
        seed=message.seed if message.HasField("seed") else defaults.seed,
        personality=_name("options.personality", message.personality) or defaults.personality,
        probe=message.probe,
        reply=message.reply if message.HasField("reply") else defaults.reply,
        background=_background(message.background) if message.background else defaults.background,
        label=message.label,
        watermark=_watermark(message.watermark) if message.watermark else defaults.watermark,
        quality=_quality(message.quality) if message.quality else defaults.quality,
        features=replace(defaults.features, **dict(features_given(message.features))),
        client=_client(message.client, defaults.client),
    )


def features_given(message: session_service_pb2.Features) -> tuple[tuple[str, bool], ...]:
    """Names and values of the features that a message says anything about."""
    return tuple((field.name, value) for field, value in message.ListFields())


def options_from_json(data: object, defaults: SessionOptions) -> SessionOptions:
    """The options of parsed proto3 JSON; here `size` may also be "512x512" or a shape's name.

    Raises:
        InvalidArgumentError: A value is out of range or of another type.
    """
    if isinstance(data, dict) and isinstance(data.get("size"), str):
        try:
            size = parse_size(data["size"])
        except ValueError as error:
            expected = str(error).removeprefix("expected ")
            raise ranges.invalid("options.size", data["size"], expected) from error
        data = data | {"size": {"width": size.width, "height": size.height}}
    message = from_json(data, session_service_pb2.SessionOptions(), "options")
    return options_from_message(message, defaults)


def session_to_message(info: SessionInfo) -> session_service_pb2.Session:
    """A session as protobuf."""
    ended = info.ended_at is not None
    return session_service_pb2.Session(
        id=info.id,
        options=session_service_pb2.SessionOptions(
            avatar=info.options.avatar,
            size=session_service_pb2.Size(
                width=info.options.size.width, height=info.options.size.height
            ),
            fps=info.options.fps,
            seed=info.options.seed,
            probe=info.options.probe,
            personality=info.options.personality,
            reply=info.options.reply,
            background=str(info.options.background),
            label=info.options.label,
            watermark=info.options.watermark,
            quality=session_service_pb2.Quality.Value(f"QUALITY_{info.options.quality.name}"),
            features=session_service_pb2.Features(**asdict(info.options.features)),
        ),
        state=(
            session_service_pb2.SESSION_STATE_ENDED
            if ended
            else session_service_pb2.SESSION_STATE_ACTIVE
        ),
        create_time=_timestamp(info.created_at),
        end_time=None if info.ended_at is None else _timestamp(info.ended_at),
        mood=common_pb2.Vad(
            valence=info.mood.valence,
            arousal=info.mood.arousal,
            dominance=info.mood.dominance,
        ),
        viewers=info.viewers,
        textures=None if info.textures is None else _textures(info.textures),
    )


def session_to_json(info: SessionInfo) -> dict[str, Any]:
    """A session as proto3 JSON, every field present but an absent end."""
    return to_json(session_to_message(info), complete=True)


def offer_from_message(message: session_service_pb2.SessionDescription) -> tuple[str, str]:
    """Type and SDP of an offer.

    Raises:
        InvalidArgumentError: It is no offer, empty or too long.
    """
    if message.type != "offer":
        raise ranges.invalid("offer.type", message.type, "'offer'")
    ranges.text("offer.sdp", message.sdp, MAX_SDP_CHARS, InvalidArgumentError)
    return message.type, message.sdp


def offer_from_json(data: object) -> tuple[str, str]:
    """Type and SDP of an offer in JSON, as RTCPeerConnection.localDescription has them."""
    return offer_from_message(from_json(data, session_service_pb2.SessionDescription(), "offer"))


def _client(message: session_service_pb2.Client, defaults: Client) -> Client:
    for name, limit in _CLIENT_CHARS.items():
        value = getattr(message, name)
        if value:
            ranges.text(f"options.client.{name}", value, limit, InvalidArgumentError)
    return Client(
        consent=message.consent,
        **{name: getattr(message, name) or getattr(defaults, name) for name in _CLIENT_CHARS},
    )


def _size(message: session_service_pb2.Size) -> FrameSize:
    for name, side in (("width", message.width), ("height", message.height)):
        if expected := expected_side(side):
            raise ranges.invalid(f"options.size.{name}", side, expected)
    return FrameSize(message.width, message.height)


def _fps(value: int) -> int:
    if value > MAX_FPS:
        raise ranges.invalid("options.fps", value, f"1 to {MAX_FPS}")
    return value


def _background(value: str) -> Background:
    try:
        return parse_background(value)
    except ValueError as error:
        raise ranges.invalid("options.background", value, str(error)) from error


def _watermark(value: str) -> str:
    field = "options.watermark"
    text = ranges.text(field, value, _MAX_WATERMARK_CHARS, InvalidArgumentError).strip()
    if not can_write(text):
        raise ranges.invalid(field, value, "Latin-1 letters, digits and punctuation on one line")
    return text


def _quality(value: int) -> Quality:
    return ranges.named("options.quality", value, QUALITIES, InvalidArgumentError)


def _name(field: str, value: str) -> str:
    return ranges.text(field, value, _MAX_NAME_CHARS, InvalidArgumentError) if value else ""


def _textures(stats: CacheStats) -> session_service_pb2.TextureCache:
    return session_service_pb2.TextureCache(
        hits=stats.hits,
        misses=stats.misses,
        evictions=stats.evictions,
        uploads=stats.uploads,
        pages=stats.pages,
        resident_bytes=stats.resident_bytes,
        pinned_bytes=stats.pinned_bytes,
        budget_bytes=stats.budget_bytes,
        uploaded_bytes=stats.uploaded_bytes,
        upload_ms=stats.upload_ms,
        short=stats.short,
    )


def _timestamp(moment: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp
