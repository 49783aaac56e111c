from collections.abc import Iterator

import pytest

from compositor.drawlist import DrawList, FrameSize
from compositor.numba_backend import NumbaCompositor
from compositor.stages import STAGES, StageClock, StageTimed
from tests.unit.avatars import synthetic_avatar

SCENE = DrawList("synthetic", FrameSize(256, 256), (("b00", 0.5),))


@pytest.fixture
def ticking(monkeypatch: pytest.MonkeyPatch) -> None:
    times: Iterator[int] = iter([0, 1_000_000, 3_000_000, 3_500_000, 9_000_000, 9_250_000])
    monkeypatch.setattr("time.perf_counter_ns", lambda: next(times))


@pytest.mark.usefixtures("ticking")
def test_clock_sums_laps_by_stage_and_leaves_out_what_is_none() -> None:
    clock = StageClock()
    clock.restart()
    clock.lap("accumulate")
    clock.lap(None)
    clock.lap("accumulate")
    assert clock.times_ms() == {"accumulate": 1.5, "draw": 0.0, "convert": 0.0, "readback": 0.0}
    clock.restart()
    clock.lap("draw")
    assert clock.times_ms() == {"accumulate": 0.0, "draw": 0.25, "convert": 0.0, "readback": 0.0}


def test_cpu_backend_times_its_stages_when_asked_alone() -> None:
    compositor = NumbaCompositor()
    compositor.load(synthetic_avatar(0.25))
    assert isinstance(compositor, StageTimed)
    compositor.render([SCENE])
    assert not compositor.stage_times()
    compositor.time_stages(True)
    compositor.render([SCENE, SCENE])
    times = compositor.stage_times()
    assert tuple(times) == STAGES
    assert times["readback"] == 0.0
    assert min(times["accumulate"], times["draw"], times["convert"]) > 0.0
    compositor.time_stages(False)
    compositor.render([SCENE])
    assert not compositor.stage_times()
