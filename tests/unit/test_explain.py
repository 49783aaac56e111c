"""Why the mood is what it is: contributions that add up, and words for them."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capsules.library import Library, load_library
from control_plane.brain.brain import Brain
from control_plane.emotion.explain import (
    KEPT_CHANGES,
    REACTION_FACTORS,
    Cause,
    Factor,
    MoodChange,
    Rule,
    contributions,
)
from control_plane.emotion.mood import Felt, MoodModel
from control_plane.emotion.personality import Personality
from control_plane.emotion.personality_file import packaged_personalities, personality_named
from control_plane.emotion.traits import Signal, Traits
from control_plane.emotion.vad import difference, distance, total
from control_plane.emotion.wording import moved_by_event, sentence
from control_plane.events import (
    Chat,
    ChatRole,
    Emotion,
    Event,
    EventKind,
    Interrupt,
    PlayExpression,
    Speak,
    Task,
    TaskState,
    Ui,
    UiContext,
)
from engine.clock import NS_PER_S, VirtualClock
from engine.packet import Mood
from tests.unit.mood_steps import felts, moods, shares, take

CAUSE = Cause("chat", 1, "thanks")
turns = st.lists(st.sampled_from(list(Signal)), max_size=3).map(tuple)
steps = st.one_of(felts, moods, turns, st.sampled_from(["calm", "notice", "home", "free"]))
people = st.builds(
    replace,
    st.sampled_from(list(packaged_personalities())),
    gain=st.floats(0.05, 2.0),
    traits=st.builds(Traits, shares, shares, shares, shares, shares),
)


@pytest.fixture(scope="module")
def library() -> Library:
    return load_library()


def adds_up(change: MoodChange) -> bool:
    found = contributions(change)
    mood = total(item.amount for item in found if item.factor not in REACTION_FACTORS)
    shown = total(item.amount for item in found)
    return (
        distance(mood, difference(change.after.mood, change.before.mood)) < 1e-9
        and distance(shown, difference(change.after.shown, change.before.shown)) < 1e-9
    )


@settings(max_examples=500, deadline=None)
@given(people, st.lists(st.tuples(steps, st.integers(0, 20 * NS_PER_S)), max_size=10))
def test_contributions_add_up_and_changes_follow_each_other(
    person: Personality, story: list[tuple[object, int]]
) -> None:
    model, now_ns = MoodModel(person, 0), 0
    for step, span_ns in story:
        take(model, step, now_ns, CAUSE)
        now_ns += span_ns
    since = model.since_change(now_ns)
    changes = [*reversed(model.changes()), since]
    assert since.after.shown == model.expressed(now_ns)
    assert since.after.mood == model.at(now_ns)
    for before, after in itertools.pairwise(changes):
        assert after.before == before.after
    assert all(adds_up(change) for change in changes)


def test_every_part_of_a_feeling_is_told() -> None:
    person = replace(
        personality_named("skeptical"), gain=0.8, traits=Traits(patience=0.6, warmth=0.5)
    )
    model = MoodModel(person, 0)
    model.feel(Felt(Mood(0.2, 0.1, 0.0)), 0, CAUSE)
    felt = Felt(Mood(-0.6, 0.6, 0.4), Mood(-0.4, 0.3, 0.0), intensity=0.7, confidence=0.52)
    model.feel(felt, NS_PER_S, CAUSE)
    (change,) = model.changes(1)
    told = {item.factor: item for item in contributions(change)}
    assert set(told) == set(Factor) - {Factor.OWN_WORDS, Factor.LIMIT, Factor.SET}
    assert told[Factor.INTENSITY].value == 0.7
    assert told[Factor.CONFIDENCE].value == pytest.approx(0.8)
    assert told[Factor.GAIN].value == 0.8
    assert told[Factor.PATIENCE].value == pytest.approx(1.2)
    assert told[Factor.MOMENTUM].value == pytest.approx(0.8)
    assert told[Factor.APPRAISAL].amount.valence == pytest.approx(0.2 * -0.6)
    assert told[Factor.EMPATHY].amount.valence == pytest.approx(0.2 * 0.2)
    assert told[Factor.CONFIDENCE].amount.valence == pytest.approx(0.2 * -0.4 * 0.7 * -0.2)


def test_only_the_last_changes_are_kept_the_newest_first() -> None:
    model = MoodModel(personality_named("friendly"), 0)
    for number in range(KEPT_CHANGES + 10):
        model.set(Mood(0.001 * number, 0.0, 0.0), number, CAUSE)
    numbers = [change.number for change in model.changes()]
    assert numbers == list(range(KEPT_CHANGES + 10, 10, -1))
    assert [change.number for change in model.changes(2)] == numbers[:2]


def test_sentence_says_how_much_why_and_what_damped_it() -> None:
    model = MoodModel(replace(personality_named("friendly"), gain=1.0), 0)
    model.turn((Signal.THANKS,))
    felt = Felt(Mood(0.6, 0.2, 0.0), intensity=0.9, confidence=0.52)
    model.feel(felt, 0, Cause("chat", 1, "thanks, sounds grateful"))
    (change,) = model.changes(1)
    moved = moved_by_event(change, contributions(change))
    assert sentence(change, contributions(change)) == (
        f"{moved.valence:+.2f} valence, {moved.arousal:+.2f} arousal, "
        f"{moved.dominance:+.2f} dominance: you wrote (thanks, sounds grateful); "
        "damped to 0.80 by confidence; warmth +0.10 by thanks; confidence +0.02 by thanks"
    )


def test_the_way_home_is_no_part_of_what_an_event_did() -> None:
    model = MoodModel(personality_named("friendly"), 0)
    model.set(Mood(-0.8, 0.5, 0.5), 0, CAUSE)
    model.set(Mood(-0.8, 0.5, 0.5), 8 * NS_PER_S, CAUSE)
    (change,) = model.changes(1)
    assert moved_by_event(change, contributions(change)).valence < -0.2
    assert distance(change.after.shown, change.before.shown) == 0.0


EVENTS: list[tuple[EventKind, str, Rule]] = [
    (Chat(ChatRole.USER, "Thank you, that is wonderful!"), "chat", Rule.FELT),
    (Chat(ChatRole.USER, "hm", intent="sadness"), "intent", Rule.FELT),
    (Chat(ChatRole.ASSISTANT, "I am so glad!"), "speak", Rule.FELT),
    (Speak("Hello there, how wonderful."), "speak", Rule.FELT),
    (PlayExpression("delight"), "expression", Rule.FELT),
    (PlayExpression("VF_JOY_HIGH"), "capsule", Rule.FELT),
    (PlayExpression("bittersweet"), "profile", Rule.FELT),
    (Emotion(Mood(0.5, 0.5, 0.5)), "emotion", Rule.SET),
    (Task("build", TaskState.FAILED), "task", Rule.FELT),
    (Interrupt(), "interrupt", Rule.CALMED),
]


@pytest.mark.parametrize(("kind", "name", "rule"), EVENTS, ids=repr)
def test_every_event_that_moves_the_mood_is_explained(
    library: Library, kind: EventKind, name: str, rule: Rule
) -> None:
    clock = VirtualClock(0)
    brain = Brain(library, "s", personality_named("friendly"), clock, seed=1)
    brain.handle(Event(1, Chat(ChatRole.USER, "What a day!!!")))
    clock.advance(NS_PER_S)
    brain.handle(Event(2, kind))
    change = brain.explain().changes[0]
    assert (change.cause.event, change.cause.event_sequence, change.rule) == (name, 2, rule)
    assert change.after.shown == brain.mood
    assert change.after.mood == brain.lasting_mood
    assert adds_up(change)
    assert sentence(change, contributions(change))


def test_an_event_that_is_not_felt_leaves_no_change(library: Library) -> None:
    brain = Brain(library, "s", personality_named("friendly"), VirtualClock(0), seed=1)
    brain.handle(Event(1, Ui(UiContext.TYPING)))
    brain.handle(Event(2, Chat(ChatRole.SYSTEM, "I HATE THIS!!!")))
    assert brain.explain().changes == ()


def test_the_words_of_a_chat_are_not_told(library: Library) -> None:
    brain = Brain(library, "s", personality_named("friendly"), VirtualClock(0), seed=1)
    brain.handle(Event(1, Chat(ChatRole.USER, "Thank you, Esmeralda!")))
    (change,) = brain.explain().changes
    assert change.cause.evidence.startswith("thanks, ")
    assert "Esmeralda" not in sentence(change, contributions(change)) + change.cause.evidence


def test_refused_event_is_no_turn(library: Library) -> None:
    brain = Brain(library, "s", personality_named("friendly"), VirtualClock(0), seed=1)
    before = brain.explain().traits
    with pytest.raises(LookupError):
        brain.handle(Event(1, Chat(ChatRole.USER, "Thanks!", intent="no_such_thing")))
    brain.handle(Event(1, Ui(UiContext.TYPING)))
    assert brain.explain().traits == before
