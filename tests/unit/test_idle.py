import itertools
import pickle

import numpy as np
import pytest

from capsules.library import load_library
from engine.motion import blinks as blinks_module
from engine.motion import gaze as gaze_module
from engine.motion.blinks import BLINK_MS, Blinks
from engine.motion.chance import uniform
from engine.motion.habits import habits_of
from engine.motion.idle import EYE_DEG, HEAD_DEG, Idle
from engine.motion.plans import target_index, target_table
from engine.packet import Attention

INDEX = target_index()
FREE = [0.0] * len(target_table())
EYES = tuple(
    f"eyeLook{way}{side}" for way in ("In", "Out", "Up", "Down") for side in ("Left", "Right")
)


def added(
    idle: Idle,
    now_ms: float,
    busy: list[float] | None = None,
    turned: tuple[float, float] = (0.0, 0.0),
) -> list[float]:
    values = [0.0] * len(target_table())
    values[INDEX["headYaw"]], values[INDEX["headPitch"]] = turned
    idle.add(now_ms, values, FREE if busy is None else busy, turned)
    return values


def path_of(idle: Idle, start_ms: float, end_ms: float, step_ms: float = 1000 / 30) -> np.ndarray:
    """All targets and the lids over time, (N, targets + 1)."""
    return np.array(
        [
            [*added(idle, float(time)), idle.lids(float(time), 0.0)]
            for time in np.arange(start_ms, end_ms, step_ms)
        ]
    )


def attending(attention: Attention, seed: int = 3) -> Idle:
    idle = Idle(seed)
    added(idle, 0.0)
    idle.turn(attention, 0.0)
    return idle


def blinks_in(idle: Idle, minutes: float, eye_wide: float = 0.0) -> int:
    closed = False
    count = 0
    for step in range(int(minutes * 60 * 50)):
        lid = idle.lids(step * 20.0, eye_wide)
        count += lid > 0.5 and not closed
        closed = lid > 0.5
    return count


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_about_17_blinks_a_minute(seed: int) -> None:
    assert 14.0 <= blinks_in(Idle(seed), 10.0) / 10.0 <= 20.0


def test_readers_blink_less_and_speakers_more() -> None:
    reading, speaking = attending(Attention.READING), Idle(3)
    speaking.speak(0.0, 60_000.0, 0.0)
    assert blinks_in(reading, 1.0) < 13 < 16 < blinks_in(speaking, 1.0)


def test_wide_eyes_do_not_blink() -> None:
    assert blinks_in(Idle(1), 2.0, eye_wide=0.65) == 0


@pytest.mark.parametrize("eye_wide", [0.28, 0.45, 0.62])
def test_blink_closes_the_eyes_or_is_left(eye_wide: float) -> None:
    idle = Idle(1)
    lids = [idle.lids(float(step), eye_wide) for step in range(0, 60_000, 8)]
    assert max(lids) in {0.0, 1.0}


def test_every_blink_shuts_the_eye_at_30_frames_a_second() -> None:
    blinks = Blinks(5, 4300.0)
    lids = [blinks.closed(step * 1000.0 / 30.0) for step in range(30 * 120)]
    runs = [list(run) for moving, run in itertools.groupby(lids, lambda lid: lid > 0.0) if moving]
    assert len(runs) > 15
    assert all(max(run) == 1.0 for run in runs)


def test_blink_closes_faster_than_it_opens() -> None:
    blinks = Blinks(5, 1e9)
    blinks.blink_at(0.0)
    lids = [blinks.closed(float(time)) for time in range(2 * int(BLINK_MS))]
    shut = [time for time, lid in enumerate(lids) if lid == 1.0]
    length = next(time for time, lid in enumerate(lids) if time > shut[-1] and lid == 0.0)
    assert 50 <= shut[0] <= 95
    assert length - shut[-1] > shut[0]
    assert 100 <= length <= 300


def test_blinks_last_100_to_300_ms_and_not_all_as_long() -> None:
    blinks = Blinks(3, 2500.0)
    lids = [blinks.closed(step * 4.0) for step in range(250 * 300)]
    runs = [sum(1 for _ in run) * 4.0 for on, run in itertools.groupby(lids, bool) if on]
    lengths = [item for item in runs if item < 330.0]  # a double may run into one
    assert len(lengths) > 0.85 * len(runs)
    assert 100.0 <= min(lengths) < 180.0 < 220.0 < max(lengths) <= 300.0


def test_some_blinks_are_double() -> None:
    blinks = Blinks(3, 4300.0)
    starts, closed = [], False
    for step in range(50 * 600):
        lid = blinks.closed(step * 20.0)
        if lid > 0.5 and not closed:
            starts.append(step * 20.0)
        closed = lid > 0.5
    gaps = [b - a for a, b in itertools.pairwise(starts)]
    assert any(gap < 450.0 for gap in gaps)
    assert sum(gap < 450.0 for gap in gaps) < 0.3 * len(gaps)


