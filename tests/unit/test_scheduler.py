import itertools

import pytest

from capsules.model import Capsule, Layer, Trigger
from engine.motion.conflicts import Mixer
from engine.motion.plans import target_index
from engine.motion.plays import Play, soften
from engine.motion.roster import MAX_PLAYS
from engine.motion.scheduler import Scheduler
from engine.packet import LeadLag
from tests.unit.bodies import capsule, library, packet


def scheduler(*more: Capsule, seed: int = 7) -> Scheduler:
    return Scheduler(library(*more), seed=seed)


def by_source(one: Scheduler, cid: str) -> Play:
    (found,) = [play for play in one.plays if play.source == cid]
    return found


def offsets(one: Scheduler, now_ms: float) -> dict[str, float]:
    return {play.source: play.start_ms - now_ms for play in one.plays}


def mixed(one: Scheduler, now_ms: float, name: str) -> float:
    mixer = Mixer()
    mixer.begin()
    one.mix(now_ms, 0.0, mixer)
    return mixer.values[target_index()[name]]


def sources(one: Scheduler, now_ms: float) -> set[str]:
    return {cid for cid, _ in one.active(now_ms)}


def test_hands_go_first_then_the_face_then_the_voice() -> None:
    one = scheduler()
    one.apply(packet("VC_BRIGHT", "VF_SMILE", "HF_LIFT"), 1000.0)
    assert offsets(one, 1000.0) == {"HF_LIFT": 0.0, "VF_SMILE": 50.0, "VC_BRIGHT": 130.0}


def test_face_starts_at_once_where_no_hand_does() -> None:
    one = scheduler()
    one.apply(packet("VF_SMILE", "VC_BRIGHT"), 1000.0)
    assert offsets(one, 1000.0) == {"VF_SMILE": 0.0, "VC_BRIGHT": 130.0}


def test_lead_is_kept_before_speech() -> None:
    one = scheduler()
    one.apply(packet("HF_LIFT", "HF_BEAT", "VF_SMILE", "VC_BRIGHT", speak_text="Hi."), 1000.0)
    assert offsets(one, 1000.0) == {
        "HF_LIFT": 0.0,  # 130 ms before the onset
        "HF_BEAT": 60.0,  # its own trigger: 70 before
        "VF_SMILE": 80.0,  # 50 before
        "VC_BRIGHT": 130.0,
    }


def test_trigger_before_an_onset_that_never_comes_means_now() -> None:
    one = scheduler()
    one.apply(packet("HF_BEAT"), 1000.0)
    assert offsets(one, 1000.0) == {"HF_BEAT": 0.0}


def test_packet_overrides_offsets() -> None:
    one = scheduler()
    lags = (LeadLag(Layer.HAND, 40), LeadLag(Layer.FACE, 0), LeadLag(Layer.VOICE, 77))
    one.apply(packet("HF_LIFT", "VF_SMILE", "VC_BRIGHT", lead_lags=lags), 500.0)
    assert offsets(one, 500.0) == {"HF_LIFT": 40.0, "VF_SMILE": 0.0, "VC_BRIGHT": 77.0}


def test_first_visible_layer_never_waits() -> None:
    one = scheduler()
    lags = (LeadLag(Layer.HAND, 100), LeadLag(Layer.FACE, 60))
    one.apply(packet("HF_LIFT", "VF_SMILE", lead_lags=lags), 500.0)
    assert offsets(one, 500.0)["VF_SMILE"] == 0.0
    assert offsets(one, 500.0)["HF_LIFT"] == 100.0


def test_audio_first_lets_the_voice_lead() -> None:
    one = scheduler()
    one.apply(packet("HF_LIFT", "VF_SMILE", "VC_BRIGHT", audio_first=True, speak_text="Oh!"), 0.0)
    found = offsets(one, 0.0)
    assert found["VC_BRIGHT"] == 0.0 < found["VF_SMILE"] < found["HF_LIFT"]


def test_capsule_after_the_previous_one_waits_for_its_end() -> None:
    after = capsule(
        "VF_AFTER",
        {"jawOpen": [(0, 0.5)]},
        trigger=Trigger(relative_to="previous_capsule", offset_ms=20),
    )
    one = scheduler(after)
    one.apply(packet("VF_WINK", "VF_AFTER"), 0.0)
    assert offsets(one, 0.0)["VF_AFTER"] - offsets(one, 0.0)["VF_WINK"] == pytest.approx(
        1070, abs=50
    )


