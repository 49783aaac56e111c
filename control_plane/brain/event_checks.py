"""Whether an event's own values are in range; what its names mean, the brain finds out."""

from control_plane.errors import InvalidEventError
from control_plane.events import (
    MAX_TEXT_CHARS,
    Chat,
    ChatRole,
    Emotion,
    EventKind,
    PlayExpression,
    Speak,
    Task,
)

__all__ = ["check_event", "check_words"]


def check_event(kind: EventKind) -> None:
    """Checks an event's values.

    Raises:
        InvalidEventError: Naming the field, the value and what was expected.
    """
    match kind:
        case Chat(role=ChatRole.ASSISTANT, text=text):
            check_words("chat.text", text)
        case Chat(text=text):
            _check_text("chat.text", text)
        case Speak(text=text):
            check_words("speak.text", text)
        case PlayExpression(weight=weight):
            _check_strength("expression.weight", weight)
        case Emotion(vad=vad, intensity=intensity):
            _check_range("emotion.vad.valence", vad.valence, -1.0)
            _check_range("emotion.vad.arousal", vad.arousal, -1.0)
            _check_range("emotion.vad.dominance", vad.dominance, -1.0)
            _check_strength("emotion.intensity", intensity)
        case Task(progress=progress):
            _check_range("task.progress", progress, 0.0)


def check_words(field: str, text: str) -> None:
    """Checks text that is to be spoken.

    Raises:
        InvalidEventError: It is blank, too long or no valid Unicode.
    """
    _check_text(field, text)
    if not text.strip():
        raise InvalidEventError(f"{field} is blank, expected something to say", field)


def _check_text(field: str, text: str) -> None:
    if len(text) > MAX_TEXT_CHARS:
        raise InvalidEventError(
            f"{field} has {len(text):,} characters, expected at most {MAX_TEXT_CHARS:,}", field
        )
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidEventError(
            f"{field} is no valid Unicode at character {error.start}: a lone surrogate", field
        ) from error


# Both are written so that NaN fails too.
def _check_strength(field: str, value: float) -> None:
    if not 0.0 < value <= 1.0:
        raise InvalidEventError(f"{field} is {value}, expected a number in (0, 1]", field)


def _check_range(field: str, value: float, low: float) -> None:
    if not low <= value <= 1.0:
        raise InvalidEventError(f"{field} is {value}, expected a number in [{low:g}, 1]", field)
