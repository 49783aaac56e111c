import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capsules.library import load_library
from capsules.targets import targets
from compositor.drawlist import DrawList, FrameSize, PartTransform
from engine.body import BLINK_RATE, LIP_RATE, Body, BodyOptions
from engine.motion.held import MAX_HELD
from engine.motion.lips import MOUTH_TARGETS
from engine.packet import BlendEntry
from tests.unit.bodies import (
    BASES,
    MS,
    body,
    capsule,
    frames,
    library,
    packet,
    speech,
    value,
    weights,
)

TALK = speech(("aa", 200), ("PP", 60), ("ou", 240), ("aa", 300), ("sil", 100), ("aa", 900))
EASE = 2e-4  # two roundings to four digits


def script(one: Body, fps: float = 30.0) -> list[DrawList]:
    """Ten seconds of conversation."""
    shown = frames(one, 0, 990, fps)
    one.apply(packet("HF_LIFT", "VF_SMILE", speak_text="Hello."), 1000 * MS)
    one.begin_speech(TALK, 1130 * MS)
    shown += frames(one, 1000, 3990, fps)
    one.apply(packet("VF_SAD", "VF_WINK", "CS_CLOSE", "LD_KEY", sequence=2), 4000 * MS)
    shown += frames(one, 4000, 5990, fps)
    one.apply(packet("TR_FAST", "HF_WAVE", sequence=3, speak_text="Well."), 6000 * MS)
    one.begin_speech(TALK, 6130 * MS)
    shown += frames(one, 6000, 6490, fps)
    one.apply(packet("VF_NEUTRAL", sequence=4, interrupt=True), 6500 * MS)
    return shown + frames(one, 6500, 10_000, fps)


def test_same_calls_give_the_same_bytes() -> None:
    one = [frame.to_bytes() for frame in script(body(probe=True))]
    assert one == [frame.to_bytes() for frame in script(body(probe=True))]
    assert len(one) > 290
    assert one != [frame.to_bytes() for frame in script(body(seed=8, probe=True))]


@pytest.mark.parametrize(
    "cids", [("VF_SMILE",), ("HF_LIFT", "VF_SAD"), ("VF_LATE",), ("VC_BRIGHT",), ()]
)
@pytest.mark.parametrize("since_ms", [8, 16, 33])
def test_frame_made_at_the_event_shows_it(cids: tuple[str, ...], since_ms: int) -> None:
    one, twin = body(), body()
    for item in (one, twin):
        frames(item, 0, 2000)
    now = (2000 + since_ms) * MS
    one.apply(packet(*cids), now)
    reacting, calm = weights(one.frame(now)), weights(twin.frame(now))
    changes = [abs(reacting.get(k, 0.0) - calm.get(k, 0.0)) for k in reacting | calm]
    assert sum(changes) > 0.05


def test_event_in_the_middle_of_a_held_face_shows_at_once() -> None:
    one, twin = body(), body()
    for item in (one, twin):
        item.apply(packet("VF_SMILE"), 0)
        frames(item, 0, 2000)
    now = 2016 * MS
    one.apply(packet("VF_SAD", sequence=2), now)
    assert value(one.frame(now), "mouthFrownLeft") > value(twin.frame(now), "mouthFrownLeft") + 0.05


def test_every_packaged_expression_shows_at_once() -> None:
    packaged = load_library()
    assert packaged.expressions
    options = BodyOptions("mira", FrameSize(64, 64), has_basis=BASES)
    for item in packaged.expressions.values():
        one, twin = Body(packaged, options), Body(packaged, options)
        for each in (one, twin):
            frames(each, 0, 100)
        blends = tuple(
            BlendEntry(part.cid, part.weight, packaged.capsule(part.cid).layer)
            for part in item.items
        )
        now = 116 * MS
        one.apply(packet(blends=blends), now)
        reacting, calm = weights(one.frame(now)), weights(twin.frame(now))
        moved = sum(abs(reacting.get(k, 0.0) - calm.get(k, 0.0)) for k in reacting | calm)
        assert moved > 0.1, item.name


def test_nothing_moves_in_no_time() -> None:
    one = body()
    before = one.frame(500 * MS)
    one.apply(packet("VF_SMILE"), 500 * MS)
    assert one.frame(500 * MS) == before


def test_probe_shows_the_last_event_in_16_bits() -> None:
    one = body(probe=True)
    assert one.frame(0).probe == 0
    one.apply(packet("VF_SMILE", event_sequence=70_000), 10 * MS)
    one.apply(packet("VF_SMILE", event_sequence=0, sequence=2), 20 * MS)
    assert one.frame(33 * MS).probe == 70_000 & 0xFFFF
    assert body().frame(0).probe is None


