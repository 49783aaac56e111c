"""Events: protobuf and proto3 JSON to validated records."""

import re

from capsulecast.v1 import common_pb2, session_service_pb2
from control_plane.errors import InvalidArgumentError, InvalidEventError
from control_plane.events import (
    MAX_TEXT_CHARS,
    Chat,
    ChatRole,
    Emotion,
    Event,
    EventKind,
    Interrupt,
    PlayExpression,
    Speak,
    Task,
    TaskState,
    Ui,
    UiContext,
)
from control_plane.translate import ranges
from control_plane.translate.jsonform import decode, from_json
from engine.packet import Mood

__all__ = ["event_from_json", "event_from_message", "event_from_text", "sequence_of"]

_MAX_NAME_CHARS = 200
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
    if not message.sequence:
        raise ranges.invalid("event.sequence", 0, "a number from 1", _ERROR)
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
            return Speak(
                ranges.text("event.speak.text", message.speak.text, MAX_TEXT_CHARS, _ERROR)
            )
        case "interrupt":
            return Interrupt()
        case _:
            known = "chat, expression, emotion, task, ui, speak or interrupt"
            raise InvalidEventError(f"event has no kind, expected one of {known}", "event")


def _chat(message: session_service_pb2.ChatEvent) -> Chat:
    return Chat(
        role=ranges.named("event.chat.role", message.role, _ROLES, _ERROR),
        text=ranges.text("event.chat.text", message.text, MAX_TEXT_CHARS, _ERROR),
        intent=_name("event.chat.intent", message.intent),
    )


def _expression(message: session_service_pb2.ExpressionEvent) -> PlayExpression:
    return PlayExpression(
        id=ranges.text("event.expression.id", message.id, _MAX_NAME_CHARS, _ERROR),
        weight=ranges.strength("event.expression.weight", message.weight, _ERROR),
    )


def _emotion(message: session_service_pb2.EmotionEvent) -> Emotion:
    if not message.HasField("vad"):
        raise InvalidEventError("event.emotion.vad is missing, expected a vad", "event.emotion.vad")
    return Emotion(
        vad=_vad("event.emotion.vad", message.vad),
        intensity=ranges.strength("event.emotion.intensity", message.intensity, _ERROR),
    )


def _vad(field: str, message: common_pb2.Vad) -> Mood:
    return Mood(
        ranges.number(f"{field}.valence", message.valence, -1.0, 1.0, _ERROR),
        ranges.number(f"{field}.arousal", message.arousal, -1.0, 1.0, _ERROR),
        ranges.number(f"{field}.dominance", message.dominance, -1.0, 1.0, _ERROR),
    )


def _task(message: session_service_pb2.TaskEvent) -> Task:
    return Task(
        name=_name("event.task.name", message.name),
        state=ranges.named("event.task.state", message.state, _TASK_STATES, _ERROR),
        progress=ranges.share("event.task.progress", message.progress, _ERROR),
    )


def _name(field: str, value: str) -> str:
    """A name that may be empty."""
    return ranges.text(field, value, _MAX_NAME_CHARS, _ERROR) if value else ""


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