def test_any_frame_rate_samples_the_same_motion() -> None:
    slow, fast = Idle(9), Idle(9)
    for step in range(3000):
        now = step * 50.0 / 3.0
        for idle in (slow, fast):
            happen(idle, step, now)
        one = (*added(fast, now), fast.lids(now, 0.0))
        if step % 2 == 0:
            assert (*added(slow, now), slow.lids(now, 0.0)) == pytest.approx(one, abs=1e-9)


def happen(idle: Idle, step: int, now: float) -> None:
    """A little of everything."""
    match step:
        case 201:
            idle.turn(Attention.THINKING, now)
        case 555:
            idle.notice(now, visibly=True)
        case 603:
            idle.speak(now + 130.0, now + 4000.0, now)
        case 707:
            idle.hush(now)
        case 901:
            idle.turn(Attention.TYPING, now)
        case 1201:
            idle.turn(Attention.IDLE, now)
        case 1501:
            idle.turn(Attention.TASK_DONE, now)


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
        straight += max(look.values()) < 0.2
    assert 0.6 < straight / steps < 0.95


def test_eyes_stay_on_the_viewer_while_the_head_nods() -> None:
    idle, calm = Idle(6), Idle(6)
    for time in (0.0, 1000.0):
        added(idle, time)
        added(calm, time)
    pitch = -0.4
    nodding, still = added(idle, 1200.0, turned=(0.0, pitch)), added(calm, 1200.0)
    eyes = up(nodding) - up(still)
    assert eyes * EYE_DEG[1] == pytest.approx(-0.85 * pitch * HEAD_DEG[1], abs=0.01)


def up(values: list[float]) -> float:
    return values[INDEX["eyeLookUpLeft"]] - values[INDEX["eyeLookDownLeft"]]


def test_what_a_held_face_does_to_the_eyes_gives_way_to_reading() -> None:
    reading, idle = attending(Attention.READING), Idle(3)
    looks = {}
    for name, one in (("reading", reading), ("idle", idle)):
        for time in np.arange(0.0, 4000.0, 50.0):
            values = [0.0] * len(FREE)
            values[INDEX["eyeLookUpLeft"]] = 0.8
            one.add(float(time), values, FREE)
        looks[name] = up(values)
    assert looks["idle"] > 0.5
    assert looks["reading"] < 0.3


def test_sway_is_calm() -> None:
    idle = Idle(6)
    path = path_of(idle, 0.0, 120_000.0, 50.0)
    for name, most in (("headYaw", 0.3), ("headRoll", 0.3), ("headPitch", 0.3)):
        moved = path[:, INDEX[name]]
        assert 0.02 < np.std(moved) < 0.1
        assert np.abs(moved).max() <= most


@pytest.mark.parametrize("bearing", [None, "VF_WARM", "VF_COMPOSED", "VF_WARY"])
def test_idle_for_60_s_looks_alive_and_never_repeats_within_30_s(bearing: str | None) -> None:
    fps = 30
    idle = Idle(8)
    if bearing is not None:
        habits = habits_of(load_library().capsules[bearing].params)
        assert habits is not None
        idle.adopt(habits, 0.0)
    path = path_of(idle, 0.0, 60_000.0, 1000.0 / fps)
    moving = path[:, np.std(path, axis=0) > 1e-6]
    assert moving.shape[1] > 40  # everything lives
    scaled = (moving - moving.mean(axis=0)) / moving.std(axis=0)
    steps = np.abs(np.diff(moving, axis=0))
    # In every second most of it moves, and no second of the face is still.
    seconds = steps[: 59 * fps].reshape(59, fps, -1).sum(axis=1) > 0.004
    assert seconds.sum(axis=1).min() > 0.6 * moving.shape[1]
    # Nothing twitches: what is neither eye, lid nor hand takes its time.
    names = [item.name for item in target_table()]
    slow = [k for k, name in enumerate(names) if not name.startswith(("eye", "hand"))]
    assert (np.abs(np.diff(path[:, slow], axis=0)) * fps).max() < 2.5
    # No second is like another of those 30 s before or after, and taken together all that moves
    # has no period: breath alone comes back in 4 s, and never quite.
    window = 2 * fps
    for lag in range(window, 30 * fps, 7):
        pairs = np.sqrt(np.mean((scaled[lag:] - scaled[:-lag]) ** 2, axis=1))
        assert np.convolve(pairs, np.ones(window) / window, "valid").min() > 0.4, lag / fps
        assert np.mean(scaled[lag:] * scaled[:-lag]) < 0.35, lag / fps


@pytest.mark.parametrize("bearing", ["VF_WARM", "VF_COMPOSED", "VF_WARY"])
def test_nobody_stares(bearing: str) -> None:
    habits = habits_of(load_library().capsules[bearing].params)
    assert habits is not None
    idle = Idle(8)
    idle.adopt(habits, 0.0)
    path = path_of(idle, 0.0, 180_000.0, 100.0)
    eyes = path[:, [INDEX[name] for name in EYES]].max(axis=1)
    runs = [sum(1 for _ in run) / 10.0 for at, run in itertools.groupby(eyes < 0.16) if at]
    assert max(runs) < 10.0