def test_draw_list_is_canonical() -> None:
    for frame in script(body()):
        names = [name for name, _ in frame.weights]
        assert names == sorted(names)
        assert all(
            abs(amount) >= 1e-3 and amount == round(amount, 4) for _, amount in frame.weights
        )
        assert all(
            targets()[name].minimum <= amount <= targets()[name].maximum
            for name, amount in frame.weights
        )
        parts = [move.part for move in frame.transforms]
        assert parts == sorted(parts)
        assert all(move != PartTransform(move.part) for move in frame.transforms)
        numbers = [getattr(frame.camera, axis) for axis in ("x", "y", "zoom", "roll")]
        numbers += [move.x for move in frame.transforms]
        assert all(repr(round(number, 4) + 0.0) == repr(number) for number in numbers)


def test_camera_and_light_follow_their_capsules() -> None:
    one = body()
    assert one.frame(0).light.sh == ()
    one.apply(packet("CS_CLOSE", "LD_KEY"), 0)
    last = frames(one, 0, 2000)[-1]
    assert last.camera.zoom == pytest.approx(1.2)
    assert len(last.light.sh) == 27


def test_hand_is_lifted_in_pixels() -> None:
    one = body()
    one.apply(packet("HF_LIFT"), 0)
    (left,) = [move for move in frames(one, 0, 500)[-1].transforms if move.part == "handLeft"]
    assert left.y == pytest.approx(-250.0, rel=0.18)


def test_tempo_speeds_up_curves() -> None:
    slow, fast = body(), body()
    fast.apply(packet("TR_FAST"), 0)
    for item in (slow, fast):
        frames(item, 0, 2000)
        item.apply(packet("VF_WINK", sequence=9), 2000 * MS)
        frames(item, 2000, 2650)
    assert value(slow.frame(2680 * MS), "eyeSquintLeft") > 0.5
    assert value(fast.frame(2680 * MS), "eyeSquintLeft") == 0.0


def test_lips_follow_the_sound() -> None:
    one = body()
    one.apply(packet("VF_SMILE", speak_text="Hello."), 0)
    one.begin_speech(TALK, 130 * MS)
    shown = {round(step * 1000 / 60): one.frame(round(step * 1e9 / 60)) for step in range(120)}
    assert value(shown[233], "jawOpen") > 0.6
    assert value(shown[367], "jawOpen") < 0.2
    assert value(shown[517], "mouthPucker") > 0.7
    assert value(shown[983], "jawOpen") < 0.1
    assert value(shown[1500], "jawOpen") > 0.6
    assert value(shown[1500], "mouthSmileLeft") < 0.5


def test_mouth_is_closed_within_100_ms_of_an_interruption() -> None:
    one = body()
    one.begin_speech(speech(("aa", 3000)), 0)
    assert value(frames(one, 0, 1000)[-1], "jawOpen") > 0.6
    one.end_speech(1010 * MS)
    assert value(one.frame(1033 * MS), "jawOpen") > 0.0
    assert value(one.frame(1066 * MS), "jawOpen") < 0.2
    assert value(one.frame(1100 * MS), "jawOpen") == 0.0


def test_interrupt_packet_ends_speech_and_gestures() -> None:
    one = body()
    one.apply(packet("HF_LIFT", speak_text="Hello."), 0)
    one.begin_speech(speech(("aa", 3000)), 130 * MS)
    frames(one, 0, 400)
    one.apply(packet("VF_NEUTRAL", sequence=2, interrupt=True), 410 * MS)
    last = frames(one, 420, 700)[-1]
    assert value(last, "jawOpen") == 0.0
    assert all(move.y > -10.0 for move in last.transforms)
    assert "HF_LIFT" not in dict(one.active_capsules(700 * MS))


def test_sound_first_needs_no_lead() -> None:
    one = body()
    assert one.speech_lead_ms(packet("VF_SMILE", speak_text="Oh!", audio_first=True)) == 0
    assert one.speech_lead_ms(packet("VF_SMILE", speak_text="So.")) == 130


def lifted(frame: DrawList, part: str = "handRight") -> float:
    return max((-move.y for move in frame.transforms if move.part == part), default=0.0)


@pytest.mark.parametrize("text", ["Hello. And more.", "<b>Hello</b>. And **more**."])
def test_gesture_waits_for_sound_that_comes_late(text: str) -> None:
    one = body()
    one.apply(packet("HF_LIFT", "HF_BEAT", speak_text=text, sequence=4), 0)
    one.apply(packet(speak_text="And the rest.", sequence=5, event_sequence=4), 0)
    one.begin_speech(speech(("aa", 800), text="Hello."), 330 * MS, 4)
    one.begin_speech(speech(("aa", 800), text="And more."), 1400 * MS, 4)
    one.begin_speech(speech(("aa", 800), text="And the rest."), 2500 * MS, 5)
    assert lifted(frames(one, 0, 230)[-1]) < 10.0
    assert lifted(frames(one, 260, 500)[-1]) > 100.0


