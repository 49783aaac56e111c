import itertools

import pytest

from engine.motion import blinks as blinks_module
from engine.motion import gaze as gaze_module
from engine.motion.blinks import BLINK_MS, Blinks
from engine.motion.chance import uniform
from engine.motion.gaze import Gaze
from engine.motion.idle import Idle
from engine.motion.plans import target_index, target_table

INDEX = target_index()
FREE = [0.0] * len(target_table())
EYES = tuple(
    f"eyeLook{way}{side}" for way in ("In", "Out", "Up", "Down") for side in ("Left", "Right")
)


def added(idle: Idle, now_ms: float, busy: list[float] | None = None) -> list[float]:
    values = [0.0] * len(target_table())
    idle.add(now_ms, values, FREE if busy is None else busy)
    return values


def blinks_in(idle: Idle, minutes: float, eye_wide: float = 0.0) -> int:
    closed = False
    count = 0
    for step in range(int(minutes * 60 * 50)):
        added(idle, step * 20.0)
        lid = idle.lids(step * 20.0, eye_wide)
        count += lid > 0.5 and not closed
        closed = lid > 0.5
    return count


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_about_17_blinks_a_minute(seed: int) -> None:
    assert 14.0 <= blinks_in(Idle(seed), 10.0) / 10.0 <= 20.0


def test_wide_eyes_do_not_blink() -> None:
    assert blinks_in(Idle(1), 2.0, eye_wide=0.41) == 0


@pytest.mark.parametrize("eye_wide", [0.28, 0.32, 0.36])
def test_blink_closes_the_eyes_or_is_left(eye_wide: float) -> None:
    idle = Idle(1)
    lids = [idle.lids(float(step), eye_wide) for step in range(0, 60_000, 8)]
    assert max(lids) in {0.0, 1.0}


def test_every_blink_shuts_the_eye_at_30_frames_a_second() -> None:
    blinks = Blinks(5)
    lids = [blinks.closed(step * 1000.0 / 30.0) for step in range(30 * 120)]
    runs = [list(run) for moving, run in itertools.groupby(lids, lambda lid: lid > 0.0) if moving]
    assert len(runs) > 15
    assert all(max(run) == 1.0 for run in runs)


def test_blink_closes_faster_than_it_opens() -> None:
    blinks = Blinks(5)
    blinks.blink_at(0.0)
    lids = [blinks.closed(float(time)) for time in range(int(BLINK_MS) + 2)]
    shut = [time for time, lid in enumerate(lids) if lid == 1.0]
    assert 60 <= shut[0] <= 80
    assert BLINK_MS - shut[-1] > shut[0]
    assert 150.0 <= BLINK_MS <= 200.0
    assert lids[-1] == 0.0


def test_some_blinks_are_double() -> None:
    blinks = Blinks(3)
    starts, closed = [], False
    for step in range(50 * 600):
        lid = blinks.closed(step * 20.0)
        if lid > 0.5 and not closed:
            starts.append(step * 20.0)
        closed = lid > 0.5
    gaps = [b - a for a, b in itertools.pairwise(starts)]
    assert any(gap < 400.0 for gap in gaps)
    assert sum(gap < 400.0 for gap in gaps) < 0.3 * len(gaps)


def test_any_frame_rate_samples_the_same_motion() -> None:
    slow, fast = Idle(9), Idle(9)
    for step in range(1200):
        now = step * 50.0 / 3.0
        one = (added(fast, now), fast.lids(now, 0.0))
        if step % 2 == 0:
            assert (added(slow, now), slow.lids(now, 0.0)) == one


def test_seeds_differ() -> None:
    assert added(Idle(1), 5000.0) != added(Idle(2), 5000.0)