def test_idle_does_not_come_round_after_30_s() -> None:
    fps = 10
    path = path_of(Idle(8), 0.0, 240_000.0, 1000.0 / fps)
    for name in ("headYaw", "headPitch", "headRoll", "bodySway", "breath", "eyeLookOutLeft"):
        moved = path[:, INDEX[name]] - path[:, INDEX[name]].mean()
        for lag in range(25 * fps, 35 * fps):
            likeness = np.corrcoef(moved[lag:], moved[:-lag])[0, 1]
            assert likeness < 0.7, (name, lag / fps)


@pytest.mark.parametrize("attention", list(Attention))
def test_each_attention_goes_on_without_repeating(attention: Attention) -> None:
    fps = 15
    lasts = 9 if attention is Attention.TASK_DONE else 11
    path = path_of(attending(attention), 0.0, lasts * 1000.0, 1000.0 / fps)
    moving = path[:, np.std(path, axis=0) > 1e-6]
    scaled = (moving - moving.mean(axis=0)) / moving.std(axis=0)
    for lag in range(fps, (lasts - 2) * fps, 5):
        pairs = np.sqrt(np.mean((scaled[lag:] - scaled[:-lag]) ** 2, axis=1))
        assert np.convolve(pairs, np.ones(fps) / fps, "valid").min() > 0.2, lag / fps


def test_each_attention_looks_otherwise() -> None:
    """Where eyes and head are, and how much they move, tells any two apart."""
    seen: dict[Attention, np.ndarray] = {}
    names = ("headPitch", "headYaw", "headRoll", "bodySway", "bodyLean", "browInnerUp")
    for attention in Attention:
        paths = []
        for seed in (1, 2, 3):
            idle = attending(attention, seed)
            path = path_of(idle, 1500.0, 9500.0, 50.0)
            gaze_x = path[:, INDEX["eyeLookOutLeft"]] - path[:, INDEX["eyeLookInLeft"]]
            gaze_y = path[:, INDEX["eyeLookUpLeft"]] - path[:, INDEX["eyeLookDownLeft"]]
            face = [path[:, INDEX[name]] for name in (*names, "browDownLeft", "mouthSmileLeft")]
            shown = np.stack([np.abs(gaze_x), gaze_y, *face], axis=1)
            steps = np.abs(np.diff(np.stack([gaze_x, gaze_y], axis=1), axis=0)) > 0.03
            paths.append(np.concatenate([shown.mean(axis=0), shown.std(axis=0), 2 * steps.mean(0)]))
        seen[attention] = np.mean(paths, axis=0)
    for one, other in itertools.combinations(Attention, 2):
        assert np.abs(seen[one] - seen[other]).sum() > 0.12, (one, other)


def test_a_viewer_who_stops_typing_gets_a_nod() -> None:
    idle, calm = attending(Attention.TYPING), attending(Attention.TYPING)
    idle.turn(Attention.IDLE, 3000.0)
    calm.turn(Attention.WAITING, 3000.0)
    pitch = [added(idle, t)[INDEX["headPitch"]] for t in np.arange(3000.0, 4600.0, 20.0)]
    assert max(pitch) - min(pitch) > 0.06
    assert calm._accents._nods == 0


def test_idle_keeps_back_where_a_gesture_plays() -> None:
    busy = list(FREE)
    busy[INDEX["handLeft.x"]] = 1.0
    free = added(Idle(6), 4000.0)[INDEX["handLeft.x"]]
    assert added(Idle(6), 4000.0, busy)[INDEX["handLeft.x"]] == pytest.approx(0.3 * free)


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
    for module in (blinks_module, gaze_module):
        monkeypatch.setattr(module, "uniform", counted)
    added(idle, gap_ms)
    idle.lids(gap_ms, 0.0)
    assert drawn < 400


def test_life_after_a_long_gap_depends_on_time_and_seed_alone() -> None:
    early, late = Idle(3), Idle(3)
    for idle, last_ms in ((early, 0.0), (late, 7000.0)):
        added(idle, last_ms)
        idle.lids(last_ms, 0.0)
    for step in range(3000):
        now = 3_600_000.0 + step * 20.0
        assert added(early, now) == pytest.approx(added(late, now), abs=1e-9)
        assert early.lids(now, 0.0) == late.lids(now, 0.0)


def test_eyes_blink_on_after_a_long_gap() -> None:
    blinks = Blinks(5, 4300.0)
    blinks.closed(0.0)
    lids = [blinks.closed(3_600_000.0 + step * 20.0) for step in range(50 * 60)]
    assert 8 <= sum(a < 0.5 <= b for a, b in itertools.pairwise(lids)) <= 30


def test_a_life_that_nobody_watches_does_not_grow() -> None:
    """A body whose viewers have left goes on being told what to attend to."""
    idle, sizes = Idle(3), []
    kinds = itertools.cycle((Attention.LISTENING, Attention.TYPING, Attention.IDLE))
    for number in range(1_000):
        idle.turn(next(kinds), 1_000.0 * number)
        idle.notice(1_000.0 * number + 1.0, visibly=False)
        if number in (200, 999):
            sizes.append(len(pickle.dumps(idle)))
    assert sizes[1] < 1.5 * sizes[0]
