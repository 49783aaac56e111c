from engine.rtc.audio import LIP_DELAY_NS
from engine.voice.speaker import SpeechState, SpeechUpdate
from tests.unit import bodies
from tests.unit.bodies import MS
from tests.unit.live_stage import Stage, on_stage
from tests.unit.virtual_time import settle


def test_text_is_said_after_the_lead_of_the_gestures() -> None:
    async def scene(stage: Stage) -> None:
        await stage.pass_ms(100)
        stage.live.apply(bodies.packet(speak_text="Hello."), source="rules")
        await settle()
        assert stage.live.speaking
        assert stage.sound_at(229) == 0.0
        assert stage.sound_at(231) == 0.5
        await stage.pass_ms(2000)
        assert not stage.live.speaking

    updates = on_stage(scene).speech
    assert updates == [
        (230, SpeechUpdate(SpeechState.STARTED, "Hello.", "rules")),
        (1230, SpeechUpdate(SpeechState.FINISHED, "Hello.", "rules")),
    ]


def test_lips_follow_the_sound_by_what_viewers_hear_it_late() -> None:
    def mouth(stage: Stage) -> float:
        return dict(stage.live._body.frame(stage.clock.now_ns()).weights).get("jawOpen", 0.0)

    async def scene(stage: Stage) -> None:
        stage.live.apply(bodies.packet(speak_text="Hello.", audio_first=True))
        opened: dict[int, float] = {}
        for ms in range(200):
            opened[ms] = mouth(stage)
            await stage.pass_ms(1)
        sounds = next(ms for ms in opened if stage.sound_at(ms) > 0.0)
        # The shape is half open when its sound is heard, give or take the blend of 60 ms.
        moves = next(ms for ms in opened if opened[ms] > 0.35)
        assert abs(moves - sounds - LIP_DELAY_NS / MS) < 30
        assert moves > sounds

    on_stage(scene)


def test_interruption_silences_at_once_and_drops_what_waits() -> None:
    async def scene(stage: Stage) -> None:
        stage.live.apply(bodies.packet(speak_text="One. Two. Three."))
        await stage.pass_ms(500)
        assert stage.sound_at(500) == 0.5
        stage.live.apply(bodies.packet(interrupt=True, sequence=2))
        assert stage.sound_at(500 + 9) == 0.0
        assert not stage.live.speaking
        await stage.pass_ms(3000)
        assert stage.sound_at(2000) == 0.0

    assert [update.state for _, update in on_stage(scene).speech] == [
        SpeechState.STARTED,
        SpeechState.INTERRUPTED,
    ]


def test_new_text_in_an_interrupting_packet_is_said() -> None:
    async def scene(stage: Stage) -> None:
        stage.live.apply(bodies.packet(speak_text="One. Two. Three."))
        await stage.pass_ms(500)
        stage.live.apply(bodies.packet(speak_text="Wait.", interrupt=True, sequence=2))
        await stage.pass_ms(1500)

    texts = [(update.state, update.text) for _, update in on_stage(scene).speech]
    assert texts == [
        (SpeechState.STARTED, "One. Two. Three."),
        (SpeechState.INTERRUPTED, "One."),
        (SpeechState.STARTED, "Wait."),
        (SpeechState.FINISHED, "Wait."),
    ]


def test_voice_that_fails_is_a_fault_and_the_session_goes_on() -> None:
    async def scene(stage: Stage) -> None:
        stage.voice.broken = True
        stage.live.apply(bodies.packet(speak_text="Hello."))
        await stage.pass_ms(200)
        stage.live.apply(bodies.packet("VF_SMILE", sequence=2))

    assert [fault.mode for fault in on_stage(scene).faults] == ["speech"]


def test_long_speech_is_said_to_its_end() -> None:
    pieces = ["This sentence is one of a hundred and has some words. " * 5 for _ in range(20)]

    async def scene(stage: Stage) -> None:
        for number, piece in enumerate(pieces, 1):
            stage.live.apply(bodies.packet(speak_text=piece, sequence=number))
        for _ in range(115):
            await stage.pass_ms(1000)
        assert not stage.live.speaking

    stage = on_stage(scene)
    said = [update.text for _, update in stage.speech if update.state is SpeechState.FINISHED]
    assert said == pieces
    assert stage.faults == []


def test_text_without_room_is_a_fault_and_an_update_and_its_face_shows() -> None:
    async def scene(stage: Stage) -> None:
        for number in range(1, 60):
            stage.live.apply(bodies.packet(speak_text="Word. " * 80, sequence=number))
        stage.live.apply(bodies.packet("VF_SAD", speak_text="No room.", sequence=60))
        await stage.pass_ms(400)
        assert dict(stage.live.active_capsules())["VF_SAD"] > 0.5

    stage = on_stage(scene)
    assert {fault.mode for fault in stage.faults} == {"speech"}
    assert "No room." not in stage.faults[-1].cause
    assert SpeechUpdate(SpeechState.DROPPED, "No room.", "") in [one for _, one in stage.speech]


def test_gestures_of_queued_text_wait_until_it_is_heard() -> None:
    async def scene(stage: Stage) -> None:
        stage.live.apply(bodies.packet(speak_text="One. Two.", sequence=1))
        await stage.pass_ms(500)
        stage.live.apply(bodies.packet("VF_SAD", speak_text="Three.", sequence=2))
        await stage.pass_ms(1500)
        assert "VF_SAD" not in dict(stage.live.active_capsules())
        await stage.pass_ms(700)
        assert dict(stage.live.active_capsules())["VF_SAD"] > 0.5

    on_stage(scene)


def test_text_with_nothing_to_say_holds_nothing_back() -> None:
    async def scene(stage: Stage) -> None:
        stage.live.apply(bodies.packet(speak_text="One. Two.", sequence=1))
        stage.live.apply(bodies.packet("VF_SAD", speak_text="...", sequence=2))
        await stage.pass_ms(400)
        assert dict(stage.live.active_capsules())["VF_SAD"] > 0.5

    on_stage(scene)
