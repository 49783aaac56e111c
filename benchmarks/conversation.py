"""What sessions are sent in benchmarks of the brain: all kinds of events but speech."""

from functools import cache

from capsulecast.v1 import common_pb2
from capsulecast.v1 import session_service_pb2 as pb

__all__ = ["events", "messages"]

_SAID = (
    "Really? That is wonderful!",
    "I am not sure. Could you explain that again, please?",
    "My grandmother died last week and I miss her.",
    "THIS IS UNACCEPTABLE!!! I have been waiting for three hours.",
    "haha that's hilarious",
    "ok",
    "Thank you so much, that helped.",
    "What time does the meeting start tomorrow?",
)
_VADS = ((0.7, 0.5, 0.3), (-0.6, 0.8, -0.5), (-0.5, -0.4, -0.3), (0.4, -0.3, 0.2))


@cache
def events() -> dict[str, tuple[pb.Event, ...]]:
    """Events without numbers, by kind. Speech is left out: it costs a voice, not a brain."""
    user, task = pb.CHAT_ROLE_USER, pb.TaskState
    return {
        "chat": tuple(pb.Event(chat=pb.ChatEvent(role=user, text=text)) for text in _SAID),
        "emotion": tuple(
            pb.Event(
                emotion=pb.EmotionEvent(
                    vad=common_pb2.Vad(valence=valence, arousal=arousal, dominance=dominance)
                )
            )
            for valence, arousal, dominance in _VADS
        ),
        "task": tuple(
            pb.Event(task=pb.TaskEvent(name="search", state=state, progress=0.5))
            for state in (
                task.TASK_STATE_STARTED,
                task.TASK_STATE_SUCCEEDED,
                task.TASK_STATE_FAILED,
            )
        ),
        "ui": tuple(
            pb.Event(ui=pb.UiEvent(context=context))
            for context in (pb.UI_CONTEXT_TYPING, pb.UI_CONTEXT_READING, pb.UI_CONTEXT_IDLE)
        ),
        "expression": (pb.Event(expression=pb.ExpressionEvent(id="delight")),),
        "interrupt": (pb.Event(interrupt=pb.InterruptEvent()),),
    }


@cache
def messages() -> tuple[bytes, ...]:
    """The same as bytes, in the shares in which a conversation has them."""
    shares = {"chat": 4, "ui": 3, "emotion": 2, "task": 2, "expression": 4, "interrupt": 1}
    return tuple(
        event.SerializeToString()
        for kind, found in events().items()
        for event in found * shares[kind]
    )
