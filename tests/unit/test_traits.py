"""The traits: how turns move them, and what they do to mood and gestures."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capsules.library import Library, load_library
from capsules.model import Layer
from control_plane.brain.brain import Brain
from control_plane.emotion.appraisal import Appraisal
from control_plane.emotion.personality_file import personality_named
from control_plane.emotion.signals import signals_in
from control_plane.emotion.traits import (
    EFFECTS,
    PLAIN_TEMPER,
    REFERENCE,
    TRAIT_NAMES,
    Signal,
    Traits,
    after_turn,
    colour,
    negative_factor,
    temper_of,
)
from control_plane.events import Chat, ChatRole, Event, Task, TaskState
from engine.clock import NS_PER_S, VirtualClock
from engine.packet import IdPacket, Mood

shares = st.floats(0.0, 1.0)
traits = st.builds(Traits, shares, shares, shares, shares, shares)
signals = st.lists(st.sampled_from(list(Signal)), max_size=5)
CALM = Appraisal(Mood(), 0.1, "neutral", 0.8)


@pytest.fixture(scope="module")
def library() -> Library:
    return load_library()


def values(of: Traits) -> list[float]:
    return [getattr(of, name) for name in TRAIT_NAMES]


def test_baselines_are_as_documented() -> None:
    assert values(REFERENCE) == [0.70, 0.80, 0.60, 0.90, 0.85]


@settings(max_examples=500, deadline=None)
@given(traits, traits)
def test_each_turn_goes_a_tenth_of_the_way_back(now: Traits, baselines: Traits) -> None:
    after = after_turn(now, baselines)
    for name in TRAIT_NAMES:
        expected = 0.9 * getattr(now, name) + 0.1 * getattr(baselines, name)
        assert getattr(after, name) == pytest.approx(expected)


@settings(max_examples=500, deadline=None)
@given(traits, traits, st.lists(signals, max_size=12))
def test_traits_stay_in_their_range_whatever_happens(
    now: Traits, baselines: Traits, turns: list[list[Signal]]
) -> None:
    for turn in turns:
        now = after_turn(now, baselines, turn)
        assert all(0.0 <= value <= 1.0 for value in values(now))
        shift = colour(now)
        assert -0.24 - 1e-9 <= shift.valence <= 0.06 + 1e-9
        assert -0.28 - 1e-9 <= shift.arousal <= 0.12 + 1e-9
        assert -0.24 - 1e-9 <= shift.dominance <= 0.16 + 1e-9
        assert 0.88 - 1e-9 <= negative_factor(now) <= 1.68 + 1e-9
        temper = temper_of(now)
        assert 0.6 <= temper.gesture <= 1.18 + 1e-9
        assert 0.28 - 1e-9 <= temper.brow <= 1.08 + 1e-9
        assert 0.0 <= temper.lean <= 0.7 + 1e-9


@settings(max_examples=500, deadline=None)
@given(traits, traits, signals)
def test_a_quiet_conversation_forgets(now: Traits, baselines: Traits, turn: list[Signal]) -> None:
    now = after_turn(now, baselines, turn)
    for _ in range(40):
        now = after_turn(now, baselines)
    assert values(now) == pytest.approx(values(baselines), abs=0.015)


@settings(max_examples=500, deadline=None)
@given(traits, signals)
def test_a_signal_counts_once_and_in_any_order(now: Traits, turn: list[Signal]) -> None:
    assert after_turn(now, REFERENCE, turn) == after_turn(now, REFERENCE, turn[::-1] + turn)


@pytest.mark.parametrize(
    ("signal", "trait", "sign"),
    [
        (Signal.THANKS, "warmth", 1),
        (Signal.QUESTION, "curiosity", 1),
        (Signal.ERROR, "confidence", -1),
        (Signal.ERROR, "patience", 1),
        (Signal.SUCCESS, "confidence", 1),
        (Signal.EXCITEMENT, "energy", 1),
        (Signal.HOSTILITY, "warmth", -1),
        (Signal.APOLOGY, "patience", 1),
    ],
)
def test_signals_move_their_traits(signal: Signal, trait: str, sign: int) -> None:
    moved = getattr(after_turn(REFERENCE, REFERENCE, [signal]), trait) - getattr(REFERENCE, trait)
    assert moved * sign > 0.0
    assert moved == pytest.approx(EFFECTS[signal][trait])


def test_nothing_has_an_effect_at_the_reference() -> None:
    assert colour(REFERENCE) == Mood()
    assert negative_factor(REFERENCE) == 1.0
    assert temper_of(REFERENCE).gesture == PLAIN_TEMPER.gesture == 1.0
    assert temper_of(REFERENCE).brow == PLAIN_TEMPER.brow == 1.0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Thanks a lot!", (Signal.THANKS,)),
        ("vielen Dank? Danke!", (Signal.THANKS,)),
        ("¡Gracias!", (Signal.THANKS,)),
        ("ありがとう", (Signal.THANKS,)),
        ("What is that?", (Signal.QUESTION,)),
        ("これは何ですか？", (Signal.QUESTION,)),  # noqa: RUF001 - the mark is what is tested
        ("It crashed with an error", (Signal.ERROR,)),
        ("This doesn\u2019t work", (Signal.ERROR,)),
        ("no errors so far", ()),
        ("no more crashes", ()),
        ("it works now, thank you", (Signal.THANKS, Signal.SUCCESS)),
        ("sorry, is it broken?", (Signal.QUESTION, Signal.ERROR, Signal.APOLOGY)),
        ("The train leaves at nine.", ()),
        ("I am typing this", ()),
    ],
)
def test_signals_are_found_in_words(text: str, expected: tuple[Signal, ...]) -> None:
    assert signals_in(text, CALM) == expected


def test_signals_are_found_in_how_a_text_feels() -> None:
    excited = Appraisal(Mood(0.7, 0.8, 0.3), 0.9, "excited", 0.9)
    hostile = Appraisal(Mood(-0.6, 0.6, 0.4), 0.9, "angry", 0.9)
    assert signals_in("wow", excited) == (Signal.EXCITEMENT,)
    assert signals_in("you fool", hostile) == (Signal.HOSTILITY,)


@given(st.text(max_size=2000))
def test_any_text_is_read(text: str) -> None:
    assert set(signals_in(text, CALM)) <= set(Signal)


def asked(library: Library, curiosity: float) -> tuple[float, float]:
    """Weights of the lean and of the short move of the face, in answer to a question."""
    person = replace(personality_named("friendly"), traits=Traits(curiosity=curiosity))
    brain = Brain(library, "s", person, VirtualClock(0), seed=7)
    (packet,) = brain.handle(Event(1, Chat(ChatRole.USER, "Where does this train go?")))
    lean = next((item.weight for item in packet.blends if item.cid == "BK_LEAN_IN"), 0.0)
    moves = [
        item.weight
        for item in packet.blends
        if item.layer is Layer.FACE and not library.capsule(item.cid).hold
    ]
    return lean, max(moves)


def test_curiosity_leans_towards_a_question_and_raises_the_brows(library: Library) -> None:
    keen_lean, keen_brow = asked(library, 1.0)
    dull_lean, dull_brow = asked(library, 0.3)
    assert keen_lean > 0.5
    assert dull_lean < 0.6 * keen_lean  # what the mood itself leans
    assert keen_brow > 1.5 * dull_brow


def gestures(library: Library, energy: float) -> float:
    person = replace(personality_named("friendly"), traits=Traits(energy=energy))
    brain = Brain(library, "s", person, VirtualClock(0), seed=7)
    (packet,) = brain.handle(Event(1, Task("build", TaskState.STARTED)))
    return max(item.weight for item in packet.blends if item.layer is Layer.HAND)


def test_energy_makes_gestures_larger(library: Library) -> None:
    assert gestures(library, 1.0) > 1.3 * gestures(library, 0.2)


def test_a_conversation_moves_the_traits_the_same_way_each_time(library: Library) -> None:
    def talk() -> tuple[Traits, list[IdPacket]]:
        clock = VirtualClock(0)
        brain = Brain(library, "s", personality_named("friendly"), clock, seed=7)
        packets: list[IdPacket] = []
        for number, text in enumerate(["Thanks!", "Why?", "It crashed again", "ok"], start=1):
            packets += brain.handle(Event(number, Chat(ChatRole.USER, text)))
            clock.advance(2 * NS_PER_S)
        return brain.explain().traits, packets

    first, second = talk(), talk()
    assert first == second
    assert first[0].warmth > REFERENCE.warmth
    assert first[0].curiosity > REFERENCE.curiosity
    assert first[0].confidence < REFERENCE.confidence
