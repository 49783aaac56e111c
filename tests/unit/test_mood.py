import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_plane.emotion.mood import (
    SILENCE_NS,
    MoodModel,
    MoodState,
    clamp,
    decayed,
    distance,
)
from control_plane.emotion.personality import PERSONALITIES, personality_named
from control_plane.errors import InvalidArgumentError
from engine.clock import NS_PER_S
from engine.packet import Mood

FRIENDLY = personality_named("friendly")
PLAIN = replace(FRIENDLY, baseline=Mood(), bias=Mood(), gain=1.0, momentum=0.7)

units = st.floats(-1.0, 1.0)
moods = st.builds(Mood, units, units, units)
spans = st.integers(0, 40 * NS_PER_S)


def test_momentum_keeps_most_of_the_mood() -> None:
    model = MoodModel(PLAIN, 0)
    model.feel(Mood(1.0, 0.5, -0.5), 0.8, 0)
    assert model.at(0).valence == pytest.approx(0.3 * 0.8)
    model.feel(Mood(1.0, 0.5, -0.5), 0.8, 0)
    assert model.at(0).valence == pytest.approx(0.7 * 0.24 + 0.3 * 0.8)
    assert model.at(0).dominance == pytest.approx(-0.5 * (0.7 * 0.24 + 0.3 * 0.8))


def test_bias_and_gain_colour_what_is_felt() -> None:
    person = replace(PLAIN, bias=Mood(0.1, 0.0, 0.2), gain=0.5)
    model = MoodModel(person, 0)
    model.feel(Mood(1.0, 1.0, 0.0), 1.0, 0)
    found = model.at(0)
    assert (found.valence, found.arousal, found.dominance) == pytest.approx((0.18, 0.15, 0.06))


def test_reaction_shows_at_once_and_fades_into_the_mood() -> None:
    model = MoodModel(PLAIN, 0)
    model.feel(Mood(0.8, 0.6, 0.2), 1.0, 0)
    assert model.expressed(0).valence > 0.6
    assert model.at(0).valence < 0.3
    gaps = [
        distance(model.expressed(t * NS_PER_S), model.at(t * NS_PER_S)) for t in range(0, 40, 4)
    ]
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[-1] < 0.01


def test_words_that_mean_nothing_do_not_wipe_a_reaction_out() -> None:
    model = MoodModel(PLAIN, 0)
    model.feel(Mood(0.9, 0.6, 0.2), 1.0, 0)
    before = model.expressed(0).valence
    model.feel(Mood(), 0.05, 0)
    assert model.expressed(0).valence > 0.8 * before


def test_plain_words_leave_the_mood_as_it_is() -> None:
    model = MoodModel(PLAIN, 0)
    model.set(Mood(-0.8, -0.3, -0.4), 0)
    model.feel(Mood(), 0.02, 0)
    assert model.at(0).valence == pytest.approx(-0.8, abs=0.02)
    model.feel(Mood(), 0.4, 0)
    assert model.at(0).valence == pytest.approx(-0.56, abs=0.02)


def test_silence_brings_the_mood_home() -> None:
    model = MoodModel(FRIENDLY, 0)
    model.feel(Mood(-0.9, 0.9, 0.9), 1.0, 0)
    at_silence = distance(model.at(SILENCE_NS), FRIENDLY.baseline)
    assert at_silence > 0.05
    soon = distance(model.at(SILENCE_NS + 4 * NS_PER_S), FRIENDLY.baseline)
    assert soon < 0.2 * at_silence
    assert model.at(SILENCE_NS + 60 * NS_PER_S).valence == pytest.approx(FRIENDLY.baseline.valence)


def test_being_there_puts_off_the_way_home() -> None:
    watched, left = MoodModel(FRIENDLY, 0), MoodModel(FRIENDLY, 0)
    for model in (watched, left):
        model.feel(Mood(-0.9, 0.9, 0.9), 1.0, 0)
    watched.notice(9 * NS_PER_S)
    assert watched.expressed(9 * NS_PER_S) == left.expressed(9 * NS_PER_S)
    late_ns = 15 * NS_PER_S
    home = FRIENDLY.baseline
    assert distance(watched.at(late_ns), home) > distance(left.at(late_ns), home)


def test_mood_set_by_hand_is_there_at_once() -> None:
    model = MoodModel(FRIENDLY, 0)
    model.feel(Mood(-1.0, 1.0, 1.0), 1.0, 0)
    model.set(Mood(0.4, 0.3, 0.2), 0)
    assert model.expressed(0) == model.at(0) == Mood(0.4, 0.3, 0.2)


def test_time_that_goes_back_changes_nothing() -> None:
    state = MoodState(Mood(0.5, 0.5, 0.5), 100, 100)
    assert decayed(state, FRIENDLY, 50) is state


@given(st.sampled_from(sorted(PERSONALITIES)), moods, spans, spans)
def test_decay_in_two_steps_is_decay_in_one(name: str, mood: Mood, a_ns: int, b_ns: int) -> None:
    person = PERSONALITIES[name]
    state = MoodState(mood, 0, 0)
    once = decayed(state, person, a_ns + b_ns)
    twice = decayed(decayed(state, person, a_ns), person, a_ns + b_ns)
    assert once.at_ns == twice.at_ns
    assert distance(once.mood, twice.mood) < 1e-9


@given(
    st.sampled_from(sorted(PERSONALITIES)),
    st.lists(st.tuples(moods, st.floats(0.0, 1.0), st.integers(0, 20 * NS_PER_S)), max_size=20),
)
def test_mood_stays_in_the_cube(name: str, events: list[tuple[Mood, float, int]]) -> None:
    model = MoodModel(PERSONALITIES[name], 0)
    now_ns = 0
    for target, intensity, span_ns in events:
        now_ns += span_ns
        model.feel(target, intensity, now_ns)
        for mood in (model.at(now_ns), model.expressed(now_ns)):
            values = (mood.valence, mood.arousal, mood.dominance)
            assert all(math.isfinite(value) and abs(value) <= 1.0 for value in values)


def test_clamping_keeps_what_fits() -> None:
    assert clamp(2.0, -3.0, 0.5) == Mood(1.0, -1.0, 0.5)


def test_unknown_personality_is_named_with_the_known_ones() -> None:
    with pytest.raises(InvalidArgumentError, match=r"'grumpy'.*friendly"):
        personality_named("grumpy")
