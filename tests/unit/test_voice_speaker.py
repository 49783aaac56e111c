import numpy as np
import pytest

from engine.clock import NS_PER_MS, NS_PER_S
from engine.packet import VisemeMark
from engine.voice.port import SAMPLE_RATE_HZ, VoiceDelta
from engine.voice.speaker import MAX_WAITING_CHARS
from tests.unit.speaking import LEAD_NS, PAUSE_NS, SENTENCE_NS, START_NS, Stage, play


def test_text_is_placed_announced_and_finished_when_its_sound_is() -> None:
    async def scene(stage: Stage) -> None:
        assert stage.speaker.say("Hello.", source="rules", sequence=7)
        assert stage.speaker.busy
        await stage.advance(3 * NS_PER_S)
        assert not stage.speaker.busy

    stage = play(scene)
    assert stage.speeches == [("Hello.", LEAD_NS)]
    assert stage.sequences == [7]
    assert stage.updates == [
        ("started", "Hello.", LEAD_NS),
        ("finished", "Hello.", LEAD_NS + SENTENCE_NS),
    ]
    assert stage.sources == ["rules", "rules"]


def test_sound_waits_for_the_earliest_onset() -> None:
    async def scene(stage: Stage) -> None:
        stage.speaker.say("Hello.", earliest_onset_ns=START_NS + 130 * NS_PER_MS)
        await stage.advance(NS_PER_S)
        first = START_NS + 130 * NS_PER_MS
        assert not np.any(stage.timeline.read(first - 10 * NS_PER_MS, 480))
        assert np.all(stage.timeline.read(first, 480) == 0.5)

    assert play(scene).updates[0] == ("started", "Hello.", 130 * NS_PER_MS)


def test_sentences_follow_each_other_after_a_pause() -> None:
    async def scene(stage: Stage) -> None:
        stage.speaker.say("One. Two. Three.")
        await stage.advance(5 * NS_PER_S)

    stage = play(scene)
    step = SENTENCE_NS + PAUSE_NS
    assert stage.speeches == [
        ("One.", LEAD_NS),
        ("Two.", LEAD_NS + step),
        ("Three.", LEAD_NS + 2 * step),
    ]
    end_ns = LEAD_NS + 2 * step + SENTENCE_NS
    assert [(state, at) for state, _, at in stage.updates] == [
        ("started", LEAD_NS),
        ("finished", end_ns),
    ]


def test_only_the_next_sentence_is_made_ahead() -> None:
    async def scene(stage: Stage) -> None:
        stage.speaker.say("One. Two. Three. Four.")
        await stage.advance(500 * NS_PER_MS)
        assert stage.tts.said == ["One.", "Two."]
        await stage.advance(NS_PER_S)
        assert stage.tts.said == ["One.", "Two.", "Three."]

    play(scene)


def test_voice_delta_is_asked_for_each_sentence() -> None:
    async def scene(stage: Stage) -> None:
        stage.speaker.say("One. Two. Three.")
        await stage.advance(500 * NS_PER_MS)
        stage.delta = VoiceDelta(pitch_st=2)
        await stage.advance(4 * NS_PER_S)

    assert [delta.pitch_st for delta in play(scene).tts.deltas] == [0, 0, 2]


def test_texts_are_said_in_order() -> None:
    async def scene(stage: Stage) -> None:
        stage.speaker.say("One.")
        stage.speaker.say("Two.")
        await stage.advance(4 * NS_PER_S)

    assert [(state, text) for state, text, _ in play(scene).updates] == [
        ("started", "One."),
        ("finished", "One."),
        ("started", "Two."),
        ("finished", "Two."),
    ]


def test_text_after_a_silence_starts_at_once() -> None:
    async def scene(stage: Stage) -> None:
        stage.speaker.say("One.")
        await stage.advance(10 * NS_PER_S)
        stage.speaker.say("Two.")
        await stage.advance(2 * NS_PER_S)

    assert play(scene).speeches[1] == ("Two.", 10 * NS_PER_S + LEAD_NS)


