"""OpenTelemetry traces from event to frame: one for every event that leads to packets.

A trace is written when the first picture that shows its event is on its way, from times that were
taken anyway; without a tracer nothing is done at all. Needs the extra `otel`.
"""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Mapping
from typing import TYPE_CHECKING

from control_plane.sessions.tracing import EventTimes
from engine.rtc.sending import SentFrame

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider

__all__ = ["Tracer", "open_provider"]

_MOST_WAITING = 64  # events of one session; of more, the oldest is written without its picture
_MOST_SESSIONS = 1000  # with events that wait; of more, those of the oldest are written so
_QUEUE_SPANS = 4096  # that wait for the exporter; of more, the newest are dropped
_BATCH_SPANS = 512
_EVERY_MS = 1000
_LIMIT_S = 5


class Tracer:
    """Makes spans; used from the event loop.

    An event's trace has one span `event` around `brain`, `packet`, `drawList`, `render`, `encode`
    and `sent`. Of an event that no viewer is shown, it ends with `packet`.

    Args:
        provider: Where spans go; it is closed with `close`.
        offset_ns: From the sessions' clock to the wall's; None: as they are now.
    """

    def __init__(self, provider: "TracerProvider", offset_ns: int | None = None) -> None:
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._provider = provider
        self._spans = provider.get_tracer("capsulecast")
        self._propagator = TraceContextTextMapPropagator()
        self._offset_ns = time.time_ns() - time.monotonic_ns() if offset_ns is None else offset_ns
        self._waiting: OrderedDict[str, deque[EventTimes]] = OrderedDict()

    def event(self, times: EventTimes) -> None:
        """See `EventTracer.event`."""
        if not times.watched:
            self._write(times, None)
            return
        waiting = self._waiting.setdefault(times.session_id, deque())
        waiting.append(times)
        if len(waiting) > _MOST_WAITING:
            self._write(waiting.popleft(), None)
        if len(self._waiting) > _MOST_SESSIONS:
            self.ended(next(iter(self._waiting)))

    def sent(self, session_id: str, picture: SentFrame) -> None:
        """See `EventTracer.sent`."""
        waiting = self._waiting.get(session_id)
        if waiting is None:
            return
        while waiting and waiting[0].applied_ns <= picture.frame.at_ns:
            self._write(waiting.popleft(), picture)
        if not waiting:
            del self._waiting[session_id]

    def ended(self, session_id: str) -> None:
        """See `EventTracer.ended`."""
        for times in self._waiting.pop(session_id, ()):
            self._write(times, None)

    def close(self, limit_s: float = 1.0) -> None:
        """Hands on what waits, for so long at most, and closes the provider. Blocks."""
        for session_id in tuple(self._waiting):
            self.ended(session_id)
        # A collector that is away would hold it up for as long as an export may take.
        closing = threading.Thread(target=self._provider.shutdown, name="traces", daemon=True)
        closing.start()
        closing.join(limit_s)

    def _write(self, times: EventTimes, picture: SentFrame | None) -> None:
        from opentelemetry.trace import SpanKind, set_span_in_context

        attributes: dict[str, str | int | bool] = {
            "capsulecast.session": times.session_id,
            "capsulecast.event": times.kind,
            "capsulecast.sequence": times.sequence,
            "capsulecast.packets": times.packets,
            "capsulecast.shown": picture is not None,
        }
        if picture is not None:
            attributes["capsulecast.frame"] = picture.frame.index
        root = self._spans.start_span(
            "event",
            self._parent(times.parent),
            SpanKind.SERVER,
            attributes,
            start_time=self._wall(times.received_ns),
        )
        inside = set_span_in_context(root)
        stages = _stages(times, picture)
        for name, (begin_ns, end_ns) in stages.items():
            span = self._spans.start_span(name, inside, start_time=self._wall(begin_ns))
            span.end(self._wall(end_ns))
        root.end(self._wall(max(end_ns for _, end_ns in stages.values())))

    def _parent(self, traceparent: str) -> "Context | None":
        return self._propagator.extract({"traceparent": traceparent}) if traceparent else None

    def _wall(self, clock_ns: int) -> int:
        return clock_ns + self._offset_ns


def open_provider(endpoint: str, version: str) -> "TracerProvider":
    """What sends spans to an OTLP collector over gRPC, from a thread of its own.

    The queue is bounded: while the collector is away or slow, new spans are dropped.

    Args:
        endpoint: Such as http://localhost:4317.
        version: Of the program.

    Raises:
        ImportError: The extra `otel` is not installed.
    """
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create({"service.name": "capsulecast", "service.version": version})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    exporter = OTLPSpanExporter(endpoint, insecure=endpoint.startswith("http://"), timeout=_LIMIT_S)
    provider.add_span_processor(
        BatchSpanProcessor(
            exporter,
            max_queue_size=_QUEUE_SPANS,
            schedule_delay_millis=_EVERY_MS,
            max_export_batch_size=_BATCH_SPANS,
            export_timeout_millis=_LIMIT_S * 1000,
        )
    )
    return provider


def _stages(times: EventTimes, picture: SentFrame | None) -> Mapping[str, tuple[int, int]]:
    """Begin and end of each stage on the sessions' clock, in their order."""
    stages = {
        "brain": (times.received_ns, times.decided_ns),
        "packet": (times.decided_ns, times.applied_ns),
    }
    if picture is not None:
        frame, sent = picture.frame, picture.times
        stages |= {
            "drawList": (frame.at_ns, frame.drawn_ns),
            "render": (frame.drawn_ns, frame.rendered_ns),
            "encode": (sent.encode_ns, sent.encoded_ns),
            "sent": (sent.encoded_ns, sent.sent_ns),
        }
    return stages
