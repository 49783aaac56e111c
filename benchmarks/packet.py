"""The brain's packets: how large they are, and how long an event takes to become one."""

import time

from benchmarks.report import Budget, Figure, Report
from capsules.library import load_library
from control_plane.brain.brain import Brain
from control_plane.emotion.personality_file import personality_named
from control_plane.events import Chat, ChatRole, Emotion, Event, EventKind, Speak, Task, TaskState
from engine.clock import SystemClock
from engine.packet import MAX_PACKET_BYTES, Mood
from engine.wire import size_bytes

__all__ = ["run"]

BUDGET_MS = 5.0  # event received -> ID packet
CONVERSATION: tuple[EventKind, ...] = (
    Chat(ChatRole.USER, "Really? That is wonderful!"),
    Chat(ChatRole.USER, "I am not sure. Could you explain that again, please?"),
    Chat(ChatRole.USER, "My grandmother died last week and I miss her."),
    Chat(ChatRole.USER, "THIS IS UNACCEPTABLE!!! I have been waiting for three hours."),
    Chat(ChatRole.USER, "haha that's hilarious 😂"),
    Emotion(Mood(0.7, 0.5, 0.3)),
    Emotion(Mood(-0.6, 0.8, -0.5)),
    Task("search", TaskState.STARTED),
    Task("search", TaskState.SUCCEEDED, 1.0),
    Speak("I am glad to hear it. Tell me more about what happened, and how it made you feel."),
    Speak("A long answer goes out in pieces, so that each packet stays small. " * 8),
)


def run(*, quick: bool) -> Report:
    """Bytes a packet, and milliseconds from event to packets, over a varied conversation."""
    report = Report("packet")
    personality = personality_named("friendly")
    session_id = "0190b5a4-5b6c-7d8e-9f00-112233445566"
    brain = Brain(load_library(), session_id, personality, SystemClock(), seed=1)
    sizes: list[float] = []
    times: list[float] = []
    for sequence in range(1, (200 if quick else 2_000) + 1):
        event = Event(sequence, CONVERSATION[sequence % len(CONVERSATION)])
        start = time.perf_counter_ns()
        packets = brain.handle(event)
        elapsed_ms = (time.perf_counter_ns() - start) / 1e6
        if sequence > len(CONVERSATION):  # the first round fills caches
            times.append(elapsed_ms)
            sizes += [size_bytes(packet) for packet in packets]
    report.figures["packet_bytes"] = Figure.of(sizes, "B")
    report.figures["event_to_packet_ms"] = Figure.of(times, "ms")
    report.budgets.append(Budget("packet_bytes.max", MAX_PACKET_BYTES, max(sizes)))
    report.limit("event_to_packet_ms", "p99", BUDGET_MS)
    return report
