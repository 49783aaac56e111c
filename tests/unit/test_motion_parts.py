import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.motion.accents import Accents
from engine.motion.breathing import Breathing
from engine.motion.chance import pick
from engine.motion.drift import Drift
from engine.motion.focus import Focus
from engine.motion.manners import MANNERS, PAUSE_NOD, SPEAKING, Manner, Move
from engine.motion.plans import target_index, target_table
from engine.motion.posture import Posture
from engine.motion.renewals import Renewals
from engine.motion.spring import Spring
from engine.packet import Attention

INDEX = target_index()
FREE = [0.0] * len(target_table())
IDLE = MANNERS[Attention.IDLE]
WAITING = MANNERS[Attention.WAITING]


# Springs


def test_spring_arrives_in_its_time_without_passing_its_goal() -> None:
    spring = Spring(600.0)
    spring.aim(1.0, 100.0)
    path = [spring.at(float(time)) for time in range(0, 2000, 5)]
    assert path[20] == 0.0
    assert path == sorted(path)
    assert path[20 + 120] == pytest.approx(0.99, abs=0.001)
    assert path[-1] <= 1.0


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.floats(1.0, 400.0), st.floats(-1.0, 1.0)), max_size=8))
def test_spring_is_smooth_whatever_its_goals_and_whenever_it_is_asked(
    goals: list[tuple[float, float]],
) -> None:
    often, seldom = Spring(500.0), Spring(500.0)
    now = 0.0
    path = []
    for wait, goal in goals:
        for item in (often, seldom):
            item.aim(goal, now + 40.0)
        path += [often.at(now + share * wait) for share in (0.0, 0.25, 0.5, 0.75)]
        now += wait
        assert seldom.at(now) == pytest.approx(often.at(now), abs=1e-9)
    assert all(abs(b - a) <= 400.0 * 0.25 * 2.0 * 6.64 / 500.0 for a, b in itertools.pairwise(path))


# Moments


def test_moments_come_at_their_mean_interval_and_never_too_soon() -> None:
    chain = Renewals(3, 1, 4000.0, 0.45, 900.0)
    found = [time for time, _ in due_in_steps(chain, 4_000_000.0, 250.0)]
    gaps = np.diff(found)
    assert gaps.min() >= 900.0
    assert gaps.mean() == pytest.approx(4000.0, rel=0.06)
    assert np.log(gaps).std() == pytest.approx(0.45, abs=0.04)


def due_in_steps(chain: Renewals, until_ms: float, step_ms: float) -> list[tuple[float, int]]:
    return [
        item for step in range(int(until_ms / step_ms) + 1) for item in chain.due(step * step_ms)
    ]


def test_moments_do_not_depend_on_when_they_are_asked_for() -> None:
    often = due_in_steps(Renewals(3, 1, 4000.0, 0.45, 900.0), 200_000.0, 16.0)
    seldom = due_in_steps(Renewals(3, 1, 4000.0, 0.45, 900.0), 200_000.0, 100.0)
    assert often == seldom


def test_a_chain_retimed_goes_on_where_it_is() -> None:
    plain, quick = (Renewals(3, 1, 4000.0, 0.45, 900.0) for _ in range(2))
    ((due, _),) = plain.due(next_of(3))
    quick.retime(2000.0, 1000.0)
    ((sooner, _),) = quick.due(1000.0 + 0.5 * (due - 1000.0))
    assert sooner == pytest.approx(1000.0 + 0.5 * (due - 1000.0))


def next_of(seed: int) -> float:
    chain = Renewals(seed, 1, 4000.0, 0.45, 900.0)
    step = 0.0
    while not chain.due(step):
        step += 1.0
    return step


def test_a_chain_may_rest_and_start_again() -> None:
    chain = Renewals(3, 1, math.inf, 0.45, 900.0)
    assert chain.due(1e9) == []
    chain.retime(1000.0, 1e9)
    assert chain.due(1e9 + 8000.0)
    chain.retime(math.inf, 1e9 + 8000.0)
    assert chain.due(2e9) == []


def test_shares_decide_how_often_each_is_picked() -> None:
    picked = [pick((1.0, 2.0, 1.0), step / 1000.0) for step in range(1000)]
    assert [picked.count(place) for place in range(3)] == [250, 500, 250]


