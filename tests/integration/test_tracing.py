"""Traces of events, through the whole server and over a real connection."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import grpc
import numpy as np
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from capsulecast.v1 import session_service_pb2 as pb
from capsulecast.v1 import session_service_pb2_grpc as pb_grpc
from control_plane import server as server_module
from control_plane.observing.routes import open_tracer
from control_plane.observing.tracing import Tracer
from control_plane.sessions.tracing import EventTimes
from engine.clock import SystemClock
from engine.feed import LiveFrame
from engine.rtc._aiortc import SentTimes
from engine.rtc.sending import SentFrame
from tests.integration.calls import Host, Page, call, until
from tests.integration.running import running

TRACE = "0af7651916cd43dd8448eb211c80319c"
STAGES = {"brain", "packet", "drawList", "render", "encode", "sent"}


def test_times_of_a_sent_picture_follow_each_other() -> None:
    async def scene(host: Host, page: Page) -> None:
        await page.picture_with(0)
        await until(lambda: len(host.sent) > 5)

    host = call(scene)
    indices = [one.frame.index for one in host.sent]
    assert indices == sorted(set(indices))
    for one in host.sent:
        frame, times = one.frame, one.times
        moments = [frame.at_ns, frame.drawn_ns, frame.rendered_ns, times.encode_ns]
        moments += [times.encoded_ns, times.sent_ns]
        assert moments == sorted(moments)
        assert times.sent_ns - frame.at_ns < 5e9
    for one, two in pairwise(host.sent):
        assert one.times.sent_ns <= two.times.encode_ns


def test_event_is_traced_from_its_arrival_to_the_frame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    endpoints: list[str] = []

    def opened(endpoint: str, _version: str) -> Tracer:
        endpoints.append(endpoint)
        return Tracer(provider)

    monkeypatch.setattr(server_module, "open_tracer", opened)

    async def main() -> None:
        endpoint = "http://localhost:4317"
        async with running(tmp_path, otlp_endpoint=endpoint, reply=False) as server:
            made = await server.request("POST", "/api/sessions", {})
            body = server.body(made.json["id"])
            body.viewers = 1
            event = {"sequence": 9, "chat": {"role": "CHAT_ROLE_USER", "text": "hello"}}
            headers = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
            path = f"/api/sessions/{made.json['id']}/events"
            await server.request("POST", path, event, headers)
            assert body.callbacks.on_sent is not None
            now_ns = SystemClock().now_ns()
            frame = LiveFrame(3, now_ns, 0, np.zeros((6, 4), np.uint8), True, 9, now_ns, now_ns)
            assert exporter.get_finished_spans() == ()
            body.callbacks.on_sent(SentFrame(frame, SentTimes(now_ns, now_ns + 5, now_ns + 9)))
            spans = {span.name: span for span in exporter.get_finished_spans()}
            assert set(spans) == {"event"} | STAGES
            root = spans["event"]
            assert f"{root.context.trace_id:032x}" == TRACE
            assert root.attributes is not None
            assert root.attributes["capsulecast.session"] == made.json["id"]
            for name in STAGES:
                parent = spans[name].parent
                assert parent is not None
                assert parent.span_id == root.context.span_id
                assert (root.start_time or 0) <= (spans[name].start_time or 0)
                assert (spans[name].end_time or 0) <= (root.end_time or 0)
            body.viewers = 0
            exporter.clear()
            await send_over_grpc(server.ready.grpc_address, made.json["id"])
            roots = [one for one in exporter.get_finished_spans() if one.name == "event"]
            assert [f"{one.context.trace_id:032x}" for one in roots] == [TRACE, TRACE]

    asyncio.run(main())
    assert endpoints == ["http://localhost:4317"]


async def send_over_grpc(address: str, session: str) -> None:
    """An event by SendEvent and one by Converse, both as parts of a trace."""
    headers = (("traceparent", f"00-{TRACE}-b7ad6b7169203331-01"),)
    event = pb.Event(sequence=1, chat=pb.ChatEvent(role=pb.CHAT_ROLE_USER, text="hello"))
    async with grpc.aio.insecure_channel(address) as channel:
        stub = pb_grpc.SessionServiceStub(channel)
        request = pb.SendEventRequest(session_id=session, event=event)
        await stub.SendEvent(request, metadata=headers)
        stream = stub.Converse(metadata=headers)
        await stream.write(pb.ConverseRequest(session_id=session, event=event))
        await stream.read()
        stream.cancel()


class Collector(TraceServiceServicer):
    """What an OpenTelemetry collector is to its clients."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.services: set[str] = set()

    def Export(  # noqa: N802 - gRPC's name
        self, request: ExportTraceServiceRequest, context: object
    ) -> ExportTraceServiceResponse:
        for resource in request.resource_spans:
            attributes = {one.key: one.value.string_value for one in resource.resource.attributes}
            self.services.add(f"{attributes['service.name']} {attributes['service.version']}")
            for scope in resource.scope_spans:
                self.names += [span.name for span in scope.spans]
        return ExportTraceServiceResponse()


def unseen(number: int) -> EventTimes:
    return EventTimes("s", "chat", number, "", 1, 2, 3, 1, watched=False)


def test_spans_reach_a_collector_at_the_latest_at_the_end() -> None:
    collector = Collector()
    server = grpc.server(ThreadPoolExecutor(1))
    add_TraceServiceServicer_to_server(collector, server)  # type: ignore[no-untyped-call] # theirs
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    tracer = open_tracer(f"http://127.0.0.1:{port}", "1.2")
    assert tracer is not None
    for number in range(10):
        tracer.event(unseen(number))
    tracer.close(limit_s=10.0)
    server.stop(None).wait()
    assert sorted(collector.names) == ["brain"] * 10 + ["event"] * 10 + ["packet"] * 10
    assert collector.services == {"capsulecast 1.2"}


def test_collector_that_is_away_holds_nothing_up(caplog: pytest.LogCaptureFixture) -> None:
    tracer = open_tracer("http://127.0.0.1:9", "1.2")
    assert tracer is not None
    began_s = time.monotonic()
    for number in range(1700):  # three spans each: more than the queue holds
        tracer.event(unseen(number))
    tracer.close(limit_s=0.2)
    assert time.monotonic() - began_s < 10.0
    assert "queue full" in caplog.text.lower()


def test_nothing_is_traced_unless_asked_for(tmp_path: Path) -> None:
    async def main() -> None:
        async with running(tmp_path) as server:
            made = await server.request("POST", "/api/sessions", {})
            assert server.body(made.json["id"]).callbacks.on_sent is None

    asyncio.run(main())
