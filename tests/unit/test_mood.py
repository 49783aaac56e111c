"""The mood: each property of its formulas, over random persons and events."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from control_plane.emotion.explain import Cause
from control_plane.emotion.mood import (
    SILENCE_NS,
    SURE,
    Felt,
    MoodModel,
    trust,
)
from control_plane.emotion.personality import Personality
from control_plane.emotion.personality_file import packaged_personalities, personality_named
from control_plane.emotion.traits import REFERENCE, Signal, Traits
from control_plane.emotion.vad import clamp, difference, distance, total
from engine.clock import NS_PER_MS, NS_PER_S
from engine.packet import Mood
from tests.unit.mood_steps import felts, moods, shares, take

CAUSE = Cause("test")
FRIENDLY = personality_named("friendly")
PLAIN = replace(FRIENDLY, baseline=Mood(), bias=Mood(), gain=1.0, momentum=0.7)
SAMPLES = settings(max_examples=500, deadline=None)

spans = st.integers(0, 40 * NS_PER_S)
packaged = st.sampled_from(list(packaged_personalities()))
invented = st.builds(
    replace,
    st.just(FRIENDLY),
    baseline=moods,
    bias=moods,
    gain=st.floats(0.05, 2.0),
    momentum=st.floats(0.0, 0.99),
    decay_s=st.floats(0.5, 600.0),
    reaction_s=st.floats(0.2, 60.0),
    reaction_share=shares,
    traits=st.builds(Traits, shares, shares, shares, shares, shares),
)
people = packaged | invented
# What can happen: something felt, set, calmed, noticed, a turn of the conversation, a profile.
steps = st.one_of(
    felts,
    moods,
    st.sampled_from(["calm", "notice", "home"]),
    st.lists(st.sampled_from(list(Signal)), max_size=3).map(tuple),
)
stories = st.lists(st.tuples(steps, st.integers(0, 15 * NS_PER_S)), max_size=12)


def largest(mood: Mood) -> float:
    return max(abs(mood.valence), abs(mood.arousal), abs(mood.dominance))


def values(mood: Mood) -> tuple[float, float, float]:
    return mood.valence, mood.arousal, mood.dominance


def test_momentum_keeps_most_of_the_mood() -> None:
    model = MoodModel(PLAIN, 0)
    model.feel(Felt(Mood(1.0, 0.5, -0.5), intensity=0.8), 0, CAUSE)
    assert model.at(0).valence == pytest.approx(0.3 * 0.8)
    model.feel(Felt(Mood(1.0, 0.5, -0.5), intensity=0.8), 0, CAUSE)
    assert model.at(0).valence == pytest.approx(0.7 * 0.24 + 0.3 * 0.8)
    assert model.at(0).dominance == pytest.approx(-0.5 * (0.7 * 0.24 + 0.3 * 0.8))


@SAMPLES
@given(moods, moods, moods, st.floats(0.0, 0.99), st.floats(0.4, 1.0))
def test_momentum_is_the_formula_where_something_is_clearly_felt(
    start: Mood, target: Mood, bias: Mood, momentum: float, intensity: float
) -> None:
    model = MoodModel(replace(PLAIN, bias=bias, momentum=momentum), 0)
    model.set(start, 0, CAUSE)
    model.feel(Felt(target, intensity=intensity), 0, CAUSE)
    for axis in ("valence", "arousal", "dominance"):
        felt = getattr(target, axis) * intensity + getattr(bias, axis)
        expected = momentum * getattr(start, axis) + (1.0 - momentum) * felt
        assert getattr(model.at(0), axis) == pytest.approx(max(-1.0, min(1.0, expected)))


@SAMPLES
@given(moods, moods, st.floats(0.0, 0.4))
def test_what_is_slightly_felt_moves_the_mood_less_than_momentum_would(
    start: Mood, target: Mood, intensity: float
) -> None:
    slight, clear = MoodModel(PLAIN, 0), MoodModel(PLAIN, 0)
    for model, share in ((slight, intensity), (clear, 0.4)):
        model.set(start, 0, CAUSE)
        model.feel(Felt(target, intensity=share), 0, CAUSE)
    moved = difference(slight.at(0), start)
    assert largest(moved) <= 0.3 * (intensity / 0.4) * 2.0 + 1e-9
    if intensity == 0.0:
        assert largest(moved) == 0.0


def test_gain_and_bias_colour_what_is_felt() -> None:
    person = replace(PLAIN, bias=Mood(0.1, 0.0, 0.2), gain=0.5)
    model = MoodModel(person, 0)
    model.feel(Felt(Mood(1.0, 1.0, 0.0)), 0, CAUSE)
    assert values(model.at(0)) == pytest.approx((0.18, 0.15, 0.06))


@SAMPLES
@given(moods, moods, st.floats(0.4, 1.0))
def test_bias_shifts_every_clear_feeling_by_the_same(
    bias: Mood, target: Mood, intensity: float
) -> None:
    small = Mood(0.2 * bias.valence, 0.2 * bias.arousal, 0.2 * bias.dominance)
    biased, plain = MoodModel(replace(PLAIN, bias=small), 0), MoodModel(PLAIN, 0)
    for model in (biased, plain):
        model.feel(Felt(target, intensity=intensity), 0, CAUSE)
    shift = difference(biased.at(0), plain.at(0))
    assert values(shift) == pytest.approx([0.3 * value for value in values(small)])


@SAMPLES
@given(moods, shares, shares)
def test_less_confidence_never_moves_the_mood_more(target: Mood, low: float, high: float) -> None:
    low, high = sorted((low, high))
    assert trust(low) <= trust(high)
    assert trust(0.0) == 0.0
    assert trust(SURE) == trust(1.0) == 1.0
    moved = []
    for confidence in (low, high):
        model = MoodModel(PLAIN, 0)
        model.feel(Felt(target, confidence=confidence), 0, CAUSE)
        moved.append(distance(model.at(0)))
    assert moved[0] <= moved[1] + 1e-9


@SAMPLES
@given(people, stories)
def test_mood_stays_in_the_cube(person: Personality, story: list[tuple[object, int]]) -> None:
    model, now_ns = MoodModel(person, 0), 0
    for step, span_ns in story:
        take(model, step, now_ns, CAUSE)
        for at_ns in (now_ns, now_ns + span_ns):
            for mood in (model.at(at_ns), model.expressed(at_ns)):
                assert all(math.isfinite(value) and abs(value) <= 1.0 for value in values(mood))
        now_ns += span_ns


@SAMPLES
@given(people, stories, st.integers(1, 50))
def test_nothing_jumps_between_events(
    person: Personality, story: list[tuple[object, int]], step_ms: int
) -> None:
    model, now_ns = MoodModel(person, 0), 0
    seconds = step_ms / 1000.0
    # Nothing is further than 2 from where it goes, on either of the two time scales.
    bound = 2.0 * seconds * (1.0 / min(2.0, person.decay_s) + 1.0 / person.reaction_s) + 1e-9
    for step, span_ns in story:
        take(model, step, now_ns, CAUSE)
        for share in (0, span_ns // 3, span_ns):
            before = model.expressed(now_ns + share)
            after = model.expressed(now_ns + share + step_ms * NS_PER_MS)
            assert largest(difference(after, before)) <= bound
        now_ns += span_ns


@SAMPLES
@given(people, stories, felts)
def test_an_event_moves_what_is_shown_at_most_by_what_is_felt(
    person: Personality, story: list[tuple[object, int]], felt: Felt
) -> None:
    model, now_ns = MoodModel(person, 0), 0
    for step, span_ns in story:
        take(model, step, now_ns, CAUSE)
        now_ns += span_ns
    before = model.expressed(now_ns)
    model.feel(felt, now_ns, CAUSE)
    (change,) = model.changes(1)
    assert change.weighing is not None
    share = change.weighing.share
    # The mood yields its share; the reaction takes the face as far as it is felt, and at most
    # twice as much of the one before goes.
    place = 2.0 + largest(total((change.weighing.bias, change.weighing.colour))) + share
    bound = change.weighing.yields * place + 6.0 * min(1.0, share) * person.reaction_share
    assert largest(difference(model.expressed(now_ns), before)) <= bound + 1e-9
    assert change.weighing.yields <= 1.0 - person.momentum


@SAMPLES
@given(people, moods, moods, st.lists(spans, max_size=8))
def test_decay_is_the_same_at_any_frame_rate(
    person: Personality, mood: Mood, home: Mood, frames_ns: list[int]
) -> None:
    moved, left = MoodModel(person, 0), MoodModel(person, 0)
    for model in (moved, left):
        model.set(mood, 0, CAUSE)
        model.dwell(home, 0)
    now_ns = 0
    for frame_ns in frames_ns:
        now_ns += frame_ns
        moved.dwell(home, now_ns)  # to where it goes anyway, from where it is now
    assert distance(moved.at(now_ns), left.at(now_ns)) < 1e-9


@SAMPLES
@given(people, felts, st.lists(spans, min_size=1, max_size=8))
def test_looking_at_the_mood_does_not_change_it(
    person: Personality, felt: Felt, looks_ns: list[int]
) -> None:
    watched, left = MoodModel(person, 0), MoodModel(person, 0)
    for model in (watched, left):
        model.feel(felt, 0, CAUSE)
    for at_ns in sorted(looks_ns):
        watched.expressed(at_ns)
        watched.since_change(at_ns)
    end_ns = max(looks_ns)
    assert watched.expressed(end_ns) == left.expressed(end_ns)
    assert watched.at(end_ns) == left.at(end_ns)


@SAMPLES
@given(people, felts, st.integers(0, 60))
def test_silence_brings_the_mood_home_fast(person: Personality, felt: Felt, late_s: int) -> None:
    model = MoodModel(person, 0)
    home = model.at(0)
    model.feel(felt, 0, CAUSE)
    left = distance(model.at(SILENCE_NS), home)
    later = distance(model.at(SILENCE_NS + late_s * NS_PER_S), home)
    assert later <= left * math.exp(-late_s / 2.0) + 1e-9


def test_before_the_silence_the_mood_goes_home_at_the_persons_own_pace() -> None:
    model = MoodModel(FRIENDLY, 0)
    model.feel(Felt(Mood(-0.9, 0.9, 0.9)), 0, CAUSE)
    start = distance(model.at(0), FRIENDLY.baseline)
    later = distance(model.at(6 * NS_PER_S), FRIENDLY.baseline)
    assert later == pytest.approx(start * math.exp(-6.0 / FRIENDLY.decay_s))


def test_reaction_shows_at_once_and_fades_into_the_mood() -> None:
    model = MoodModel(PLAIN, 0)
    model.feel(Felt(Mood(0.8, 0.6, 0.2)), 0, CAUSE)
    assert model.expressed(0).valence > 0.6
    assert model.at(0).valence < 0.3
    gaps = [
        distance(model.expressed(t * NS_PER_S), model.at(t * NS_PER_S)) for t in range(0, 40, 4)
    ]
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[-1] < 0.01


def test_words_that_mean_nothing_do_not_wipe_a_reaction_out() -> None:
    model = MoodModel(PLAIN, 0)
    model.feel(Felt(Mood(0.9, 0.6, 0.2)), 0, CAUSE)
    before = model.expressed(0).valence
    model.feel(Felt(Mood(), intensity=0.05), 0, CAUSE)
    assert model.expressed(0).valence > 0.8 * before


def test_plain_words_leave_the_mood_as_it_is() -> None:
    model = MoodModel(PLAIN, 0)
    model.set(Mood(-0.8, -0.3, -0.4), 0, CAUSE)
    model.feel(Felt(Mood(), intensity=0.02), 0, CAUSE)
    assert model.at(0).valence == pytest.approx(-0.8, abs=0.02)
    model.feel(Felt(Mood(), intensity=0.4), 0, CAUSE)
    assert model.at(0).valence == pytest.approx(-0.56, abs=0.02)


def test_own_words_move_the_mood_less() -> None:
    told, said = MoodModel(PLAIN, 0), MoodModel(PLAIN, 0)
    told.feel(Felt(Mood(0.8, 0.2, 0.2)), 0, CAUSE)
    said.feel(Felt(Mood(0.8, 0.2, 0.2), own_words=True), 0, CAUSE)
    assert said.at(0).valence == pytest.approx(0.6 * told.at(0).valence)


def test_being_there_puts_off_the_way_home() -> None:
    watched, left = MoodModel(FRIENDLY, 0), MoodModel(FRIENDLY, 0)
    for model in (watched, left):
        model.feel(Felt(Mood(-0.9, 0.9, 0.9)), 0, CAUSE)
    watched.notice(9 * NS_PER_S)
    assert watched.expressed(9 * NS_PER_S) == left.expressed(9 * NS_PER_S)
    late_ns = 15 * NS_PER_S
    home = FRIENDLY.baseline
    assert distance(watched.at(late_ns), home) > distance(left.at(late_ns), home)


def test_mood_set_by_hand_is_there_at_once() -> None:
    model = MoodModel(FRIENDLY, 0)
    model.feel(Felt(Mood(-1.0, 1.0, 1.0)), 0, CAUSE)
    model.set(Mood(0.4, 0.3, 0.2), 0, CAUSE)
    assert model.expressed(0) == model.at(0) == Mood(0.4, 0.3, 0.2)


def test_a_place_to_dwell_draws_the_mood_until_it_is_left() -> None:
    model, place = MoodModel(FRIENDLY, 0), Mood(-0.4, -0.3, -0.2)
    model.dwell(place, 0)
    assert model.at(0) == FRIENDLY.baseline
    assert distance(model.at(60 * NS_PER_S), place) < 0.01
    model.dwell(None, 60 * NS_PER_S)
    assert distance(model.at(120 * NS_PER_S), FRIENDLY.baseline) < 0.01


def test_a_long_silence_is_no_trouble() -> None:
    model = MoodModel(replace(FRIENDLY, reaction_s=0.2, decay_s=0.5), 0)
    model.feel(Felt(Mood(1.0, 1.0, 1.0)), 0, CAUSE)
    year_ns = 365 * 86_400 * NS_PER_S
    model.turn((Signal.THANKS,))
    model.end_turn(year_ns)
    assert distance(model.expressed(year_ns), FRIENDLY.baseline) < 1e-6


def test_time_that_goes_back_changes_nothing() -> None:
    model = MoodModel(FRIENDLY, 0)
    model.set(Mood(0.5, 0.5, 0.5), 100, CAUSE)
    assert model.at(50) == model.expressed(50) == Mood(0.5, 0.5, 0.5)


def test_traits_shift_where_the_mood_rests() -> None:
    cold = replace(PLAIN, traits=replace(REFERENCE, warmth=0.3))
    assert MoodModel(cold, 0).at(0).valence == pytest.approx(-0.15)
    assert MoodModel(PLAIN, 0).at(0) == Mood()


def test_impatience_makes_bad_things_worse_and_leaves_good_ones() -> None:
    calm, rash = PLAIN, replace(PLAIN, traits=replace(REFERENCE, patience=0.2))
    for target, factor in ((Mood(-0.5, 0.2, 0.2), 1.52), (Mood(0.5, 0.2, 0.2), 1.0)):
        moved = []
        for person in (calm, rash):
            model = MoodModel(person, 0)
            model.feel(Felt(target, intensity=0.6), 0, CAUSE)
            moved.append(model.at(0).valence)
        assert moved[1] == pytest.approx(factor * moved[0])


def test_clamping_keeps_what_fits() -> None:
    assert clamp(2.0, -3.0, 0.5) == Mood(1.0, -1.0, 0.5)
