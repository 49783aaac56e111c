"""A speaker in virtual time, with a voice that says every sentence in a second."""

import asyncio
import heapq
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from engine.clock import NS_PER_MS, NS_PER_S, VirtualClock
from engine.errors import VoiceError
from engine.voice.port import SAMPLE_RATE_HZ, Speech, SpeechViseme, VoiceDelta
from engine.voice.speaker import Speaker, SpeakerCallbacks, SpeechUpdate
from engine.voice.timeline import SpeechTimeline
from tests.unit.virtual_time import settle

__all__ = ["LEAD_NS", "PAUSE_NS", "SENTENCE_NS", "START_NS", "Stage", "play"]

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
