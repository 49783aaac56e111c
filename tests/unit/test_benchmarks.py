import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.conversation import events, messages
from benchmarks.report import Budget, Figure, Report, write_json
from benchmarks.soak import offset_ms
from capsulecast.v1 import session_service_pb2
from capsules.library import load_library
from control_plane.brain.brain import Brain
from control_plane.emotion.personality_file import personality_named
from control_plane.translate.events import event_from_message
from engine.clock import VirtualClock


def report(p99: float) -> Report:
    made = Report("x")
    made.figures["a_ms"] = Figure(1.0, 2.0, p99, 10, "ms")
    made.limit("a_ms", "p99", 5.0)
    return made


def test_figure_holds_percentiles_of_its_samples() -> None:
    figure = Figure.of(list(range(1, 101)), "ms")
    assert (figure.p50, figure.n, figure.unit) == (50.5, 100, "ms")
    assert figure.p50 < figure.p95 < figure.p99 <= 100


def test_figure_without_samples_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Figure.of([], "ms")


def test_budget_holds_up_to_its_limit_and_no_further() -> None:
    assert Budget("x", 5.0, 5.0).ok
    assert not Budget("x", 5.0, 5.01).ok
    assert report(4.0).ok
    assert not report(6.0).ok


def test_json_has_the_promised_keys(tmp_path: Path) -> None:
    made = report(6.0)
    made.ratios["r"] = 0.5
    made.limit_ratio("r", 0.4)
    file = tmp_path / "deep" / "report.json"
    write_json([made], file)
    data = json.loads(file.read_text())
    assert set(data) >= {"name", "machine", "figures", "ratios", "budgets"}
    assert set(data["figures"]["a_ms"]) == {"p50", "p95", "p99", "n", "unit"}
    assert [budget["ok"] for budget in data["budgets"]] == [False, False]


@pytest.mark.parametrize("late_ms", [-60.0, 0.0, 100.0])
def test_offset_is_positive_where_the_sound_is_late(late_ms: float) -> None:
    times = np.arange(0.0, 4000.0, 10.0)
    lips = np.sin(times / 150.0) * np.sin(times / 430.0)
    sound = np.interp(times - late_ms, times, lips)
    pairs = [(float(t), float(v)) for t, v in zip(times, sound, strict=True)]
    seen = [(float(t), float(v)) for t, v in zip(times, lips, strict=True)]
    assert offset_ms(pairs, seen) == pytest.approx(late_ms, abs=10)


def test_offset_of_a_silent_or_still_recording_is_refused() -> None:
    still = [(float(t), 0.0) for t in range(0, 2000, 10)]
    with pytest.raises(ValueError, match="never changes"):
        offset_ms(still, still)


def test_conversation_has_every_kind_of_event_that_leads_to_a_packet() -> None:
    brain = Brain(load_library(), "s", personality_named("friendly"), VirtualClock())
    made = {}
    for number, (kind, found) in enumerate(events().items(), start=1):
        message = session_service_pb2.Event(sequence=number)
        message.MergeFrom(found[0])
        made[kind] = len(brain.handle(event_from_message(message)))
    assert set(made.values()) == {1}
    assert {session_service_pb2.Event.FromString(one).WhichOneof("kind") for one in messages()} == (
        set(made)
    )
