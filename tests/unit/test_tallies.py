from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from engine.stats import StageTimes
from engine.tallies import BOUNDS_NS, Histogram


@given(st.lists(st.integers(0, 10**10)))
def test_every_duration_is_in_its_class(durations: list[int]) -> None:
    histogram = Histogram()
    for duration in durations:
        histogram.add(duration)
    reading = histogram.read()
    for place, bound in enumerate(BOUNDS_NS):
        below = sum(duration <= bound for duration in durations)
        assert sum(reading.counts[: place + 1]) == below
    assert (reading.count, reading.sum_ns) == (len(durations), sum(durations))


def test_many_threads_lose_no_duration() -> None:
    histogram = Histogram()
    with ThreadPoolExecutor(4) as pool:
        for _ in range(4):
            pool.submit(_add_often, histogram)
    assert histogram.read().count == 20_000
    assert histogram.read().sum_ns == 20_000_000


def test_stage_times_of_many_sessions_go_into_one_histogram() -> None:
    histogram = Histogram()
    first, second = StageTimes(into=histogram), StageTimes(capacity=2, into=histogram)
    first.add(1_000_000)
    for _ in range(5):
        second.add(3_000_000)
    assert histogram.read().count == 6
    assert second.quantiles().count == 2
    assert second.quantiles().by_name() == (("p50", 3.0), ("p95", 3.0), ("p99", 3.0))


def _add_often(histogram: Histogram) -> None:
    for _ in range(5000):
        histogram.add(1000)
