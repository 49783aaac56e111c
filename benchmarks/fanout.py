"""One session's packets to many subscribers, and what a slow one costs the others.

A complete server in a process of its own; another process has the subscribers
(`benchmarks.fanout_load`), so both work when a packet goes out, as they would on one machine.
"""

from dataclasses import dataclass

from benchmarks.loading import Loaded, load
from benchmarks.product import Served, serve
from benchmarks.report import Budget, Figure, Report

__all__ = ["run"]

LIMIT_P99_MS = {1: 20.0, 10: 20.0, 100: 50.0}
LIMIT_SLOW_RATIO = 2.0
# Below this, what a slow subscriber does to the others is the machine's own unrest.
LEAST_P99_MS = 5.0


@dataclass(frozen=True, slots=True)
class _Round:
    """So many subscribers, events, and events a second."""

    subscribers: int
    events: int
    rate: float


ROUNDS = (
    _Round(1, 200, 20.0),
    _Round(10, 200, 20.0),
    _Round(100, 100, 10.0),
    _Round(1000, 20, 1.0),
)
# Quick enough to fill what may wait for one that does not read, 256 updates.
SLOW = _Round(10, 1_200, 100.0)


def run(*, quick: bool) -> Report:
    """Delay to each subscriber and to the last one, processor time, and packets missed."""
    report = Report("fanout")
    rounds = ROUNDS[:-1] if quick else ROUNDS
    with serve("--backend", "cpu") as server:
        for one in rounds:
            done = _load(server, one, slow=False)
            _figures(report, f"{one.subscribers}", done, one)
        alone = _load(server, SLOW, slow=False)
        beside = _load(server, SLOW, slow=True)
    _figures(report, "quick.alone", alone, SLOW)
    _figures(report, "quick.beside_a_slow_one", beside, SLOW)
    for subscribers, limit_ms in LIMIT_P99_MS.items():
        report.limit(f"{subscribers}.delay_ms", "p99", limit_ms)
    _judge_slow(report, beside)
    return report


def _load(server: Served, one: _Round, *, slow: bool) -> Loaded:
    arguments = [one.subscribers, one.events, one.rate, int(slow)]
    words = [server.grpc_target, *(str(value) for value in arguments)]
    return load("benchmarks.fanout_load", words, server.pid)


def _figures(report: Report, name: str, done: Loaded, one: _Round) -> None:
    found = done.found
    report.figures[f"{name}.delay_ms"] = Figure.of(found["delays_ms"], "ms")
    report.figures[f"{name}.last_has_it_ms"] = Figure.of(found["last_ms"], "ms")
    packets = one.subscribers * one.rate
    report.figures[f"{name}.server_us"] = Figure.of(
        [1e6 * done.cores / packets], "us of processor a packet and subscriber"
    )
    missed = found["expected"] - len(found["delays_ms"]) + found["gaps"]
    report.budgets.append(Budget(f"{name}.missed_packets", 0.0, float(missed)))


def _judge_slow(report: Report, beside: Loaded) -> None:
    """The others get theirs as soon as without it, and it is told what it missed."""
    alone_ms = max(LEAST_P99_MS, report.figures["quick.alone.delay_ms"].p99)
    beside_ms = report.figures["quick.beside_a_slow_one.delay_ms"].p99
    report.ratios["delay_p99_beside_a_slow_one"] = round(beside_ms / alone_ms, 2)
    report.limit_ratio("delay_p99_beside_a_slow_one", LIMIT_SLOW_RATIO)
    found = beside.found
    untold = SLOW.events - found["slow_read"] - found["slow_missing"]
    report.budgets.append(Budget("slow.packets_missed_and_untold", 0.0, float(max(0, untold))))
    report.notes["slow"] = (
        f"a subscriber that read nothing while {SLOW.events} events went out got "
        f"{found['slow_read']} packets afterwards; gaps in their numbers told it of "
        f"{found['slow_missing']} that it missed"
    )