def test_gestures_of_text_that_queues_wait_for_its_sound() -> None:
    one, free = body(), body()
    for item in (one, free):
        item.begin_speech(speech(("aa", 3900)), 0)
        frames(item, 0, 980)
    waiting = packet("HF_LIFT", "VF_SAD", "VC_BRIGHT", speak_text="Next.", sequence=2)
    one.apply(waiting, 1000 * MS, held=True)
    at_once, calm = one.frame(1000 * MS), free.frame(1000 * MS)
    assert value(at_once, "browInnerUp") > value(calm, "browInnerUp") + 0.03
    assert one.voice_delta(1000 * MS, 2).pitch_st > 3.0
    assert one.voice_delta(1000 * MS).pitch_st == 0.0
    one.begin_speech(speech(("aa", 800), text="Next."), 4130 * MS, 2)
    shown = {round(1000 + step * 20): one.frame((1000 + step * 20) * MS) for step in range(1, 200)}
    assert max(lifted(shown[ms], "handLeft") for ms in shown if ms < 4000) < 10.0
    assert max(value(shown[ms], "mouthFrownLeft") for ms in shown if ms < 4000) == 0.0
    assert lifted(shown[4200], "handLeft") > 100.0
    assert value(shown[4900], "mouthFrownLeft") > 0.2


def test_face_of_sound_that_comes_first_follows_it_however_late() -> None:
    one = body()
    first = packet("VF_SAD", speak_text="Oh!", audio_first=True)
    one.apply(first, 0, held=True)
    frames(one, 0, 400)
    one.begin_speech(speech(("aa", 800), text="Oh!"), 430 * MS, 1)
    shown = frames(one, 420, 1000, 50.0)
    assert all(value(frame, "mouthFrownLeft") == 0.0 for frame in shown[:4])
    assert value(shown[-1], "mouthFrownLeft") > 0.1


def test_what_waits_plays_in_the_end_when_its_speech_never_comes() -> None:
    one = body()
    one.begin_speech(speech(("aa", 2000)), 0)
    one.apply(packet("HF_LIFT", speak_text="Next."), 1000 * MS, held=True)
    assert max(lifted(frame, "handLeft") for frame in frames(one, 1000, 6900)) < 10.0
    assert max(lifted(frame, "handLeft") for frame in frames(one, 7000, 7600)) > 100.0


def test_what_waits_for_speech_ends_with_it() -> None:
    one = body()
    one.begin_speech(speech(("aa", 2000)), 0)
    one.apply(packet("HF_LIFT", speak_text="Next."), 1000 * MS, held=True)
    one.begin_speech(speech(("aa", 2000), text="Next."), 2120 * MS, 1)
    one.end_speech(1500 * MS)
    assert max(lifted(frame, "handLeft") for frame in frames(one, 1500, 9000)) < 10.0


def test_bounded_number_of_packets_wait() -> None:
    one = body()
    for number in range(1, MAX_HELD + 2):
        cid = "HF_LIFT" if number == 1 else "VF_SAD"
        one.apply(packet(cid, speak_text="So.", sequence=number), 0, held=True)
    shown = frames(one, 0, 600)[-1]
    assert lifted(shown, "handLeft") > 100.0
    assert value(shown, "mouthFrownLeft") == 0.0


def test_blinks_shut_the_eyes() -> None:
    shown = frames(body(), 0, 20_000)
    assert max(value(frame, "eyeBlinkLeft") for frame in shown) == 1.0
    assert all(value(f, "eyeBlinkLeft") == value(f, "eyeBlinkRight") for f in shown)


def test_closed_eyes_stay_closed_between_blinks() -> None:
    closed = [("eyeBlinkLeft", 0.9), ("eyeBlinkRight", 0.9)]
    asleep = capsule("VF_ASLEEP", {name: [(0, amount)] for name, amount in closed}, hold=True)
    one = body(asleep)
    one.apply(packet("VF_ASLEEP"), 0)
    assert min(value(frame, "eyeBlinkLeft") for frame in frames(one, 0, 10_000)[15:]) > 0.7


def test_no_blink_while_surprised() -> None:
    one = body()
    one.apply(packet("VF_WIDE"), 0)
    shown = frames(one, 0, 60_000)[15:]
    assert min(value(frame, "eyeWideLeft") for frame in shown) > 0.4
    assert max(value(frame, "eyeBlinkLeft") for frame in shown) == 0.0


def test_voice_follows_its_capsules() -> None:
    one = body()
    plain = one.voice_delta(0)
    assert (plain.pitch_st, plain.rate, plain.vibrato_rate_hz) == (0.0, 1.0, 5.5)
    one.apply(packet("HF_LIFT", "VC_BRIGHT", speak_text="Hello."), 0)
    assert one.voice_delta(0).pitch_st == pytest.approx(4.0, rel=0.16)
    assert one.voice_delta(0).rate == pytest.approx(1.2, rel=0.04)