def test_later_onset_moves_what_waits_for_it() -> None:
    one = scheduler()
    one.apply(packet("HF_LIFT", "HF_BEAT", speak_text="Hi."), 1000.0)
    one.place_onset(2, 1500.0, 1010.0)
    assert offsets(one, 1000.0) == {"HF_LIFT": 0.0, "HF_BEAT": 60.0}
    one.place_onset(1, 1230.0, 1010.0)
    one.place_onset(1, 2500.0, 1010.0)
    assert offsets(one, 1000.0) == {"HF_LIFT": 0.0, "HF_BEAT": 160.0}


def test_packets_less_than_50_ms_apart_are_one_event() -> None:
    one = scheduler()
    one.apply(packet("HF_LIFT", "VF_SMILE"), 0.0)
    one.apply(packet("VF_SAD", sequence=2), 40.0)
    assert {play.source for play in one.plays if play.plan.layer is Layer.FACE} == {"VF_SAD"}
    assert by_source(one, "HF_LIFT").start_ms == 0.0


def test_packets_50_ms_apart_are_two_events() -> None:
    one = scheduler()
    one.apply(packet("HF_LIFT", "VF_WINK"), 0.0)
    one.apply(packet("HF_WAVE", sequence=2), 50.0)
    assert {play.source for play in one.plays} == {"HF_LIFT", "HF_WAVE", "VF_WINK"}


def test_gesture_that_began_gives_way_within_one_event() -> None:
    squint = capsule("VF_SQUINT", {"eyeSquintRight": [(0, 0.5)]})
    one = scheduler(squint)
    one.apply(packet("VF_WINK"), 0.0)
    one.apply(packet("VF_SQUINT", sequence=2), 30.0)
    assert mixed(one, 300.0, "eyeSquintLeft") == 0.0
    assert mixed(one, 301.0, "eyeSquintRight") > 0.3


def test_held_face_stays_until_another_replaces_it() -> None:
    one = scheduler()
    one.apply(packet("VF_SMILE"), 0.0)
    level = mixed(one, 60_000.0, "mouthSmileLeft")
    assert level == pytest.approx(0.7, rel=0.16)
    one.apply(packet("VF_SAD", sequence=2), 60_000.0)
    half_way = mixed(one, 60_125.0, "mouthSmileLeft")
    assert 0.3 * level < half_way < 0.7 * level
    assert mixed(one, 60_260.0, "mouthSmileLeft") == 0.0
    assert mixed(one, 60_500.0, "mouthFrownLeft") == pytest.approx(0.6, rel=0.16)


def test_old_face_waits_for_the_new_one() -> None:
    one = scheduler()
    one.apply(packet("VF_SMILE"), 0.0)
    before = mixed(one, 1000.0, "mouthSmileLeft")
    one.apply(packet("HF_LIFT", "VF_SAD", sequence=2), 1000.0)
    assert mixed(one, 1050.0, "mouthSmileLeft") == pytest.approx(before)
    assert mixed(one, 1100.0, "mouthSmileLeft") < before


def test_face_named_again_moves_to_its_new_weight_without_a_restart() -> None:
    one = scheduler()
    one.apply(packet("VF_SMILE"), 0.0)
    before = mixed(one, 1000.0, "mouthSmileLeft")
    one.apply(packet(("VF_SMILE", 0.5), sequence=2), 1000.0)
    path = [mixed(one, 1000.0 + step, "mouthSmileLeft") for step in range(0, 300, 10)]
    assert path == sorted(path, reverse=True)
    assert path[0] - path[-1] > 0.2
    assert max(a - b for a, b in itertools.pairwise(path)) < 0.04
    assert path[0] < before
    assert path[-1] == pytest.approx(0.5 * before)
    assert by_source(one, "VF_SMILE").start_ms == 0.0


def test_held_overrides_cross_fade_as_equals() -> None:
    low, high = (
        capsule(cid, {"headYaw": [(0, amount)]}, hold=True, blend_mode="override", easing="linear")
        for cid, amount in (("VF_LOW", -0.8), ("VF_HIGH", 0.8))
    )
    one = scheduler(low, high)
    one.apply(packet("VF_LOW"), 0.0)
    one.apply(packet("VF_HIGH", "VF_LOW", sequence=2), 1000.0)
    # Both are asked for in full: neither hides the other, whichever came first.
    assert abs(mixed(one, 2000.0, "headYaw")) < 0.15


def test_weight_under_5_percent_counts_nothing_and_grows_into_its_own() -> None:
    assert [soften(weight) for weight in (0.0, 0.049, 0.05, 0.1, 0.6)] == [0, 0, 0, 0.1, 0.6]
    steps = [soften(step / 1000.0) for step in range(200)]
    assert max(b - a for a, b in itertools.pairwise(steps)) < 0.0021


