import numpy as np

from engine.clock import NS_PER_MS, NS_PER_S
from engine.voice.port import SAMPLE_RATE_HZ
from tests.unit.speaking import LEAD_NS, SENTENCE_NS, START_NS, Stage, play


def test_interruption_cuts_the_sound_and_drops_what_waits() -> None:
    async def scene(stage: Stage) -> None:
        stage.speaker.say("One. Two.")
        stage.speaker.say("Three.")
        await stage.advance(500 * NS_PER_MS)
        stage.speaker.interrupt(stage.clock.now_ns())
        assert not stage.speaker.busy
        after_ns = stage.clock.now_ns() + 8 * NS_PER_MS
        assert not np.any(stage.timeline.read(after_ns, 4 * SAMPLE_RATE_HZ))
        await stage.advance(5 * NS_PER_S)

    stage = play(scene)
    assert stage.tts.said == ["One.", "Two."]
    assert stage.updates == [
        ("started", "One. Two.", LEAD_NS),
        ("interrupted", "One.", 500 * NS_PER_MS),
        ("dropped", "Three.", 500 * NS_PER_MS),
    ]
    assert stage.cuts[0] == START_NS + 500 * NS_PER_MS


def test_interruption_drops_speech_still_being_made() -> None:
    async def scene(stage: Stage) -> None:
        stage.tts.gate.clear()
        stage.speaker.say("One.")
        await stage.advance(0)
        stage.speaker.interrupt(stage.clock.now_ns())
        stage.tts.gate.set()
        await stage.advance(2 * NS_PER_S)
        assert not np.any(stage.timeline.read(START_NS, 2 * SAMPLE_RATE_HZ))

    stage = play(scene)
    assert stage.tts.cancelled == ["One."]
    assert stage.speeches == []
    assert stage.updates == [("dropped", "One.", 0)]


def test_speech_made_in_the_turn_of_an_interruption_is_not_heard() -> None:
    async def scene(stage: Stage) -> None:
        stage.tts.gate.clear()
        stage.speaker.say("One.")
        await stage.advance(0)
        stage.tts.gate.set()
        stage.speaker.interrupt(stage.clock.now_ns())
        await stage.advance(2 * NS_PER_S)
        assert not np.any(stage.timeline.read(START_NS, 2 * SAMPLE_RATE_HZ))

    stage = play(scene)
    assert stage.speeches == []
    assert stage.faults == []
    assert stage.updates == [("dropped", "One.", 0)]


def test_sentence_that_ends_in_the_turn_of_an_interruption_leaves_the_new_text_alone() -> None:
    async def scene(stage: Stage) -> None:
        stage.speaker.say("One.")
        await stage.advance(NS_PER_S)
        stage.wake_next()
        stage.speaker.interrupt(stage.clock.now_ns())
        stage.speaker.say("New.")
        await stage.advance(3 * NS_PER_S)

    stage = play(scene)
    assert stage.faults == []
    assert [(state, text) for state, text, _ in stage.updates] == [
        ("started", "One."),
        ("interrupted", "One."),
        ("started", "New."),
        ("finished", "New."),
    ]


def test_sound_due_in_the_turn_of_an_interruption_is_not_announced() -> None:
    async def scene(stage: Stage) -> None:
        stage.speaker.say("One.", earliest_onset_ns=START_NS + NS_PER_S)
        await stage.advance(0)
        stage.wake_next()
        stage.speaker.interrupt(stage.clock.now_ns())
        await stage.advance(NS_PER_S)

    assert [state for state, _, _ in play(scene).updates] == ["dropped"]


def test_new_text_after_an_interruption_is_not_taken_by_the_old_task() -> None:
    async def scene(stage: Stage) -> None:
        stage.speaker.say("One.")
        await stage.advance(5 * NS_PER_S)
        stage.speaker.say("Two.")
        stage.speaker.interrupt(stage.clock.now_ns())
        stage.speaker.say("New.")
        await stage.advance(3 * NS_PER_S)

    assert [(state, text) for state, text, _ in play(scene).updates][2:] == [
        ("dropped", "Two."),
        ("started", "New."),
        ("finished", "New."),
    ]


def test_many_interruptions_leave_no_sound_behind() -> None:
    async def scene(stage: Stage) -> None:
        for _ in range(20):
            stage.speaker.say("One. Two.")
            await stage.advance(NS_PER_S)
            stage.speaker.interrupt(stage.clock.now_ns())
        assert len(stage.timeline._segments) <= 3

    play(scene)


def test_new_text_after_an_interruption_does_not_wait_for_the_old() -> None:
    async def scene(stage: Stage) -> None:
        stage.speaker.say("One. Two.")
        await stage.advance(500 * NS_PER_MS)
        stage.speaker.interrupt(stage.clock.now_ns())
        stage.speaker.say("Three.")
        await stage.advance(3 * NS_PER_S)

    stage = play(scene)
    assert stage.speeches[-1] == ("Three.", 500 * NS_PER_MS + LEAD_NS)
    assert stage.updates[-1] == ("finished", "Three.", 500 * NS_PER_MS + LEAD_NS + SENTENCE_NS)


def test_interruption_with_nothing_to_say_tells_nobody() -> None:
    async def scene(stage: Stage) -> None:
        stage.speaker.interrupt(stage.clock.now_ns())

    assert play(scene).updates == []


def test_closing_twice_interrupts_once_and_takes_no_more() -> None:
    async def scene(stage: Stage) -> None:
        stage.speaker.say("One.")
        await stage.advance(100 * NS_PER_MS)
        await stage.speaker.aclose()
        await stage.speaker.aclose()
        assert not stage.speaker.say("Two.")

    assert [state for state, _, _ in play(scene).updates] == ["started", "interrupted"]


def test_closing_before_the_first_text_is_safe() -> None:
    async def scene(stage: Stage) -> None:
        await stage.speaker.aclose()

    assert play(scene).updates == []