def test_eyes_move_together_and_look_mostly_at_the_viewer() -> None:
    idle = Idle(4)
    straight = 0
    steps = 3000
    for step in range(steps):
        values = added(idle, step * 33.0)
        look = {name: values[INDEX[name]] for name in EYES}
        assert look["eyeLookOutLeft"] == look["eyeLookInRight"]
        assert look["eyeLookInLeft"] == look["eyeLookOutRight"]
        assert look["eyeLookUpLeft"] == look["eyeLookUpRight"]
        assert min(look["eyeLookOutLeft"], look["eyeLookInLeft"]) == 0.0
        straight += max(look.values()) < 0.1
    assert 0.6 < straight / steps < 1.0


def test_event_calls_the_eyes_back() -> None:
    gaze = Gaze(4)
    now = 0.0
    while abs(gaze.direction(now)[0]) < 0.15:
        now += 10.0
        gaze.advance(now)
    now += 80.0  # the eyes have arrived
    gaze.advance(now)
    away = abs(gaze.direction(now)[0])
    gaze.attend(now)
    assert abs(gaze.direction(now)[0]) == pytest.approx(away)
    assert abs(gaze.direction(now + 60.0)[0]) < 0.2 * away


def test_sway_is_calm() -> None:
    idle = Idle(6)
    start = 0.0
    for name, most in (("headYaw", 0.12), ("headRoll", 0.12), ("headPitch", 0.12)):
        path = [added(idle, start + step * 33.0)[INDEX[name]] for step in range(3000)]
        start += 99_000.0
        assert 0.02 < max(abs(item) for item in path) <= most


def test_breath_comes_about_14_times_a_minute() -> None:
    idle = Idle(2)
    path = [added(idle, step * 33.0)[INDEX["breath"]] for step in range(30 * 300)]
    breaths = sum(a < 0.0 <= b for a, b in itertools.pairwise(path))
    assert 12.0 <= breaths / 5.0 <= 16.0


def test_idle_keeps_back_where_a_gesture_plays() -> None:
    busy = list(FREE)
    busy[INDEX["headYaw"]] = 1.0
    free_yaw = added(Idle(6), 4000.0)[INDEX["headYaw"]]
    assert abs(added(Idle(6), 4000.0, busy)[INDEX["headYaw"]]) == pytest.approx(0.3 * abs(free_yaw))


def test_visible_notice_moves_the_brows_at_once_and_lets_go() -> None:
    idle, calm = Idle(6), Idle(6)
    idle.notice(1000.0, visibly=True)
    brow = INDEX["browOuterUpLeft"]
    assert added(idle, 1000.0)[brow] - added(calm, 1000.0)[brow] > 0.05
    assert added(idle, 1600.0)[brow] == added(calm, 1600.0)[brow]


@pytest.mark.parametrize("gap_ms", [60_000.0, 86_400_000.0])
def test_long_gap_is_not_lived_through(gap_ms: float, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = 0

    def counted(*counters: int) -> float:
        nonlocal drawn
        drawn += 1
        return uniform(*counters)

    idle = Idle(3)
    added(idle, 0.0)
    idle.lids(0.0, 0.0)
    monkeypatch.setattr(blinks_module, "uniform", counted)
    monkeypatch.setattr(gaze_module, "uniform", counted)
    added(idle, gap_ms)
    idle.lids(gap_ms, 0.0)
    assert drawn < 200


def test_life_after_a_long_gap_depends_on_time_and_seed_alone() -> None:
    early, late = Idle(3), Idle(3)
    for idle, last_ms in ((early, 0.0), (late, 7000.0)):
        added(idle, last_ms)
        idle.lids(last_ms, 0.0)
    for step in range(3000):
        now = 3_600_000.0 + step * 20.0
        assert added(early, now) == added(late, now)
        assert early.lids(now, 0.0) == late.lids(now, 0.0)


def test_eyes_blink_on_after_a_long_gap() -> None:
    blinks = Blinks(5)
    blinks.closed(0.0)
    lids = [blinks.closed(3_600_000.0 + step * 20.0) for step in range(50 * 60)]
    assert 8 <= sum(a < 0.5 <= b for a, b in itertools.pairwise(lids)) <= 30