def test_active_capsules_are_named_by_weight() -> None:
    one = body()
    one.apply(packet(("VF_SMILE", 0.4), "VF_WINK"), 0)
    frames(one, 0, 400)
    names = [cid for cid, weight in one.active_capsules(400 * MS) if weight >= 0.05]
    assert names[0] == "VF_WINK"
    assert set(names) == {"VF_WINK", "VF_SMILE", "VC_BRIGHT"}


def test_avatar_without_hands_is_asked_for_none() -> None:
    has_basis = frozenset({"jawOpen", "headYaw"})
    bare = Body(library(), BodyOptions("bust", FrameSize(64, 64), has_basis=has_basis))
    bare.apply(packet("HF_LIFT", "VF_AGAPE"), 0)
    last = frames(bare, 0, 600)[-1]
    assert set(weights(last)) <= has_basis
    assert last.transforms == ()


def test_time_does_not_go_back() -> None:
    one = body()
    one.frame(0)
    shown = one.frame(500 * MS)
    assert one.frame(400 * MS) == shown


def test_frame_rates_sample_the_same_motion() -> None:
    slow, fast = body(), body()
    for one, fps in ((slow, 30), (fast, 60)):
        one.frame(0)
        one.apply(packet("HF_LIFT", "VF_SMILE", speak_text="Hello."), 0)
        one.begin_speech(TALK, 130 * MS)
        frames(one, 1000 / fps, 1900, fps)
    worst = 0.0
    for step in range(60, 360):
        if step == 90:
            for one in (slow, fast):
                one.apply(packet("VF_SAD", "VF_WINK", sequence=2), 3000 * MS)
        now = round(step * 1e9 / 30)
        shown = weights(slow.frame(now))
        fast.frame(now - round(1e9 / 60))
        others = weights(fast.frame(now))
        worst = max(worst, *(abs(shown.get(k, 0) - others.get(k, 0)) for k in shown | others))
    assert worst < 0.02


LIMITS = {
    name: (
        BLINK_RATE
        if name.startswith("eyeBlink")
        else LIP_RATE
        if name in MOUTH_TARGETS
        else item.max_rate
    )
    for name, item in targets().items()
}
# fmt: off
CIDS = (
    "VF_SMILE", "VF_SAD", "VF_AGAPE", "VF_WIDE", "VF_WINK", "VF_SNAP", "VF_404", "HF_LIFT",
    "HF_WAVE", "HF_BEAT", "HF_TYPING", "HF_NEUTRAL", "BK_LEAN", "CS_CLOSE", "LD_KEY", "TR_FAST",
)
# fmt: on
SNAP = capsule(
    "VF_SNAP",
    {"jawOpen": [(0, 1.0)], "headYaw": [(0, -1.0), (20, 1.0)]},
    duration_ms=60,
    easing="none",
    blend_mode="override",
    priority=9,
)
Storm = tuple[int, list[tuple[str, float]], str, bool]
events = st.tuples(
    st.integers(0, 180),
    st.lists(st.tuples(st.sampled_from(CIDS), st.floats(0.05, 1.0)), max_size=4),
    st.sampled_from(["", "", "Hello."]),
    st.booleans(),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(events, min_size=1, max_size=25), st.sampled_from([24.0, 30.0, 60.0, 144.0]))
def test_no_storm_makes_anything_snap(storm: list[Storm], fps: float) -> None:
    one = body(SNAP)
    before = _numbers(one.frame(0))
    time, step = 0.0, 1000.0 / fps
    for sequence, (wait, blends, text, interrupt) in enumerate(storm, 1):
        now = round(time * MS)
        one.apply(packet(*blends, sequence=sequence, speak_text=text, interrupt=interrupt), now)
        if text:
            one.begin_speech(TALK, now + 130 * MS)
        for _ in range(1 + int(wait / step)):
            time += step
            shown = _numbers(one.frame(round(time * MS)))
            for name in shown | before:
                rest = targets()[name].rest
                moved = abs(shown.get(name, rest) - before.get(name, rest))
                # Weights under a thousandth are not drawn.
                assert moved <= LIMITS[name] * step / 1000.0 + EASE + 1e-3, name
            before = shown


def _numbers(frame: DrawList) -> dict[str, float]:
    found = dict(frame.weights)
    for move in frame.transforms:
        for axis in ("x", "y", "rotate", "scale"):
            found[f"{move.part}.{axis}"] = getattr(move, axis)
    for axis in ("x", "y", "zoom", "roll"):
        found[f"camera.{axis}"] = getattr(frame.camera, axis)
    for name in ("exposure", "temperature", "contrast"):
        found[f"light.{name}"] = getattr(frame.light, name)
    return found
