"""Where strokes of gestures land: properties under virtual time."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsules.model import Capsule, Phases, Trigger
from engine.motion.leadlag import HAND_LEADS_MS
from engine.motion.plans import plan
from engine.motion.plays import Play
from engine.motion.scheduler import Scheduler
from engine.motion.strokes import landing
from tests.unit.bodies import capsule, library, packet
from tests.unit.thorough import thorough

times = st.floats(0.0, 1e6)


def gesture(ready: int, stroke: int, relax: int, offset: int | None) -> Capsule:
    """A hand's gesture with phases; its stroke peaks at `stroke`."""
    fields: dict[str, object] = {
        "phases": Phases(
            ready=ready,
            stroke_start=ready,
            stroke=stroke,
            stroke_end=stroke + 60,
            relax=stroke + 60 + relax,
            end=stroke + relax + 400,
        ),
        "duration_ms": stroke + relax + 400,
    }
    if offset is not None:
        fields["trigger"] = Trigger(relative_to="speech_onset", offset_ms=offset)
    curve = [(0, 0.0), (stroke, -200.0), (stroke + relax + 400, 0.0)]
    return capsule("HF_STROKE", {"handRight.y": curve}, **fields)


@thorough
@given(
    times,
    st.integers(100, 400),
    st.integers(10, 150),
    st.none() | st.integers(-180, 60),
    st.lists(st.floats(0.0, 1500.0), max_size=5),
    st.integers(1, 50),
)
def test_a_stroke_lands_on_a_stressed_syllable_or_stays_as_it_is(
    now: float, ready: int, more: int, offset: int | None, after: list[float], sequence: int
) -> None:
    shown = library(gesture(ready, ready + more, 100, offset))
    one, twin = Scheduler(shown, seed=5), Scheduler(shown, seed=5)
    told = packet(("HF_STROKE", 1.0), "VF_SMILE", sequence=sequence, speak_text="Hello.")
    onset = now + 130.0
    stresses = sorted(onset + item for item in after)
    for item in (one, twin):
        item.apply(told, now)
    one.place_onset(sequence, onset, now + 5.0, stresses)
    twin.place_onset(sequence, onset, now + 5.0)
    play, plain = playing(one), playing(twin)
    own_ms, struck_ms = reached(plain), reached(play)
    landed = [item for item in stresses if abs(item - struck_ms) < 1.0]
    assert landed or struck_ms == pytest.approx(own_ms, abs=1e-6)
    near = [item for item in stresses if 0.0 <= item - own_ms <= 0.4 * (ready + more) * 0.8]
    assert landed or not near
    if play.start_ms != plain.start_ms:
        least, most = HAND_LEADS_MS
        assert min(onset - most, plain.start_ms) - 1e-6 <= play.start_ms
        assert play.start_ms <= max(onset - least, plain.start_ms) + 1e-6


def playing(one: Scheduler) -> Play:
    (found,) = [play for play in one.plays if play.source == "HF_STROKE"]
    return found


def reached(play: Play) -> float:
    """When it comes to its stroke: the time at which its curves have got there."""
    stroke = play.plan.stroke_ms
    assert stroke is not None
    low, high = play.start_ms, play.start_ms + 3000.0
    for _ in range(45):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if play.local_ms(middle, 0.0) < stroke else (low, middle)
    return low


@thorough
@given(st.floats(0.0, 1e5), st.floats(20.0, 600.0), st.floats(0.5, 1.7), st.floats(0.0, 1.0))
def test_a_preparation_that_is_stretched_never_goes_back_or_jumps(
    start: float, stroke: float, factor: float, begun: float
) -> None:
    one = Play(plan(gesture(10, max(11, int(stroke)), 100, None)), "HF_STROKE", 1, 1.0)
    one.start_ms = start
    now = start + begun * 0.9 * int(stroke)
    one.local_ms(now, 0.0)
    one.stretch(factor, now, 0.0)
    path = [one.local_ms(now + step, 0.0) for step in range(0, 1500, 7)]
    steps = [b - a for a, b in itertools.pairwise(path)]
    assert min(steps) >= 7.0 / 1.7 - 1e-6
    assert max(steps) <= 7.0 / 0.5 + 1e-6


@thorough
@given(
    times,
    st.floats(1.0, 800.0),
    st.floats(-200.0, 0.0),
    st.floats(0.0, 200.0),
    st.lists(st.floats(-1000.0, 1000.0), max_size=6),
)
def test_a_landing_brings_the_stroke_to_a_stress_within_its_bounds(
    stroke: float, preparation: float, low: float, high: float, gaps: list[float]
) -> None:
    stresses = [stroke + gap for gap in gaps]
    found = landing(stroke, preparation, (low, high), stresses)
    if found is None:
        assert not any(low - 0.19 * preparation <= gap <= high + 0.59 * preparation for gap in gaps)
        return
    assert low <= found.shift_ms <= high
    assert 0.8 - 1e-6 <= found.stretch <= 1.6 + 1e-6
    at = stroke + found.shift_ms + (found.stretch - 1.0) * preparation
    assert min(abs(item - at) for item in stresses) < 1e-3
