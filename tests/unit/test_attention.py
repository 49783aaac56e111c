"""What the avatar attends to: from an event through the packet to the eyes."""

import numpy as np
import pytest

from capsulecast.v1 import packet_pb2
from capsules.library import load_library
from control_plane.brain.brain import Brain
from control_plane.emotion.personality_file import personality_named
from control_plane.events import (
    Chat,
    ChatRole,
    Event,
    EventKind,
    Interrupt,
    Speak,
    Task,
    TaskState,
    Ui,
    UiContext,
)
from engine.clock import NS_PER_S, VirtualClock
from engine.packet import Attention, IdPacket
from engine.wire import from_message, size_bytes, to_message
from tests.unit.bodies import MS, body, frames, packet, speech, value

LIBRARY = load_library()


def told(kind: EventKind) -> IdPacket:
    brain = Brain(LIBRARY, "session", personality_named("friendly"), VirtualClock(NS_PER_S), seed=7)
    return brain.handle(Event(1, kind))[0]


@pytest.mark.parametrize(
    ("kind", "attention"),
    [
        (Ui(UiContext.IDLE), Attention.IDLE),
        (Ui(UiContext.TYPING), Attention.TYPING),
        (Ui(UiContext.READING), Attention.READING),
        (Ui(UiContext.SPEAKING), Attention.LISTENING),
        (Ui(UiContext.AWAY), Attention.AWAY),
        (Task("search", TaskState.STARTED), Attention.TASK_RUNNING),
        (Task("search", TaskState.PROGRESS, 0.5), Attention.TASK_RUNNING),
        (Task("search", TaskState.WAITING), Attention.WAITING),
        (Task("search", TaskState.SUCCEEDED, 1.0), Attention.TASK_DONE),
        (Task("search", TaskState.FAILED), Attention.TASK_FAILED),
        (Chat(ChatRole.USER, "I walked home."), Attention.LISTENING),
        (Chat(ChatRole.USER, "Where is the station?"), Attention.THINKING),
        (Speak("Hello."), Attention.LISTENING),
        (Interrupt(), Attention.LISTENING),
    ],
)
def test_an_event_says_what_to_attend_to(kind: EventKind, attention: Attention) -> None:
    assert told(kind).attention is attention


def test_attention_takes_two_bytes_and_none_where_nothing_changes() -> None:
    plain = packet("VF_SMILE")
    sizes = {size_bytes(packet("VF_SMILE", attention=item)) for item in Attention}
    assert sizes == {size_bytes(plain) + 2}
    assert to_message(plain).attention == packet_pb2.ATTENTION_UNSPECIFIED


def test_an_attention_that_a_newer_brain_knows_changes_nothing() -> None:
    message = to_message(packet("VF_SMILE", attention=Attention.READING))
    message.attention = 999  # type: ignore[assignment] # open enum
    assert from_message(message).attention is None


def looks(attention: Attention | None) -> np.ndarray:
    """How far both eyes look down, over ten seconds."""
    one = body()
    frames(one, 0, 1000)
    one.apply(packet(attention=attention), 1001 * MS)
    return np.array([value(frame, "eyeLookDownLeft") for frame in frames(one, 2500, 11_000)])


def test_a_reader_looks_down_and_others_do_not() -> None:
    assert looks(Attention.READING).mean() > 0.35
    assert looks(None).mean() < 0.15
    assert looks(Attention.TASK_DONE).mean() < 0.15


def test_who_speaks_leaves_the_page_and_goes_back_to_it() -> None:
    one = body()
    one.apply(packet(attention=Attention.READING), 0)
    before = np.mean([value(item, "eyeLookDownLeft") for item in frames(one, 2000, 8000)])
    one.apply(packet(sequence=2, speak_text="One moment."), 8001 * MS)
    one.begin_speech(speech(("aa", 6000)), 8131 * MS)
    meanwhile = np.mean([value(item, "eyeLookDownLeft") for item in frames(one, 8600, 14_000)])
    after = np.mean([value(item, "eyeLookDownLeft") for item in frames(one, 15_500, 24_000)])
    assert meanwhile < 0.5 * before
    assert after > 0.6 * before


def test_attention_is_over_in_its_time() -> None:
    one = body()
    one.apply(packet(attention=Attention.TASK_FAILED), 0)
    troubled = np.mean([value(item, "headPitch") for item in frames(one, 2000, 11_000)])
    later = np.mean([value(item, "headPitch") for item in frames(one, 14_000, 24_000)])
    assert troubled < later - 0.05