# Drift


def test_drift_falls_off_with_frequency_like_sway() -> None:
    drift = Drift(5, 9, [1.0] * 6)
    rate_hz = 8.0
    path = np.array([drift.at(1000.0 * step / rate_hz) for step in range(int(600 * rate_hz))])
    power = np.mean(np.abs(np.fft.rfft(path - path.mean(axis=0), axis=0)) ** 2, axis=1)
    hertz = np.fft.rfftfreq(len(path), 1.0 / rate_hz)
    bands = [(0.03, 0.06), (0.06, 0.12), (0.12, 0.25), (0.25, 0.5), (0.5, 1.0)]
    means = [power[(hertz >= low) & (hertz < high)].mean() for low, high in bands]
    slope = np.polyfit(np.log2([low for low, _ in bands]), np.log2(means), 1)[0]
    assert -2.0 < slope < -0.8
    assert power[hertz > 2.0].sum() < 0.01 * power[1:].sum()


def test_drift_is_a_function_of_time_alone() -> None:
    steady, jumping = Drift(5, 9, [1.0, 0.5]), Drift(5, 9, [1.0, 0.5])
    path = {time: steady.at(time) for time in np.arange(0.0, 20_000.0, 37.0)}
    for time in list(path)[::41]:
        assert jumping.at(time) == path[time]


# Breathing


@pytest.mark.parametrize("manner", [IDLE, SPEAKING, MANNERS[Attention.TASK_FAILED]])
def test_people_take_12_to_18_breaths_a_minute_and_none_like_the_one_before(
    manner: Manner,
) -> None:
    breath = Breathing(4, manner)
    step_ms = 10.0
    path = [breath.at(step * step_ms) for step in range(int(300_000 / step_ms))]
    ups = [step for step in range(1, len(path)) if path[step - 1] < -0.5 <= path[step]]
    tops = [max(path[a:b]) for a, b in itertools.pairwise(ups)]
    lengths = [(b - a) * step_ms for a, b in itertools.pairwise(ups)]
    assert 12.0 <= 60.0 * len(ups) / 300.0 <= 18.0
    assert len(set(zip(tops, lengths, strict=True))) == len(tops)
    assert np.std(tops) > 0.1
    assert np.std(lengths) > 150.0


def test_breath_is_drawn_in_faster_than_it_is_let_out() -> None:
    breath = Breathing(4, IDLE)
    path = np.array([breath.at(step * 10.0) for step in range(12_000)])
    rising = np.count_nonzero(np.diff(path) > 1e-6)
    falling = np.count_nonzero(np.diff(path) <= 1e-6)
    assert 1.5 <= falling / rising <= 2.0


