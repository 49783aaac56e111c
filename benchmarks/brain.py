"""The brain: event to ID packet, its size, lookups in 10,000 capsules, and 1,000 sessions at once.

The sessions run on the complete server, one process, as users start it. Another process opens a
gRPC stream for each and sends two events a second on it (`benchmarks.brain_load`). Nobody watches
these sessions, so nothing is drawn, and nothing is spoken: it is the brain that is measured, with
everything that goes along with a packet in a server, its storage too.
"""

import time
from collections import defaultdict

import numpy as np

from benchmarks.brain_load import EVENTS_A_SECOND
from benchmarks.conversation import events
from benchmarks.loading import load
from benchmarks.product import serve
from benchmarks.report import Budget, Figure, Report
from capsulecast.v1 import session_service_pb2 as pb
from capsules.library import Library, load_library
from control_plane.brain.brain import Brain
from control_plane.emotion.personality_file import personality_named
from control_plane.translate.events import event_from_message
from engine.clock import SystemClock
from engine.wire import size_bytes

__all__ = ["run"]

CAPSULES = 10_000
SESSIONS = 1_000
LIMIT_EVENT_MS = 2.0
LIMIT_PACKET_BYTES = 200
LIMIT_LOOKUP_US = 50.0
LIMIT_WIRE_MS = 20.0
SESSION_ID = "0190b5a4-5b6c-7d8e-9f00-112233445566"


def run(*, quick: bool) -> Report:
    """Times, sizes, and what many sessions cost."""
    report = Report("brain")
    library = load_library().with_micro(CAPSULES)
    _lookups(report, library, 300 if quick else 3_000)
    _events(report, library, 40 if quick else 400)
    _sessions(report, 200 if quick else SESSIONS, 5.0 if quick else 20.0)
    report.limit("event_to_packet_ms", "p99", LIMIT_EVENT_MS)
    report.limit("lookup_us", "p99", LIMIT_LOOKUP_US)
    report.limit("sessions.packet_bytes", "p50", LIMIT_PACKET_BYTES)
    report.limit("sessions.event_to_packet_ms", "p99", LIMIT_WIRE_MS)
    return report


def _lookups(report: Report, library: Library, count: int) -> None:
    """Three nearest of all micro-capsules, with weights."""
    index = library.micro()
    generator = np.random.default_rng(1)
    times = []
    for row in generator.uniform(-1, 1, (count + 50, 3)).tolist():
        start = time.perf_counter_ns()
        index.blend((row[0], row[1], row[2]))
        times.append((time.perf_counter_ns() - start) / 1000.0)
    report.figures["lookup_us"] = Figure.of(times[50:], "us")
    report.notes["lookup"] = f"k = 3 with weights, over {len(index):,} capsules"


def _events(report: Report, library: Library, rounds: int) -> None:
    """Every kind of event in turn, in this process."""
    brain = Brain(library, SESSION_ID, personality_named("friendly"), SystemClock(), seed=1)
    times: dict[str, list[float]] = defaultdict(list)
    sizes: list[float] = []
    made, sequence = 0, 0
    for number in range(rounds + 1):
        for kind, found in events().items():
            sequence += 1
            message = pb.Event(sequence=sequence)
            message.MergeFrom(found[number % len(found)])
            start = time.perf_counter_ns()
            packets = brain.handle(event_from_message(message))
            elapsed_ms = (time.perf_counter_ns() - start) / 1e6
            if number:  # the first round fills caches
                times[kind].append(elapsed_ms)
                made += len(packets)
                sizes += [size_bytes(packet) for packet in packets]
    every = [time_ms for values in times.values() for time_ms in values]
    report.figures["event_to_packet_ms"] = Figure.of(every, "ms")
    for kind, values in times.items():
        report.figures[f"event_to_packet.{kind}_ms"] = Figure.of(values, "ms")
    report.figures["packet_bytes"] = Figure.of(sizes, "B")
    report.notes["packets a second"] = f"{made / sum(every) * 1000.0:,.0f}, one brain on one core"


def _sessions(report: Report, count: int, seconds: float) -> None:
    flags = ("--backend", "cpu", "--max-sessions", str(count), "--micro", str(CAPSULES))
    with serve(*flags) as server:
        done = load(
            "benchmarks.brain_load", [server.grpc_target, str(count), str(seconds)], server.pid
        )
    found = done.found
    report.figures["sessions.event_to_packet_ms"] = Figure.of(found["delays_ms"], "ms")
    report.figures["sessions.packet_bytes"] = Figure.of(found["sizes"], "B")
    report.figures["sessions.sent_late_ms"] = Figure.of(found["lateness_ms"], "ms")
    report.figures["sessions.server_cores"] = Figure.of([done.cores], "cores")
    report.figures["sessions.server_mb"] = Figure.of([done.resident_mb], "MB resident")
    report.figures["sessions.creation_ms"] = Figure.of(
        [1000.0 * found["creating_s"] / count], "ms each"
    )
    report.budgets.append(Budget("sessions.lost_events", 0.0, float(found["unanswered"])))
    report.budgets.append(Budget("sessions.refused_events", 0.0, float(found["refused"])))
    report.notes["sessions"] = (
        f"{count:,} on one server process, each with a gRPC stream and {EVENTS_A_SECOND:g} events "
        f"a second for {seconds:g} s, {found['packets']:,} packets; the process that sends them "
        f"took {found['client_cpu']:.2f} cores of this machine"
    )
    report.notes["sent late"] = "how late that process sent; what it waits counts as delay as well"
