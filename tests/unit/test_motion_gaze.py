import itertools
import math

import numpy as np
import pytest

from engine.motion.gaze import Gaze, saccade_ms
from engine.motion.manners import MANNERS, SPEAKING, Manner
from engine.packet import Attention

IDLE = MANNERS[Attention.IDLE]
AT_VIEWER_DEG = 4.0


def looked(gaze: Gaze, start_ms: float, end_ms: float, step_ms: float = 10.0) -> np.ndarray:
    """Directions, (N, 2) degrees."""
    found = []
    for time in np.arange(start_ms, end_ms, step_ms):
        gaze.advance(float(time))
        found.append(gaze.direction(float(time)))
    return np.array(found)


def share_at_viewer(path: np.ndarray) -> float:
    return float(np.mean(np.hypot(path[:, 0], path[:, 1]) < AT_VIEWER_DEG))


@pytest.mark.parametrize(
    ("manner", "least", "most"),
    [
        (MANNERS[Attention.LISTENING], 0.60, 0.70),
        (SPEAKING, 0.35, 0.47),
        (IDLE, 0.65, 0.82),
        (MANNERS[Attention.THINKING], 0.12, 0.30),
        (MANNERS[Attention.READING], 0.05, 0.20),
        (MANNERS[Attention.TASK_DONE], 0.75, 0.95),
    ],
)
def test_each_manner_looks_at_the_viewer_for_its_share(
    manner: Manner, least: float, most: float
) -> None:
    shares = [share_at_viewer(looked(Gaze(seed, manner), 0.0, 200_000.0, 50.0)) for seed in (1, 2)]
    assert least <= np.mean(shares) <= most


@pytest.mark.parametrize("manner", [IDLE, MANNERS[Attention.LISTENING]])
def test_it_does_not_stare(manner: Manner) -> None:
    path = looked(Gaze(5, manner), 0.0, 300_000.0, 50.0)
    near = np.hypot(path[:, 0], path[:, 1]) < AT_VIEWER_DEG
    looks = [sum(1 for _ in run) * 0.05 for at, run in itertools.groupby(near) if at]
    assert max(looks) < 12.0
    fixations = np.count_nonzero(np.hypot(*np.diff(path[near], axis=0).T) > 0.05)
    assert fixations > 150  # and even then the eyes do not stand still


@pytest.mark.parametrize("manner", [*MANNERS.values(), SPEAKING])
def test_looks_stay_small_enough_for_a_camera(manner: Manner) -> None:
    path = looked(Gaze(3, manner), 0.0, 120_000.0, 30.0)
    assert np.abs(path[:, 0]).max() < 24.0
    assert np.abs(path[:, 1]).max() < 24.0


def test_saccades_last_as_long_as_peoples() -> None:
    assert saccade_ms(10.0) == pytest.approx(49.0)
    gaze = Gaze(5, IDLE)
    path = looked(gaze, 0.0, 120_000.0, 2.0)
    speed = np.hypot(*np.diff(path, axis=0).T) / 0.002
    assert 250.0 < speed.max() < 550.0  # degrees a second: the main sequence up to 15 degrees


def test_a_reader_goes_along_lines_and_back_to_the_next() -> None:
    gaze = Gaze(5, MANNERS[Attention.READING])
    path = looked(gaze, 0.0, 120_000.0)
    text = path[path[:, 1] < -4.0]
    steps = np.diff(text[:, 0])
    starts = np.flatnonzero(np.abs(steps) > 1e-9)
    assert len(starts) > 200
    moves = [
        text[run[-1] + 1, 0] - text[run[0], 0]
        for run in np.split(starts, np.flatnonzero(np.diff(starts) > 3) + 1)
    ]
    onward = [move for move in moves if -4.0 < move < -0.5]
    returns = [move for move in moves if move > 5.0]
    assert len(onward) > 4 * len(returns) > 20
    assert 1.2 < -np.mean(onward) < 2.6


def test_who_thinks_looks_up_or_aside_and_not_always_to_one_side() -> None:
    gaze = Gaze(5, MANNERS[Attention.THINKING])
    path = looked(gaze, 0.0, 240_000.0, 50.0)
    away = path[np.hypot(path[:, 0], path[:, 1]) > 6.0]
    assert np.mean(away[:, 1] > -3.0) > 0.7
    assert 0.2 < np.mean(away[:, 0] > 0.0) < 0.8


def test_event_calls_the_eyes_back_at_once() -> None:
    gaze = Gaze(4, IDLE)
    now = 0.0
    while not gaze.away or math.hypot(*gaze.direction(now)) < 5.0:
        now += 10.0
        gaze.advance(now)
    away = gaze.direction(now)
    gaze.attend(now)
    assert gaze.direction(now) == pytest.approx(away)
    path = looked(gaze, now + 80.0, now + 1000.0)
    assert share_at_viewer(path) == 1.0


def test_who_is_to_think_looks_at_the_viewer_first_and_then_away() -> None:
    gaze = Gaze(4, IDLE)
    gaze.advance(5000.0)
    gaze.turn(MANNERS[Attention.THINKING], 5000.0)
    assert share_at_viewer(looked(gaze, 5100.0, 5350.0)) == 1.0
    assert share_at_viewer(looked(gaze, 5750.0, 6400.0)) == 0.0


def test_the_head_follows_wide_looks_later_and_slower() -> None:
    gaze = Gaze(4, MANNERS[Attention.THINKING])
    path, head = [], []
    times = np.arange(0.0, 60_000.0, 10.0)
    for time in times:
        gaze.advance(float(time))
        path.append(gaze.direction(float(time))[0])
        head.append(gaze.head(float(time))[0])
    wide = [i for i in range(1, len(path) - 60) if abs(path[i] - path[i - 1]) > 2.5]
    assert wide
    assert max(abs(item) for item in head) > 3.0
    assert max(np.abs(np.diff(head))) < 0.25 * max(np.abs(np.diff(path)))
    lag = np.argmax(
        [np.corrcoef(path[: -60 or None], head[k : len(head) - 60 + k])[0, 1] for k in range(60)]
    )
    assert 100.0 <= lag * 10.0 <= 500.0


def test_small_looks_leave_the_head_alone() -> None:
    gaze = Gaze(4, MANNERS[Attention.TASK_DONE])
    for time in np.arange(0.0, 60_000.0, 50.0):
        gaze.advance(float(time))
        if not gaze.away and math.hypot(*gaze.direction(float(time))) < 3.0:
            assert max(abs(item) for item in gaze.head(float(time))) < 4.0


@pytest.mark.parametrize("manner", [IDLE, SPEAKING, MANNERS[Attention.READING]])
def test_frame_rate_changes_nothing(manner: Manner) -> None:
    often, seldom = Gaze(9, IDLE), Gaze(9, IDLE)
    for step in range(1800):
        now = step * 50.0 / 3.0
        if step in (250, 700):
            for item in (often, seldom):
                item.turn(manner, now)
        if step == 500:
            for item in (often, seldom):
                item.attend(now)
        often.advance(now)
        if step % 4 == 0:
            seldom.advance(now)
            assert seldom.direction(now) == often.direction(now)
            assert seldom.head(now) == pytest.approx(often.head(now), abs=1e-9)