def test_breathing_never_jumps_whatever_the_manner() -> None:
    breath = Breathing(4, IDLE)
    path = []
    for step in range(6000):
        if step % 130 == 0:
            breath.turn((SPEAKING, WAITING, IDLE)[step // 130 % 3], step * 10.0)
        path.append(breath.at(step * 10.0))
    assert max(abs(b - a) for a, b in itertools.pairwise(path)) < 0.06


# Posture and accents


def test_weight_is_shifted_every_now_and_then() -> None:
    posture = Posture(6, IDLE)
    sway = []
    for step in range(1800):
        values = [0.0] * len(FREE)
        posture.add(step * 100.0, values, FREE)
        sway.append(values[INDEX["bodySway"]])
    slow = np.convolve(sway, np.ones(40) / 40.0, "valid")
    changes = np.count_nonzero(np.diff(np.sign(slow[::20])))
    assert 3 <= changes <= 14
    assert max(abs(item) for item in sway) < 0.3


def test_a_manner_has_a_bearing_of_its_own() -> None:
    failed, idle = Posture(6, IDLE), Posture(6, IDLE)
    failed.turn(MANNERS[Attention.TASK_FAILED], 1000.0)
    values = [[0.0] * len(FREE) for _ in range(2)]
    for item, found in zip((failed, idle), values, strict=True):
        item.add(3000.0, found, FREE)
    pitch = INDEX["headPitch"]
    assert values[0][pitch] - values[1][pitch] < -0.06


def moved(accents: Accents, name: str, start: float, end: float) -> list[float]:
    found = []
    for time in np.arange(start, end, 20.0):
        values = [0.0] * len(FREE)
        accents.add(float(time), values, FREE)
        found.append(values[INDEX[name]])
    return found


def test_a_listener_nods_now_and_then() -> None:
    pitch = moved(Accents(3, MANNERS[Attention.LISTENING]), "headPitch", 0.0, 120_000.0)
    nods = sum(a >= -0.03 > b for a, b in itertools.pairwise(pitch))
    assert 5 <= nods <= 30
    assert min(pitch) > -0.3


def test_a_pause_is_answered_with_a_nod_and_twice_not_the_same() -> None:
    accents = Accents(3, WAITING)
    shapes = []
    for time in (0.0, 20_000.0):
        accents.turn(Manner(), time)
        accents.nod(PAUSE_NOD, time)
        shapes.append(moved(accents, "headPitch", time, time + 2000.0))
    assert min(shapes[0]) < -0.05
    assert min(shapes[1]) < -0.05
    assert shapes[0] != shapes[1]


@pytest.mark.parametrize(
    "move", [move for item in MANNERS.values() for move, _ in item.moves], ids=str
)
def test_a_move_begins_and_ends_at_rest_and_never_jumps(move: Move) -> None:
    name = move.targets[0][0]
    names = [name, name.replace("Left", "Right")] if move.sided else [name]  # which one is drawn
    paths = []
    for side in names:
        accents = Accents(3, Manner())
        accents.nod(move, 0.0)
        paths.append(moved(accents, side, 0.0, 6000.0))
    path = max(paths, key=lambda one: max(map(abs, one)))
    assert path[0] == path[-1] == 0.0
    size = max(abs(item) for item in path)
    assert 0.6 * abs(move.targets[0][1]) <= size <= 1.4 * abs(move.targets[0][1])
    assert max(abs(b - a) for a, b in itertools.pairwise(path)) < 0.3 * size


# Attention


def manners(focus: Focus, until_ms: float, step_ms: float) -> list[tuple[float, Manner]]:
    return [
        item
        for step in range(int(until_ms / step_ms) + 1)
        for item in focus.changes(step * step_ms)
    ]


@pytest.mark.parametrize("step_ms", [1000.0 / 60.0, 1000.0 / 30.0, 400.0])
def test_attention_changes_at_times_of_its_own(step_ms: float) -> None:
    focus = Focus()
    focus.turn(Attention.TASK_DONE, 0.0)
    assert focus.changes(0.0) == [(0.0, MANNERS[Attention.TASK_DONE])]
    focus.speak(1000.0, 3000.0)
    found = manners(focus, 20_000.0, step_ms)
    assert [manner for _, manner in found] == [SPEAKING, MANNERS[Attention.TASK_DONE], IDLE]
    assert [time for time, _ in found] == [1000.0, 3350.0, MANNERS[Attention.TASK_DONE].lasts_ms]
    assert focus.attention is Attention.IDLE


def test_sentences_that_follow_each_other_are_one_speech() -> None:
    focus = Focus()
    focus.speak(100.0, 1000.0)
    focus.speak(1120.0, 2000.0)
    assert [time for time, _ in manners(focus, 5000.0, 10.0)] == [100.0, 2350.0]


def test_a_speaker_who_is_cut_off_attends_again_at_once() -> None:
    focus = Focus()
    focus.turn(Attention.LISTENING, 0.0)
    focus.speak(100.0, 5000.0)
    manners(focus, 990.0, 10.0)
    focus.hush(1000.0)
    assert focus.changes(1000.0) == [(1000.0, MANNERS[Attention.LISTENING])]


@pytest.mark.parametrize("attention", list(Attention))
def test_every_manner_is_complete(attention: Attention) -> None:
    manner = MANNERS[attention]
    names = {name for name, _ in manner.pose} | {
        name for move, _ in manner.moves for name, _ in move.targets
    }
    assert names <= INDEX.keys()
    assert sum(share for _, share in manner.moves) == pytest.approx(1.0)
    if manner.spots:
        assert sum(spot.share for spot in manner.spots) == pytest.approx(1.0)
    assert 12.0 <= manner.breaths_a_minute <= 18.0