def test_fading_face_named_again_comes_back() -> None:
    one = scheduler()
    one.apply(packet("VF_SMILE"), 0.0)
    before = mixed(one, 1000.0, "mouthSmileLeft")
    one.apply(packet("VF_SAD", sequence=2), 1000.0)
    mixed(one, 1150.0, "mouthSmileLeft")
    one.apply(packet("VF_SMILE", sequence=3), 1150.0)
    assert mixed(one, 1600.0, "mouthSmileLeft") == pytest.approx(before)
    assert mixed(one, 1601.0, "mouthFrownLeft") == 0.0


def test_neutral_lets_go_of_what_is_held() -> None:
    one = scheduler()
    one.apply(packet("VF_SMILE"), 0.0)
    one.apply(packet("VF_NEUTRAL", sequence=2), 1000.0)
    assert mixed(one, 1300.0, "mouthSmileLeft") == 0.0


@pytest.mark.parametrize("cid", ["VF_404", "VF_GONE"])
def test_missing_capsule_falls_back_to_the_layers_neutral(cid: str) -> None:
    one = scheduler(capsule("VF_GONE", {"jawOpen": [(0, 1.0)]}, revoked=True))
    one.apply(packet("VF_SMILE"), 0.0)
    one.apply(packet(cid, sequence=2), 1000.0)
    assert sources(one, 1400.0) == {"VF_NEUTRAL", "VC_NEUTRAL"}


def test_one_shot_plays_once() -> None:
    one = scheduler()
    one.apply(packet("VF_WINK"), 0.0)
    assert mixed(one, 400.0, "eyeSquintLeft") > 0.8
    assert mixed(one, 1200.0, "eyeSquintLeft") == 0.0
    assert one.plays == ()


def test_loop_repeats_until_replaced() -> None:
    one = scheduler()
    one.apply(packet("HF_TYPING"), 0.0)
    curls = [mixed(one, float(time), "handRightIndexCurl") for time in range(0, 10_000, 50)]
    assert max(curls[-40:]) > 0.8
    assert min(curls[-40:]) < 0.2
    one.apply(packet("HF_NEUTRAL", sequence=2), 10_000.0)
    assert mixed(one, 10_300.0, "handRightIndexCurl") == 0.0


def test_new_place_of_a_hand_ends_the_gesture_before() -> None:
    one = scheduler()
    one.apply(packet("HF_LIFT"), 0.0)
    one.apply(packet("HF_WAVE", sequence=2), 200.0)
    mixed(one, 460.0, "handLeft.y")
    assert {play.source for play in one.plays} == {"HF_WAVE"}
    assert mixed(one, 600.0, "handLeft.y") >= -250.0 * 1.16


def test_combined_capsule_plays_its_parts_at_their_weights() -> None:
    one = scheduler()
    one.apply(packet(("HF_BOTH", 0.5)), 0.0)
    (play,) = one.plays
    assert (play.source, play.plan.cid) == ("HF_BOTH", "HF_LIFT")
    assert play.goal == pytest.approx(0.4)
    assert sources(one, 300.0) == {"HF_BOTH"}


def test_face_without_a_voice_of_its_own_brings_the_plain_one() -> None:
    one = scheduler()
    one.apply(packet("VF_SMILE"), 0.0)
    one.apply(packet("VF_SAD", sequence=2), 1000.0)
    assert one.voice(1500.0)[target_index()["voice.pitch_st"]] == 0.0


def test_weights_under_5_percent_are_dropped() -> None:
    one = scheduler()
    one.apply(packet(("VF_SMILE", 0.049)), 0.0)
    assert one.plays == ()


def test_weight_falling_under_5_percent_fades_to_nothing_without_a_step() -> None:
    one = scheduler()
    one.apply(packet("VF_SMILE"), 0.0)
    one.apply(packet("VF_SAD", sequence=2), 1000.0)
    path = [mixed(one, 1000.0 + step, "mouthSmileLeft") for step in range(260)]
    assert path[-1] == 0.0
    assert max(a - b for a, b in itertools.pairwise(path)) < 0.02


def test_first_reaction_never_fails_but_others_may() -> None:
    one = scheduler()
    one.apply(packet("VF_SNEER"), 0.0)
    assert {play.source for play in one.plays} == {"VF_SNEER"}
    other = scheduler()
    other.apply(packet("HF_LIFT", "VF_SNEER"), 0.0)
    assert {play.source for play in other.plays} == {"HF_LIFT"}


def test_chance_follows_the_probability() -> None:
    rare = capsule("VF_RARE", {"jawOpen": [(0, 0.5)]}, trigger=Trigger(probability=0.3))
    played = 0
    for sequence in range(1, 201):
        one = scheduler(rare)
        one.apply(packet("HF_LIFT", "VF_RARE", sequence=sequence), 0.0)
        played += any(play.source == "VF_RARE" for play in one.plays)
    assert 40 <= played <= 80


