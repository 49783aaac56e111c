from engine.motion.beats import Beats
from engine.motion.plans import target_index, target_table
from tests.unit.bodies import speech

PITCH = target_index()["headPitch"]
TALK = speech(("PP", 100), ("aa", 200), ("SS", 300), ("E", 60), ("nn", 400), ("oh", 300))


def pitch(beats: Beats, now_ms: float) -> float:
    values = [0.0] * len(target_table())
    beats.add(now_ms, values)
    return values[PITCH]


def test_head_dips_on_long_vowels_only() -> None:
    beats = Beats(1)
    beats.begin(TALK, 1000.0, 0.0)
    path = {time: pitch(beats, float(time)) for time in range(900, 2800, 10)}
    assert path[1100] < -0.05  # aa
    assert path[1650] == 0.0  # E is short
    assert path[2060] < -0.05  # oh
    assert path[2700] == 0.0
    assert min(path.values()) > -0.2


def test_vowels_in_quick_succession_share_a_beat() -> None:
    beats = Beats(1)
    beats.begin(speech(*[("aa", 100)] * 12), 0.0, 0.0)
    assert len(beats._beats) == 3


def test_cut_lets_the_beat_under_way_run_out_and_drops_the_rest() -> None:
    beats = Beats(1)
    beats.begin(TALK, 1000.0, 0.0)
    assert pitch(beats, 1100.0) < 0.0
    beats.cut(1120.0)
    assert pitch(beats, 1150.0) < 0.0
    assert [pitch(beats, float(time)) for time in range(1500, 2500, 50)] == [0.0] * 20


def test_hand_that_is_up_beats_along_and_one_at_rest_does_not() -> None:
    beats = Beats(1)
    beats.begin(TALK, 1000.0, 0.0)
    values = [0.0] * len(target_table())
    up, rest = target_index()["handRight.y"], target_index()["handLeft.y"]
    values[up], values[rest] = -200.0, -20.0
    beats.add(1100.0, values)
    assert -195.0 < values[up] < -170.0
    assert values[rest] == -20.0


def test_beats_long_over_are_forgotten_without_a_frame() -> None:
    beats = Beats(1)
    for number in range(100):
        beats.begin(TALK, 5000.0 * number, 5000.0 * number)
    assert len(beats._beats) < 10
