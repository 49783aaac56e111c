import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from capsulecast.v1 import session_service_pb2
from capsules.model import Layer
from compositor.background import parse_background
from compositor.drawlist import FrameSize
from control_plane.errors import InvalidArgumentError
from control_plane.events import SetFeatures
from control_plane.sessions.options import SessionInfo, SessionOptions
from control_plane.sessions.updates import Lag, MoodUpdate, Rejection, Update
from control_plane.translate.events import event_from_json
from control_plane.translate.schemas import api_schemas
from control_plane.translate.sessions import offer_from_json, options_from_json, session_to_json
from control_plane.translate.updates import PacketAnswers, update_to_json
from engine.features import Features
from engine.packet import BlendEntry, IdPacket, Mood
from engine.quality import Quality
from engine.voice.speaker import SpeechState, SpeechUpdate
from tests.unit.fake_media import CACHE

DEFAULTS = SessionOptions(avatar="mira", size=FrameSize(512, 512), fps=30, seed=7)


def test_field_names_of_the_proto_file_are_taken_too() -> None:
    message = {"create_time": "2026-01-01T00:00:00Z"}
    both = [session_service_pb2.Session() for _ in range(2)]
    from control_plane.translate.jsonform import from_json

    from_json(message, both[0], "session")
    from_json({"createTime": "2026-01-01T00:00:00Z"}, both[1], "session")
    assert both[0] == both[1]


def test_left_out_options_are_the_defaults() -> None:
    assert options_from_json({}, DEFAULTS) == DEFAULTS


@pytest.mark.parametrize(
    ("name", "size"),
    [("corner", (200, 200)), ("bubble", (300, 150)), ("panel", (320, 600)), ("square", (512, 512))],
)
def test_size_may_be_the_name_of_a_shape(name: str, size: tuple[int, int]) -> None:
    assert options_from_json({"size": name}, DEFAULTS).size == FrameSize(*size)


@pytest.mark.parametrize("text", ["blur", "color:#102030", "picture:office", "transparent"])
def test_background_goes_in_and_comes_out(text: str) -> None:
    options = options_from_json({"background": text}, DEFAULTS)
    assert options.background == parse_background(text)
    now = datetime.now(UTC)
    told = session_to_json(SessionInfo("1", options, now, None, Mood(), 0))
    assert told["options"]["background"] == text


def test_label_and_watermark_go_in_and_come_out() -> None:
    options = options_from_json({"label": True, "watermark": " Café 5 € "}, DEFAULTS)
    assert (options.label, options.watermark) == (True, "Café 5 €")
    told = session_to_json(SessionInfo("1", options, datetime.now(UTC), None, Mood(), 0))
    assert (told["options"]["label"], told["options"]["watermark"]) == (True, "Café 5 €")


@pytest.mark.parametrize("size", ["640x360", {"width": 640, "height": 360}])
def test_options_are_read(size: object) -> None:
    data = {"size": size, "fps": 60, "seed": str(2**64 - 1), "probe": True, "reply": False}
    options = options_from_json(data, DEFAULTS)
    assert options.size == FrameSize(640, 360)
    assert (options.fps, options.seed, options.probe, options.reply) == (60, 2**64 - 1, True, False)


def test_seed_0_is_a_seed() -> None:
    assert options_from_json({"seed": 0}, DEFAULTS).seed == 0


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"size": "big"}, "options.size"),
        ({"size": {"width": 511, "height": 512}}, "options.size.width"),
        ({"size": {"width": 512}}, "options.size.height"),
        ({"fps": 61}, "options.fps"),
        ({"seed": -1}, "options"),
        ({"avatar": " "}, "options.avatar"),
        ({"avatar": 3}, "options"),
        ({"background": "picture:../../secret"}, "options.background"),
        ({"background": "color:#12345g"}, "options.background"),
        ({"quality": 3}, "options.quality"),
        ({"watermark": "x" * 41}, "options.watermark"),
        ({"watermark": "\u732b"}, "options.watermark"),
        ({"watermark": "two\nlines"}, "options.watermark"),
        ({"watermark": "\N{SOFT HYPHEN}"}, "options.watermark"),
        ("mira", ""),
    ],
)
def test_bad_options_are_refused_naming_the_field(data: object, field: str) -> None:
    with pytest.raises(InvalidArgumentError) as error:
        options_from_json(data, DEFAULTS)
    assert error.value.field == field


@pytest.mark.parametrize(
    ("offer", "field"),
    [
        ({"type": "answer", "sdp": "v=0"}, "offer.type"),
        ({"type": "offer"}, "offer.sdp"),
        ({"type": "offer", "sdp": "v" * 200_001}, "offer.sdp"),
    ],
)
def test_bad_offer_is_refused_naming_the_field(offer: object, field: str) -> None:
    with pytest.raises(InvalidArgumentError) as error:
        offer_from_json(offer)
    assert error.value.field == field


