import math
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsulecast.v1 import common_pb2, session_service_pb2
from compositor.light import Surroundings
from control_plane.brain.event_checks import check_event
from control_plane.errors import InvalidEventError
from control_plane.events import (
    Chat,
    ChatRole,
    Emotion,
    Event,
    Interrupt,
    Light,
    PlayExpression,
    SetQuality,
    Speak,
    Task,
    TaskState,
    Ui,
    UiContext,
)
from control_plane.translate.events import (
    event_from_json,
    event_from_message,
    event_from_text,
    sequence_of,
)
from engine.packet import Mood
from engine.quality import Quality


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (
            {"chat": {"role": "CHAT_ROLE_USER", "text": "hi", "intent": "joy"}},
            Chat(ChatRole.USER, "hi", "joy"),
        ),
        ({"expression": {"id": "E_0001", "weight": 0.5}}, PlayExpression("E_0001", 0.5)),
        ({"expression": {"id": "VF_083"}}, PlayExpression("VF_083", 1.0)),
        (
            {"emotion": {"vad": {"valence": 1, "arousal": -1}}},
            Emotion(Mood(1.0, -1.0, 0.0), 1.0),
        ),
        (
            {"task": {"name": "build", "state": "TASK_STATE_PROGRESS", "progress": 0.5}},
            Task("build", TaskState.PROGRESS, 0.5),
        ),
        ({"ui": {"context": "UI_CONTEXT_TYPING"}}, Ui(UiContext.TYPING)),
        ({"speak": {"text": "hello"}}, Speak("hello")),
        ({"interrupt": {}}, Interrupt()),
        (
            {"light": {"left": 0xFF8000, "right": 1, "above": 256, "strength": 0}},
            Light(Surroundings((255, 128, 0), (0, 0, 1), (0, 1, 0), (0, 0, 0), 0.0)),
        ),
        (
            {"light": {"below": 0xFFFFFF}},
            Light(Surroundings((0, 0, 0), (0, 0, 0), (0, 0, 0), (255, 255, 255), 0.35)),
        ),
        ({"quality": {"quality": "QUALITY_HALF"}}, SetQuality(Quality.HALF)),
        ({"quality": {"quality": "QUALITY_FULL"}}, SetQuality(Quality.FULL)),
    ],
)
def test_every_kind_of_event_is_read(kind: dict[str, Any], expected: object) -> None:
    assert event_from_json({"sequence": 3, **kind}) == Event(3, expected)  # type: ignore[arg-type]


def test_event_may_come_inside_a_converse_request() -> None:
    inner = {"sequence": "9", "interrupt": {}}
    assert event_from_json({"event": inner}) == event_from_json(inner) == Event(9, Interrupt())


@pytest.mark.parametrize(
    ("event", "field", "said"),
    [
        ({"sequence": 1}, "event", "no kind"),
        ({"sequence": -1, "interrupt": {}}, "event", "out of range"),
        ({"sequence": 1, "chat": {"text": "hi"}}, "event.chat.role", "user, assistant, system"),
        ({"sequence": 1, "chat": {"role": 99, "text": "hi"}}, "event.chat.role", "99"),
        ({"sequence": 1, "chat": {"role": 1, "text": " "}}, "event.chat.text", "1 to 8,000"),
        (
            {"sequence": 1, "chat": {"role": 1, "text": "x" * 1_000_000}},
            "event.chat.text",
            "1,000,000 characters, expected at most 8,000",
        ),
        ({"sequence": 1, "speak": {"text": "x" * 8001}}, "event.speak.text", "8,001"),
        ({"sequence": 1, "expression": {}}, "event.expression.id", "characters"),
        (
            {"sequence": 1, "expression": {"id": "E_1", "weight": 1.5}},
            "event.expression.weight",
            "1.5",
        ),
        ({"sequence": 1, "emotion": {}}, "event.emotion.vad", "missing"),
        (
            {"sequence": 1, "emotion": {"vad": {"arousal": "NaN"}}},
            "event.emotion.vad.arousal",
            "nan",
        ),
        (
            {"sequence": 1, "emotion": {"vad": {"dominance": -1.01}}},
            "event.emotion.vad.dominance",
            "-1.01",
        ),
        (
            {"sequence": 1, "emotion": {"vad": {}, "intensity": "Infinity"}},
            "event.emotion.intensity",
            "inf",
        ),
        (
            {"sequence": 1, "task": {"state": "TASK_STATE_FAILED", "progress": 2}},
            "event.task.progress",
            "is 2,",
        ),
        ({"sequence": 1, "ui": {}}, "event.ui.context", "typing"),
        ({"sequence": 1, "light": {"above": 0x1000000}}, "event.light.above", "0xRRGGBB"),
        ({"sequence": 1, "light": {"strength": 1.5}}, "event.light.strength", "1.5"),
        ({"sequence": 1, "light": {"strength": "NaN"}}, "event.light.strength", "nan"),
        ({"sequence": 1, "quality": {}}, "event.quality.quality", "full, half"),
        ({"sequence": 1, "quality": {"quality": 9}}, "event.quality.quality", "is 9"),
        ({"sequence": 1, "unknown": {}}, "event", "unknown"),
        ({"sequence": 1, "chat": {"text": "\ud800"}}, "event.chat.text", "surrogate"),
        ({"sequence": 1, "chat": {}, "speak": {}}, "event", "multiple"),
        ([], "", "JSON object"),
        (None, "", "JSON object"),
    ],
)
def test_bad_event_is_refused_naming_the_field(event: object, field: str, said: str) -> None:
    with pytest.raises(InvalidEventError) as error:
        check_event(event_from_json(event).kind)
    assert error.value.field.startswith(field)
    assert said.lower() in str(error.value).lower()
    assert len(str(error.value)) < 500


def test_nan_in_a_message_is_refused() -> None:
    vad = common_pb2.Vad(valence=math.nan)
    message = session_service_pb2.Event(
        sequence=1, emotion=session_service_pb2.EmotionEvent(vad=vad)
    )
    with pytest.raises(InvalidEventError, match="valence is nan, expected a number in"):
        check_event(event_from_message(message).kind)


@given(st.text(max_size=200) | st.binary(max_size=200))
def test_any_text_is_an_event_or_refused(text: str | bytes) -> None:
    with suppress(InvalidEventError):
        assert isinstance(event_from_text(text), Event)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["event", "sequence", "chat", "text", "role", "emotion", "vad", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(json_values)
def test_any_json_is_an_event_or_refused(data: object) -> None:
    assert 0 <= sequence_of(data) < 2**64
    with suppress(InvalidEventError):
        assert isinstance(event_from_json(data), Event)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"sequence": 5, "nonsense": 1}, 5),
        ({"event": {"sequence": "6"}}, 6),
        ({"sequence": -1}, 0),
        ({"sequence": True}, 0),
        ({"sequence": "²"}, 0),
        ({"sequence": "9" * 5000}, 0),
        ("text", 0),
    ],
)
def test_sequence_is_found_in_a_bad_event(data: object, expected: int) -> None:
    assert sequence_of(data) == expected
