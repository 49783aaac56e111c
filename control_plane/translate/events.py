"""Events: protobuf and proto3 JSON to plain records, whose values the brain checks."""

import re

from capsulecast.v1 import session_service_pb2
from compositor.light import Surroundings
from control_plane import ranges
from control_plane.errors import InvalidArgumentError, InvalidEventError
from control_plane.events import (
    Chat,
    ChatRole,
    Emotion,
    Event,
    EventKind,
    Interrupt,
    Light,
    PlayExpression,
    Pose,
    Preview,
    SetFeatures,
    SetQuality,
    Speak,
    Task,
    TaskState,
    Ui,
    UiContext,
)
from control_plane.studio.own_capsules import capsule_from_text
from control_plane.translate.jsonform import decode, from_json
from control_plane.translate.sessions import QUALITIES, features_given
from engine.packet import Mood

__all__ = ["event_from_json", "event_from_message", "event_from_text", "sequence_of"]

_LIGHT_STRENGTH = 0.35
_ERROR = InvalidEventError

_ROLES: dict[int, ChatRole] = {
    session_service_pb2.ChatRole.Value(f"CHAT_ROLE_{role.name}"): role for role in ChatRole
}
_TASK_STATES: dict[int, TaskState] = {
    session_service_pb2.TaskState.Value(f"TASK_STATE_{state.name}"): state for state in TaskState
}
_CONTEXTS: dict[int, UiContext] = {
    session_service_pb2.UiContext.Value(f"UI_CONTEXT_{context.name}"): context
    for context in UiContext
}


def event_from_message(message: session_service_pb2.Event) -> Event:
    """The event of a protobuf message.

    Raises:
        InvalidEventError: Naming the field, the value and what was expected.
    """
    return Event(message.sequence, _kind(message))


def event_from_json(data: object) -> Event:
    """The event of parsed proto3 JSON: an Event, or one inside {"event": ...}.

    Raises:
        InvalidEventError: Naming the field, the value and what was expected.
    """
    if isinstance(data, dict) and isinstance(data.get("event"), dict):
        data = data["event"]
    try:
        message = from_json(data, session_service_pb2.Event(), "event")
    except InvalidArgumentError as error:
        raise InvalidEventError(str(error), error.field) from error
    return event_from_message(message)


def event_from_text(data: str | bytes) -> Event:
    """The event of JSON text; see `event_from_json`."""
    try:
        parsed = decode(data)
    except InvalidArgumentError as error:
        raise InvalidEventError(str(error)) from error
    return event_from_json(parsed)


def _kind(message: session_service_pb2.Event) -> EventKind:
    match message.WhichOneof("kind"):
        case "chat":
            return _chat(message.chat)
        case "expression":
            return _expression(message.expression)
        case "emotion":
            return _emotion(message.emotion)
        case "task":
            return _task(message.task)
        case "ui":
            context = ranges.named("event.ui.context", message.ui.context, _CONTEXTS, _ERROR)
            return Ui(context)
        case "speak":
            return Speak(message.speak.text)
        case "interrupt":
            return Interrupt()
        case "light":
            return _light(message.light)
        case "quality":
            value = message.quality.quality
            return SetQuality(ranges.named("event.quality.quality", value, QUALITIES, _ERROR))
        case "pose":
            return Pose(tuple((item.target, item.value) for item in message.pose.values))
        case "preview":
            return _preview(message.preview)
        case "features":
            return SetFeatures(features_given(message.features.features))
        case _:
            known = (
                "chat, expression, emotion, task, ui, speak, interrupt, light, quality, pose, "
                "preview or features"
            )
            raise InvalidEventError(f"event has no kind, expected one of {known}", "event")


def _chat(message: session_service_pb2.ChatEvent) -> Chat:
    return Chat(
        role=ranges.named("event.chat.role", message.role, _ROLES, _ERROR),
        text=message.text,
        intent=message.intent,
    )


def _expression(message: session_service_pb2.ExpressionEvent) -> PlayExpression:
    return PlayExpression(id=message.id, weight=_strength(message.weight))


def _emotion(message: session_service_pb2.EmotionEvent) -> Emotion:
    if not message.HasField("vad"):
        raise InvalidEventError("event.emotion.vad is missing, expected a vad", "event.emotion.vad")
    vad = message.vad
    return Emotion(
        vad=Mood(vad.valence, vad.arousal, vad.dominance),
        intensity=_strength(message.intensity),
    )


def _task(message: session_service_pb2.TaskEvent) -> Task:
    return Task(
        name=message.name,
        state=ranges.named("event.task.state", message.state, _TASK_STATES, _ERROR),
        progress=message.progress,
    )


def _light(message: session_service_pb2.LightEvent) -> Light:
    strength = message.strength if message.HasField("strength") else _LIGHT_STRENGTH
    return Light(
        Surroundings(
            left=_color("event.light.left", message.left),
            right=_color("event.light.right", message.right),
            above=_color("event.light.above", message.above),
            below=_color("event.light.below", message.below),
            strength=strength,
        )
    )


def _preview(message: session_service_pb2.PreviewEvent) -> Preview:
    try:
        capsule = capsule_from_text(message.json, "event.preview.json")
    except InvalidArgumentError as error:
        raise InvalidEventError(str(error), error.field) from error
    return Preview(capsule, _strength(message.weight))


def _color(field: str, value: int) -> tuple[int, int, int]:
    if value > 0xFFFFFF:
        raise ranges.invalid(field, value, "a colour 0xRRGGBB, at most 16,777,215", _ERROR)
    return value >> 16, value >> 8 & 255, value & 255


def _strength(value: float) -> float:
    """A strength as it is meant: proto3 does not tell 0 from an absent one."""
    return value or 1.0


def sequence_of(data: object) -> int:
    """The sequence number in parsed JSON, however wrong the rest of it is; 0: none."""
    if isinstance(data, dict):
        inner = data.get("event")
        value = (inner if isinstance(inner, dict) else data).get("sequence", 0)
        if isinstance(value, str) and re.fullmatch("[0-9]{1,20}", value):
            value = int(value)
        if type(value) is int and 0 < value < 2**64:  # a bool is an int too
            return value
    return 0