def test_failing_voice_is_reported_and_the_sentence_mouthed_in_silence() -> None:
    async def scene(stage: Stage) -> None:
        stage.tts.failing.add("Two.")
        stage.speaker.say("One. Two. Three.")
        await stage.advance(6 * NS_PER_S)

    stage = play(scene)
    assert [text for text, _ in stage.speeches] == ["One.", "Two.", "Three."]
    assert stage.silent == [False, True, False]
    assert [str(fault) for fault in stage.faults] == ["cannot say 'Two.'"]
    assert stage.updates[-1][0] == "finished"


def test_longest_text_of_an_event_is_said_to_its_end() -> None:
    async def scene(stage: Stage) -> None:
        assert stage.speaker.say("Go.\n" * 2000)
        await stage.advance(2000 * (SENTENCE_NS + PAUSE_NS))

    stage = play(scene)
    assert len(stage.speeches) == 2000
    assert [state for state, _, _ in stage.updates] == ["started", "finished"]


def test_text_that_finds_no_room_is_refused_and_reported() -> None:
    async def scene(stage: Stage) -> None:
        piece = "Word. " * 50
        taken = [stage.speaker.say(piece, source=str(number)) for number in range(80)]
        room = -(-MAX_WAITING_CHARS // (5 * 50))
        assert taken == [True] * room + [False] * (80 - room)
        refused = [update[0] for update in stage.updates]
        assert refused == ["dropped"] * (80 - room)
        assert stage.sources == [str(number) for number in range(room, 80)]
        assert "300 more were refused" in str(stage.faults[0])
        assert len(stage.faults) == 80 - room
        await stage.advance(2 * NS_PER_S)
        assert stage.speaker.say("Go.")

    play(scene)


def test_visemes_of_the_packet_take_the_place_of_the_voices() -> None:
    async def scene(stage: Stage) -> None:
        marks = (VisemeMark(3, 400), VisemeMark(1, 0), VisemeMark(5, 1400))
        stage.speaker.say("One. Two.", visemes=marks)
        stage.speaker.say("Three.")
        await stage.advance(5 * NS_PER_S)

    step_ms = (SENTENCE_NS + PAUSE_NS) / NS_PER_MS
    second_ms = 1400 - step_ms
    assert play(scene).visemes == [
        [(1, 0.0, 400.0), (3, 400.0, 600.0)],
        [(3, 0.0, second_ms), (5, second_ms, 1000.0 - second_ms)],
        [(10, 0.0, 1000.0)],
    ]


@pytest.mark.parametrize("text", ["", "  ", "...", "\U0001f600"])
def test_text_with_nothing_to_say_is_not_taken(text: str) -> None:
    async def scene(stage: Stage) -> None:
        assert not stage.speaker.say(text)
        await stage.advance(NS_PER_S)

    stage = play(scene)
    assert (stage.updates, stage.speeches) == ([], [])


def test_failing_callback_is_reported_and_the_next_text_is_said() -> None:
    async def scene(stage: Stage) -> None:
        def fail() -> None:
            raise RuntimeError("body trouble")

        stage.on_speech_hook = fail
        stage.speaker.say("One.")
        await stage.advance(NS_PER_S)
        stage.on_speech_hook = lambda: None
        stage.speaker.say("Two.")
        await stage.advance(2 * NS_PER_S)

    stage = play(scene)
    assert [str(fault) for fault in stage.faults] == ["body trouble"]
    assert [(state, text) for state, text, _ in stage.updates] == [
        ("dropped", "One."),
        ("started", "Two."),
        ("finished", "Two."),
    ]


def test_sound_long_past_is_forgotten() -> None:
    async def scene(stage: Stage) -> None:
        stage.speaker.say("Go. " * 6)
        await stage.advance(10 * NS_PER_S)
        assert not np.any(stage.timeline.read(START_NS, 2 * SAMPLE_RATE_HZ))

    play(scene)
