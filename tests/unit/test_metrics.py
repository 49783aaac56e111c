from dataclasses import dataclass

import pytest
from prometheus_client import REGISTRY
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families

from control_plane.observing.metrics import Metrics, MetricSources, QueueFigures
from control_plane.sessions.meter import Meter
from engine.tallies import Tallies
from tests.unit.fake_media import CACHE

MS = 1_000_000


@dataclass(slots=True)
class World:
    meter: Meter
    tallies: Tallies
    metrics: Metrics

    def read(self) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
        """Every sample, by name and labels."""
        text = self.metrics.write()[0].decode()
        return {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }


@pytest.fixture
def world() -> World:
    meter, tallies = Meter(), Tallies()
    sources = MetricSources(
        sessions=lambda: 3,
        viewers=lambda: 2,
        meter=meter,
        tallies=tallies,
        cache=lambda: CACHE,
        recorder=lambda: QueueFigures(waiting=7, written=100, dropped=1, spilled=4),
        version="1.2",
        backend=lambda: "a CPU",
    )
    return World(meter, tallies, Metrics(sources))


def test_counts_are_told_by_kind(world: World) -> None:
    world.meter.events["chat"] += 4
    world.meter.packets["drift"] += 9
    world.meter.faults["speech"] += 1
    found = world.read()
    assert found["capsulecast_events_total", (("kind", "chat"),)] == 4
    assert found["capsulecast_packets_total", (("cause", "drift"),)] == 9
    assert found["capsulecast_faults_total", (("mode", "speech"),)] == 1
    assert found["capsulecast_sessions", ()] == 3
    assert found["capsulecast_viewers", ()] == 2
    assert found["capsulecast_info", (("backend", "a CPU"), ("version", "1.2"))] == 1


def test_stage_times_are_histograms_in_seconds(world: World) -> None:
    for took_ms in (1, 2, 40, 900):
        world.tallies.render.add(took_ms * MS)
    found = world.read()
    name = "capsulecast_stage_seconds"

    def below(bound: str) -> float:
        return found[f"{name}_bucket", (("le", bound), ("stage", "render"))]

    assert (below("0.001"), below("0.0025"), below("0.066667"), below("+Inf")) == (1, 2, 3, 4)
    assert found[f"{name}_sum", (("stage", "render"),)] == pytest.approx(0.943)
    assert found[f"{name}_count", (("stage", "encode"),)] == 0
    stages = {dict(labels)["stage"] for found_name, labels in found if found_name == f"{name}_sum"}
    assert stages == {"brain", "draw_list", "render", "encode"}


def test_frames_cache_recorder_and_process_are_told(world: World) -> None:
    tallies = world.tallies
    tallies.frames, tallies.event_frames = 50, 6
    tallies.late_frames, tallies.skipped_frames = 2, 3
    tallies.encode.add(MS)
    found = {name: value for (name, labels), value in world.read().items() if not labels}
    expected = {
        "capsulecast_frames_total": 50,
        "capsulecast_frames_event_total": 6,
        "capsulecast_frames_late_total": 2,
        "capsulecast_frames_dropped_total": 3,
        "capsulecast_frames_sent_total": 1,
        "capsulecast_texture_cache_hits_total": 90,
        "capsulecast_texture_cache_misses_total": 10,
        "capsulecast_texture_cache_evictions_total": 3,
        "capsulecast_texture_cache_bytes": 6000,
        "capsulecast_texture_cache_upload_seconds_total": 0.0015,
        "capsulecast_recorder_queue": 7,
        "capsulecast_recorder_written_total": 100,
        "capsulecast_recorder_dropped_total": 1,
        "capsulecast_recorder_spilled_total": 4,
    }
    assert {name: found[name] for name in expected} == expected
    assert found["process_cpu_seconds_total"] > 0
    assert found["process_resident_memory_bytes"] > 1e6


def test_no_kind_is_too_many(world: World) -> None:
    for number in range(500):
        world.meter.faults[f"mode{number}"] += 1
    found = world.read()
    modes = [labels for name, labels in found if name == "capsulecast_faults_total"]
    assert len(modes) == 51
    assert found["capsulecast_faults_total", (("mode", "other"),)] == 450


def test_nothing_is_registered_with_the_process(world: World) -> None:
    assert world.read()
    assert not any(family.name.startswith("capsulecast") for family in REGISTRY.collect())


def test_scraper_gets_the_format_it_asks_for(world: World) -> None:
    world.meter.events["chat"] += 1
    content, media_type = world.metrics.write("application/openmetrics-text; version=1.0.0")
    assert media_type.startswith("application/openmetrics-text")
    families = open_metrics(content.decode())  # type: ignore[no-untyped-call] # theirs
    assert {one.name for one in families} >= {"capsulecast_events"}
    assert world.metrics.write("text/html")[1].startswith("text/plain")