def test_gesture_asked_for_in_full_does_not_fail() -> None:
    shy = capsule("HF_SHY", {"handRight.y": [(0, -100.0)]}, trigger=Trigger(probability=0.1))
    for sequence in range(1, 40):
        one = scheduler(shy)
        one.apply(packet("VF_SMILE", ("HF_SHY", 0.85), sequence=sequence), 0.0)
        assert "HF_SHY" in {play.source for play in one.plays}


@pytest.mark.parametrize(
    ("old", "new", "target", "least_ms"),
    [
        ("LD_A", "LD_B", "light.exposure", 1000.0),
        ("CS_A", "CS_B", "camera.y", 1000.0),
        ("BK_A", "BK_B", "bodyLean", 500.0),
    ],
)
def test_what_moves_the_picture_gives_way_slowly(
    old: str, new: str, target: str, least_ms: float
) -> None:
    first = capsule(old, {target: [(0, 0.5)]}, hold=True)
    one = scheduler(first, capsule(new, {"breath": [(0, 0.1)]}, hold=True))
    one.apply(packet(old), 0.0)
    one.apply(packet(new, sequence=2), 2000.0)
    assert abs(mixed(one, 2000.0 + least_ms, target)) > 0.01
    assert mixed(one, 3300.0, target) == pytest.approx(0.0)


def test_variation_stays_within_15_percent_and_depends_on_seed_and_sequence() -> None:
    found = set()
    for sequence in range(1, 60):
        one = scheduler(seed=sequence % 3)
        one.apply(packet("HF_LIFT", sequence=sequence), 0.0)
        (play,) = one.plays
        assert 0.85 <= play.strength <= 1.15
        assert 0.85 <= 1.0 / play.pace <= 1.15
        found.add((play.strength, play.pace))
    assert len(found) == 59


def test_variation_does_not_depend_on_what_played_before() -> None:
    one, other = scheduler(), scheduler()
    other.apply(packet("VF_SAD"), 0.0)
    for item in (one, other):
        item.apply(packet("HF_LIFT", sequence=5), 1000.0)
    assert by_source(one, "HF_LIFT").strength == by_source(other, "HF_LIFT").strength


def test_interrupt_drops_gestures_and_keeps_the_face() -> None:
    one = scheduler()
    one.apply(packet("HF_LIFT", "VF_SMILE", "BK_LEAN"), 0.0)
    one.apply(packet(interrupt=True, sequence=2), 300.0)
    assert mixed(one, 430.0, "handLeft.y") == 0.0
    assert mixed(one, 431.0, "mouthSmileLeft") > 0.5
    assert sources(one, 431.0) == {"VF_SMILE", "VC_BRIGHT"}


def test_end_of_speech_ends_its_gestures_only() -> None:
    one = scheduler()
    one.apply(packet("HF_WAVE", "BK_LEAN"), 0.0)
    one.apply(packet("HF_BEAT", speak_text="Hi.", sequence=2), 100.0)
    one.end_speech(300.0)
    mixed(one, 430.0, "handRight.y")
    assert {play.source for play in one.plays} == {"HF_WAVE", "BK_LEAN"}


def test_face_brings_its_voice_where_the_packet_names_none() -> None:
    one = scheduler()
    one.apply(packet(("VF_SMILE", 0.8)), 0.0)
    assert by_source(one, "VC_BRIGHT").goal == pytest.approx(0.4)


def test_voice_counts_before_it_starts() -> None:
    one = scheduler()
    one.apply(packet("HF_LIFT", "VC_BRIGHT", speak_text="Hi."), 0.0)
    pitch = one.voice(0.0)[target_index()["voice.pitch_st"]]
    assert pitch == pytest.approx(4.0, rel=0.16)


def test_storm_leaves_a_bounded_number_of_plays() -> None:
    more = [capsule(f"VF_{n:03}", {"jawOpen": [(0, 0.4)]}, duration_ms=60_000) for n in range(300)]
    one = scheduler(*more)
    for n in range(300):
        one.apply(packet(f"VF_{n:03}", sequence=n + 1), 60.0 * n)
    assert len(one.plays) <= MAX_PLAYS
    assert "VF_299" in sources(one, 60.0 * 300)


def test_voice_of_a_packet_yet_to_come_takes_the_place_of_the_one_held() -> None:
    one = scheduler()
    one.apply(packet("VF_SMILE"), 0.0)
    pitch = target_index()["voice.pitch_st"]
    before = one.voice(500.0)[pitch]
    coming = packet("VC_NEUTRAL", speak_text="Hi.", sequence=2)
    assert before > 1.0
    assert one.voice(500.0, coming)[pitch] == 0.0
    assert one.voice(500.0)[pitch] == before
