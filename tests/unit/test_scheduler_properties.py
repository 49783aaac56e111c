"""What holds for the scheduler whatever is played: properties under virtual time."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsules.model import Layer, Trigger
from engine.motion.conflicts import Mixer
from engine.motion.lips import Lips
from engine.motion.plans import target_index, target_table
from engine.motion.plays import Play
from engine.motion.scheduler import Scheduler
from engine.packet import LeadLag
from tests.unit.bodies import VISEME_WEIGHTS, capsule, library, packet, speech
from tests.unit.thorough import thorough

INDEX = target_index()
LIBRARY = library()
TALK = speech(("aa", 200), ("PP", 60), ("ou", 240), ("aa", 300), ("sil", 100))
times = st.floats(0.0, 1e6)
leads = st.integers(50, 180)


def by_source(one: Scheduler) -> dict[str, Play]:
    return {play.source: play for play in one.plays}


def mixed(one: Scheduler, now_ms: float, name: str) -> float:
    mixer = Mixer()
    mixer.begin()
    one.mix(now_ms, 0.0, mixer)
    return mixer.values[INDEX[name]]


# Lead and lag


@thorough
@given(times, leads, st.integers(1, 99))
def test_hands_then_the_face_lead_the_onset_and_the_voice_follows(
    now: float, lead: int, sequence: int
) -> None:
    one = Scheduler(LIBRARY, seed=3, lead_ms=lead)
    blends = ("VC_BRIGHT", "VF_SMILE", "HF_LIFT", "HF_BEAT")
    one.apply(packet(*blends, sequence=sequence, speak_text="Hi."), now)
    onset = now + lead
    one.place_onset(sequence, onset, now + 1.0)
    starts = {cid: play.start_ms - onset for cid, play in by_source(one).items()}
    assert starts["HF_LIFT"] == pytest.approx(-lead, abs=1e-3)  # at once
    assert starts["HF_BEAT"] == pytest.approx(-min(70, lead), abs=1e-3)  # its own trigger
    assert starts["VF_SMILE"] == pytest.approx(-50.0, abs=1e-3)
    assert starts["VC_BRIGHT"] == pytest.approx(0.0, abs=1e-3)


@thorough
@given(times, leads, st.floats(0.0, 3000.0))
def test_what_waits_for_a_late_onset_keeps_its_lead_to_the_millisecond(
    now: float, lead: int, late: float
) -> None:
    one = Scheduler(LIBRARY, seed=3, lead_ms=lead)
    one.apply(packet("HF_LIFT", "VF_SMILE", "VC_BRIGHT", speak_text="Hi."), now)
    told, onset = now + 1.0, now + lead + late
    before = {cid: play.start_ms for cid, play in by_source(one).items()}
    one.place_onset(1, onset, told)
    for cid, offset in (("VF_SMILE", -50.0), ("VC_BRIGHT", 0.0)):
        start = by_source(one)[cid].start_ms
        due = before[cid] if before[cid] <= told else max(told, onset + offset)
        assert start == pytest.approx(due, abs=1e-3)
    assert by_source(one)["HF_LIFT"].start_ms == now  # the picture never waits


@thorough
@given(times, st.permutations(["HF_LIFT", "VF_SMILE", "VC_BRIGHT", "BK_LEAN"]))
def test_sound_first_turns_the_order_round(now: float, blends: list[str]) -> None:
    one = Scheduler(LIBRARY, seed=3)
    one.apply(packet(*blends, audio_first=True, speak_text="Oh!"), now)
    starts = {cid: play.start_ms - now for cid, play in by_source(one).items()}
    assert 0.0 == starts["VC_BRIGHT"] < starts["VF_SMILE"] < starts["HF_LIFT"] <= 200.0
    assert starts["BK_LEAN"] > starts["VF_SMILE"]


@thorough
@given(
    times,
    leads,
    st.dictionaries(st.sampled_from(list("HFV")), st.integers(-500, 500)),
    st.booleans(),
)
def test_a_packets_offsets_come_before_all_others(
    now: float, lead: int, asked: dict[str, int], speaks: bool
) -> None:
    layers = {
        "H": (Layer.HAND, "HF_BEAT"),
        "F": (Layer.FACE, "VF_SMILE"),
        "V": (Layer.VOICE, "VC_BRIGHT"),
    }
    lags = tuple(LeadLag(layers[key][0], offset) for key, offset in asked.items())
    one = Scheduler(LIBRARY, seed=3, lead_ms=lead)
    cids = [cid for _, cid in layers.values()]
    text = "Hi." if speaks else ""
    one.apply(packet(*cids, lead_lags=lags, speak_text=text), now)
    found = {cid: play.start_ms - now for cid, play in by_source(one).items()}
    wait = max(lead, asked["V"]) if asked.get("V", 0) > 180 else lead  # a pause before speech
    due = {
        layers[key][1]: float(max(0, offset + (wait if speaks and offset < 0 else 0)))
        for key, offset in asked.items()
    }
    first = min(("HF_BEAT", "VF_SMILE"), key=lambda cid: found[cid])
    assert found[first] == 0.0  # something shows at once
    for cid, offset in due.items():
        if found[cid] != 0.0:
            assert found[cid] == pytest.approx(offset, abs=1e-3)


@thorough
@given(times, leads, st.integers(-500, 500), st.sampled_from(["event", "speech_onset"]))
def test_a_capsules_own_offset_counts_from_what_it_names(
    now: float, lead: int, offset: int, relative_to: str
) -> None:
    own = capsule(
        "VF_OWN",
        {"cheekPuff": [(0, 0.5)]},
        trigger=Trigger.model_validate({"relative_to": relative_to, "offset_ms": offset}),
    )
    one = Scheduler(library(own), seed=3, lead_ms=lead)
    one.apply(packet("HF_LIFT", "VF_OWN", speak_text="Hi."), now)
    base = lead if relative_to == "speech_onset" else 0
    start = by_source(one)["VF_OWN"].start_ms - now
    assert start == pytest.approx(max(0, base + offset), abs=1e-3)


@thorough
@given(times, times, st.floats(-50.0, 50.0), st.floats(-200.0, 900.0))
def test_lips_are_locked_to_the_sound(one: float, other: float, offset: float, at: float) -> None:
    mouths = []
    for onset in (one, other):
        lips = Lips(VISEME_WEIGHTS, offset)
        lips.begin(TALK, onset, 0.0)
        mouths.append(lips.blend(onset + offset + at, [0.0] * len(target_table())))
    assert mouths[0] == pytest.approx(mouths[1], abs=1e-6)


# Merging


@thorough
@given(times, st.floats(0.0, 120.0), st.sampled_from(["VF_SAD", "VF_WINK", "VF_AGAPE"]))
def test_events_less_than_50_ms_apart_are_one(now: float, gap: float, second: str) -> None:
    one = Scheduler(LIBRARY, seed=3)
    one.apply(packet("HF_LIFT", "VF_SMILE"), now)
    one.apply(packet(second, "HF_WAVE", sequence=2), now + gap)
    found = by_source(one)
    merged = now + gap - now < 50.0
    assert second in found
    assert "HF_WAVE" in found
    assert ("HF_LIFT" not in found or found["HF_LIFT"].leaving()) or not merged
    if merged and second != "VF_WINK":
        # What both held is the later one's alone, but for what has begun to show.
        assert "VF_SMILE" not in found or found["VF_SMILE"].leaving()


# Fades, breaking off, chance


@thorough
@given(st.floats(0.0, 1100.0), st.booleans(), st.integers(1, 60))
def test_a_gesture_broken_off_relaxes_from_where_it_is(
    at: float, by_interrupt: bool, sequence: int
) -> None:
    one = Scheduler(LIBRARY, seed=11)
    one.apply(packet("HF_LIFT", sequence=sequence, speak_text="Hi."), 0.0)
    before = mixed(one, at, "handLeft.y")
    if by_interrupt:
        one.drop_gestures(at)
    else:
        one.end_speech(at)
    path = [abs(mixed(one, at + step, "handLeft.y")) for step in range(0, 164, 4)]
    assert path[0] == pytest.approx(abs(before), abs=1e-6)
    turns = path.index(max(path))
    assert turns <= 10  # it comes to a halt, and goes back from there
    assert path[turns] <= abs(before) + 45.0
    assert path[turns:] == sorted(path[turns:], reverse=True)
    assert max(abs(b - a) for a, b in itertools.pairwise(path)) <= 17.0
    assert path[-1] == 0.0


@thorough
@given(st.integers(0, 2**31), st.integers(1, 2**31), st.floats(0.0, 1.0))
def test_variation_is_of_the_seed_and_the_packet_alone(
    seed: int, sequence: int, probability: float
) -> None:
    maybe = capsule("VF_MAYBE", {"jawOpen": [(0, 0.4)]}, trigger=Trigger(probability=probability))
    shown = library(maybe)
    found = []
    for earlier in (False, True):
        one = Scheduler(shown, seed=seed)
        if earlier:
            one.apply(packet("VF_SAD", "BK_LEAN", sequence=sequence + 1), 0.0)
        one.apply(packet("HF_LIFT", "VF_MAYBE", sequence=sequence), 1000.0)
        plays = by_source(one)
        found.append(
            [
                (plays[cid].strength, plays[cid].pace) if cid in plays else None
                for cid in ("HF_LIFT", "VF_MAYBE")
            ]
        )
    assert found[0] == found[1]
    (lift, maybe_played), _ = found
    assert lift is not None
    for varied in filter(None, (lift, maybe_played)):
        assert 0.85 <= varied[0] <= 1.15
        assert 0.85 - 1e-9 <= 1.0 / varied[1] <= 1.15 + 1e-9
    if probability in (0.0, 1.0):
        assert (maybe_played is not None) is (probability == 1.0)


@thorough
@given(st.floats(0.0, 0.0499), st.floats(0.05, 1.0), st.integers(1, 99))
def test_weights_under_5_percent_never_play(light: float, heavy: float, sequence: int) -> None:
    one = Scheduler(LIBRARY, seed=2)
    one.apply(packet(("VF_SMILE", light), ("HF_LIFT", heavy), sequence=sequence), 0.0)
    assert set(by_source(one)) == {"HF_LIFT"}
    assert all(weight >= 0.05 for _, weight in one.active(300.0))


@thorough
@given(
    st.sampled_from(["VF_SMILE", "VF_WINK", "BK_LEAN", "HF_LIFT"]),
    st.floats(0.15, 1.0),
    st.integers(1, 99),
    st.booleans(),
)
def test_everything_fades_in_from_rest_and_out_to_rest(
    cid: str, weight: float, sequence: int, first: bool
) -> None:
    one = Scheduler(LIBRARY, seed=2)
    others = () if first else (("CS_CLOSE", 0.5),)
    one.apply(packet((cid, weight), *others, sequence=sequence), 0.0)
    one.apply(packet("VF_NEUTRAL", sequence=sequence + 1), 700.0)
    name = {"VF_SMILE": "mouthSmileLeft", "VF_WINK": "eyeSquintLeft", "BK_LEAN": "bodyLean"}
    target = name.get(cid, "handLeft.y")
    path = [mixed(one, float(step), target) for step in range(0, 2600, 20)]
    size = max(abs(item) for item in path)
    assert path[-1] == 0.0
    # A reaction begins 33 ms into its fade, so that its first frame shows it.
    assert abs(path[0]) <= 0.85 * size
    if size > 0.0:
        assert max(abs(b - a) for a, b in itertools.pairwise(path)) <= 0.5 * size
