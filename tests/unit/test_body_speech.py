import pytest

from compositor.drawlist import DrawList
from engine.motion.held import MAX_HELD
from tests.unit.bodies import MS, TALK, body, frames, packet, speech, value


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


def test_voice_follows_its_capsules() -> None:
    one = body()
    plain = one.voice_delta(0)
    assert (plain.pitch_st, plain.rate, plain.vibrato_rate_hz) == (0.0, 1.0, 5.5)
    one.apply(packet("HF_LIFT", "VC_BRIGHT", speak_text="Hello."), 0)
    assert one.voice_delta(0).pitch_st == pytest.approx(4.0, rel=0.16)
    assert one.voice_delta(0).rate == pytest.approx(1.2, rel=0.04)