def test_session_is_written_complete() -> None:
    info = SessionInfo(
        id="a",
        options=DEFAULTS,
        created_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        ended_at=None,
        mood=Mood(0.5, 0.0, -0.5),
        viewers=0,
    )
    assert session_to_json(info) == {
        "id": "a",
        "options": {
            "avatar": "mira",
            "size": {"width": 512, "height": 512},
            "fps": 30,
            "seed": "7",
            "probe": False,
            "personality": "friendly",
            "reply": True,
            "background": "studio",
            "label": False,
            "watermark": "",
            "quality": "QUALITY_FULL",
            "features": {
                "vectorBlending": True,
                "context": True,
                "lightProbe": True,
                "visemes": True,
            },
        },
        "state": "SESSION_STATE_ACTIVE",
        "createTime": "2026-01-02T03:04:05Z",
        "mood": {"valence": 0.5, "arousal": 0.0, "dominance": -0.5},
        "viewers": 0,
    }


def test_quality_of_a_session_is_read_and_told() -> None:
    options = options_from_json({"quality": "QUALITY_HALF"}, DEFAULTS)
    assert options.quality is Quality.HALF
    assert options_from_json({}, options).quality is Quality.HALF
    now = datetime(2026, 1, 2, tzinfo=UTC)
    info = SessionInfo("a", options, now, None, Mood(), 0)
    assert session_to_json(info)["options"]["quality"] == "QUALITY_HALF"


def test_session_tells_what_the_texture_cache_does() -> None:
    now = datetime(2026, 1, 2, tzinfo=UTC)
    info = SessionInfo("a", DEFAULTS, now, None, Mood(), 0, CACHE)
    assert session_to_json(info)["textures"] == {
        "hits": "90",
        "misses": "10",
        "evictions": "3",
        "uploads": "9",
        "pages": "6",
        "residentBytes": "6000",
        "pinnedBytes": "2000",
        "budgetBytes": "8000",
        "uploadedBytes": "9000",
        "uploadMs": 1.5,
        "short": True,
    }


@pytest.mark.parametrize(
    ("update", "expected"),
    [
        (
            IdPacket(2, "s", 5, blends=(BlendEntry("VF_1", 0.5, Layer.FACE),), event_sequence=1),
            {
                "packet": {
                    "sequence": "2",
                    "sessionId": "s",
                    "timestampNs": "5",
                    "blends": [{"cid": "VF_1", "weight": 0.5}],
                    "mood": {},
                    "eventSequence": "1",
                }
            },
        ),
        (
            MoodUpdate(Mood(0.5, 0.0, 0.0), "glad", 4),
            {"mood": {"mood": {"valence": 0.5}, "label": "glad", "eventSequence": "4"}},
        ),
        (
            SpeechUpdate(SpeechState.STARTED, "hello", "rules"),
            {"speech": {"state": "SPEECH_STATE_STARTED", "text": "hello", "source": "rules"}},
        ),
        (
            Rejection(4, 3, "bad"),
            {"rejection": {"eventSequence": "4", "code": 3, "message": "bad"}},
        ),
        (Lag(5), {"lag": {"dropped": "5"}}),
    ],
)
def test_update_is_written_as_a_converse_response(update: Update, expected: object) -> None:
    assert update_to_json(update) == expected
    json.dumps(update_to_json(update))


def test_schemas_refer_only_to_each_other() -> None:
    schemas = api_schemas()
    text = json.dumps(schemas)
    referred = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert referred <= set(schemas)
    assert schemas["ChatEvent"]["properties"]["role"]["enum"] == [
        "CHAT_ROLE_USER",
        "CHAT_ROLE_ASSISTANT",
        "CHAT_ROLE_SYSTEM",
    ]
    assert schemas["Event"]["properties"]["sequence"]["type"] == ["string", "integer"]


def test_packet_is_written_once_for_all_who_watch() -> None:
    answers = PacketAnswers()
    first, second = IdPacket(1, "s", 5), IdPacket(2, "s", 5)
    answer = answers.answer(first)
    assert answers.answer(first) is answer
    assert answer.packet.sequence == 1
    assert answers.answer(second).packet.sequence == 2
    assert answers.answer(first).packet.sequence == 1


def test_features_that_are_left_out_are_as_they_were() -> None:
    defaults = replace(DEFAULTS, features=Features(context=False))
    options = options_from_json({"features": {"visemes": False, "lightProbe": True}}, defaults)
    assert options.features == Features(context=False, visemes=False)
    event = event_from_json({"sequence": 1, "features": {"features": {"context": False}}})
    assert event.kind == SetFeatures((("context", False),))
