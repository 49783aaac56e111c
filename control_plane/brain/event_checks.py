"""Whether an event's own values are in range; what its names mean, the brain finds out.

The one place for it: events reach the brain from every door, and from programs that have it inside.
"""

from capsules.targets import TargetKind, targets
from control_plane import ranges
from control_plane.errors import InvalidEventError
from control_plane.events import (
    MAX_TEXT_CHARS,
    Chat,
    Emotion,
    EventKind,
    Light,
    PlayExpression,
    Pose,
    Preview,
    Speak,
    Task,
)

__all__ = ["check_event", "check_text"]

_MAX_NAME_CHARS = 200
_ERROR = InvalidEventError
_UNSEEN = frozenset({TargetKind.VOICE, TargetKind.TEMPO})


def check_event(kind: EventKind) -> None:
    """Checks an event's values.

    Raises:
        InvalidEventError: Naming the field, the value and what was expected.
    """
    match kind:
        case Chat(text=text, intent=intent):
            check_text("event.chat.text", text)
            _check_name("event.chat.intent", intent)
        case Speak(text=text):
            check_text("event.speak.text", text)
        case PlayExpression(id=name, weight=weight):
            ranges.text("event.expression.id", name, _MAX_NAME_CHARS, _ERROR)
            ranges.strength("event.expression.weight", weight, _ERROR)
        case Emotion(vad=vad, intensity=intensity):
            ranges.number("event.emotion.vad.valence", vad.valence, -1.0, 1.0, _ERROR)
            ranges.number("event.emotion.vad.arousal", vad.arousal, -1.0, 1.0, _ERROR)
            ranges.number("event.emotion.vad.dominance", vad.dominance, -1.0, 1.0, _ERROR)
            ranges.strength("event.emotion.intensity", intensity, _ERROR)
        case Task(name=name, progress=progress):
            _check_name("event.task.name", name)
            ranges.number("event.task.progress", progress, 0.0, 1.0, _ERROR)
        case Light(surroundings=surroundings):
            strength = surroundings.strength
            ranges.number("event.light.strength", strength, 0.0, 1.0, _ERROR)
        case Pose(values=values):
            _check_pose(values)
        case Preview(weight=weight):
            ranges.strength("event.preview.weight", weight, _ERROR)


def check_text(field: str, text: str) -> None:
    """Checks what somebody says.

    Raises:
        InvalidEventError: It is blank, too long or no valid Unicode.
    """
    ranges.text(field, text, MAX_TEXT_CHARS, _ERROR)


def _check_pose(values: tuple[tuple[str, float], ...]) -> None:
    """Known targets that are seen, each once and in its range."""
    seen: set[str] = set()
    for name, value in values:
        known = targets().get(name)
        if known is None or known.kind in _UNSEEN:
            expected = "a target of capsules that is seen, such as jawOpen"
            raise ranges.invalid("event.pose.values.target", name, expected, _ERROR)
        if name in seen:
            expected = "each target once"
            raise ranges.invalid("event.pose.values.target", name, expected, _ERROR)
        seen.add(name)
        field = f"event.pose.values.{name}"
        ranges.number(field, value, known.minimum, known.maximum, _ERROR)


def _check_name(field: str, value: str) -> None:
    """A name that may be empty."""
    if value:
        ranges.text(field, value, _MAX_NAME_CHARS, _ERROR)
