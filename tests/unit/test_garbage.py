import gc
import weakref
from collections.abc import Iterator

import pytest

from control_plane.garbage import Sweeper, keep_for_good
from engine.clock import NS_PER_S, VirtualClock

MINUTE_NS = 60 * NS_PER_S


class Circle:
    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def collector() -> Iterator[None]:
    """The collector's own settings, as they were before."""
    thresholds = gc.get_threshold()
    yield
    gc.set_threshold(*thresholds)
    gc.unfreeze()


@pytest.mark.usefixtures("collector")
def test_full_collections_come_only_from_a_sweeper() -> None:
    keep_for_good()
    assert gc.get_freeze_count() > 0
    assert gc.get_threshold()[2] > 1_000_000
    clock = VirtualClock(NS_PER_S)
    sweeper = Sweeper(clock)
    sweeper.ended()
    clock.advance(MINUTE_NS)
    circle = weakref.ref(Circle())
    assert circle() is not None
    assert sweeper.beat(live=0)
    assert circle() is None


def test_one_session_of_many_that_ends_calls_for_nothing() -> None:
    clock = VirtualClock(NS_PER_S)
    sweeper = Sweeper(clock)
    sweeper.ended()
    clock.advance(10 * MINUTE_NS)
    assert not sweeper.beat(live=5)
    for _ in range(15):
        sweeper.ended()
    assert sweeper.beat(live=5)
    for _ in range(50):
        sweeper.ended()
    clock.advance(10 * MINUTE_NS)
    assert not sweeper.beat(live=100)


def test_collections_are_a_minute_apart_and_half_an_hour_at_most() -> None:
    clock = VirtualClock(NS_PER_S)
    sweeper = Sweeper(clock)
    sweeper.ended()
    clock.advance(MINUTE_NS - 1)
    assert not sweeper.beat(live=0)
    clock.advance(1)
    assert sweeper.beat(live=0)
    # Nothing has ended since; time alone calls for one.
    clock.advance(30 * MINUTE_NS - 1)
    assert not sweeper.beat(live=0)
    clock.advance(1)
    assert sweeper.beat(live=0)
