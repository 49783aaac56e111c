"""What a monitoring system reads: figures of the whole server in Prometheus' text format.

Nothing is named by a session: how many series there are does not grow with use.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from compositor.pages import CacheStats
from control_plane.sessions.meter import Meter
from engine.clock import NS_PER_S
from engine.tallies import BOUNDS_NS, Histogram, Tallies

__all__ = ["MetricSources", "Metrics", "QueueFigures"]

_MS_PER_S = 1000.0
_MOST_KINDS = 50  # of faults, say; what is beyond is counted as "other"


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """What the recorder has done.

    Attributes:
        waiting: Records in its queue.
        written: Records in the database.
        dropped: Records that were refused or lost.
        spilled: Records that went to the local journal first.
    """

    waiting: int
    written: int
    dropped: int
    spilled: int


@dataclass(frozen=True, slots=True)
class MetricSources:
    """Where figures come from; all are read on the event loop and quick.

    Attributes:
        sessions: How many live.
        viewers: How many are connected.
        meter: Counts of the sessions.
        tallies: Counts of the bodies.
        cache: The texture cache.
        recorder: The recorder.
        version: Of the program.
        backend: What draws.
    """

    sessions: Callable[[], int]
    viewers: Callable[[], int]
    meter: Meter
    tallies: Tallies
    cache: Callable[[], CacheStats]
    recorder: Callable[[], QueueFigures]
    version: str
    backend: Callable[[], str]


class Metrics(Collector):
    """Collects at every scrape, with a registry of its own.

    Args:
        sources: Where figures come from.
    """

    def __init__(self, sources: MetricSources) -> None:
        self._sources = sources
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)
        # Memory, CPU and open files, where the system tells them (Linux).
        ProcessCollector(registry=self._registry)

    def write(self, accept: str = "") -> tuple[bytes, str]:
        """All figures now, and their media type.

        Args:
            accept: What the scraper takes, as its header says: OpenMetrics, or else plain text.
        """
        encode, media_type = choose_encoder(accept)
        return encode(self._registry), media_type

    def collect(self) -> Iterator[Metric]:
        """See `Collector.collect`; the registry calls it."""
        sources = self._sources
        info = {"version": sources.version, "backend": sources.backend()}
        yield InfoMetricFamily("capsulecast", "The program.", info)
        yield GaugeMetricFamily("capsulecast_sessions", "Sessions that live.", sources.sessions())
        yield GaugeMetricFamily("capsulecast_viewers", "Viewers connected.", sources.viewers())
        yield from self._of_sessions(sources.meter)
        yield from self._of_bodies(sources.tallies)
        yield from _of_cache(sources.cache())
        yield from _of_recorder(sources.recorder())

    def _of_sessions(self, meter: Meter) -> Iterator[Metric]:
        yield _counts("capsulecast_events", "Events that were taken.", "kind", meter.events)
        yield _counts("capsulecast_packets", "ID packets that were sent.", "cause", meter.packets)
        yield _counts("capsulecast_faults", "Faults that were survived.", "mode", meter.faults)
        told = "From an event to its packets."
        yield _seconds("capsulecast_event_to_packet_seconds", told, {}, meter.event_to_packet)

    def _of_bodies(self, tallies: Tallies) -> Iterator[Metric]:
        name, told = "capsulecast_stage_seconds", "How long each stage of a picture took."
        stages = HistogramMetricFamily(name, told, labels=("stage",))
        for stage, histogram in (
            ("brain", self._sources.meter.event_to_packet),
            ("draw_list", tallies.draw_list),
            ("render", tallies.render),
            ("encode", tallies.encode),
        ):
            stages.add_metric((stage,), *_classes(histogram))
        yield stages
        sent = tallies.encode.read().count
        yield _counter("capsulecast_frames", "Pictures made.", tallies.frames)
        yield _counter("capsulecast_frames_event", "Pictures an event made.", tallies.event_frames)
        yield _counter("capsulecast_frames_late", "Ticks without a picture.", tallies.late_frames)
        yield _counter(
            "capsulecast_frames_dropped",
            "Pictures that slow viewers did not take.",
            tallies.skipped_frames,
        )
        yield _counter("capsulecast_frames_sent", "Pictures encoded for a viewer.", sent)


def _of_cache(cache: CacheStats) -> Iterator[Metric]:
    name = "capsulecast_texture_cache"
    yield _counter(f"{name}_hits", "Pages asked for that were there.", cache.hits)
    yield _counter(f"{name}_misses", "Pages asked for that were not.", cache.misses)
    yield _counter(f"{name}_evictions", "Pages that gave way to others.", cache.evictions)
    yield _counter(f"{name}_uploads", "Pages taken in.", cache.uploads)
    told = "Time that the uploads took."
    yield _counter(f"{name}_upload_seconds", told, cache.upload_ms / _MS_PER_S)
    yield GaugeMetricFamily(f"{name}_bytes", "What the pages take.", cache.resident_bytes)
    yield GaugeMetricFamily(f"{name}_budget_bytes", "What they may take.", cache.budget_bytes)


def _of_recorder(recorder: QueueFigures) -> Iterator[Metric]:
    name = "capsulecast_recorder"
    yield GaugeMetricFamily(f"{name}_queue", "Records that wait.", recorder.waiting)
    yield _counter(f"{name}_written", "Records in the database.", recorder.written)
    yield _counter(f"{name}_dropped", "Records refused or lost.", recorder.dropped)
    yield _counter(f"{name}_spilled", "Records in the local journal first.", recorder.spilled)


def _counter(name: str, told: str, value: float) -> CounterMetricFamily:
    return CounterMetricFamily(name, told, value)


def _counts(name: str, told: str, label: str, counts: Mapping[str, int]) -> CounterMetricFamily:
    family = CounterMetricFamily(name, told, labels=(label,))
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    for kind, count in ranked[:_MOST_KINDS]:
        family.add_metric((kind,), count)
    if rest := ranked[_MOST_KINDS:]:
        family.add_metric(("other",), sum(count for _, count in rest))
    return family


def _seconds(
    name: str, told: str, labels: Mapping[str, str], histogram: Histogram
) -> HistogramMetricFamily:
    family = HistogramMetricFamily(name, told, labels=tuple(labels))
    family.add_metric(tuple(labels.values()), *_classes(histogram))
    return family


def _classes(histogram: Histogram) -> tuple[list[tuple[str, float]], float]:
    """Prometheus' classes, each with all below it, and the sum in seconds."""
    reading = histogram.read()
    below, classes = 0, []
    for bound, count in zip(_BOUNDS, reading.counts, strict=True):
        below += count
        classes.append((bound, float(below)))
    return classes, reading.sum_ns / NS_PER_S


_BOUNDS = (*(str(bound / NS_PER_S) for bound in BOUNDS_NS), "+Inf")
