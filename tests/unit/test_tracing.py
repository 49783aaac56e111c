from collections.abc import Sequence

import numpy as np
import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from control_plane.observing.tracing import Tracer
from control_plane.sessions.tracing import EventTimes
from engine.feed import LiveFrame
from engine.rtc._aiortc import SentTimes
from engine.rtc.sending import SentFrame

MS = 1_000_000
WALL = 10**18
STAGES = ["brain", "packet", "drawList", "render", "encode", "sent"]
TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"


class World:
    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.tracer = Tracer(provider, WALL)

    def traces(self) -> list[dict[str, ReadableSpan]]:
        """Spans by name of each trace, in the order they ended."""
        found: dict[int, dict[str, ReadableSpan]] = {}
        for span in self.exporter.get_finished_spans():
            found.setdefault(span.context.trace_id, {})[span.name] = span
        return list(found.values())


def times(at_ms: int, *, session: str = "s", watched: bool = True, parent: str = "") -> EventTimes:
    at_ns = at_ms * MS
    return EventTimes(session, "chat", 7, parent, at_ns, at_ns + MS, at_ns + 2 * MS, 1, watched)


def picture(at_ms: int, index: int = 0) -> SentFrame:
    at_ns = at_ms * MS
    image = np.zeros((6, 4), np.uint8)
    frame = LiveFrame(index, at_ns, 0, image, True, 7, at_ns + MS, at_ns + 3 * MS)
    return SentFrame(frame, SentTimes(at_ns + 4 * MS, at_ns + 6 * MS, at_ns + 7 * MS))


def span_ms(span: ReadableSpan) -> tuple[float, float]:
    assert span.start_time is not None
    assert span.end_time is not None
    return (span.start_time - WALL) / MS, (span.end_time - WALL) / MS


@pytest.fixture
def world() -> World:
    return World()


def test_trace_nests_and_covers_the_event_up_to_the_sent_frame(world: World) -> None:
    world.tracer.event(times(100))
    assert world.traces() == []
    world.tracer.sent("s", picture(103, index=5))
    (trace,) = world.traces()
    root = trace["event"]
    assert set(trace) == {"event", *STAGES}
    assert span_ms(root) == (100, 110)
    at: Sequence[tuple[float, float]] = [span_ms(trace[name]) for name in STAGES]
    assert at == [(100, 101), (101, 102), (103, 104), (104, 106), (107, 109), (109, 110)]
    for name in STAGES:
        parent = trace[name].parent
        assert parent is not None
        assert parent.span_id == root.context.span_id
    assert root.parent is None
    assert root.attributes is not None
    assert root.attributes["capsulecast.event"] == "chat"
    assert root.attributes["capsulecast.frame"] == 5
    assert root.attributes["capsulecast.shown"] is True


def test_picture_that_was_begun_before_the_event_does_not_show_it(world: World) -> None:
    world.tracer.event(times(100))
    world.tracer.sent("s", picture(101))
    world.tracer.sent("other", picture(103))
    assert world.traces() == []
    world.tracer.sent("s", picture(102, index=2))
    world.tracer.sent("s", picture(135, index=3))
    (trace,) = world.traces()
    assert trace["event"].attributes is not None
    assert trace["event"].attributes["capsulecast.frame"] == 2


def test_events_shown_by_one_picture_have_a_trace_each(world: World) -> None:
    world.tracer.event(times(100))
    world.tracer.event(times(101))
    world.tracer.event(times(200))
    world.tracer.sent("s", picture(110))
    assert len(world.traces()) == 2


def test_event_that_nobody_is_shown_ends_with_its_packet(world: World) -> None:
    world.tracer.event(times(100, watched=False))
    world.tracer.event(times(100))
    world.tracer.ended("s")
    assert [set(trace) for trace in world.traces()] == [{"event", "brain", "packet"}] * 2
    assert span_ms(world.traces()[0]["event"]) == (100, 102)


def test_what_waits_is_bounded(world: World) -> None:
    for number in range(100):
        world.tracer.event(times(number))
    assert len(world.traces()) == 100 - 64
    for number in range(1100):
        world.tracer.event(times(0, session=str(number)))
    assert len(world.traces()) == 100 + 1100 - 1000
    world.tracer.close()
    assert len(world.traces()) == 1200


def test_trace_goes_on_from_its_callers(world: World) -> None:
    world.tracer.event(times(0, watched=False, parent=f"00-{TRACE}-{PARENT}-01"))
    root = world.traces()[0]["event"]
    assert f"{root.context.trace_id:032x}" == TRACE
    assert root.parent is not None
    assert f"{root.parent.span_id:016x}" == PARENT


@pytest.mark.parametrize("parent", ["", "x", f"00-{'0' * 32}-{PARENT}-01", "00-é-1-1"])
def test_parent_that_is_none_begins_a_trace_of_its_own(world: World, parent: str) -> None:
    world.tracer.event(times(0, watched=False, parent=parent))
    assert world.traces()[0]["event"].parent is None
