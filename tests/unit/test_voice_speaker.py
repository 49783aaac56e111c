import asyncio
import heapq
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from engine.clock import NS_PER_MS, NS_PER_S, VirtualClock
from engine.errors import VoiceError
from engine.packet import VisemeMark
from engine.voice.port import SAMPLE_RATE_HZ, Speech, SpeechViseme, VoiceDelta
from engine.voice.speaker import MAX_WAITING_CHARS, Speaker, SpeakerCallbacks, SpeechUpdate
from engine.voice.timeline import SpeechTimeline

START_NS = 5 * NS_PER_S
SENTENCE_NS = NS_PER_S
LEAD_NS = 20 * NS_PER_MS
PAUSE_NS = 120 * NS_PER_MS


class FakeTts:
    """A second of constant sound a sentence; `gate` holds a synthesis back."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.deltas: list[VoiceDelta] = []
        self.cancelled: list[str] = []
        self.failing: set[str] = set()
        self.gate = asyncio.Event()
        self.gate.set()

    async def synthesize(self, text: str, delta: VoiceDelta) -> Speech:
        self.said.append(text)
        self.deltas.append(delta)
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled.append(text)
            raise
        if text in self.failing:
            raise VoiceError(f"cannot say {text!r}")
        samples = np.full(SAMPLE_RATE_HZ, 0.5, np.float32)
        return Speech(text, samples, (SpeechViseme(10, 0.0, 1000.0),))

    async def aclose(self) -> None:
        pass


@dataclass
class Stage:
    """A speaker in virtual time, and everything it told."""

    clock: VirtualClock = field(default_factory=lambda: VirtualClock(START_NS))
    tts: FakeTts = field(default_factory=FakeTts)
    timeline: SpeechTimeline = field(default_factory=SpeechTimeline)
    speeches: list[tuple[str, int]] = field(default_factory=list)
    sequences: list[int] = field(default_factory=list)
    visemes: list[list[tuple[int, float, float]]] = field(default_factory=list)
    cuts: list[int] = field(default_factory=list)
    silent: list[bool] = field(default_factory=list)
    updates: list[tuple[str, str, int]] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    faults: list[Exception] = field(default_factory=list)
    delta: VoiceDelta = field(default_factory=VoiceDelta)
    on_speech_hook: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        callbacks = SpeakerCallbacks(
            self._on_speech,
            self.cuts.append,
            self._on_update,
            self.faults.append,
            lambda _: self.delta,
        )
        self.speaker = Speaker(
            self.tts, self.timeline, self.clock, callbacks, sleep_until=self._sleep_until
        )

    def _on_speech(self, speech: Speech, onset_ns: int, sequence: int) -> None:
        self.speeches.append((speech.text, onset_ns - START_NS))
        self.sequences.append(sequence)
        self.visemes.append([(v.viseme, v.start_ms, v.duration_ms) for v in speech.visemes])
        self.silent.append(not speech.samples.any())
        self.on_speech_hook()

    def _on_update(self, update: SpeechUpdate) -> None:
        self.updates.append((update.state.value, update.text, self.clock.now_ns() - START_NS))
        self.sources.append(update.source)

    async def _sleep_until(self, time_ns: int) -> None:
        if time_ns > self.clock.now_ns():
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            heapq.heappush(self._sleepers, (time_ns, id(future), future))
            await future

    def wake_next(self) -> None:
        """Moves the clock to the next sleeper, which has not had its turn on return."""
        time_ns, _, future = heapq.heappop(self._sleepers)
        self.clock.advance(time_ns - self.clock.now_ns())
        future.set_result(None)

    async def advance(self, delta_ns: int) -> None:
        """Moves the clock from one sleeper to the next, letting each do its work."""
        end_ns = self.clock.now_ns() + delta_ns
        await settle()
        while self._sleepers and self._sleepers[0][0] <= end_ns:
            time_ns, _, future = heapq.heappop(self._sleepers)
            if not future.cancelled():
                self.clock.advance(time_ns - self.clock.now_ns())
                future.set_result(None)
                await settle()
        self.clock.advance(end_ns - self.clock.now_ns())


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def play(scene: Callable[[Stage], Coroutine[Any, Any, None]]) -> Stage:
    async def run() -> Stage:
        stage = Stage()
        try:
            await scene(stage)
        finally:
            await stage.speaker.aclose()
        assert len(asyncio.all_tasks()) == 1
        return stage

    return asyncio.run(run())


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


def test_sound_long_past_is_forgotten() -> None:
    async def scene(stage: Stage) -> None:
        stage.speaker.say("Go. " * 6)
        await stage.advance(10 * NS_PER_S)
        assert not np.any(stage.timeline.read(START_NS, 2 * SAMPLE_RATE_HZ))

    play(scene)
